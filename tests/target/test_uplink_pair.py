# SPDX-License-Identifier: BSD-2-Clause
"""Two machines, each a QEMU of its own, whose switches are joined by a socket on the loopback."""

import pytest

from conftest import BOOT_SECONDS, Guest, ping, transfer
from test_uplink import free_port

pytestmark = pytest.mark.long


def machine_with(machine, number):
    """A description of a guest at an uplink, and a second one that gives the consoles names."""
    guests = "".join(f"""  <guest name="{name}" ram="64M">
    <linux kernel="debian" initrd="demo"/>
    <console/>
    <net switch="lan" ip="192.168.9.{address}/24"/>
  </guest>
""" for name, address in (("near", 10 * number + 1), ("far", 10 * number + 2)))
    return machine.write_system(f"pair_{number}", f"""<system name="pair_{number}">
  <serial/>
  <switch name="lan"/>
  <uplink switch="lan"/>
{guests}</system>
""")


def test_guests_of_two_machines_are_on_one_network(machine, boot_alone):
    port = free_port()
    first, second = (machine_with(machine, number) for number in (1, 2))
    machines = [boot_alone(first, uplink=f"socket:listen:{port}"), boot_alone(second, uplink=f"socket:connect:{port}")]
    one, other = (Guest(consoles, "near", 1) for consoles in machines)
    for guest in (one, other):
        guest.wait_prompt(BOOT_SECONDS)
    ping(one, "-c 3 -i 0.2", "192.168.9.21")
    ping(other, "-c 3 -i 0.2", "192.168.9.12")
    transfer(one, other, "192.168.9.21", 2)
