# SPDX-License-Identifier: BSD-2-Clause
"""Virtio devices behind a PCI host bridge, in Debian guests. One boot for the whole file."""

import pytest

from conftest import BOOT_SECONDS, Guest, link_local, ping

VM1, VM2 = "192.168.1.1", "192.168.1.2"
TRANSFER_SECONDS = 300

SYSTEM = """<system>
  <serial/>
  <switch name="lan"/>
  <guest name="vm1" ram="96M" transport="pci">
    <linux kernel="debian" initrd="demo"/>
    <console type="virtio" cols="101" rows="37"/>
    <net switch="lan" ip="192.168.1.1/24" datapath="vhost"/>
  </guest>
  <guest name="vm2" ram="96M">
    <linux kernel="debian-6.12" initrd="demo-6.12"/>
    <console/>
    <net switch="lan" ip="192.168.1.2/24" datapath="ring" transport="pci"/>
  </guest>
</system>
"""


@pytest.fixture(scope="module")
def guests(boot, machine):
    consoles = boot(machine.write_system("virtio_pci", SYSTEM))
    pair = Guest(consoles, "vm1", "gvm1\r"), Guest(consoles, "vm2", "gvm2\r")
    for guest in pair:
        guest.wait_prompt(BOOT_SECONDS)
    return pair


def test_functions_are_found(guests):
    vm1, vm2 = guests
    print(vm1.run("cat /proc/interrupts; cat /sys/bus/pci/devices/*/resource; cat /sys/bus/pci/devices/*/device; dmesg | grep -i 'pci\\|v2m'"))
    print(vm2.run("cat /proc/interrupts; cat /sys/bus/pci/devices/*/resource; dmesg | grep -i 'pci\\|v2m'"))


def test_ping(guests):
    vm1, vm2 = guests
    ping(vm1, "-c 3 -i 0.2", VM2)
    ping(vm2, "-c 3 -i 0.2 -s 1400", VM1)
