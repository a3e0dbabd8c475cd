#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""A guest dies again and again; the connection between two others lives on, and it is back each time.

    restart.py --cycles N --table FILE QEMU_COMMAND...

The system (restart.system) has the victim, whose VMM can be made to fault (tests/target/pds/vmm_faulty.c), and two
Debian guests vm1 and vm2. vm1 sends vm2 a stream of blocks over one TCP connection; vm2 checks the sum of each. In
each of N cycles the victim's kernel ends in some way, in N more its VMM does, always in the middle of network and
disk traffic; in some of these it has turned on its peers before: switch, multiplexer, block server, kernel. After each:
  - the victim's prompt is back, its address is what it was, it reaches vm2, and both its disks can be written and hold
    what it last flushed, unless the VMM that was taken over has written them;
  - blocks have arrived whole, on the same connection; no ping between vm1 and vm2 was lost, and vm2's disk, a part of
    the one that the victim has others of, is what it was.
vm1 pings the victim every 10 ms, so that what is missing says for how long it was away, by vm1's clock. By the same clock
goes the time from the end being typed to the victim's next prompt.
"""

import argparse
import re
import sys
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))
from consoles import HANG_SECONDS, Consoles, Guest  # noqa: E402  (needs the path)

VM1, VM2, VICTIM = "192.168.1.1", "192.168.1.2", "192.168.1.3"
MAC = "02:00:00:00:00:03"
# Guests' clocks count instructions, two nanoseconds each, so that the host's load does not matter.
QEMU_ARGUMENTS = ["-icount", "shift=1"]
PING_MS = 10
DISKS = ("vda", "vdb")

# How the victim's kernel ends: what is typed, and what its VMM says.
GUEST_WAYS = (("panic", "echo c >/proc/sysrq-trigger"), ("reboot", "reboot -f"), ("sysrq b", "echo b >/proc/sysrq-trigger"))
# How its VMM does: enum faulty_way.
VMM_WAYS = (("its variables overwritten", 3), ("taken over", None), ("stack overrun", 4), ("wild jump", 2),
            ("taken over", None), ("store to nowhere", 1), ("store to its code", 5), ("undefined instruction", 6))
FAULTY = "devmem 0x0bad0000 32"
# A VMM that is taken over attacks so often, each time in other ways, while the others run on in between.
ATTACKS = 16
FAULTY_PEERS, FAULTY_VHOST = 0x1000, 0x2000


@dataclass
class Cycle:
    """What one death led to."""
    what: str
    blocks: int
    away_ms: float
    prompt_ms: float
    host_seconds: float


class RestartRun:
    """A booted restart.system."""

    def __init__(self, consoles):
        self.consoles = consoles
        self.victim, self.vm1, self.vm2 = (Guest(consoles, name, f"g{name}\r") for name in ("victim", "vm1", "vm2"))
        self.blocks = 0
        self.sums = {}

    def start(self):
        """Wait for everybody and start the stream between the neighbours."""
        for guest in (self.victim, self.vm1, self.vm2):
            guest.wait_prompt(HANG_SECONDS)
        self.vm1.run("dd if=/dev/urandom of=/tmp/block bs=1k count=64 2>/dev/null")
        block_sum = self.vm1.run("sha256sum </tmp/block").split()[0]
        self.vm2.run("mkfifo /tmp/fifo; (n=0; nc -l -p 5000 <>/tmp/fifo | while dd bs=64k count=1 iflag=fullblock "
                     f"2>/dev/null | sha256sum | grep -q {block_sum}; do n=$((n+1)); echo $n >/tmp/intact; done; "
                     "touch /tmp/broken) &")
        self.vm2.run("until netstat -ltn | grep -q :5000; do sleep 1; done")
        self.vm1.run(f"(while cat /tmp/block; do sleep 0.1; done | nc {VM2} 5000; touch /tmp/broken) &")
        self.vm2.run("until [ -s /tmp/intact ]; do sleep 1; done")
        self.count_blocks()
        for disk in DISKS:
            self.write_disk(disk)
        self.vm2.run("dd if=/dev/urandom of=/dev/vda bs=64k conv=fsync 2>/dev/null")
        self.sums[VM2] = self.neighbour_sum()

    def count_blocks(self):
        """How many blocks have come since the last call, once one more has; the connection must be the first still."""
        self.vm2.run("n=$(cat /tmp/intact); until [ \"$(cat /tmp/intact)\" != \"$n\" ]; do sleep 1; done")
        for guest in (self.vm1, self.vm2):
            assert "No such file" in guest.run("ls /tmp/broken 2>&1"), f"{guest.name}: the connection has ended"
        before, self.blocks = self.blocks, int(self.vm2.run("cat /tmp/intact"))
        assert self.blocks > before
        return self.blocks - before

    @staticmethod
    def attacks(seed):
        """What makes the victim's VMM attack its peers, and end with an attack by way of the guest's own memory."""
        first = FAULTY_PEERS + seed * ATTACKS
        return (f"i={first}; while [ $i -lt {first + ATTACKS} ]; do {FAULTY} $i; usleep 20000; i=$((i+1)); done; "
                f"{FAULTY} {FAULTY_VHOST + seed}")

    def write_disk(self, disk):
        self.victim.run(f"dd if=/dev/urandom of=/dev/{disk} bs=64k count=4 conv=fsync 2>/dev/null")
        self.sums[disk] = self.disk_sum(disk)

    def neighbour_sum(self):
        return self.vm2.run("sha256sum </dev/vda").split()[0]

    def disk_sum(self, disk):
        return self.victim.run(f"dd if=/dev/{disk} bs=64k count=4 2>/dev/null | sha256sum").split()[0]

    def cycle(self, what, command, spares_disks=True):
        """The victim types its own end, amid traffic. Returns once all is as it was, except for its disks unless it spares
        them."""
        victim = self.victim
        self.vm1.run(f"ping -i {PING_MS / 1000} {VICTIM} >/tmp/pings &")
        # Not from vm1: its ping would get the victim's flood as well, more than its socket holds.
        self.vm2.run(f"ping -i 0.05 {VM1} >/tmp/pings_between &")
        victim.run(f"ping -A -q -s 1400 {VM1} >/dev/null &")
        for disk in DISKS:
            victim.run(f"(while dd if=/dev/{disk} of=/dev/null bs=32k iflag=direct 2>/dev/null; do :; done) &")
            victim.run(f"(while dd if=/dev/zero of=/dev/{disk} bs=32k seek=64 count=64 oflag=direct 2>/dev/null; "
                       "do :; done) &")
        before, started = self.clock(), time.monotonic()
        victim.type(f"{command}\n")
        # What a VMM shows that has gone astray is to stand behind its name.
        self.vm1.focus()
        victim.expect("Booting Linux", HANG_SECONDS)
        victim.wait_prompt(HANG_SECONDS)
        prompt_ms, host_seconds = 1000 * (self.clock() - before), time.monotonic() - started
        assert victim.run("cat /sys/class/net/eth0/address").strip() == MAC
        output = victim.run(f"ping -c 3 -i 0.2 {VM2}")
        assert ", 0% packet loss" in output, output
        for disk in DISKS:
            assert not spares_disks or self.disk_sum(disk) == self.sums[disk], f"{disk} has lost what was flushed"
            self.write_disk(disk)
        assert self.neighbour_sum() == self.sums[VM2], "the neighbour's disk has changed"
        for guest in (self.vm1, self.vm2):
            guest.run("killall -INT ping; sleep 1")
        assert self.largest_gap(self.vm2, "/tmp/pings_between") == 1, "pings between the neighbours were lost"
        away_ms = (self.largest_gap(self.vm1, "/tmp/pings") - 1) * PING_MS
        return Cycle(what, self.count_blocks(), away_ms, prompt_ms, host_seconds)

    def clock(self):
        """Seconds, to a hundredth, since vm1's start."""
        return float(self.vm1.run("cat /proc/uptime").split()[0])

    @staticmethod
    def largest_gap(guest, pings):
        """Between two pings that were answered; 1 if none was lost."""
        output = guest.run(f"sed -n 's/.*seq=\\([0-9]*\\) ttl.*/\\1/p' {pings} | "
                           "awk 'NR>1 && $1-p>m {m=$1-p} {p=$1} END {print m+0}'")
        return int(output)

    def guest_cycle(self, number):
        what, command = GUEST_WAYS[number % len(GUEST_WAYS)]
        return self.cycle(f"guest: {what}", command)

    def vmm_cycle(self, number):
        """The victim's VMM faults; only it hears of that."""
        what, way = VMM_WAYS[number % len(VMM_WAYS)]
        seen = len(re.findall("victim_vmm has faulted", self.consoles.log))
        cycle = self.cycle(f"VMM: {what}", f"{FAULTY} {way}" if way else self.attacks(number), way is not None)
        assert len(re.findall("victim_vmm has faulted", self.consoles.log)) == seen + 1
        if way is None:
            for noticed in ("dropped a frame", "out of service until it restarts", "refused a request"):
                assert noticed in self.consoles.log, f"the attack came to nothing: no peer has {noticed}"
        return cycle


def row(number, cycle):
    """A line of the table."""
    return (f"{number:4} {cycle.what:40} away {cycle.away_ms:7.0f} ms, prompt after {cycle.prompt_ms:7.0f} ms "
            f"({cycle.host_seconds:6.1f} s of the host's)  {cycle.blocks:5} blocks  ok")


def main():
    parser = argparse.ArgumentParser(description="Let a guest die in many ways beside two that talk to each other.")
    parser.add_argument("--cycles", type=int, default=10, help="of guest and VMM each [10]")
    parser.add_argument("--table", type=Path, required=True)
    parser.add_argument("command", nargs=argparse.REMAINDER)
    arguments = parser.parse_args()

    consoles = Consoles([word for word in arguments.command if word != "--"] + QEMU_ARGUMENTS)
    run = RestartRun(consoles)
    cycles, rows = [], []
    try:
        run.start()
        for kind in (run.guest_cycle, run.vmm_cycle):
            for number in range(arguments.cycles):
                cycles.append(kind(number))
                rows.append(row(len(cycles), cycles[-1]))
                print(rows[-1], flush=True)
    finally:
        consoles.close()
        arguments.table.with_suffix(".log").write_text(consoles.log, encoding="utf-8")
    rows.append(f"{len(cycles)} cycles; {run.blocks} blocks, all intact, on one connection; the victim was away for "
                f"{min(c.away_ms for c in cycles):.0f} to {max(c.away_ms for c in cycles):.0f} ms")
    print(rows[-1])
    arguments.table.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
