# SPDX-License-Identifier: BSD-2-Clause
"""A guest of four vCPUs on four cores ends in every way there is, its VMM on another core than its supervisor too; two guests
of two vCPUs on some of these cores talk to each other and do not notice. All cores go by one clock (-icount)."""

import pytest

from conftest import BOOT_SECONDS, INSTRUCTION_TIME, Guest, all_answered, ping, transfer

pytestmark = [pytest.mark.bundled, pytest.mark.more]

SYSTEM = """<system name="cores_restart">
  <serial input="victim"/>
  <switch name="lan" cpu="1"/>
  <guest name="victim" ram="96M" vcpus="4" cpus="0 1 2 3" vmm_cpu="2" on_crash="restart" watchdog_ms="4000"
         restart_limit="100" restart_window_ms="36000000" vmm_program="vmm_faulty.elf">
    <linux kernel="debian" initrd="demo" bootargs="panic=1"/>
    <console/>
    <net switch="lan" ip="192.168.1.3/24"/>
  </guest>
  <guest name="vm1" ram="96M" vcpus="2" cpus="2 3"><linux kernel="debian" initrd="demo"/><console/>
    <net switch="lan" ip="192.168.1.1/24"/></guest>
  <guest name="vm2" ram="96M" vcpus="2" cpus="3 0"><linux kernel="debian" initrd="demo"/><console/>
    <net switch="lan" ip="192.168.1.2/24" datapath="ring"/></guest>
</system>
"""
BUSY = "for i in 0 1 2 3; do (while :; do :; done) & done; sleep 1; "
OFF = "for i in {}; do echo 0 >/sys/devices/system/cpu/cpu$i/online; done; "
# What is typed. 0x0bad0000 is where vmm_faulty.c has its ways to die.
WAYS = {
    "reboot": "reboot -f",
}
# In `make test-long`.
LONG_WAYS = {
    "panic with all CPUs busy": BUSY + "echo c >/proc/sysrq-trigger",
    "VMM: its variables overwritten, all CPUs busy": BUSY + "devmem 0x0bad0000 32 3",
    "reset by CPU 3": "taskset 8 sh -c 'echo b >/proc/sysrq-trigger'",
    "VMM: store to nowhere, all but CPU 3 off": OFF.format("0 1 2") + "devmem 0x0bad0000 32 1",
    "VMM: stack overrun, CPUs 0 and 2 off": OFF.format("0 2") + "devmem 0x0bad0000 32 4",
    "watchdog": "echo 0 >/proc/sys/kernel/panic; echo c >/proc/sysrq-trigger",
}


@pytest.fixture(scope="module")
def guests(boot, machine):
    consoles = boot(machine.write_system("cores_restart", SYSTEM), *INSTRUCTION_TIME)
    found = [Guest(consoles, name, f"g{name}\r") for name in ("victim", "vm1", "vm2")]
    for guest in found:
        guest.wait_prompt(BOOT_SECONDS)
    return found


@pytest.mark.parametrize("way", WAYS)
def test_a_guest_on_all_cores_ends_and_is_back(guests, way):
    end(guests, WAYS[way])


@pytest.mark.long
@pytest.mark.parametrize("way", LONG_WAYS)
def test_it_ends_in_other_ways(guests, way):
    end(guests, LONG_WAYS[way])


def end(guests, command):
    """The guest is back, and nobody else has noticed."""
    victim, vm1, vm2 = guests
    vm1.run("ping -i 0.1 192.168.1.2 >/tmp/pings &")
    victim.type(command + "\n")
    victim.expect("Booting Linux", BOOT_SECONDS)
    victim.wait_prompt(BOOT_SECONDS)
    assert victim.run("nproc").strip() == "4"
    ping(victim, "-c 3 -i 0.2", "192.168.1.1")
    vm1.run("killall -INT ping; sleep 1")
    all_answered(vm1.run("tail -3 /tmp/pings"))
    transfer(victim, vm2, "192.168.1.2", 1)


def test_the_neighbours_have_noticed_nothing(guests):
    transfer(guests[1], guests[2], "192.168.1.2")
    for guest in guests[1:]:
        log = guest.run("dmesg")
        for word in ("BUG:", "WARNING:", "rcu: INFO", "self-detected stall", "soft lockup", "Call trace"):
            assert word not in log, log
