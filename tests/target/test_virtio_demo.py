# SPDX-License-Identifier: BSD-2-Clause
"""Two Debian guests on one switch. One boot for the whole file: tests depend on their order."""

import time

import pytest

from conftest import BOOT_SECONDS, INSTRUCTION_TIME, ROOT, link_local, ping, transfer

VM1, VM2 = "192.168.1.2", "192.168.1.1"


@pytest.fixture(scope="module")
def guests(boot_pair):
    return boot_pair(ROOT / "systems" / "virtio_demo.system", *INSTRUCTION_TIME)


def test_boots_to_both_prompts(guests):
    for guest in guests:
        assert guest.run("hostname").strip() == guest.name
        assert "Linux" in guest.run("uname -a")


def test_kernels_are_where_chance_put_them(guests):
    """Each guest has a kaslr-seed of its own; its kernel says so, and wipes what it has used."""
    places = set()
    for guest in guests:
        assert "KASLR enabled" in guest.run("dmesg | grep -i kaslr")
        places.add(guest.run("grep ' _stext$' /proc/kallsyms").split()[0])
    assert len(places) == len(guests)


def clock(guest):
    return int(guest.run("cat /sys/class/rtc/rtc0/since_epoch"))


def test_guests_know_the_time_of_day(guests):
    """From boot, by the host's clock; instructions are counted here, so that QEMU's time and the host's part."""
    vm1, vm2 = guests
    assert "pl031" in vm1.run("cat /sys/class/rtc/rtc0/name")
    first, between, last = clock(vm1), clock(vm2), clock(vm1)
    assert first <= between <= last
    assert abs(first - time.time()) < 3600
    assert abs(int(vm2.run("date -u +%s")) - between) <= 60


def test_ping_ipv4_both_ways(guests):
    vm1, vm2 = guests
    ping(vm1, "-c 6 -i 0.2", VM2)
    ping(vm2, "-c 6 -i 0.2", VM1)


def test_ping_ipv6_both_ways(guests):
    vm1, vm2 = guests
    address1, address2 = link_local(vm1), link_local(vm2)
    ping(vm1, "-c 3 -i 0.2", address2 + "%eth0")
    ping(vm2, "-c 3 -i 0.2", address1 + "%eth0")


def test_ping_nearly_full_frames(guests):
    vm1, vm2 = guests
    ping(vm1, "-c 6 -i 0.2 -s 1400", VM2)
    ping(vm2, "-c 6 -i 0.2 -s 1472", VM1)


@pytest.mark.parametrize("direction", ["vm1 to vm2", "vm2 to vm1"])
def test_tcp_transfer_arrives_intact(guests, direction):
    sender, receiver = guests if direction == "vm1 to vm2" else guests[::-1]
    address = VM2 if direction == "vm1 to vm2" else VM1
    transfer(sender, receiver, address)


def test_input_goes_to_the_chosen_console_only(guests):
    vm1, vm2 = guests
    vm1.run("echo only-$((40 + 2)) >/tmp/mark")
    assert vm1.run("cat /tmp/mark").strip() == "only-42"
    assert "No such file" in vm2.run("cat /tmp/mark")


def test_control_c_interrupts_the_guests_program(guests):
    vm1, _ = guests
    # Earlier, the shell's line editor would take it, or a child that it is just forking, and lose it.
    vm1.type("sh -c \"echo run''ning; exec sleep 100000\"\n")
    vm1.expect("^running$", 120)
    vm1.type("\x03")
    vm1.wait_prompt(120)


def test_busy_guest_keeps_its_ticks(guests):
    """A guest that computes has no exits but its ticks: losing one would leave it without any."""
    vm1, _ = guests
    for _ in range(5):
        assert vm1.run("timeout 0.2 sh -c 'while :; do :; done'; echo $?").split()[-1] == "143"


def test_reboot_brings_the_guest_back(guests):
    vm1, vm2 = guests
    vm1.type("reboot\n")
    vm1.expect("BusyBox", BOOT_SECONDS)
    vm1.wait_prompt(BOOT_SECONDS)
    assert clock(vm1) <= clock(vm2) <= clock(vm1)
    assert float(vm1.run("cut -d' ' -f1 /proc/uptime")) < float(vm2.run("cut -d' ' -f1 /proc/uptime"))
    ping(vm1, "-c 3 -i 0.2", VM2)
    ping(vm2, "-c 3 -i 0.2", VM1)


def test_poweroff_leaves_the_other_guest_running(guests):
    vm1, vm2 = guests
    vm1.type("poweroff\n")
    vm1.expect("Power down|vm1.*(off|stopped)", 120)
    assert "100% packet loss" in vm2.run(f"ping -c 2 -W 1 {VM1}")
    assert vm2.run("echo still-$((6 * 7))").strip() == "still-42"
