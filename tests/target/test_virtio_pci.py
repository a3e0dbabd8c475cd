# SPDX-License-Identifier: BSD-2-Clause
"""Virtio devices behind a PCI host bridge, on both data paths and both kernels. One boot for the whole file."""

import re

import pytest

from conftest import BOOT_SECONDS, INSTRUCTION_TIME, Guest, link_local, ping, transfer

VM1, VM2 = "192.168.1.1", "192.168.1.2"

# vm1 has everything on PCI and one vector for its queues, vm2 a vector for each queue.
SYSTEM = """<system>
  <serial/>
  <switch name="lan"/>
  <disk name="d0" image="virtio_pci.img" size="16M"><partition name="p" size="8M"/></disk>
  <guest name="vm1" ram="96M" transport="pci">
    <linux kernel="debian" initrd="demo"/>
    <console type="virtio"/>
    <net switch="lan" ip="192.168.1.1/24" datapath="vhost"/>
    <block disk="d0" partition="p"/>
  </guest>
  <guest name="vm2" ram="96M">
    <linux kernel="debian-6.12" initrd="demo-6.12"/>
    <console/>
    <net switch="lan" ip="192.168.1.2/24" datapath="ring" transport="pci" vectors="9"/>
    <net switch="lan" ip="192.168.2.2/24" datapath="vhost" transport="pci" vectors="9"/>
  </guest>
</system>
"""


@pytest.fixture(scope="module")
def guests(boot, machine):
    consoles = boot(machine.write_system("virtio_pci", SYSTEM), *INSTRUCTION_TIME)
    pair = Guest(consoles, "vm1", "gvm1\r"), Guest(consoles, "vm2", "gvm2\r")
    for guest in pair:
        guest.wait_prompt(BOOT_SECONDS)
    return pair


def interrupts(guest):
    """Interrupts of MSI-X vectors so far, by their names in Linux."""
    lines = re.findall(r"^ *\d+: +(\d+) .*MSI.*? (\S+)$", guest.run("cat /proc/interrupts"), re.MULTILINE)
    return {name: int(count) for count, name in lines}


def test_functions_and_their_bars(guests):
    vm1, vm2 = guests
    assert vm1.run("cat /sys/bus/pci/devices/*/device").split() == ["0x1043", "0x1041", "0x1042", "0x1044"]
    # Where the description has the doorbells: Linux assigns BARs itself.
    starts = vm1.run("for f in /sys/bus/pci/devices/*/resource; do head -n 1 $f; done").split()[::3]
    assert starts == [f"0x{0x10000000 + slot * 0x4000:016x}" for slot in range(4)]
    assert vm2.run("cat /sys/bus/pci/devices/*/device").split() == ["0x1041", "0x1041"]


def test_vectors(guests):
    vm1, vm2 = guests
    # virtio0 is the console, virtio1 the card.
    assert "virtio1-virtqueues" in interrupts(vm1)
    names = interrupts(vm2)
    assert {"virtio0-input.0", "virtio0-output.0", "virtio0-config"} <= set(names)


def test_console_and_rng(guests):
    vm1, _ = guests
    assert vm1.run("tty").strip() == "/dev/hvc0"
    assert vm1.run("seq 1 500").split() == [str(number) for number in range(1, 501)]
    assert vm1.run("cat /sys/class/misc/hw_random/rng_current").strip() == "virtio_rng.0"


def test_disk(guests):
    vm1, _ = guests
    vm1.run("dd if=/dev/urandom of=/tmp/block bs=64k count=16 2>/dev/null; "
            "dd if=/tmp/block of=/dev/vda bs=64k oflag=direct 2>/dev/null; sync; echo 3 >/proc/sys/vm/drop_caches")
    assert "same" in vm1.run("dd if=/dev/vda bs=64k count=16 iflag=direct 2>/dev/null | cmp - /tmp/block && echo same")


def test_ping_ipv4_and_ipv6(guests):
    vm1, vm2 = guests
    ping(vm1, "-c 3 -i 0.2", VM2)
    ping(vm2, "-c 3 -i 0.2", VM1)
    link_local(vm1)  # its own has to be usable, too
    ping(vm1, "-c 3 -i 0.2", link_local(vm2) + "%eth0")
    ping(vm2, "-c 3 -i 0.2 -s 1400", VM1)


@pytest.mark.parametrize("direction", ["vm1 to vm2", "vm2 to vm1"])
def test_tcp_transfer_arrives_intact(guests, direction):
    sender, receiver = guests if direction == "vm1 to vm2" else guests[::-1]
    address = VM2 if direction == "vm1 to vm2" else VM1
    transfer(sender, receiver, address)


def test_vhost_with_a_vector_for_each_queue(guests):
    """The second card of vm2: what is received comes by the input's vector only."""
    vm1, vm2 = guests
    # Both cards are on one switch: each answers for its own address only.
    vm2.run("cd /proc/sys/net/ipv4/conf/all; echo 1 >arp_ignore; echo 2 >arp_announce; cd")
    vm1.run("ip address add 192.168.2.1/24 dev eth0; ip neigh flush all")
    before = interrupts(vm2)
    ping(vm1, "-c 5 -i 0.2 -s 1400", "192.168.2.2")
    after = interrupts(vm2)
    assert after["virtio1-input.0"] >= before["virtio1-input.0"] + 5


def test_the_driver_comes_and_goes(guests):
    """Unbinding resets the device and masks its vectors; binding sets up all again."""
    vm1, vm2 = guests
    vm2.run("d=$(basename $(readlink -f /sys/class/net/eth1/device/..)); cd /sys/bus/pci/drivers/virtio-pci; "
            "for i in 1 2 3; do echo $d >unbind; echo $d >bind; done; cd /; "
            "until [ -e /sys/class/net/eth1 ]; do sleep 1; done; ip link set eth1 up; ip address add 192.168.2.2/24 dev eth1")
    ping(vm1, "-c 3 -i 0.2", "192.168.2.2")


def test_reboot(guests):
    vm1, vm2 = guests
    vm1.type("reboot\n")
    vm1.expect("BusyBox", BOOT_SECONDS)
    vm1.wait_prompt(BOOT_SECONDS)
    ping(vm1, "-c 3 -i 0.2", VM2)
    ping(vm2, "-c 3 -i 0.2", VM1)
