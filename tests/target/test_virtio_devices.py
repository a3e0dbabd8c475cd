# SPDX-License-Identifier: BSD-2-Clause
"""virtio-console and virtio-rng in a Debian guest. One boot for the whole file."""

import pytest

from conftest import BOOT_SECONDS, Guest

SYSTEM = """<system>
  <serial/>
  <guest name="vm1" ram="64M">
    <linux kernel="debian" initrd="demo"/>
    <console type="virtio" cols="101" rows="37"><port name="org.causeway.tools" label="tools"/></console>
  </guest>
  <guest name="plain" ram="64M" rng="false">
    <linux kernel="debian" initrd="demo"/>
    <console/>
  </guest>
</system>
"""


@pytest.fixture(scope="module")
def system(boot, machine):
    consoles = boot(machine.write_system("virtio_devices", SYSTEM))
    guests = Guest(consoles, "vm1", "gvm1\r"), Guest(consoles, "plain", "gplain\r")
    for guest in guests:
        guest.wait_prompt(BOOT_SECONDS)
    return consoles, *guests


def test_the_login_is_on_hvc0(system):
    _, vm1, plain = system
    assert vm1.run("tty").strip() == "/dev/hvc0"
    assert "hvc0" in vm1.run("cat /sys/class/tty/console/active")
    assert plain.run("tty").strip() == "/dev/ttyAMA0"


def test_the_terminals_size_is_known(system):
    _, vm1, _ = system
    assert vm1.run("stty size").split() == ["37", "101"]


def test_much_output_arrives_intact(system):
    _, vm1, _ = system
    assert vm1.run("seq 1 3000").split() == [str(number) for number in range(1, 3001)]


def test_a_port_is_found_by_name_and_carries_bytes_both_ways(system):
    consoles, vm1, _ = system
    port = "/dev/virtio-ports/org.causeway.tools"
    vm1.run(f"until [ -c {port} ]; do sleep 1; done")
    vm1.run(f"echo from-$((40 + 2)) >{port}")
    consoles.expect("tools", "from-42", 120)
    vm1.run(f"head -n 1 <{port} >/tmp/heard &")
    consoles.focus("tools", "gtools\r")
    consoles.send("said-to-port\n")
    vm1.run("wait", timeout=120)
    assert vm1.run("cat /tmp/heard").strip() == "said-to-port"


def test_randomness_comes_from_the_device(system):
    _, vm1, plain = system
    assert vm1.run("cat /sys/class/misc/hw_random/rng_current").strip() == "virtio_rng.0"
    first, second = (vm1.run("dd if=/dev/hwrng bs=64 count=1 2>/dev/null | sha256sum") for _ in range(2))
    assert first != second
    assert "virtio_rng" not in plain.run("cat /sys/class/misc/hw_random/rng_current 2>&1")
