#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Let the hostile guest attack, case by case, and judge whether anybody but itself suffered.

    hostile.py --table FILE [--cases 3,40-60] [--open NAME,...] QEMU_COMMAND...

The system (systems/hostile.system) has the attacker, two Debian guests vm1 and vm2 and a stats PD. Before the first
case vm1 begins to ping vm2 and to send it a stream of blocks over one TCP connection; vm2 checks the sum of each.
After every case the attacker has seen the effects that the attack must have, and found its devices alive after a reset;
or its VM has been restarted and is up again. After every batch of cases:
  - pings were answered without a gap, each within the bound; blocks arrived whole, on the same connection; and both
    still do;
  - no PD has faulted;
  - the stats PD's sums of canaries are what they were. Now and then, and at the end, those of large regions, too.
A batch in which anything is found is run once more, case by case with all of this after each, to know whose it is; what
was found the first time stays a failure even if it does not come again.
At the end vm2's part of the disk is what it was. sabotage.py shows that each of these verdicts can be a bad one.
"""

import argparse
import re
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))
from consoles import Consoles, Guest, Timeout  # noqa: E402  (needs the path)

ATTACKER, VM1, VM2, STATS = "hostile", "vm1", "vm2", "stats"
VM2_ADDRESS = "192.168.1.2"
BOOT_SECONDS = 900
CASE_SECONDS = 300
# How long the neighbours may take to show that they live on. Far more than they need: it ends a hang.
PROOF_SECONDS = 120
# By the neighbours' own clock. With -icount that counts instructions, so that the host's load does not matter. A ping
# takes 6 ms at most beside everything but floods of frames for everybody: beside these, there and back, it waits behind
# what a full queue holds, which its receiver has to work through; 90 ms were seen beside several at once.
LATENCY_LIMIT_MS = 150
# An instruction takes two virtual nanoseconds; a processor that has nothing to do skips the time.
QEMU_ARGUMENTS = ["-icount", "shift=1,sleep=off"]
BLOCK_KIB = 64
CASES_PER_SUM = 100
CASES_PER_BATCH = 8
# Watched regions that are summed after every case: small ones.
CANARIES = ("canary", "vm1_dtb", "vm2_dtb")
# Typed before a case on a console, for an attack that wants something to receive.
SOMETHING_TO_RECEIVE = "x" * 32
# By virtio's ids.
DEVICES = {"1": "network card", "2": "disk", "3": "console", "4": "entropy device"}
# The kernel's words; the last are those of Microkit's monitor, in a debug build.
FAULT = re.compile(r"faulted and has no parent|_vmm has faulted|kernel: panic|unexpected exception|faulting PD")


@dataclass
class Verdict:
    """What one case led to; `problems` is empty if nobody suffered."""
    number: int
    name: str
    outcome: str
    seconds: float
    blocks: int = 0
    pings: int = 0
    slowest_ms: float = 0.0
    problems: list = field(default_factory=list)


class Neighbours:
    """The stream and the pings between vm1 and vm2, read off their consoles."""

    def __init__(self, consoles):
        self.consoles = consoles
        self.vm1 = Guest(consoles, VM1, f"g{VM1}\r")
        self.vm2 = Guest(consoles, VM2, f"g{VM2}\r")
        self.seen = {VM1: 0, VM2: 0}
        self.blocks = 0
        self.sequence = None

    @staticmethod
    def run(guest, command):
        """Run a command, with as much time as a slow host may need."""
        return guest.run(command, BOOT_SECONDS)

    def start(self):
        for guest in (self.vm1, self.vm2):
            guest.wait_prompt(BOOT_SECONDS)
        self.run(self.vm1, f"dd if=/dev/urandom of=/tmp/block bs=1k count={BLOCK_KIB} 2>/dev/null")
        block_sum = self.run(self.vm1, "sha256sum </tmp/block").split()[0]
        # Anything but a whole and right block ends the loop, and says so.
        self.run(self.vm2, f"mkfifo /tmp/fifo; (n=0; nc -l -p 5000 <>/tmp/fifo | while dd bs={BLOCK_KIB}k count=1 "
                     f"iflag=fullblock 2>/dev/null | sha256sum | grep -q {block_sum}; do n=$((n+1)); echo intact $n; "
                     f"done; echo stream broken) &")
        self.run(self.vm2, "until netstat -ltn | grep -q :5000; do sleep 1; done")
        self.run(self.vm1, f"(while cat /tmp/block; do sleep 0.05; done | nc {VM2_ADDRESS} 5000; echo stream broken) &")
        self.run(self.vm1, f"ping -i 0.05 {VM2_ADDRESS} &")
        self.take(Verdict(-1, "", "", 0))

    def take(self, verdict):
        """Add to the verdict what the neighbours have printed since the last call."""
        for line in self.new_lines(VM2):
            match = re.search(r"intact (\d+)$", line)
            if match:
                self.blocks += 1
                verdict.blocks += 1
                if int(match.group(1)) != self.blocks:
                    verdict.problems.append(f"block {match.group(1)} where {self.blocks} was due")
            elif "broken" in line:
                verdict.problems.append("stream broken at its receiver")
        for line in self.new_lines(VM1):
            match = re.search(r"seq=(\d+) ttl=\d+ time=([\d.]+) ms", line)
            if match:
                self.take_ping(verdict, int(match.group(1)), float(match.group(2)))
            elif "broken" in line:
                verdict.problems.append("stream broken at its sender")

    def take_ping(self, verdict, sequence, milliseconds):
        if self.sequence is not None and sequence != (self.sequence + 1) % 0x10000:
            verdict.problems.append(f"ping {sequence} follows {self.sequence}")
        self.sequence = sequence
        verdict.pings += 1
        verdict.slowest_ms = max(verdict.slowest_ms, milliseconds)
        if milliseconds > LATENCY_LIMIT_MS:
            verdict.problems.append(f"ping {sequence} took {milliseconds} ms")

    def new_lines(self, name):
        text = self.consoles.text(name)
        end = text.rfind("\n") + 1
        start, self.seen[name] = self.seen[name], max(end, self.seen[name])
        return text[start:end].splitlines()

    def prove(self, verdict):
        """Wait until a ping and a block have come through that weren't there before."""
        self.take(verdict)
        blocks, pings = verdict.blocks, verdict.pings
        deadline = time.monotonic() + PROOF_SECONDS
        while not verdict.problems and (verdict.blocks == blocks or verdict.pings == pings):
            if time.monotonic() > deadline:
                verdict.problems.append("no ping or no block came through any more")
            elif not self.consoles.pump(0.1):
                verdict.problems.append("QEMU ended")
            self.take(verdict)


class HostileRun:
    """A booted hostile.system."""

    def __init__(self, consoles):
        self.consoles = consoles
        self.neighbours = Neighbours(consoles)
        self.log_seen = 0
        self.sums = {}
        self.total = 0
        self.on_console = range(0)
        self.disk_sum = None
        self.case_seconds = CASE_SECONDS
        self.open = ()

    def start(self):
        """Wait for everybody, start the neighbours' traffic, take the first sums."""
        self.neighbours.start()
        self.disk_sum = self.read_disk_sum()
        self.sums = self.read_sums("sums")
        assert self.sums, "the stats PD watches nothing"
        self.type(ATTACKER, "count\n")
        match = self.consoles.expect(ATTACKER, r"^count (\d+) console (\d+)-(\d+)\n", CASE_SECONDS)
        self.total = int(match.group(1))
        self.on_console = range(int(match.group(2)), int(match.group(3)))

    def read_disk_sum(self):
        """Of vm2's part of the disk that the attacker has other parts of; None if it has none."""
        output = self.neighbours.run(self.neighbours.vm2, "[ -b /dev/vda ] && sha256sum </dev/vda")
        match = re.search(r"^[0-9a-f]{64}", output, re.MULTILINE)
        return match.group() if match else None

    def type(self, name, text):
        self.consoles.focus(name, f"g{name}\r")
        self.consoles.send(text)

    def read_sums(self, command):
        self.type(STATS, command + "\n")
        text = self.consoles.expect(STATS, rf"(?s){command}.*?^end", CASE_SECONDS).group()
        return dict(re.findall(r"^(\S+) ([0-9a-f]+)$", text, re.MULTILINE))

    def command(self, number):
        """What runs case `number`. An empty line first: what an attack has left unread ends there."""
        return f"\nrun {number}\n" + (SOMETHING_TO_RECEIVE if number in self.on_console else "")

    def run_batch(self, attacks):
        """Run cases, (number, command) each, and judge; their verdicts."""
        verdicts = [self.attack(number, command) for number, command in attacks]
        self.judge(verdicts[-1])
        found = [problem for verdict in verdicts for problem in verdict.problems]
        if len(attacks) == 1 or not found:
            return verdicts
        again = [verdict for attack in attacks for verdict in self.run_batch([attack])]
        if not any(verdict.problems for verdict in again):
            again[-1].problems = [f"in one of cases {attacks[0][0]}-{attacks[-1][0]}, but not again: {problem}"
                                  for problem in found]
        return again

    def attack(self, number, command):
        """Type a command that runs case `number`, and wait for its end."""
        started = time.monotonic()
        self.type(ATTACKER, command)
        try:
            name = self.consoles.expect(ATTACKER, rf"^case {number} (.*): begin\n", self.case_seconds).group(1)
            end = self.consoles.expect(
                ATTACKER, rf"^case {number} .*: (survived|MISSED.*|DEAD.*?)( \(.*)?\n|^hostile: (up),", self.case_seconds)
            outcome = "restarted" if end.group(3) else end.group(1)
        except Timeout as timeout:
            name, outcome = "?", str(timeout).split(";")[0]
        if name in self.open and outcome.startswith("MISSED"):
            outcome = "open"
        verdict = Verdict(number, name, outcome, time.monotonic() - started)
        if outcome not in ("survived", "restarted", "open"):
            verdict.problems.append(outcome)
        self.neighbours.take(verdict)
        return verdict

    def judge(self, verdict):
        """Add to the verdict what others have suffered."""
        self.neighbours.prove(verdict)
        self.look_for_faults(verdict)
        for canary in CANARIES:
            if canary in self.sums:
                self.compare_sums(verdict, [canary], self.read_sums(f"sum {canary}"))

    def look_for_faults(self, verdict):
        text = self.consoles.log
        for match in FAULT.finditer(text, max(0, self.log_seen - 200)):
            if match.end() > self.log_seen:
                line = text[text.rfind("\n", 0, match.start()) + 1:].split("\n")[0]
                verdict.problems.append(line.strip())
        self.log_seen = len(text)

    def compare_sums(self, verdict, names, sums):
        for name in names:
            if sums.get(name) != self.sums[name]:
                verdict.problems.append(f"memory of {name} has changed")
                self.sums[name] = sums.get(name)

    def check_sums(self, verdict):
        self.compare_sums(verdict, self.sums, self.read_sums("sums"))

    def check_disk(self, verdict):
        if self.read_disk_sum() != self.disk_sum:
            verdict.problems.append(f"the disk of {VM2} has changed")

    def run(self, numbers, live=lambda verdict: None):
        """Run these cases; all their verdicts. Stops early if the attacker can't go on."""
        verdicts, summed = [], 0
        for first in range(0, len(numbers), CASES_PER_BATCH):
            batch = self.run_batch([(number, self.command(number)) for number in numbers[first:first + CASES_PER_BATCH]])
            verdicts += batch
            is_last = len(verdicts) == len(numbers)
            if is_last or len(verdicts) - summed >= CASES_PER_SUM:
                summed = len(verdicts)
                self.check_sums(batch[-1])
            if is_last:
                self.check_disk(batch[-1])
            for verdict in batch:
                live(verdict)
            if any("no '" in verdict.outcome for verdict in batch):
                break
        return verdicts


def row(verdict):
    """A line of the table."""
    return (f"{verdict.number:4} {verdict.name:60} {verdict.outcome[:24]:10} {verdict.seconds:6.2f} s "
            f"{verdict.pings:4} pings, slowest {verdict.slowest_ms:7.1f} ms {verdict.blocks:4} blocks  "
            + ("; ".join(verdict.problems) or "ok"))


def summary(verdicts):
    """Lines that sum up: one for each device that was attacked, and one for the machine itself."""
    groups = {}
    for verdict in verdicts:
        match = re.search(r"device (\d+) (at \S+)", verdict.name)
        name = f"{DEVICES.get(match.group(1), 'device')} {match.group(2)}" if match else "the machine"
        groups.setdefault(name, []).append(verdict)
    lines = []
    for name, group in groups.items():
        survived, restarted = (sum(v.outcome == outcome for v in group) for outcome in ("survived", "restarted"))
        lines.append(f"{name:28} {len(group):5} cases {survived:5} survived {restarted:4} restarted "
                     f"{sum(bool(v.problems) for v in group):4} with problems {sum(v.pings for v in group):6} pings, slowest "
                     f"{max(v.slowest_ms for v in group):6.1f} ms {sum(v.blocks for v in group):6} blocks")
    return lines


def parse_cases(text, total):
    """"3,40-60" as numbers; all cases without a text."""
    if not text:
        return list(range(total))
    numbers = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        numbers += range(int(first), int(last or first) + 1)
    return [number for number in numbers if number < total]


def main():
    parser = argparse.ArgumentParser(description="Run the hostile guest's attacks and judge their effect on others.")
    parser.add_argument("--cases", help="numbers, such as 3,40-60; default: all")
    parser.add_argument("--open", default="", metavar="NAME,...",
                        help="cases that aim at what the kernel leaves open to guests: they need not be refused")
    parser.add_argument("--table", type=Path, required=True)
    parser.add_argument("command", nargs=argparse.REMAINDER)
    arguments = parser.parse_args()

    consoles = Consoles([word for word in arguments.command if word != "--"] + QEMU_ARGUMENTS)
    hostile = HostileRun(consoles)
    hostile.open = arguments.open.split(",")
    rows = []

    def live(verdict):
        rows.append(row(verdict))
        print(rows[-1], flush=True)

    try:
        hostile.start()
        verdicts = hostile.run(parse_cases(arguments.cases, hostile.total), live)
    finally:
        consoles.close()
        arguments.table.with_suffix(".log").write_text(consoles.log, encoding="utf-8")
    bad = sum(bool(verdict.problems) for verdict in verdicts)
    rows.append(f"{len(verdicts)} of {hostile.total} cases: {len(verdicts) - bad} harmed nobody, {bad} did; "
                f"{sum(v.outcome == 'restarted' for v in verdicts)} ended the attacker's VM, which was restarted; "
                f"{sum(v.blocks for v in verdicts)} blocks and {sum(v.pings for v in verdicts)} pings between "
                f"the neighbours, slowest {max(v.slowest_ms for v in verdicts):.0f} ms")
    sums = summary(verdicts) + [rows.pop()]
    rows += sums
    print("\n".join(sums))
    arguments.table.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
