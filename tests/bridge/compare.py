#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""What a Linux bridge delivers, the switch delivers, byte for byte.

The same frames go through a bridge of this host's kernel, in a network namespace of its own with three TAP devices, and
through the switch (tests/bridge/switch_pipe.c, in this process' hands), on both of its data paths, to receivers that take
everything unfinished and to ones that take nothing unfinished. What arrives, where, in which order and with which
offloads is compared. The switch may deliver what the bridge does not: those kinds of frames are counted and named.

usage: compare.py SWITCH_PIPE [--quick]
"""

import argparse
import collections
import errno
import fcntl
import os
import random
import select
import struct
import subprocess
import sys

PORTS = 3
HEADER = struct.Struct("<BBHHHHH")  # struct virtio_net_hdr
RECORD = struct.Struct("<II")
END = 0xffffffff
TUNSETIFF, TUNSETOFFLOAD, TUNSETVNETHDRSZ = 0x400454ca, 0x400454d0, 0x400454d8
IFF_TAP, IFF_NO_PI, IFF_VNET_HDR = 2, 0x1000, 0x4000
TUN_CSUM, TUN_TSO4, TUN_TSO6, TUN_ECN, TUN_USO4, TUN_USO6 = 1, 2, 4, 8, 0x20, 0x40
NEEDS_CSUM, TCPV4, TCPV6, UDP_L4, ECN = 1, 1, 4, 5, 0x80
MACS = [bytes([2, 0, 0, 0, 0, number]) for number in range(PORTS)]
BROADCAST = b"\xff" * 6
SENTINEL = BROADCAST + MACS[0] + b"\x88\xb5" + b"the end of this one".ljust(46)

Case = collections.namedtuple("Case", "name header frame")


# Frames.

def checksum(data):
    total = sum(struct.unpack(f">{len(data) // 2}H", data[:len(data) & ~1])) + (data[-1] << 8 if len(data) & 1 else 0)
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return total


def pattern(length, seed=1):
    return bytes((seed + at * 7) & 0xff for at in range(256)) * (length // 256 + 1)


def filler(length, seed=1):
    return pattern(length, seed)[:length]


def ethernet(to, kind, payload, tags=()):
    """`tags`: (EtherType, control word) of each VLAN tag."""
    return to + MACS[0] + b"".join(struct.pack(">HH", *tag) for tag in tags) + struct.pack(">H", kind) + payload


def ipv4(protocol, payload, flags=0x4000, options=b"", source=b"\x0a\0\0\1", target=b"\x0a\0\0\2", tos=0):
    header = struct.pack(">BBHHHBBH", 0x45 + len(options) // 4, tos, 20 + len(options) + len(payload), 0x1234, flags, 64,
                         protocol, 0) + source + target + options
    return header[:10] + struct.pack(">H", checksum(header) ^ 0xffff) + header[12:] + payload


def ipv6(chain, payload):
    """`chain`: (number, bytes) of each header behind the fixed one; the last number is what the payload is."""
    body, numbers = b"", [number for number, _ in chain]
    for at, (_, extension) in enumerate(chain[:-1]):
        body += bytes([numbers[at + 1]]) + extension
    return (struct.pack(">IHBB", 6 << 28, len(body) + len(payload), numbers[0], 64) + b"\xfd" + bytes(14) + b"\1"
            + b"\xfd" + bytes(14) + b"\2" + body + payload)


def pseudo(ip, protocol, length):
    addresses = ip[12:20] if ip[0] >> 4 == 4 else ip[8:40]
    return checksum(addresses + struct.pack(">HH", protocol, length & 0xffff))


def tcp(length, flags=0x18, options=b""):
    return struct.pack(">HHIIBBHHH", 4000, 5000, 0x10203040, 0x50607080, (5 + len(options) // 4) << 4, flags, 500, 0,
                       0) + options + filler(length)


def udp(length):
    return struct.pack(">HHHH", 4000, 5000, 8 + length & 0xffff, 0) + filler(length)


def unfinished(name, ip, start, offset, protocol, tags=(), gso=0, size=0, header=0):
    """A packet whose checksum (and segments) are left to others: `start` bytes into it its transport header begins."""
    data = bytearray(ip)
    partial = pseudo(ip, protocol, len(ip) - start)
    struct.pack_into(">H", data, start + offset, partial)
    kind = 0x0800 if ip[0] >> 4 == 4 else 0x86dd
    skip = 14 + 4 * len(tags)
    return Case(name, HEADER.pack(NEEDS_CSUM, gso, skip + start + header if gso else 0, size, skip + start, offset, 0),
                ethernet(MACS[1], kind, bytes(data), tags))


TAGS = {"untagged": (), "tag": ((0x8100, 5),), "priority": ((0x8100, 0xe000),), "priority and VLAN": ((0x8100, 0x6064),),
        "provider": ((0x88a8, 7),), "two tags": ((0x88a8, 7), (0x8100, 5)), "two of one kind": ((0x8100, 7), (0x8100, 5)),
        "old provider": ((0x9100, 7), (0x8100, 5))}
PLAIN = HEADER.pack(0, 0, 0, 0, 0, 0, 0)


def lengths(mtu, quick):
    step = 61 if not quick else 977
    every = set(range(14, 200 if quick else 2100)) | set(range(2100, 65551, step))
    for edge in (mtu + 14, mtu + 18, mtu + 22, 2048, 4096, 9014, 65535, 65549):
        every |= set(range(max(14, edge - 3), min(65551, edge + 4)))
    return sorted(every)


def frames_of_lengths(mtu, quick):
    for length in lengths(mtu, quick):
        yield Case("length", PLAIN, ethernet(MACS[1], 0x88b5, filler(max(0, length - 14), length))[:length])


def frames_with_tags():
    for name, tags in TAGS.items():
        for to in (MACS[1], BROADCAST, b"\x01\x00\x5e\x01\x02\x03", b"\x02\x00\x00\x00\x99\x99"):
            for length in (0, 1, 28, 46, 1000, 1492, 1496, 1500):
                yield Case(f"tags: {name}", PLAIN, ethernet(to, 0x88b5, filler(length), tags))
    yield Case("tags: nothing behind it", PLAIN, ethernet(MACS[1], 0x8100, b"\0\5"))
    yield Case("tags: half of one", PLAIN, ethernet(MACS[1], 0x8100, b"\0"))
    yield Case("tags: a third", PLAIN, ethernet(MACS[1], 0x88b5, filler(60), ((0x8100, 3),) * 3))


def frames_for_offload():
    for name, tags in TAGS.items():
        for length in (0, 1, 2, 100, 1400):
            yield unfinished(f"checksum: TCP, {name}", ipv4(6, tcp(length)), 20, 16, 6, tags)
            yield unfinished(f"checksum: UDP, {name}", ipv4(17, udp(length)), 20, 6, 17, tags)
            yield unfinished(f"checksum: TCP of IPv6, {name}", ipv6([(6, b"")], tcp(length)), 40, 16, 6, tags)
        for length in (1000, 1448, 1449, 2896, 20000, 60000):
            for flags in (0x10, 0x18, 0x11, 0x19):
                yield unfinished(f"TSO: IPv4, {name}", ipv4(6, tcp(length, flags)), 20, 16, 6, tags, TCPV4, 1448, 20)
                yield unfinished(f"TSO: IPv6, {name}", ipv6([(6, b"")], tcp(length, flags)), 40, 16, 6, tags, TCPV6, 1428, 20)
            options = b"\1\1\x08\x0a" + bytes(8)
            yield unfinished(f"TSO: options, {name}", ipv4(6, tcp(length, options=options)), 20, 16, 6, tags, TCPV4, 1436, 32)
            yield unfinished(f"TSO: may be fragmented, {name}", ipv4(6, tcp(length), flags=0), 20, 16, 6, tags, TCPV4, 1448, 20)
            yield unfinished(f"TSO: ECN, {name}", ipv4(6, tcp(length, 0x98)), 20, 16, 6, tags, TCPV4 | ECN, 1448, 20)
            yield unfinished(f"TSO: IP options, {name}", ipv4(6, tcp(length), options=b"\1\1\1\0"), 24, 16, 6, tags, TCPV4, 1444, 20)
            yield unfinished(f"USO: IPv4, {name}", ipv4(17, udp(length)), 20, 6, 17, tags, UDP_L4, 1472, 8)
            yield unfinished(f"USO: IPv6, {name}", ipv6([(17, b"")], udp(length)), 40, 6, 17, tags, UDP_L4, 1452, 8)
    yield unfinished("TSO: the longest", ipv4(6, tcp(65495)), 20, 16, 6, (), TCPV4, 1448, 20)
    yield unfinished("TSO: small segments", ipv4(6, tcp(3000)), 20, 16, 6, (), TCPV4, 48, 20)
    hop = b"\x00\x05\x02\x00\x00\x01\x00"
    yield unfinished("TSO: behind a hop-by-hop header", ipv6([(0, hop), (6, b"")], tcp(4000)), 48, 16, 6, (), TCPV6, 1400, 20)


def fragments():
    payload = udp(4000)
    for offset in range(0, len(payload), 1480):
        piece = payload[offset:offset + 1480]
        more = 0x2000 if offset + 1480 < len(payload) else 0
        yield Case("fragments: IPv4", PLAIN, ethernet(MACS[1], 0x0800, ipv4(17, piece, more | offset // 8)))
    for offset in range(0, len(payload), 1448):
        piece = payload[offset:offset + 1448]
        fragment = struct.pack(">xHI", offset | (offset + 1448 < len(payload)), 77)
        yield Case("fragments: IPv6", PLAIN, ethernet(MACS[1], 0x86dd, ipv6([(44, fragment), (17, b"")], piece)))


def frames_of_protocols():
    hop, options, routing = b"\x00\x05\x02\x00\x00\x01\x00", b"\x00" + bytes(6), b"\x00\x04\x00" + bytes(4)
    chains = {"hop-by-hop": [(0, hop)], "options": [(60, options)], "routing": [(43, routing)],
              "all": [(0, hop), (60, options), (43, routing)], "authentication": [(51, b"\x04" + bytes(22))]}
    for name, chain in chains.items():
        for payload in (udp(100), b"", filler(1200)):
            yield Case(f"IPv6: {name}", PLAIN, ethernet(MACS[1], 0x86dd, ipv6(chain + [(17, b"")], payload)))
    yield Case("IPv6: nothing follows", PLAIN, ethernet(MACS[1], 0x86dd, ipv6([(59, b"")], b"")))
    inner = ethernet(MACS[1], 0x0800, ipv4(6, tcp(600)))
    yield Case("VXLAN", PLAIN, ethernet(MACS[1], 0x0800, ipv4(17, struct.pack(">HHHH", 5, 4789, 16 + len(inner), 0)
                                                              + b"\x08\0\0\0\0\0\x05\0" + inner)))
    yield Case("GRE", PLAIN, ethernet(MACS[1], 0x0800, ipv4(47, b"\x20\x00\x65\x58\0\0\0\1" + inner)))
    yield Case("GRE of IPv6", PLAIN, ethernet(MACS[1], 0x86dd, ipv6([(47, b"")], b"\0\0\x08\0" + ipv4(6, tcp(60)))))
    yield Case("MACsec", PLAIN, ethernet(MACS[1], 0x88e5, b"\x2c\0\0\0\0\1" + filler(200)))
    yield Case("MPLS", PLAIN, ethernet(MACS[1], 0x8847, b"\0\1\1\x40" + ipv4(6, tcp(60))))
    yield Case("PPPoE", PLAIN, ethernet(MACS[1], 0x8864, b"\x11\0\0\1\0\x40\0\x21" + ipv4(6, tcp(60))))
    yield Case("PROFINET", PLAIN, ethernet(b"\x01\x0e\xcf\0\0\0", 0x8892, filler(60), ((0x8100, 0xc000),)))
    yield Case("GOOSE", PLAIN, ethernet(b"\x01\x0c\xcd\1\0\0", 0x88b8, filler(120), ((0x8100, 0x8000),)))
    yield Case("ARP", PLAIN, ethernet(BROADCAST, 0x0806, b"\0\1\x08\0\6\4\0\1" + MACS[0] + b"\x0a\0\0\1" + bytes(6) + b"\x0a\0\0\2"))
    yield Case("LLC", PLAIN, ethernet(MACS[1], 60, b"\xaa\xaa\3\0\0\0\x08\0" + filler(52)))
    yield Case("jumbo LLC", PLAIN, ethernet(MACS[1], 0x8870, b"\xfe\xfe\3" + filler(1200)))
    yield Case("IPv4: wrong checksum", PLAIN, ethernet(MACS[1], 0x0800, b"\x45" + filler(59)))
    yield Case("IPv4: longer than its frame", PLAIN, ethernet(MACS[1], 0x0800, ipv4(17, udp(400))[:100]))
    yield Case("IPv6: longer than its frame", PLAIN, ethernet(MACS[1], 0x86dd, ipv6([(17, b"")], udp(400))[:100]))


def frames_of_the_link():
    for last in range(16):
        for kind, what in ((0x88cc, "LLDP"), (0x8809, "LACP"), (0x888e, "802.1X"), (0x88f7, "PTP"), (38, "STP")):
            payload = b"\x42\x42\3" + bytes(35) if kind == 38 else filler(60)
            yield Case(f"group {last:x} of the link: {what}", PLAIN, ethernet(b"\x01\x80\xc2\0\0" + bytes([last]), kind, payload))
    yield Case("group 20 of the link", PLAIN, ethernet(b"\x01\x80\xc2\0\0\x20", 0x88f5, filler(60)))
    yield Case("PTP", PLAIN, ethernet(b"\x01\x1b\x19\0\0\0", 0x88f7, filler(60)))
    yield Case("CDP", PLAIN, ethernet(b"\x01\0\x0c\xcc\xcc\xcc", 120, b"\xaa\xaa\3\0\0\x0c\x20\0" + filler(112)))


def runts():
    for length in range(14):
        yield Case("shorter than a header", PLAIN, filler(length))


def anything(count):
    chance = random.Random(17)
    for _ in range(count):
        tags = tuple((chance.choice((0x8100, 0x88a8)), chance.randrange(65536)) for _ in range(chance.randrange(3)))
        to = chance.choice((MACS[1], MACS[2], BROADCAST, bytes([chance.randrange(256) | 1]) + chance.randbytes(5)))
        kind = chance.choice((0x0800, 0x86dd, 0x0806, chance.randrange(65536)))
        yield Case("anything", PLAIN, ethernet(to, kind, chance.randbytes(chance.randrange(1480)), tags))


def cases(mtu, quick):
    yield from frames_of_lengths(mtu, quick)
    yield from frames_with_tags()
    yield from frames_for_offload()
    yield from fragments()
    yield from frames_of_protocols()
    yield from frames_of_the_link()
    yield from runts()
    yield from anything(200 if quick else 3000)


# The two networks.

class Bridge:
    """A bridge in this namespace, and a TAP device for each port."""

    def __init__(self, whole, mtu, reserved):
        self.taps = []
        ip("link add br0 type bridge stp_state 0 mcast_snooping 0 forward_delay 0 ageing_time 100000")
        for number in range(PORTS):
            tap = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
            fcntl.ioctl(tap, TUNSETIFF, struct.pack("16sH22x", b"t%d" % number, IFF_TAP | IFF_NO_PI | IFF_VNET_HDR))
            fcntl.ioctl(tap, TUNSETVNETHDRSZ, struct.pack("i", HEADER.size))
            every = TUN_CSUM | TUN_TSO4 | TUN_TSO6 | TUN_ECN | TUN_USO4 | TUN_USO6
            fcntl.ioctl(tap, TUNSETOFFLOAD, every if whole else 0)
            self.taps.append(tap)
            ip(f"link set t{number} mtu {min(mtu, 65521)} master br0 up txqueuelen 10000")
        ip("link set br0 up")
        if reserved == "forward":  # a bridge has no way to let the first three pass
            ip("link set br0 type bridge group_fwd_mask 0xfff8")

    def write(self, port, header, frame):
        """False: the kernel says that this is no frame."""
        try:
            os.write(self.taps[port], header + frame)
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.EMSGSIZE, errno.EFAULT):
                raise
            return False
        return True

    def read(self, port):
        """What arrived there, up to the end mark."""
        found = []
        while True:
            select.select([self.taps[port]], [], [])
            data = os.read(self.taps[port], 80000)
            header, frame = data[:HEADER.size], data[HEADER.size:]
            if frame == SENTINEL:
                return found
            found.append(clean(header, frame))

    def exchange(self, port, header, frame):
        self.write(port, header, frame)
        self.write(0, PLAIN, SENTINEL)
        return [[] if other == 0 else self.read(other) for other in range(PORTS)]

    def close(self):
        for tap in self.taps:
            os.close(tap)
        ip("link del br0")


class Switch:
    """The switch, in a process of its own."""

    def __init__(self, program, path, whole, mtu, reserved):
        self.child = subprocess.Popen([program, path, "whole" if whole else "plain", str(mtu), reserved],
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def exchange(self, port, header, frame):
        self.child.stdin.write(RECORD.pack(port, len(frame)) + header + frame)
        self.child.stdin.flush()
        found = [[] for _ in range(PORTS)]
        while True:
            to, length = RECORD.unpack(self.child.stdout.read(RECORD.size))
            header = self.child.stdout.read(HEADER.size)
            frame = self.child.stdout.read(length)
            if to == END:
                found[0] = []  # the bridge's first port has only what others flood
                return found
            found[to].append(clean(header, frame))

    def close(self):
        self.child.stdin.close()
        if self.child.wait() != 0:
            raise SystemExit("compare: switch_pipe failed")


def clean(header, frame):
    """What counts of a header: DATA_VALID, the hint hdr_len and the number of buffers don't."""
    flags, gso, _, size, start, offset, _ = HEADER.unpack(header)
    if not flags & NEEDS_CSUM:
        start = offset = 0
    return (flags & NEEDS_CSUM, gso, size if gso else 0, start, offset, frame)


def ip(arguments):
    subprocess.run(["ip", *arguments.split()], check=True)


# Comparing.

def is_whole(case, found):
    """Does the receiver that takes large packets get this one as it was sent? A TAP device takes a bit less than 64 KiB."""
    return HEADER.unpack(case.header)[1] != 0 and found == [[], [clean(case.header, case.frame)], []]


def show(arrived):
    return "; ".join(f"{'-' if not frames else ''}" + ", ".join(f"{len(frame[5])} bytes {frame[:5]} {frame[5][:64].hex()}"
                                                                for frame in frames[:3]) for frames in arrived)


def compare(program, path, whole, mtu, reserved, quick):
    bridge, switch = Bridge(whole, mtu, reserved), Switch(program, path, whole, mtu, reserved)
    count, more, wrong = 0, collections.Counter(), []
    for number in (1, 2):  # whose address is where
        frame = BROADCAST + MACS[number] + b"\x88\xb5" + bytes(46)
        bridge.exchange(number, PLAIN, frame)
        switch.exchange(number, PLAIN, frame)
    for case in cases(mtu, quick):
        expected, found = bridge.exchange(0, case.header, case.frame), switch.exchange(0, case.header, case.frame)
        count += 1
        if expected == found:
            continue
        if not any(expected):
            more[case.name.split(":")[0]] += 1
        elif is_whole(case, found) and len(expected[1]) > 1:
            more["whole, where the bridge cuts it"] += 1
        else:
            wrong.append((case, expected, found))
    bridge.close()
    switch.close()
    what = f"{path}, receivers that take {'everything' if whole else 'nothing'} unfinished, mtu {mtu}, reserved {reserved}"
    print(f"{what}: {count} frames, {len(wrong)} differ; delivered by the switch alone: {dict(more) or 'none'}", flush=True)
    for case, expected, found in wrong[:5]:
        print(f"  {case.name}, {len(case.frame)} bytes {HEADER.unpack(case.header)} {case.frame[:64].hex()}\n"
              f"    bridge: {show(expected)}\n    switch: {show(found)}")
    return len(wrong)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("program")
    parser.add_argument("--quick", action="store_true", help="fewer lengths and random frames")
    parser.add_argument("--inside", action="store_true", help="in the namespace already")
    options = parser.parse_args()
    if not options.inside:
        alone = ["unshare", "-n" if os.geteuid() == 0 else "-rn"]
        tried = subprocess.run([*alone, "sh", "-c", "ip link add br0 type bridge && ip tuntap add t0 mode tap"],
                               capture_output=True, text=True, check=False)
        if tried.returncode != 0:
            print(f"test-bridge: SKIPPED: this host makes no bridge with TAP devices in a namespace: {tried.stderr.strip()}")
            return 0
        return subprocess.run([*alone, sys.executable, "-B", *sys.argv, "--inside"], check=False).returncode
    for name in ("all", "default"):  # the host's own packets would come in between
        with open(f"/proc/sys/net/ipv6/conf/{name}/disable_ipv6", "w", encoding="ascii") as switch:
            switch.write("1")
    for name in ("iptables", "ip6tables", "arptables"):  # firewalls look into packets, and drop malformed ones
        path = f"/proc/sys/net/bridge/bridge-nf-call-{name}"
        if os.path.exists(path):
            with open(path, "w", encoding="ascii") as switch:
                switch.write("0")
    wrong = 0
    for path in ("vhost", "ring"):
        for whole in (True, False):
            wrong += compare(options.program, path, whole, 1500, "stp", options.quick)
        wrong += compare(options.program, path, True, 9000, "forward", options.quick)
        wrong += compare(options.program, path, False, 65521, "stp", options.quick)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
