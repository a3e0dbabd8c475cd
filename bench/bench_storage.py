#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Measure a guest's disk in QEMU with -icount: one virtual nanosecond is one executed instruction.

    bench_storage.py --name NAME --output BENCH.json [--plain] QEMU_COMMAND...

The guest is vm1 of bench/bench_storage.system with the data on /dev/vda and fio on /dev/vdb, and the stats PD is the second
console. With --plain it is the same guest directly on QEMU: then there is nobody to count events, and only
instructions are reported. Each pattern is run twice with different counts of requests; what the second run costs
more is what its further requests cost. Each run adds one object, called NAME, to BENCH.json.
"""

import argparse
import json
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "scripts"))
from consoles import Consoles, Guest, prompt  # noqa: E402

TIMEOUT = 1800
NS_PER_TICK = 16  # of QEMU's counter, 62.5 MHz
EVENTS = ("exits", "exits_mmio", "notifications", "virtual_interrupts", "interrupts", "switches")
# Name, fio's pattern, bytes of a request, requests of the two runs, and the unit: requests in it.
PATTERNS = (
    ("random_read_4k", "randread", 4096, (1000, 9000), 1),
    ("random_write_4k", "randwrite", 4096, (1000, 9000), 1),
    ("read_mib", "read", 131072, (100, 800), 8),
    ("write_mib", "write", 131072, (100, 800), 8),
)


def busy_ns(output):
    """How long a guest's processor has worked, each time that /proc/timer_list was looked at: what is there counts
    nanoseconds, and time that waits for a disk apart."""
    now, idle, waiting = ([int(ns) for ns in re.findall(pattern + r" (\d+) nsecs", output)]
                          for pattern in ("now at", r"\.idle_sleeptime *:", r"\.iowait_sleeptime *:"))
    return [total - rest - disk for total, rest, disk in zip(now, idle, waiting)]


class PlainGuest(Guest):
    """A guest that has QEMU's serial line to itself."""

    def __init__(self, consoles):
        super().__init__(consoles, "", 0)

    def focus(self):
        pass

    def wait_prompt(self, timeout):
        self.expect(prompt("vm1"), timeout)


class Bench:
    """The guest, and the stats PD if there is one."""

    def __init__(self, command, plain):
        self.consoles = Consoles(command)
        self.plain = plain
        self.guest = PlainGuest(self.consoles) if plain else Guest(self.consoles, "vm1", 1)

    def boot(self):
        self.guest.wait_prompt(TIMEOUT)
        self.guest.run("mkdir /share; mount -t ext4 -o ro /dev/vdb /share; mount --bind /dev /share/dev; "
                       "mount -t proc proc /share/proc", TIMEOUT)

    def counters(self):
        if self.plain:
            return {}
        self.consoles.focus("stats", 2)
        self.consoles.send("counters\n")
        text = self.consoles.expect("stats", r"(?s)counters.*?^end", TIMEOUT).group()
        return {name: int(value) for name, value in re.findall(r"^([a-z_]+) (\d+)", text, re.MULTILINE)}

    def run(self, pattern, size, count):
        """What so many requests cost, fio's own start included."""
        before = self.counters()
        # Into a file: what goes to the console would cost more than what is measured.
        self.guest.run("(cat /proc/timer_list; chroot /share fio --name=x --filename=/dev/vda --direct=1 --ioengine=psync "
                       f"--rw={pattern} --bs={size} --size=112M --number_ios={count} --randseed=1 "
                       "--output-format=terse; cat /proc/timer_list) >/tmp/output 2>&1", TIMEOUT)
        after = self.counters()
        output = self.guest.run("grep -E '^3;fio|^now at|sleeptime' /tmp/output", TIMEOUT)
        fields = re.search(r"^3;fio[^\n]*", output, re.MULTILINE).group().split(";")
        if fields[4] != "0" or int(fields[5]) + int(fields[46]) != size * count // 1024:
            sys.exit(f"bench_storage.py: fio has failed:\n{output}")
        if self.plain:
            before, after = busy_ns(output)
            return {"insns": after - before}
        costs = {name: after[name] - before[name] for name in EVENTS}
        ticks = {name: after[name] - before[name] for name in ("ticks", "idle_ticks")}
        return {"insns": (ticks["ticks"] - ticks["idle_ticks"]) * NS_PER_TICK, **costs}

    def measure(self, pattern, size, counts, unit):
        few, many = (self.run(pattern, size, count) for count in counts)
        units = (counts[1] - counts[0]) / unit
        costs = {name: (many[name] - few[name]) / units for name in few}
        return {name: round(cost) if name == "insns" else round(cost, 2) for name, cost in costs.items()}


def main():
    parser = argparse.ArgumentParser(description="Measure a guest's disk in QEMU with -icount.")
    parser.add_argument("--name", required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--plain", action="store_true")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    arguments = parser.parse_args()

    bench = Bench([word for word in arguments.command if word != "--"], arguments.plain)
    figures = {}
    try:
        bench.boot()
        for name, pattern, size, counts, unit in PATTERNS:
            figures[name] = bench.measure(pattern, size, counts, unit)
            print(f"{arguments.name:24} {name:16} " + "  ".join(f"{key} {value}" for key, value in figures[name].items()),
                  flush=True)
    finally:
        bench.consoles.close()
    results = json.loads(arguments.output.read_text()) if arguments.output.exists() else {}
    results[arguments.name] = figures
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_text(json.dumps(results, indent=2, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
