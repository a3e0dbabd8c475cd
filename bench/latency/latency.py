#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Measure how late interrupts are, in QEMU with -icount: one virtual nanosecond is one executed instruction, so results repeat.

    latency.py --output LATENCY.json [--baseline FILE] [--rows NAME,...] [--samples N] --build "COMMAND..." --kernel ELF
               --pd-dir FOLDER --plugin QEMU_PLUGIN.so --place FOLDER -- QEMU_COMMAND...

Rows "cyclictest" boot bench/latency/cyclictest.system, with Debian. Each other row boots bench/latency/latency.system once: a guest that sleeps until its timer rings, alone, beside one that
computes, or beside the hostile guest, which repeats one of its attacks. Two figures come of it: from the interrupt to the
guest's vector, and the longest stretch that the kernel ran with interrupts masked, with its cause. Fails if a figure is
above its goal, or worse than the baseline's by more than TOLERANCE.

    latency.py --table LATENCY.json PAGE.md

writes the tables of docs/realtime.md: between a line `<!-- latency: NAME -->` and a line `<!-- end -->`.
"""

import argparse
import json
import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pexpect

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from masked import read_stretches  # noqa: E402
from profile import Code  # noqa: E402  (bench/profile.py; needs the path)

HANG_SECONDS = 1800
SAMPLES = 300
# In instructions. Disks answer when the host does, so that their rows differ a little from run to run.
TOLERANCE = 0.05
GOAL_EQUAL_NS = 1600
GOAL_ABOVE_NS = 2000
GOAL_MASKED = 2500
# The entropy PD is above every VMM, as they call it, and one call is that long: docs/realtime.md.
GOAL_ENTROPY_NS = 40000
ENTROPY_ATTACKS = ("trng-storm", "entropy-storm", "entropy-refill-1")
GOAL_CYCLICTEST_NS = 10000
ABOVE = {"REALTIME": "true"}


@dataclass
class Row:
    """One boot: variables of the description, and what the latency may be, 0 for no promise."""
    name: str
    goal_ns: int
    variables: dict = field(default_factory=dict)
    system: str = "latency"


# What the hostile guest repeats: NAME/2 is the case of its last device but one that has it. Cards: vhost between two of its
# own, ring, vhost. Disks: through a buffer, on its own memory.
ATTACKS = ("call-storm", "trng-storm", "wait-storm", "timer-storm", "sgi-storm-self", "sgi-storm-taken", "pend-everything",
           "distributor-toggle", "sysreg-timer", "smc-every-function", "uart-toggle", "uart-flood", "sweep-1m",
           "reset-storm", "ready-toggle", "notify-storm", "entropy-storm", "entropy-refill-1", "chain-loop-1",
           "net-flood", "net-flood/2", "net-mac-flood", "net-tso-flood/2", "net-refill", "net-refill-events",
           "block-storm", "block-big-reads", "block-big-reads/2", "block-refill", "block-refill/2")
CONSOLE_ATTACKS = ("console-flood", "console-control-storm")


def rows():
    """All of them, in the order of the table."""
    yield Row("alone", GOAL_EQUAL_NS)
    yield Row("equal, beside one that computes", GOAL_EQUAL_NS, {"COMPUTER": "true"})
    yield Row("above, beside one that computes", GOAL_ABOVE_NS, {**ABOVE, "COMPUTER": "true"})
    for attack in ATTACKS:
        yield Row(f"above, beside {attack}", GOAL_ENTROPY_NS if attack in ENTROPY_ATTACKS else GOAL_ABOVE_NS,
                  {**ABOVE, "ATTACKER": "true", "ATTACK": attack})
    for attack in CONSOLE_ATTACKS:
        yield Row(f"above, beside {attack}", GOAL_ABOVE_NS,
                  {**ABOVE, "ATTACKER": "true", "ATTACK": attack, "CONSOLE": "virtio"})


# cyclictest in Debian, in the set-up for deadlines, beside loads.
CYCLICTEST = {
    "nothing": {},
    "one that computes": {"COMPUTER": "true"},
    "UDP": {"NETWORK": "true", "LOAD": "udp"},
    "TCP": {"NETWORK": "true", "LOAD": "tcp"},
    "block-big-reads": {"ATTACKER": "true", "ATTACK": "block-big-reads"},
    "reset-storm": {"ATTACKER": "true", "ATTACK": "reset-storm"},
}


def cyclictest_rows():
    """Those that boot Debian: some minutes."""
    for load, variables in CYCLICTEST.items():
        yield Row(f"cyclictest, beside {load}", GOAL_CYCLICTEST_NS, variables, "cyclictest")


def text_bytes(elf):
    """(address, bytes) of the kernel's code."""
    output = subprocess.run(["aarch64-linux-gnu-readelf", "-lW", elf], check=True, capture_output=True, text=True).stdout
    address, size = re.search(r"LOAD +\S+ +(0x\w+) +\S+ +(0x\w+) +\S+ +R E", output).groups()
    return int(address, 16), int(size, 16)


class Bench:
    """Where images come from, and how they are booted."""

    def __init__(self, arguments):
        self.arguments = arguments
        self.place = arguments.place
        self.place.mkdir(parents=True, exist_ok=True)
        self.qemu = [word for word in arguments.command if word != "--"]
        self.address, self.size = text_bytes(arguments.kernel)

    def build(self, row):
        image = self.place / f"{row.system}.elf"
        system = Path(__file__).with_name(f"{row.system}.system")
        subprocess.run([*shlex.split(self.arguments.build), system, "-o", image, "--report", image.with_suffix(".report.txt")],
                       check=True, env={**os.environ, "SAMPLES": str(self.arguments.samples), **row.variables})
        return image

    @staticmethod
    def wait(row, child):
        """The guest's figures, in nanoseconds."""
        attack = row.variables.get("ATTACK")
        if attack:
            # There is such an attack, and it has begun.
            child.expect(rf"case \d+ {attack.split('/')[0]}.*: repeated")
        if row.variables.get("NETWORK"):
            child.expect("LOAD " + row.variables["LOAD"])
        if row.system == "cyclictest":
            child.expect(r"CYCLICTEST T:.*?C: *(\d+) Min: *(\d+) Act: *\d+ Avg: *(\d+) Max: *(\d+)")
            count, least, mean, most = map(int, child.match.groups())
            return {"samples": count, "min_ns": 1000 * least, "mean_ns": 1000 * mean, "max_ns": 1000 * most}
        child.expect(r"latency: samples (\d+) min (\d+) median (\d+) p99 (\d+) max (\d+) ns")
        return dict(zip(("samples", "min_ns", "median_ns", "p99_ns", "max_ns"), map(int, child.match.groups())))

    def boot(self, row, image):
        """Boot, wait for the figures, and end QEMU."""
        output = image.with_suffix(".masked")
        output.unlink(missing_ok=True)
        plugin = f"{self.arguments.plugin},output={output},base={self.address:#x},bytes={self.size:#x}"
        if row.system == "cyclictest":
            plugin += ",always=1"
        child = pexpect.spawn(self.qemu[0], [*self.qemu[1:], "-readconfig", str(image.with_suffix(".qemu")), "-kernel",
                                             str(image), "-serial", "mon:stdio", "-plugin", plugin],
                              encoding="utf-8", codec_errors="replace", timeout=HANG_SECONDS)
        try:
            figures = self.wait(row, child)
            # QEMU's monitor: a plugin writes its file at an orderly end only.
            child.send("\x01x")
            child.expect(pexpect.EOF)
        except (pexpect.TIMEOUT, pexpect.EOF):
            sys.exit(f"latency.py: {row.name}: no figures; the last output:\n{child.before[-2000:]}")
        finally:
            child.close(force=True)
        return figures

    def measure(self, row):
        image = self.build(row)
        figures = self.boot(row, image)
        code = Code(image.with_suffix(".report.txt").read_text(), self.arguments.kernel, self.arguments.pd_dir,
                    "aarch64-linux-gnu-nm")
        figures["instructions"], figures["stretches"], found = read_stretches(image.with_suffix(".masked"), code)
        if not found:
            sys.exit(f"latency.py: {row.name}: the plugin saw nothing of the kernel")
        figures["masked"], figures["masked_cause"] = found[0].instructions, found[0].cause()
        return figures


def problems(row, figures, baseline):
    """What is wrong with a row: goals that it misses, and figures that got worse."""
    found = []
    if row.goal_ns and figures["max_ns"] > row.goal_ns:
        found.append(f"{row.name}: {figures['max_ns']} ns to the vector, the goal is {row.goal_ns}")
    if figures["masked"] > GOAL_MASKED:
        found.append(f"{row.name}: {figures['masked']} instructions with interrupts masked, the goal is {GOAL_MASKED}: "
                     f"{figures['masked_cause']}")
    for name in ("max_ns", "masked"):
        before = baseline.get(row.name, {}).get(name)
        if before is not None and figures[name] > before * (1 + TOLERANCE):
            found.append(f"{row.name}: {name}: {before} -> {figures[name]}")
    return found


def write_table(results, page):
    head = "| guest, and what it is beside | median or mean, ns | max | longest masked stretch | from |\n|---|---|---|---|---|\n"
    lines = [f"| {name} | {row.get('median_ns', row.get('mean_ns')):,} | {row['max_ns']:,} | {row['masked']:,} | "
             f"{row['masked_cause'].split(':')[0]} |\n" for name, row in results.items()]
    text = page.read_text()
    made, count = re.subn(r"(<!-- latency: probe -->\n).*?(<!-- end -->\n)",
                          lambda match: match.group(1) + head + "".join(lines) + match.group(2), text, flags=re.DOTALL)
    if count != 1:
        sys.exit(f"latency.py: {page} has no place for the table")
    page.write_text(made)


def run(arguments):
    bench = Bench(arguments)
    every = [*rows(), *cyclictest_rows()]
    chosen = [row for row in every if not arguments.rows or row.name in arguments.rows.split(";")]
    if not chosen:
        sys.exit("latency.py: there is no such row; there are: " + "; ".join(row.name for row in every))
    baseline = json.loads(arguments.baseline.read_text()) if arguments.baseline and arguments.baseline.exists() else {}
    results, found = {}, []
    for row in chosen:
        results[row.name] = bench.measure(row)
        figures = results[row.name]
        middle = figures.get("median_ns", figures.get("mean_ns"))
        print(f"{row.name:44} median {middle:5} max {figures['max_ns']:5} ns, masked "
              f"{figures['masked']:5}: {figures['masked_cause']}", flush=True)
        found += problems(row, figures, baseline)
        arguments.output.write_text(json.dumps(results, indent=2) + "\n")
    if found:
        sys.exit("latency.py: " + "\nlatency.py: ".join(found))


def main():
    parser = argparse.ArgumentParser(description="Measure how late interrupts are.")
    parser.add_argument("--table", nargs=2, type=Path, metavar=("LATENCY.json", "PAGE.md"))
    parser.add_argument("--output", type=Path)
    parser.add_argument("--baseline", type=Path)
    parser.add_argument("--rows", help="their names, with ; between")
    parser.add_argument("--samples", type=int, default=SAMPLES)
    parser.add_argument("--build", help="the tool's command, except for description, image and report")
    for name in ("kernel", "pd-dir", "plugin", "place"):
        parser.add_argument(f"--{name}", type=Path)
    parser.add_argument("command", nargs=argparse.REMAINDER)
    arguments = parser.parse_args()
    if arguments.table:
        write_table(json.loads(arguments.table[0].read_text()), arguments.table[1])
    else:
        run(arguments)


if __name__ == "__main__":
    main()
