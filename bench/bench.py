#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Measure a system in QEMU with -icount: one virtual nanosecond is one executed instruction, so results repeat.

    bench.py --name ROW --output BENCH.json [--report FILE] [--baseline FILE] [--short] QEMU_COMMAND...
    bench.py --name ROW --profile EVENT [--symbols FOLDER] QEMU_COMMAND...

The guests of bench/*.system run /bin/bench (bench/rootfs) by themselves: nobody types, so two runs are the same to
the instruction. Afterwards the events beside each figure are counted: the stats PD shows the counters of kernel and
switch before and after a short piece of the same traffic, and what typing costs is taken off. Each run adds one
object, called ROW, to BENCH.json. Figures worse than the baseline's by more than 2% are named; that is no failure.
A transfer that arrives damaged is one.

With --profile nothing is measured: vm1 makes the traffic of that name, after as much of it to warm up, with a question to
the stats PD before and after, and QEMU ends. So these questions mark the traffic in what a plugin has recorded
(bench/profile.py). --symbols: write the addresses of each guest's kernel to FOLDER, which takes its time.
"""

import argparse
import base64
import gzip
import json
import re
import statistics
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "scripts"))
from consoles import Consoles, Guest  # noqa: E402

SERVER = "192.168.1.1"
TIMEOUT = 1800
TOLERANCE = 0.02
# Figures where more is better; of all others less is.
MORE_IS_BETTER = re.compile(r"mbps|pps")
IDLE_SECONDS = 20
# For the events: traffic on vm1, and how many packets, megabytes or seconds it is.
EVENTS = [
    ("ping", f"ping -q -i 0.02 -c 200 {SERVER}", 200),
    ("ping1400", f"ping -q -i 0.02 -c 200 -s 1400 {SERVER}", 200),
    ("tcp", f"iperf3 -c {SERVER} -n 64M -i 0", 64),
    ("udp64", f"iperf3 -c {SERVER} -u -b 0 -l 64 -k 10000 -i 0", 10000),
    ("idle", f"sleep {IDLE_SECONDS}", IDLE_SECONDS),
]
SHORT_EVENTS = ("ping", "idle")
# Of bench/echo.system, for profiles only: a program at a switch's port that sends back what comes.
ECHO = "192.168.1.7"
ECHO_EVENTS = [
    ("echo_ping", f"ping -q -i 0.02 -c 200 {ECHO}", 200),
    ("echo_udp64", f"netsum echo {ECHO} 2000 64", 2000),
    ("echo_udp1472", f"netsum echo {ECHO} 2000 1472", 2000),
    ("echo_tcp", f"nc {ECHO} 7 </tmp/16m | cmp - /tmp/16m", 16),
]
PROFILED = EVENTS + ECHO_EVENTS


class Bench:
    """The system under test: its guests, and the stats PD."""

    def __init__(self, name, command):
        self.consoles = Consoles(command)
        self.names = ["vm1", "vm2"] + (["vm3"] if name.startswith("three_vms/") else [])
        self.vm1 = Guest(self.consoles, "vm1", 1)
        self.figures = {}
        self.sums = {}
        self.events = {}

    def results(self):
        """What /bin/bench printed on each guest: {guest: {step: text}}."""
        found = {}
        for name in self.names:
            self.consoles.expect(name, r"BENCH done", TIMEOUT)
            # A prompt may stand in front of the first one.
            found[name] = dict(re.findall(r"BENCH begin (\w+)\n(.*?)^BENCH end", self.consoles.text(name),
                                          re.MULTILINE | re.DOTALL))
        return found

    def counters(self):
        self.consoles.focus("stats", len(self.names) + 1)
        self.consoles.send("counters\n")
        text = self.consoles.expect("stats", r"(?s)counters.*?^end", TIMEOUT).group()
        return {name: int(value) for name, value in re.findall(r"^([a-z_.]+) (\d+)", text, re.MULTILINE)}

    def count(self, command):
        """Events that a command on vm1 causes, with what typing it costs."""
        before = self.counters()
        # Into a file: what goes to the console would cost more exits than what is measured.
        self.vm1.run(f"{command} >/tmp/output 2>&1", TIMEOUT)
        after = self.counters()
        return {key: after[key] - before[key] for key in after}

    def count_events(self, short):
        # Its prompt is far above, where the shell began.
        self.vm1.type("\n")
        self.vm1.wait_prompt(TIMEOUT)
        nothing = self.count(":" + " " * 40)
        for name, command, units in EVENTS:
            if short and name not in SHORT_EVENTS:
                continue
            events = self.count(command)
            if "idle_ticks" in events and name == "idle":
                self.figures["idle_cpu_percent"] = round(100 * (1 - events["idle_ticks"] / events["ticks"]), 2)
            net = {key: max(events[key] - nothing[key], 0) / units for key in events if "ticks" not in key}
            self.events[name] = {key: round(value, 2) for key, value in net.items() if round(value, 2) != 0}
            batches = events.get("lan.batches", 0)
            if batches:
                self.events[name]["packets_per_batch"] = round(events["lan.frames"] / batches, 2)


def write_symbols(bench, folder):
    """/proc/kallsyms of each guest, packed, as a console is slow."""
    for number, name in enumerate(bench.names, 1):
        guest = Guest(bench.consoles, name, number)
        guest.type("\n")
        guest.wait_prompt(TIMEOUT)
        packed = guest.run("grep -i ' [tw] ' /proc/kallsyms | gzip -9 | base64", TIMEOUT)
        folder.joinpath(f"{name}.symbols").write_bytes(gzip.decompress(base64.b64decode(packed)))


def record(bench, name, symbols):
    """Traffic between two questions to the stats PD, the last thing before QEMU ends."""
    command = next(command for event, command, _ in PROFILED if event == name)
    bench.results()
    if symbols:
        write_symbols(bench, symbols)
    bench.vm1.type("\n")
    bench.vm1.wait_prompt(TIMEOUT)
    if "/tmp/16m" in command:
        bench.vm1.run("dd if=/dev/urandom of=/tmp/16m bs=1M count=16", TIMEOUT)
    bench.count(command)
    bench.count(command)
    # QEMU's monitor: a plugin writes its file at an orderly end only.
    bench.consoles.send("\x01x")
    while bench.consoles.pump(TIMEOUT):
        pass


def add_pings(figures, name, text):
    times = [float(word) for word in text.split()]
    if not times:
        sys.exit(f"bench.py: {name}: no answers")
    figures[f"{name}_us_median"] = round(statistics.median(times) * 1000, 1)
    figures[f"{name}_us_mean"] = round(statistics.fmean(times) * 1000, 2)


def iperf_end(name, text):
    """The end of iperf3's report, as a dictionary."""
    report = json.loads("{" + text) if text.strip() else {"error": "nothing to report"}
    if "error" in report:
        sys.exit(f"bench.py: {name}: iperf3: {report['error']}")
    return report["end"]


def add_tcp(figures, name, end):
    """Both directions of a bidirectional transfer count."""
    received = [value for key, value in end.items() if key.startswith("sum_received")]
    figures[f"{name}_mbps"] = round(sum(value["bits_per_second"] for value in received) / 1e6)


def add_udp(figures, name, end):
    total = end["sum"]
    received = total["packets"] - total["lost_packets"]
    figures[f"{name}_pps_received"] = round(received / total["seconds"])
    figures[f"{name}_lost_percent"] = round(100 * total["lost_packets"] / max(total["packets"], 1), 2)


def add_step(bench, name, text):
    if "ping" in name:
        add_pings(bench.figures, name, text)
    elif name.startswith("sum_"):
        match = re.search(r"netsum: ok \w+ good=(\d+) bad=0 of=(\d+)", text)
        if not match:
            sys.exit(f"bench.py: {name}: a transfer arrived damaged: {text}")
        bench.sums[name.removeprefix("sum_")] = f"{match.group(1)} of {match.group(2)} good"
    elif "udp" in name:
        add_udp(bench.figures, name, iperf_end(name, text))
    elif name != "boot":
        add_tcp(bench.figures, name, iperf_end(name, text))


def add_three(bench, found):
    """Three transfers at once: their sum, and the slowest one."""
    single = {name: {} for name in found}
    for name, steps in found.items():
        add_tcp(single[name], "tcp", iperf_end("tcp", steps["tcp"]))
        add_udp(single[name], "udp64", iperf_end("udp64", steps["udp64"]))
        for step in ("sum_tcp", "sum_udp64"):
            add_step(bench, step, steps[step])
    for figure in ("tcp_mbps", "udp64_pps_received"):
        values = [figures[figure] for figures in single.values()]
        bench.figures[figure] = sum(values)
        bench.figures[f"slowest_{figure}"] = min(values)
    bench.figures["udp64_lost_percent"] = max(figures["udp64_lost_percent"] for figures in single.values())


def ram_bytes(report):
    """Bytes of code, constants, data and stack of the kernel and each PD, from the tool's report."""
    used = {}
    pattern = r"^ +0x([0-9a-f]+) \.\. 0x([0-9a-f]+) .*?(the kernel's|of PD \"(\w+)\"|of (?:the )?system|tables)"
    for first, last, what, pd in re.findall(pattern, report, re.MULTILINE):
        name = pd or ("kernel" if what == "the kernel's" else "tables")
        used[name] = used.get(name, 0) + int(last, 16) - int(first, 16) + 1
    return used


def run(bench, short):
    found = bench.results()
    bench.figures["boot_insns"] = max(int(steps["boot"]) for steps in found.values())
    if len(bench.names) == 3:
        add_three(bench, found)
        return
    for name, text in found["vm1"].items():
        add_step(bench, name, text)
    bench.count_events(short)


def compare(name, figures, baseline):
    """Name every figure that got worse by more than the tolerance."""
    worse = []
    for figure, value in figures.items():
        before = baseline.get(name, {}).get(figure)
        if before is None or not isinstance(value, (int, float)):
            continue
        change = value / before - 1 if before else (float("inf") if value else 0)
        if (-change if MORE_IS_BETTER.search(figure) else change) > TOLERANCE:
            worse.append(f"worse: {name}: {figure}: {before} -> {value} ({change:+.1%})")
    return worse


def comparison(name, figures, path):
    """What there is to say of the baseline: those of two versions of an SDK are not compared with each other."""
    if path is None:
        return []
    if not path.exists():
        return [f"there is no baseline {path}: nothing to compare with; `make bench-baseline` makes these figures one"]
    return compare(name, figures, json.loads(path.read_text()))


def main():
    parser = argparse.ArgumentParser(description="Measure a system in QEMU with -icount.")
    parser.add_argument("--name", required=True, help="SYSTEM/DATAPATH-TRANSPORT")
    parser.add_argument("--output", type=Path)
    parser.add_argument("--profile", metavar="EVENT", choices=[name for name, _, _ in PROFILED])
    parser.add_argument("--symbols", type=Path, metavar="FOLDER")
    parser.add_argument("--report", type=Path, help="the tool's report of the image, for the RAM used")
    parser.add_argument("--baseline", type=Path)
    parser.add_argument("--short", action="store_true", help="the figures that CI prints")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    arguments = parser.parse_args()

    if not arguments.output and not arguments.profile:
        parser.error("--output or --profile")
    bench = Bench(arguments.name, [word for word in arguments.command if word != "--"])
    if arguments.profile:
        record(bench, arguments.profile, arguments.symbols)
        return
    try:
        run(bench, arguments.short)
    finally:
        bench.consoles.close()
        arguments.output.parent.mkdir(parents=True, exist_ok=True)
        arguments.output.with_suffix(".log").write_text(bench.consoles.log)
    results = json.loads(arguments.output.read_text()) if arguments.output.exists() else {}
    results[arguments.name] = {**bench.figures, "checked": bench.sums, "events": bench.events}
    if arguments.report:
        results[arguments.name]["ram_bytes"] = ram_bytes(arguments.report.read_text())
    arguments.output.write_text(json.dumps(results, indent=2, sort_keys=True) + "\n")
    for figure, value in bench.figures.items():
        print(f"{arguments.name:24} {figure:28} {value}")
    print("\n".join(comparison(arguments.name, bench.figures, arguments.baseline)))


if __name__ == "__main__":
    main()
