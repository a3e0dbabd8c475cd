# SPDX-License-Identifier: BSD-2-Clause
"""A queue that refills itself through what its device writes: after one kick the device comes to rest, and a neighbour's
work takes no longer than beside a guest that computes.

One boot for the whole file. Time is the guests' own, which counts instructions.
"""

import re

import pytest

from conftest import BOOT_SECONDS, Guest

# Guests' budgets are our own kernel's way of sharing the processor.
pytestmark = pytest.mark.bundled

QEMU_ARGUMENTS = ["-icount", "shift=1,sleep=off"]
# Each attacker has a disk on one of the data paths; `repeat` takes the last device that a case of that name is for.
ATTACKERS = {"copier": "copy", "sharer": "shared"}
SYSTEM = f"""<system>
  <serial input="worker"/>
  <disk name="disk" image="refill.img" size="16M">
    {"".join(f'<partition name="{name}" size="4M"/>' for name in ATTACKERS)}
  </disk>
  <guest name="worker" ram="64M">
    <linux kernel="debian" initrd="demo"/>
    <console/>
  </guest>
  {"".join(f'''<guest name="{name}" ram="16M" budget="1000" period="10000">
    <linux kernel="hostile"/>
    <console/>
    <block disk="disk" partition="{name}" datapath="{datapath}"/>
  </guest>''' for name, datapath in ATTACKERS.items())}
</system>
"""
CASES = [*((name, "block-refill") for name in ATTACKERS), ("copier", "entropy-refill-1"), ("copier", "entropy-refill-2"),
         ("sharer", "overlap-feeds-itself-4"), ("sharer", "overlap-feeds-itself-68")]
STEPS = 8000
# The attackers wait for commands in a loop, so that they use their budgets anyway.
LIMIT = 1.05


class Refill:
    """The guests, and what the worker's work takes."""

    def __init__(self, consoles):
        self.consoles = consoles
        self.worker = Guest(consoles, "worker", "gworker\r")
        self.worker.wait_prompt(BOOT_SECONDS)
        self.calm = self.work_seconds()

    def command(self, attacker, text):
        self.consoles.focus(attacker, f"g{attacker}\r")
        self.consoles.send(text + "\n")

    def work_seconds(self):
        output = self.worker.run(f"read a _ </proc/uptime; i=0; while [ $i -lt {STEPS} ]; do i=$((i+1)); done; "
                                 "read b _ </proc/uptime; echo took $a $b")
        start, end = re.search(r"took ([\d.]+) ([\d.]+)", output).groups()
        return float(end) - float(start)


@pytest.fixture(scope="module")
def refill(boot, machine):
    return Refill(boot(machine.write_system("refill", SYSTEM), *QEMU_ARGUMENTS))


@pytest.mark.parametrize(("attacker", "case"), CASES)
def test_one_kick_buys_one_queue(refill, attacker, case):
    refill.command(attacker, f"repeat {case}")
    refill.consoles.expect(attacker, rf"^case \d+ {case}\b.*: repeated\n", BOOT_SECONDS)
    ratio = refill.work_seconds() / refill.calm
    refill.command(attacker, "")
    times, missed = refill.consoles.expect(attacker, r"^case \d+ .*: (\d+) times, (\d+) MISSED\n", BOOT_SECONDS).groups()
    assert int(times) > 0 and int(missed) == 0
    assert ratio < LIMIT
