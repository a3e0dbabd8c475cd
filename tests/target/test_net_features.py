# SPDX-License-Identifier: BSD-2-Clause
"""Each virtio-net feature off, on either data path, against a card with all of them on the other one: one boot.

vm1 has two cards for each row of OFF, the first with datapath="vhost", the second with "ring", and vm2 their
counterparts. Every byte is checked by netsum (guest/netsum). The last cards are for what Linux does through the
control virtqueue, on either data path, and for jumbo frames.
"""

import os
import re

import pytest

from conftest import ping

pytestmark = pytest.mark.long

OFF = ["", "csum", "guest_csum", "host_tso4 host_tso6 host_ecn", "guest_tso4 guest_tso6 guest_ecn", "host_uso",
       "guest_uso4 guest_uso6", "offloads", "mrg_rxbuf", "event_idx", "indirect_desc", "ctrl_vq mtu status", "ring_reset"]
# Every row takes seconds: `make test-long` has some, `make test-net-features` all of them.
SOME = ["", "csum", "offloads", "mrg_rxbuf"]
# Virtio's numbers.
BITS = {"csum": 0, "guest_csum": 1, "mtu": 3, "guest_tso4": 7, "guest_tso6": 8, "guest_ecn": 9, "host_tso4": 11,
        "host_tso6": 12, "host_ecn": 13, "mrg_rxbuf": 15, "status": 16, "ctrl_vq": 17, "indirect_desc": 28,
        "event_idx": 29, "ring_reset": 40, "guest_uso4": 54, "guest_uso6": 55, "host_uso": 56,
        "offloads": 0}  # one of its eleven
PATHS = ["vhost", "ring"]
TRANSPORT = os.environ.get("CAUSEWAY_NET_FEATURES_TRANSPORT", "mmio")
SWITCHES = 4
TRANSFER_SECONDS = 300
CARDS = [(path, off) for off in (OFF if "CAUSEWAY_NET_FEATURES" in os.environ else SOME) for path in PATHS]
# Cards with nothing off and the same data path at both ends.
JUMBO = {path: len(CARDS) + index for index, path in enumerate(PATHS)}
FIXED = len(CARDS) + len(PATHS)
STRANGER = "02:00:00:00:00:99"


def other_path(path):
    return PATHS[1 - PATHS.index(path)]


def card(guest, number):
    """The <net> of card `number`: address 10.0.NUMBER.GUEST."""
    queue_size = 64
    if number == FIXED:
        path, more = "vhost", 'check_mac="true"'
    elif number >= len(CARDS):
        path, more = PATHS[number - len(CARDS)], 'mtu="65535"'
        queue_size = 256  # a frame takes 43 buffers: less than half of the queue
    elif guest == 1:
        path, off = CARDS[number]
        more = f'features_off="{off}"' if off else ""
    else:
        path, more = other_path(CARDS[number][0]), ""
    return (f'    <net switch="lan{number % SWITCHES}" ip="10.0.{number}.{guest}/24" datapath="{path}" transport="{TRANSPORT}" '
            f'queue_size="{queue_size}" ring_bytes="256K" {more}/>\n')


def description():
    switches = "".join(f'  <switch name="lan{number}"/>\n' for number in range(SWITCHES))
    guests = "".join(f'  <guest name="vm{guest}" ram="256M">\n    <linux kernel="debian" initrd="demo"/>\n    <console/>\n'
                     + "".join(card(guest, number) for number in range(FIXED + 1))
                     + "  </guest>\n" for guest in (1, 2))
    return f'<system>\n  <serial/>\n{switches}{guests}</system>\n'


@pytest.fixture(scope="module")
def guests(boot_pair, machine):
    vm1, vm2 = boot_pair(machine.write_system("net_features", description()))
    for guest in (vm1, vm2):
        # Several cards are on one switch: each answers for its own address only.
        guest.run("cd /proc/sys/net/ipv4/conf/all; echo 1 >arp_ignore; echo 2 >arp_announce; cd; ip neigh flush all")
    vm2.run("netsum serve >/dev/null 2>&1 &")
    return vm1, vm2


@pytest.mark.parametrize("number", range(len(CARDS)), ids=lambda number: "-".join(CARDS[number]))
def test_feature_off(guests, number):
    vm1, _ = guests
    path, off = CARDS[number]
    features = vm1.run(f"cat /sys/class/net/eth{number}/device/features").strip()
    assert [features[BITS[name]] for name in off.split()] == ["0"] * len(off.split())
    if not off:
        assert [features[BITS[name]] for name in ("csum", "mrg_rxbuf", "ctrl_vq", "event_idx")] == ["1"] * 4
    server = f"10.0.{number}.2"
    output = vm1.run(f"netsum both {server} 524288; netsum udp {server} 100 1472; netsum udp {server} 50 9000",
                     timeout=TRANSFER_SECONDS)
    assert output.split("\n")[0].strip() == "netsum: ok both good=16 bad=0 of=16", output
    assert output.count("netsum: ok udp good=") == 2, output


@pytest.mark.parametrize("path", PATHS)
def test_jumbo_frames(guests, path):
    vm1, vm2 = guests
    number = JUMBO[path]
    for guest in guests:
        assert guest.run(f"cat /sys/class/net/eth{number}/mtu").strip() == "65535"
    ping(vm1, "-c 3 -i 0.2 -s 65000", f"10.0.{number}.2")
    ping(vm2, "-c 3 -i 0.2 -s 65000", f"10.0.{number}.1")
    output = vm1.run(f"netsum udp 10.0.{number}.2 20 65000; netsum both 10.0.{number}.2 1048576")
    # Some may find the receiver's socket full: nobody else may lose or damage any.
    assert re.search(r"netsum: ok udp good=[1-9]\d* bad=0 of=20", output), output
    assert "netsum: ok both good=32 bad=0 of=32" in output, output


@pytest.mark.parametrize("path", PATHS)
def test_address_can_be_changed(guests, path):
    vm1, vm2 = guests
    number = JUMBO[path]
    before = vm1.run(f"cat /sys/class/net/eth{number}/address").strip()
    vm1.run(f"ip link set eth{number} address 02:00:00:00:77:0{number % 10}")
    vm2.run(f"ip neigh flush dev eth{number}")
    ping(vm2, "-c 3 -i 0.2", f"10.0.{number}.1")
    assert f"02:00:00:00:77:0{number % 10}" in vm2.run(f"arp -n 10.0.{number}.1")
    vm1.run(f"ip link set eth{number} address {before}")
    vm2.run(f"ip neigh flush dev eth{number}")
    ping(vm2, "-c 3 -i 0.2", f"10.0.{number}.1")


def received(guest, number):
    return int(guest.run(f"cat /sys/class/net/eth{number}/statistics/rx_packets"))


@pytest.mark.parametrize("path", PATHS)
def test_promiscuous_mode(guests, path):
    """A frame to an address that nobody has: flooded by the switch, seen by the curious alone."""
    vm1, vm2 = guests
    number = JUMBO[path]
    vm2.run(f"arp -i eth{number} -s 10.0.{number}.99 {STRANGER}")
    ping(vm2, "-c 1", f"10.0.{number}.1")
    before = received(vm1, number)
    vm2.run(f"ping -c 5 -i 0.1 -W 1 10.0.{number}.99")
    assert received(vm1, number) - before < 5
    vm1.run(f"ip link set eth{number} promisc on")
    before = received(vm1, number)
    vm2.run(f"ping -c 5 -i 0.1 -W 1 10.0.{number}.99")
    assert received(vm1, number) - before >= 5
    vm1.run(f"ip link set eth{number} promisc off")


@pytest.mark.parametrize("path", PATHS)
def test_vlans(guests, path):
    """Linux tells the card which VLANs it has; a frame of any other is not even received."""
    vm1, vm2 = guests
    number = JUMBO[path]
    for guest, host in ((vm1, 1), (vm2, 2)):
        for vlan in (7, 8) if guest is vm2 else (7,):
            guest.run(f"modprobe 8021q; ip link add link eth{number} name vlan{vlan} type vlan id {vlan}; ip link set vlan{vlan} up; "
                      f"ip address add 10.{vlan}.{number}.{host}/24 dev vlan{vlan}")
    ping(vm2, "-c 3 -i 0.2", f"10.7.{number}.1")
    vm2.run(f"arp -i vlan8 -s 10.8.{number}.1 $(arp -n 10.7.{number}.1 | grep -o '..:..:..:..:..:..')")
    before = received(vm1, number)
    vm2.run(f"ping -c 5 -i 0.1 -W 1 10.8.{number}.1")
    assert received(vm1, number) - before < 5
    for guest in guests:
        guest.run("ip link del vlan7")
    vm2.run("ip link del vlan8")


def test_a_checked_address_is_fixed(guests):
    """With check_mac the switch would drop the frames: so the card refuses a new address."""
    vm1, _ = guests
    before = vm1.run(f"cat /sys/class/net/eth{FIXED}/address")
    assert vm1.run(f"ip link set eth{FIXED} address 02:00:00:00:77:01 2>&1").strip() != ""
    assert vm1.run(f"cat /sys/class/net/eth{FIXED}/address") == before
    ping(vm1, "-c 2 -i 0.2", f"10.0.{FIXED}.2")
