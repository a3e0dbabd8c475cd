# SPDX-License-Identifier: BSD-2-Clause
"""A guest attacks with two CPUs at once, on other cores than two guests that talk to each other through the same switch: what
a device reads is changed by the other CPU meanwhile, and resets come in the middle."""

import re

import pytest

from conftest import BOOT_SECONDS, INSTRUCTION_TIME, Guest, all_answered, ping, transfer

pytestmark = [pytest.mark.bundled, pytest.mark.long]

SYSTEM = """<system name="cores_hostile">
  <serial input="hostile"/>
  <switch name="lan" cpu="0"/>
  <disk name="d0" image="cores_hostile.img" size="8M">
    <partition name="copied" size="4M"/>
    <partition name="shared"/>
  </disk>
  <guest name="hostile" ram="16M" vcpus="2" cpus="1 2" vmm_cpu="0" on_crash="restart">
    <linux kernel="hostile"/>
    <console/>
    <net switch="lan" mac="02:00:00:00:00:09"/>
    <net switch="lan" name="by_ring" mac="02:00:00:00:00:0a" datapath="ring"/>
    <block disk="d0" partition="copied"/>
    <block disk="d0" partition="shared" datapath="shared"/>
  </guest>
  <guest name="vm1" ram="64M" cpus="2"><linux kernel="debian" initrd="demo"/><console/>
    <net switch="lan" ip="192.168.1.2/24"/></guest>
  <guest name="vm2" ram="64M" cpus="3"><linux kernel="debian" initrd="demo"/><console/>
    <net switch="lan" ip="192.168.1.1/24" datapath="ring"/></guest>
</system>
"""


def test_races_harm_only_who_runs_them(boot, machine):
    consoles = boot(machine.write_system("cores_hostile", SYSTEM), *INSTRUCTION_TIME)
    vm1, vm2 = Guest(consoles, "vm1", "gvm1\r"), Guest(consoles, "vm2", "gvm2\r")
    for guest in (vm1, vm2):
        guest.wait_prompt(BOOT_SECONDS)
    # Its prompt is no whole line: others' output may have taken its place on the terminal.
    consoles.expect("hostile", r"^hostile: up", BOOT_SECONDS)
    vm1.run("ping -i 0.1 192.168.1.1 >/tmp/pings &")
    consoles.focus("hostile", "ghostile\r")
    consoles.send("race\n")
    survived, total = consoles.expect("hostile", r"^race: (\d+) of (\d+) survived", BOOT_SECONDS).groups()
    verdicts = re.findall(r"^case .* device .*: (?:survived|MISSED|DEAD).*$", consoles.text("hostile"), re.MULTILINE)
    assert survived == total, "\n".join(verdicts)
    assert int(total) == len(verdicts) == 4 * 5
    vm1.run("killall -INT ping; sleep 1")
    all_answered(vm1.run("tail -3 /tmp/pings"))
    ping(vm2, "-c 5 -i 0.2", "192.168.1.2")
    transfer(vm1, vm2, "192.168.1.1")
    for word in ("faulted", "kernel: panic", "unexpected exception"):
        assert word not in consoles.log
