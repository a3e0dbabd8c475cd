# SPDX-License-Identifier: BSD-2-Clause
"""Two Debian guests of two vCPUs each on three cores, services on a fourth. QEMU runs a thread for each core (MTTCG)."""

import pytest

from conftest import ROOT, cpus_go_off_and_on, ping, transfer

VM1, VM2 = "192.168.1.2", "192.168.1.1"


@pytest.fixture(scope="module")
def guests(boot_pair):
    return boot_pair(ROOT / "systems" / "virtio_demo_smp.system")


def test_both_cpus_are_there(guests):
    for guest in guests:
        assert guest.run("hostname").strip() == guest.name
        assert guest.run("nproc").strip() == "2"


def test_ping_both_ways(guests):
    vm1, vm2 = guests
    ping(vm1, "-c 6 -i 0.2", VM2)
    ping(vm2, "-c 6 -i 0.2", VM1)


@pytest.mark.parametrize("direction", ["vm1 to vm2", "vm2 to vm1"])
def test_tcp_transfer_arrives_intact(guests, direction):
    sender, receiver = guests if direction == "vm1 to vm2" else guests[::-1]
    transfer(sender, receiver, VM2 if direction == "vm1 to vm2" else VM1)


def test_every_cpu_goes_off_and_on(guests):
    """Several times: a fault right after a start must not be taken for one of before it."""
    for guest in guests:
        for _ in range(3):
            cpus_go_off_and_on(guest, 2)


def test_interrupts_move_to_the_other_cpu(guests):
    """Each of the NIC's and consoles' interrupts goes to a vCPU of another core, and back, while there is traffic."""
    vm1, vm2 = guests
    vm1.run("for i in /proc/irq/*/smp_affinity; do echo 2 >$i; done 2>/dev/null; true")
    ping(vm1, "-c 6 -i 0.2", VM2)
    transfer(vm2, vm1, VM1)
    vm1.run("for i in /proc/irq/*/smp_affinity; do echo 1 >$i; done 2>/dev/null; true")
    ping(vm2, "-c 6 -i 0.2", VM1)


def test_nothing_is_wrong_in_the_logs(guests):
    for guest in guests:
        log = guest.run("dmesg")
        for word in ("BUG:", "WARNING:", "rcu: INFO", "self-detected stall", "soft lockup", "Call trace", "NETDEV WATCHDOG"):
            assert word not in log, log
