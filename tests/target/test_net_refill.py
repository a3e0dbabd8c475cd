# SPDX-License-Identifier: BSD-2-Clause
"""A queue that refills itself through what the switch or the VMM writes: two cards of one guest, whose receive buffers lie
on each other's transmit queues, on both data paths, with and without a limit of what a guest gets at once.

One boot for the whole file. Time is the guests' own, which counts instructions, so that the host's load does not matter.
"""

import pytest

from conftest import BOOT_SECONDS, Guest
from test_containment import QEMU_ARGUMENTS, Contained

# Guests' budgets and what exits cost them are our own kernel's way of sharing the processor.
pytestmark = pytest.mark.bundled

# Name of the guest that attacks, and its two cards.
ATTACKERS = {
    "vhost": 'datapath="vhost"',
    "vhost_free": 'datapath="vhost" rx_window="0"',
    "ring": 'datapath="ring"',
    "ring_free": 'datapath="ring" rx_window="0"',
}
CASE = "net-refill-events"


def attacker(name, card):
    return f"""
  <guest name="{name}" ram="16M" budget="1000" period="10000">
    <linux kernel="hostile"/>
    <console/>
    <net switch="lan" {card}/>
    <net switch="lan" {card}/>
  </guest>"""


SYSTEM = f"""<system>
  <serial input="worker"/>
  <switch name="lan"/>
  <guest name="worker" ram="64M">
    <linux kernel="debian" initrd="demo"/>
    <console/>
    <net switch="lan" ip="192.168.1.1/24"/>
  </guest>{"".join(attacker(*item) for item in ATTACKERS.items())}
</system>
"""


class Refilled(Contained):
    def __init__(self, consoles):  # pylint: disable=super-init-not-called
        self.consoles = consoles
        self.worker = Guest(consoles, "worker", "gworker\r")
        self.worker.wait_prompt(BOOT_SECONDS)
        self.calm = self.work_seconds(self.worker)
        self.attacker = None

    def command(self, text):
        self.consoles.focus(self.attacker, f"g{self.attacker}\r")
        self.consoles.send(text + "\n")

    def storm(self, name):
        self.command(f"repeat {name}")
        self.consoles.expect(self.attacker, rf"^case \d+ {name}\b.*: repeated\n", BOOT_SECONDS)

    def calm_down(self):
        self.command("")
        times, missed = self.consoles.expect(self.attacker, r"^case \d+ .*: (\d+) times, (\d+) MISSED\n", BOOT_SECONDS).groups()
        assert int(times) > 0 and int(missed) == 0


@pytest.fixture(scope="module")
def refilled(boot, machine):
    return Refilled(boot(machine.write_system("refill", SYSTEM), *QEMU_ARGUMENTS))


@pytest.mark.parametrize("name", ATTACKERS)
def test_refill_is_worth_one_queue_for_each_kick(refilled, name):
    refilled.attacker = name
    refilled.storm(CASE)
    ratio = refilled.work_seconds(refilled.worker) / refilled.calm
    refilled.calm_down()
    assert ratio < 1.1
