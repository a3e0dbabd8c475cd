# SPDX-License-Identifier: BSD-2-Clause
"""What a description says is what the guests find: other topologies, and descriptions made by the test."""

import re

import pytest

from conftest import BOOT_SECONDS, ROOT, Guest, ping


# Time goes by with the instructions that are executed, however slow the machine is; nobody waits while all sleep.
INSTRUCTION_TIME = ["-icount", "shift=0,sleep=off"]


def start(boot, system, names, *arguments):
    """Boot a description; its guests, at their prompts."""
    consoles = boot(system, *arguments)
    guests = [Guest(consoles, name, f"g{name}\r") for name in names]
    for guest in guests:
        guest.wait_prompt(BOOT_SECONDS)
    for guest in guests:
        # Until duplicate address detection is over, nobody answers for an IPv6 address.
        guest.run("while ip -6 addr | grep -q tentative; do sleep 1; done")
    return guests


def guest_element(name, card, ram="64M", more=""):
    return f"""  <guest name="{name}" ram="{ram}">
    <linux kernel="debian" initrd="demo"/>
    <console/>
    <net {card}/>{more}
  </guest>
"""


@pytest.fixture(scope="module")
def three_vms(boot):
    return start(boot, ROOT / "systems" / "three_vms.system", ["vm1", "vm2", "vm3"])


def test_who_may_talk(three_vms):
    vm1, vm2, vm3 = three_vms
    for other in ("192.168.1.2", "192.168.1.3", "fd00:1::2", "fd00:1::3"):
        ping(vm1, "-c 2 -i 0.2", other)
    ping(vm2, "-c 2 -i 0.2", "192.168.1.1")
    ping(vm3, "-c 2 -i 0.2", "192.168.1.1")


def test_who_may_not(three_vms):
    _, vm2, vm3 = three_vms
    for guest, address in ((vm2, "192.168.1.3"), (vm2, "fd00:1::3"), (vm3, "192.168.1.2"), (vm3, "fd00:1::2")):
        assert "100% packet loss" in guest.run(f"ping -c 2 -W 1 {address}")
    # Not even a broadcast gets through, so they don't know each other's hardware address.
    assert not re.search(r"192\.168\.1\.3 .*lladdr", vm2.run("ip neighbour"))


@pytest.mark.long
def test_routing_between_two_switches(boot_alone):
    left, router, right = start(boot_alone, ROOT / "systems" / "two_switches.system", ["left", "router", "right"])
    assert "ttl=63" in ping(left, "-c 3 -i 0.2", "192.168.2.2")
    assert "ttl=63" in ping(right, "-c 3 -i 0.2", "192.168.1.2")
    assert router.run("ls /sys/class/net").split() == ["eth0", "eth1", "lo"]
    # The networks are apart: without its router a guest reaches only its own.
    left.run("ip route del default")
    assert "unreachable" in left.run("ping -c 1 -W 1 192.168.2.2 2>&1")


@pytest.mark.long
def test_a_description_alone_changes_everything(boot_alone, machine):
    """Names, addresses, MACs, sizes, data paths and priorities from XML; nothing was compiled for it."""
    system = machine.write_system("changed", """<system>
  <serial name="mux" input="beta" escape="0x1c"/>
  <switch name="net" mac_table="16" priority="220"/>
""" + guest_element("alpha", 'switch="net" mac="02:00:00:00:aa:01" ip="10.1.2.3/8 fd00::3/64" mtu="1400" '
                             'queue_size="32" ring_bytes="64K" datapath="ring" features_off="event_idx offloads"', ram="96M")
        + guest_element("beta", 'switch="net" mac="02:00:00:00:aa:02" ip="10.1.2.4/8 fd00::4/64" datapath="vhost"',
                        more='\n    <reserved_memory name="pool" gpa="0x43000000" size="0x100000" no_map="true"/>')
        + "</system>\n")
    alpha, beta = start(boot_alone, system, ["alpha", "beta"])
    assert alpha.run("cat /sys/class/net/eth0/address").strip() == "02:00:00:00:aa:01"
    assert beta.run("cat /sys/class/net/eth0/address").strip() == "02:00:00:00:aa:02"
    assert alpha.run("cat /sys/class/net/eth0/mtu").strip() == "1400"
    features = [guest.run("cat /sys/bus/virtio/devices/virtio0/features").strip() for guest in (alpha, beta)]
    assert features[0][29] == "0" and features[1][29] == "1"  # VIRTIO_F_EVENT_IDX
    assert "pool@43000000" in beta.run("ls /proc/device-tree/reserved-memory")
    memory = [int(guest.run("grep MemTotal /proc/meminfo").split()[1]) for guest in (alpha, beta)]
    assert memory[0] - memory[1] > 30 * 1024
    ping(alpha, "-c 3 -i 0.2", "10.1.2.4")
    ping(beta, "-c 3 -i 0.2", "fd00::3")


@pytest.mark.long
def test_a_backend_switched_off_is_gone(boot_alone, machine):
    system = machine.write_system("switched_off", """<system>
  <serial/>
  <switch name="lan" enabled="false"/>
""" + guest_element("vm1", 'switch="lan" ip="10.0.0.1/8"') + guest_element("vm2", 'switch="lan"') + "</system>\n")
    (vm1,) = start(boot_alone, system, ["vm1"])
    assert vm1.run("ls /sys/class/net").split() == ["lo"]
    assert "vswitch" not in machine.report(system).read_text()


@pytest.mark.long
def test_a_dozen_guests_all_reach_each_other(boot_alone, machine):
    """Sixty-six pairs. A dozen guests on one core are slow: they count instructions, so that none sees it as a stall."""
    names = [f"vm{number}" for number in range(1, machine.most_guests + 1)]
    text = "".join(guest_element(name, f'switch="lan" ip="192.168.1.{number}/24"')
                   for number, name in enumerate(names, 1))
    system = machine.write_system("twelve", f'<system>\n  <serial/>\n  <switch name="lan"/>\n{text}</system>\n')
    for number, guest in enumerate(start(boot_alone, system, names, *INSTRUCTION_TIME), 1):
        others = [str(other) for other in range(number + 1, len(names) + 1)]
        output = guest.run(f"for i in {' '.join(others)}; do ping -c 1 -W 20 192.168.1.$i >/dev/null && echo reached-$i; done")
        assert output.split() == [f"reached-{other}" for other in others]


def port_rules(count):
    """Rules for two guests that join each card of the one with the card of the same number of the other, and no more."""
    ports = ["" if number == 1 else f"_{number}" for number in range(1, count + 1)]
    return "".join(f'    <allow from="vm1{port}" to="vm2{port}"/>\n' for port in ports)


def cards(guest, count):
    return "\n    ".join(f'<net switch="lan" ip="10.0.{number}.{guest}/24"/>' for number in range(1, count + 1))


def test_all_32_ports_of_a_switch(boot_alone, machine):
    """Two guests with 16 cards each on the default data path; a pair of ports that works is one of its own."""
    system = machine.write_system("ports", f"""<system>
  <serial/>
  <switch name="lan" policy="deny">
{port_rules(16)}  </switch>
""" + "".join(f"""  <guest name="vm{guest}" ram="64M">
    <linux kernel="debian" initrd="demo"/>
    <console/>
    {cards(guest, 16)}
  </guest>
""" for guest in (1, 2)) + "</system>\n")
    vm1, vm2 = start(boot_alone, system, ["vm1", "vm2"], *INSTRUCTION_TIME)
    everyone = " ".join(str(number) for number in range(1, 17))
    output = vm1.run(f"for i in {everyone}; do ping -c 2 -i 0.2 -W 20 10.0.$i.2 >/dev/null && echo reached-$i; done")
    assert output.split() == [f"reached-{number}" for number in range(1, 17)]
    for guest in (vm1, vm2):
        received = guest.run("cd /sys/class/net; for i in eth*; do cat $i/statistics/rx_packets; done; cd /").split()
        assert len(received) == 16 and all(int(packets) >= 2 for packets in received), received


@pytest.mark.bundled
def test_a_guest_at_each_port(machine):
    """32 guests do not all fit into the patience of whoever waits for this, but they build, and are proved apart."""
    text = "".join(guest_element(f"vm{number}", 'switch="lan"', ram="32M") for number in range(32))
    machine.build(machine.write_system("full", f'<system>\n  <serial/>\n  <switch name="lan"/>\n{text}</system>\n'))
