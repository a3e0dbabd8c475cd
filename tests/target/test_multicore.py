# SPDX-License-Identifier: BSD-2-Clause
"""systems/multicore.system: the switch on a core of its own, eight vCPUs of three guests on two others."""

import pytest

from conftest import BOOT_SECONDS, ROOT, Guest, cpus_go_off_and_on, ping, transfer

pytestmark = pytest.mark.more

NAMES = ("big", "left", "right")
ADDRESSES = {"big": "192.168.1.1", "left": "192.168.1.2", "right": "192.168.1.3"}
VCPUS = {"big": 4, "left": 2, "right": 2}


@pytest.fixture(scope="module")
def guests(boot):
    consoles = boot(ROOT / "systems" / "multicore.system")
    found = {name: Guest(consoles, name, number) for number, name in enumerate(NAMES, 1)}
    for guest in found.values():
        guest.wait_prompt(BOOT_SECONDS)
    return found


def test_all_cpus_are_there(guests):
    for name, guest in guests.items():
        assert guest.run("nproc").strip() == str(VCPUS[name])


def test_everybody_pings_everybody(guests):
    for name, guest in guests.items():
        for other in NAMES:
            if other != name:
                ping(guest, "-c 3 -i 0.2", ADDRESSES[other])


@pytest.mark.parametrize("sender, receiver", [
    ("left", "right"), pytest.param("big", "left", marks=pytest.mark.long), pytest.param("right", "big", marks=pytest.mark.long)])
def test_tcp_transfer_arrives_intact(guests, sender, receiver):
    transfer(guests[sender], guests[receiver], ADDRESSES[receiver])


def test_every_cpu_goes_off_and_on(guests):
    for name, guest in guests.items():
        cpus_go_off_and_on(guest, VCPUS[name])


def test_all_cpus_but_the_last_go_off_and_on(guests):
    big = guests["big"]
    for state, online in (("0", "3"), ("1", "0-3")):
        for cpu in range(3):
            big.run(f"echo {state} >/sys/devices/system/cpu/cpu{cpu}/online")
        assert big.run("cat /sys/devices/system/cpu/online").strip() == online
        ping(guests["left"], "-c 3 -i 0.2", ADDRESSES["big"])


@pytest.mark.long
def test_a_guest_reboots_and_the_others_do_not_notice(guests):
    big, left = guests["big"], guests["left"]
    big.type("reboot -f\n")
    ping(left, "-c 5 -i 0.2", ADDRESSES["right"])
    big.wait_prompt(BOOT_SECONDS)
    assert big.run("nproc").strip() == "4"
    transfer(big, left, ADDRESSES["left"])


def test_nothing_is_wrong_in_the_logs(guests):
    for guest in guests.values():
        log = guest.run("dmesg")
        for word in ("BUG:", "WARNING:", "detected stall", "soft lockup", "Call trace", "NETDEV WATCHDOG", "blocked for more"):
            assert word not in log, log
