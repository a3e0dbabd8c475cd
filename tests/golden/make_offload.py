#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Have the Linux that this runs on compute checksums and cut large packets: what lib/net/offload.c has to do, too.

    unshare -n tests/golden/make_offload.py > tests/golden/offload.h

Each frame goes with a virtio-net header into a packet socket on one end of a veth pair whose offloads are switched
off, so Linux finishes it in software; what arrives at the other end is the expected result. Needs root. The result is
in the repository: this is run only to add a case.
"""

import ctypes
import fcntl
import socket
import struct
import subprocess

SOL_PACKET, PACKET_AUXDATA, PACKET_VNET_HDR = 263, 8, 15
ETH_P_ALL = 3
SIOCETHTOOL, ETHTOOL_STXCSUM = 0x8946, 0x17
TCPV4, TCPV6, UDP_L4, ECN = 1, 4, 5, 0x80
TCP, UDP = 6, 17
MACS = bytes.fromhex("020000000002020000000001")
V4 = bytes([192, 168, 1, 2, 192, 168, 1, 1])
V6 = bytes.fromhex("fd000000000000000000000000000002" "fd000000000000000000000000000001")
TIMESTAMPS = bytes.fromhex("0101080a0123456789abcdef")
FIN, PSH, ACK, ECE, CWR = 1, 8, 16, 64, 128


def payload(length):
    return bytes((i * 7 + i // 251) % 256 for i in range(length))


def ones_sum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return total


def transport(protocol, data, pseudo, options=b"", flags=ACK):
    """TCP or UDP with the pseudo-header's sum in the checksum field, as virtio wants it."""
    if protocol == TCP:
        words = 5 + len(options) // 4
        head = struct.pack(">HHIIBBHHH", 4660, 5201, 0xfffffff0, 0x11223344, words << 4, flags, 501, 0, 0) + options
        at = 16
    else:
        head = struct.pack(">HHHH", 4660, 5201, 8 + len(data), 0)
        at = 6
    length = len(head) + len(data)
    part = ones_sum(pseudo + struct.pack(">HH", protocol, length & 0xffff))
    return head[:at] + struct.pack(">H", part) + head[at + 2:] + data, len(head), at


def ipv4(protocol, length, ident):
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + length, ident, 0x4000, 64, protocol, 0) + V4
    return head[:10] + struct.pack(">H", ones_sum(head) ^ 0xffff) + head[12:]


def ipv6(protocol, length, extension):
    next_header = 60 if extension else protocol
    return struct.pack(">IHBB", 0x60012345, len(extension) + length, next_header, 64) + V6 + extension


def frame(version, protocol, data, *, vlan=b"", ident=0x1234, extension=b"", options=b"", flags=ACK):
    body, head_bytes, at = transport(protocol, data, V4 if version == 4 else V6, options, flags)
    ip = ipv4(protocol, len(body), ident) if version == 4 else ipv6(protocol, len(body), extension)
    start = MACS + vlan + struct.pack(">H", 0x0800 if version == 4 else 0x86dd) + ip
    return start + body, len(start), at, len(start) + head_bytes


def cases():
    """(name, gso type, gso size, frame arguments)."""
    destination = bytes([TCP, 0, 1, 4, 0, 0, 0, 0])
    yield "tcp4", TCPV4, 1448, dict(version=4, protocol=TCP, data=payload(10000), options=TIMESTAMPS, flags=ACK | PSH)
    yield "tcp4_fin_ident_wraps", TCPV4, 1460, dict(version=4, protocol=TCP, data=payload(5000), ident=0xfffe,
                                                    flags=ACK | PSH | FIN)
    yield "tcp4_odd", TCPV4, 999, dict(version=4, protocol=TCP, data=payload(4001))
    yield "tcp4_ecn", TCPV4 | ECN, 1000, dict(version=4, protocol=TCP, data=payload(3000), flags=ACK | CWR | ECE)
    yield "tcp4_whole_number", TCPV4, 1000, dict(version=4, protocol=TCP, data=payload(3000))
    yield "tcp4_vlan", TCPV4, 1448, dict(version=4, protocol=TCP, data=payload(3000), vlan=b"\x81\x00\x20\x07")
    yield "tcp6", TCPV6, 1428, dict(version=6, protocol=TCP, data=payload(9001), options=TIMESTAMPS, flags=ACK | PSH)
    yield "tcp6_extension", TCPV6, 1000, dict(version=6, protocol=TCP, data=payload(2500), extension=destination)
    yield "udp4", UDP_L4, 1000, dict(version=4, protocol=UDP, data=payload(4500))
    yield "udp6", UDP_L4, 1233, dict(version=6, protocol=UDP, data=payload(5000))
    yield "csum_tcp4", 0, 0, dict(version=4, protocol=TCP, data=payload(1001))
    yield "csum_tcp6", 0, 0, dict(version=6, protocol=TCP, data=payload(100), options=TIMESTAMPS)
    yield "csum_udp4", 0, 0, dict(version=4, protocol=UDP, data=payload(63))
    yield "csum_udp6", 0, 0, dict(version=6, protocol=UDP, data=payload(1400))
    yield "csum_vlan", 0, 0, dict(version=4, protocol=UDP, data=payload(500), vlan=b"\x81\x00\x00\x05")


def open_pair():
    subprocess.run("ip link add v0 type veth peer name v1; ip link set v0 mtu 1500 up; ip link set v1 up;"
                   "for i in v0 v1; do echo 1 >/proc/sys/net/ipv6/conf/$i/disable_ipv6; done", shell=True, check=True)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        # Without checksums Linux switches all segmentation off, too.
        value = ctypes.create_string_buffer(struct.pack("II", ETHTOOL_STXCSUM, 0))
        fcntl.ioctl(control, SIOCETHTOOL, struct.pack("16sP", b"v0", ctypes.addressof(value)))
    sender = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    sender.bind(("v0", 0))
    sender.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
    receiver = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    receiver.bind(("v1", ETH_P_ALL))
    receiver.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
    receiver.settimeout(0.5)
    return sender, receiver


def receive(receiver):
    """Frames until none comes; a tag that Linux took off is put back."""
    found = []
    while True:
        try:
            data, ancillary, _, _ = receiver.recvmsg(70000, 256)
        except socket.timeout:
            return found
        for level, kind, value in ancillary:
            status, _, _, _, _, tci, tpid = struct.unpack("IIIHHHH", value[:20])
            if (level, kind) == (SOL_PACKET, PACKET_AUXDATA) and status & 0x10:
                data = data[:12] + struct.pack(">HH", tpid, tci) + data[12:]
        found.append(data)


def as_c(data):
    text = ", ".join(f"0x{byte:02x}" for byte in data)
    return "{" + text + "}"


def main():
    sender, receiver = open_pair()
    release = subprocess.run(["uname", "-r"], capture_output=True, text=True, check=True).stdout.strip()
    print("/* SPDX-License-Identifier: BSD-2-Clause */\n"
          f"/** What Linux {release} makes of frames with offloads: by tests/golden/make_offload.py. */\n"
          "#pragma once\n\n#include <stdint.h>\n\n"
          "/** A finished frame of `bytes`: its headers; its payload is that of the original from `offset` on. */\n"
          "struct golden_piece {\n    uint32_t bytes, offset;\n    uint8_t headers[120];\n};\n\n"
          "/** A frame and its pieces. Byte i of the payload is (i * 7 + i / 251) % 256. */\n"
          "struct golden_case {\n    const char *name;\n    uint8_t gso_type;\n    uint16_t gso_size, csum_start, "
          "csum_offset;\n    uint32_t header_bytes, payload_bytes;\n    uint8_t headers[120];\n    "
          "uint32_t piece_count;\n    struct golden_piece pieces[12];\n};\n\n"
          "static const struct golden_case golden_cases[] = {")
    for name, gso_type, gso_size, arguments in cases():
        data, start, at, header_bytes = frame(**arguments)
        sender.send(struct.pack("<BBHHHH", 1, gso_type, header_bytes, gso_size, start, at) + data)
        pieces, offset = receive(receiver), 0
        print(f'    {{"{name}", {gso_type}, {gso_size}, {start}, {at}, {header_bytes}, {len(data) - header_bytes},\n'
              f"     {as_c(data[:header_bytes])},\n     {len(pieces)},\n     {{")
        for piece in pieces:
            body = piece[header_bytes:]
            assert body == data[header_bytes + offset:header_bytes + offset + len(body)], name
            print(f"      {{{len(piece)}, {offset}, {as_c(piece[:header_bytes])}}},")
            offset += len(body)
        assert offset == len(data) - header_bytes, (name, offset, len(data) - header_bytes)
        print("     }},")
    print("};")


if __name__ == "__main__":
    main()
