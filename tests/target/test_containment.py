# SPDX-License-Identifier: BSD-2-Clause
"""Whoever asks pays: a guest that storms its VMM, the kernel, the switch, its disks, its console or the entropy server
takes no more of the processor than one that only computes with the same budget; nor does a VMM that has been taken over.

One boot for the whole file: tests depend on their order. Time is the guests' own, which counts instructions, so that the host's load does not matter.
"""

import re

import pytest

from conftest import BOOT_SECONDS, Guest

# Guests' budgets and what exits cost them are our own kernel's way of sharing the processor.
pytestmark = pytest.mark.bundled

QEMU_ARGUMENTS = ["-icount", "shift=1,sleep=off"]
# Of the processor, for the stormer and the sink each. The stormer always uses it: it waits for commands in a loop.
SHARE = 0.2
# What a guest may need for frames that come whether it wants them or not.
OWN_FRAMES = 0.1
SYSTEM = """<system>
  <serial input="worker"/>
  <switch name="lan"/>
  <switch name="storm"/>
  <disk name="d0" image="containment.img" size="64M">
    <partition name="copied" size="16M"/>
    <partition name="shared"/>
  </disk>
  <guest name="worker" ram="64M">
    <linux kernel="debian" initrd="demo"/>
    <console/>
    <net switch="lan" ip="192.168.1.1/24"/>
  </guest>
  <guest name="sink" ram="64M" budget="2000" period="10000" vmm_budget="2000" vmm_period="10000"
         vmm_program="vmm_faulty.elf">
    <linux kernel="debian" initrd="demo"/>
    <console/>
    <net switch="lan" ip="192.168.1.2/24"/>
  </guest>
  <guest name="stormer" ram="32M" budget="2000" period="10000">
    <linux kernel="hostile"/>
    <console/>
    <net switch="storm" datapath="vhost"/>
    <net switch="storm" datapath="vhost"/>
    <net switch="lan" datapath="vhost"/>
    <block disk="d0" partition="copied"/>
    <block disk="d0" partition="shared" datapath="shared"/>
  </guest>
</system>
"""
# Attacks of the hostile guest, each on the last device that has it: NAME/2 is the last but one's.
STORMS = (
    "sgi-storm-taken",  # interrupts, by its VMM
    "timer-storm",  # and by the kernel, with a switch of vCPUs each
    "call-storm",  # exits
    "distributor-toggle",
    "trng-storm",
    "notify-storm",  # kicks of its entropy device
    "entropy-storm",
    "reset-storm",  # resets of its devices
    "net-tso-flood/2",  # 256 frames of 64 KiB a kick, between two cards of its own
    "block-big-reads",  # as many reads of 512 KiB as the queue holds, into its own memory by the device
    "block-big-reads/2",  # or by its VMM
    "uart-flood",  # lines on its console
)
# Of the work of a neighbour, against that beside a guest that only computes.
STORM_BOUND = 1.02
COMPUTE = "compute"
# Frames for everybody, each with a doorbell to the switch.
FLOOD = "net-flood"
STEPS = 40000


class Contained:
    """The guests, and what their work takes."""

    def __init__(self, consoles):
        self.consoles = consoles
        self.worker, self.sink = (Guest(consoles, name, f"g{name}\r") for name in ("worker", "sink"))
        for guest in (self.worker, self.sink):
            guest.wait_prompt(BOOT_SECONDS)
        self.calm = self.beside(COMPUTE)

    def beside(self, name):
        """What the worker's work takes while the stormer repeats an attack."""
        self.storm(name)
        seconds = self.work_seconds(self.worker)
        self.calm_down()
        return seconds

    def command(self, text):
        self.consoles.focus("stormer", "gstormer\r")
        self.consoles.send(text + "\n")

    def storm(self, name):
        """A storm begins, and lasts until calm_down()."""
        self.command(f"repeat {name}")
        name = name.split("/")[0]
        self.consoles.expect("stormer", rf"^case \d+ {name}\b.*: repeated\n", BOOT_SECONDS)

    def calm_down(self):
        """The storm ends; it must have had its effect each time."""
        self.command("")
        times, missed = self.consoles.expect("stormer", r"^case \d+ .*: (\d+) times, (\d+) MISSED\n", BOOT_SECONDS).groups()
        assert int(times) > 0 and int(missed) == 0

    @staticmethod
    def work_seconds(guest):
        """How long a given amount of work takes."""
        output = guest.run(f"read a _ </proc/uptime; i=0; while [ $i -lt {STEPS} ]; do i=$((i+1)); done; "
                           "read b _ </proc/uptime; echo took $a $b")
        start, end = re.search(r"took ([\d.]+) ([\d.]+)", output).groups()
        return float(end) - float(start)


@pytest.fixture(scope="module")
def contained(boot, machine):
    return Contained(boot(machine.write_system("containment", SYSTEM), *QEMU_ARGUMENTS))


def test_budget_is_a_bound(contained):
    """The worker has what the stormer leaves, the sink its budget, although it competes with nobody else for more."""
    ratio = contained.work_seconds(contained.sink) / contained.calm
    assert ratio == pytest.approx((1 - SHARE) / SHARE, rel=0.1)


@pytest.mark.parametrize("name", STORMS)
def test_storm_costs_no_more_than_its_budget(contained, name):
    """On repetition: what one kick overruns is owed by the next."""
    ratio = contained.beside(name) / contained.calm
    print(f"{name}: {ratio:.4f}")
    assert ratio < STORM_BOUND


def test_flood_costs_its_sender_and_receiver(contained):
    """What the switch does for the sender is paid from the sender's budget."""
    before = received(contained.sink)
    contained.storm(FLOOD)
    ratio = contained.work_seconds(contained.worker) / contained.calm
    contained.calm_down()
    # The worker has to take in the flood, too.
    assert ratio < (1 - SHARE) / (1 - 2 * SHARE - OWN_FRAMES)
    assert received(contained.sink) > before + 100


def test_vmm_that_spins_has_its_budget(contained):
    """It runs before every guest, but no longer than it may. Its guest, whose store it never answers, has stopped."""
    contained.sink.type("devmem 0x0bad0000 32 7\n")
    contained.worker.run("until ! ping -c 1 -W 1 192.168.1.2 >/dev/null; do sleep 1; done")
    ratio = contained.work_seconds(contained.worker) / contained.calm
    assert ratio == pytest.approx((1 - SHARE) / (1 - 2 * SHARE), rel=0.1)


def received(guest):
    return int(guest.run("cat /sys/class/net/eth0/statistics/rx_packets"))
