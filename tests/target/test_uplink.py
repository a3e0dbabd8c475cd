# SPDX-License-Identifier: BSD-2-Clause
"""A way out: guests that talk to programs of the host through a network card of the board and QEMU's user network."""

import hashlib
import http.server
import os
import socket
import struct
import threading

import pytest

from conftest import BOOT_SECONDS, TRANSFER_SECONDS, Guest, ping

HOST = "10.0.2.2"
BYTES = 5_000_001


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Files(http.server.BaseHTTPRequestHandler):
    """One file of random bytes, and whatever is sent here."""

    contents = os.urandom(BYTES)
    received = {}

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.contents)))
        self.end_headers()
        self.wfile.write(self.contents)

    def do_POST(self):
        self.received[self.path] = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *arguments):
        pass


@pytest.fixture(scope="module")
def web():
    """A web server on the host's loopback; its port."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Files)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()


def answer_dns(server):
    """Every name has the address 192.0.2.7."""
    while True:
        try:
            query, sender = server.recvfrom(2000)
        except OSError:
            return
        question = query[12:query.index(b"\0", 12) + 5]
        is_a = question[-4:-2] == b"\0\1"
        answer = b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 60, 4) + bytes([192, 0, 2, 7]) if is_a else b""
        header = query[:2] + struct.pack(">HHHHH", 0x8180, 1, 1 if is_a else 0, 0, 0)
        server.sendto(header + question + answer, sender)


@pytest.fixture(scope="module")
def names():
    """A name server on the host's loopback; its port."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        threading.Thread(target=answer_dns, args=(server,), daemon=True).start()
        yield server.getsockname()[1]


@pytest.fixture(scope="module")
def outside(machine, boot):
    """Two guests beside the uplink, of which vm2 must not use it; and two ports of the host that lead to vm1."""
    port, second = free_port(), free_port()
    system = machine.write_system("outside", f"""<system>
  <serial/>
  <switch name="lan">
    <deny from="vm2" to="uplink"/>
  </switch>
  <uplink switch="lan" hostfwd="tcp:{port}-10.0.2.15:22 tcp:{second}-10.0.2.15:23"/>
  <protection_domain name="echo" priority="200">
    <program_image path="echo.elf"/>
  </protection_domain>
  <port switch="lan" pd="echo" ip="10.0.2.20/24" check_mac="true"/>
  <timer pd="echo"/>
""" + "".join(f"""  <guest name="vm{number}" ram="64M">
    <linux kernel="debian" initrd="demo"/>
    <console/>
    <net switch="lan" ip="10.0.2.{address}/24" gateway="{HOST}"/>
  </guest>
""" for number, address in ((1, 15), (2, 16))) + "</system>\n")
    consoles = boot(system)
    guests = Guest(consoles, "vm1", 1), Guest(consoles, "vm2", 2)
    for guest in guests:
        guest.wait_prompt(BOOT_SECONDS)
    return *guests, (port, second)


def test_http_in_both_directions(outside, web):
    vm1, _, _ = outside
    ping(vm1, "-c 3 -i 0.2", HOST)
    expected = hashlib.sha256(Files.contents).hexdigest()
    output = vm1.run(f"wget -q -O - http://{HOST}:{web}/ | sha256sum", timeout=TRANSFER_SECONDS)
    assert output.split()[0] == expected
    # Text, as busybox' wget sends a file up to its first zero byte.
    vm1.run(f"base64 /dev/urandom | head -c {BYTES} >/tmp/sent")
    sent = vm1.run("sha256sum </tmp/sent").split()[0]
    vm1.run(f"wget -q -O - --post-file /tmp/sent http://{HOST}:{web}/sent", timeout=TRANSFER_SECONDS)
    assert hashlib.sha256(Files.received["/sent"]).hexdigest() == sent


def test_names_by_udp(outside, names):
    vm1, _, _ = outside
    assert "192.0.2.7" in vm1.run(f"nslookup -port={names} -type=a there.example {HOST}")


def test_the_host_reaches_a_guest_on_each_of_its_ports(outside):
    vm1, _, ports = outside
    for port, inside in zip(ports, (22, 23)):
        vm1.run(f"(echo this is {inside}; sleep 5) | nc -l -p {inside} >/tmp/heard &")
        vm1.run(f"until netstat -ltn | grep -q :{inside}; do sleep 1; done")
        with socket.create_connection(("127.0.0.1", port), timeout=TRANSFER_SECONDS) as connection:
            connection.sendall(b"this is the host\n")
            assert connection.makefile().readline() == f"this is {inside}\n"
        vm1.run("wait")
        assert "this is the host" in vm1.run("cat /tmp/heard")


def test_rules_hold_for_the_way_out(outside):
    vm1, vm2, _ = outside
    ping(vm2, "-c 2 -i 0.2", "10.0.2.15")
    assert "100% packet loss" in vm2.run(f"ping -c 2 -W 1 {HOST}")
    ping(vm1, "-c 2 -i 0.2", HOST)


def test_a_program_at_a_port_answers(outside):
    vm1, vm2, _ = outside
    for guest in (vm1, vm2):
        ping(guest, "-c 3 -i 0.2 -s 1400", "10.0.2.20")
    for length in (8, 100, 1472):
        assert "netsum: ok echo good=20 bad=0 of=20" in vm1.run(f"netsum echo 10.0.2.20 20 {length}")
    # TCP there and back, of two guests at once.
    for guest in (vm1, vm2):
        guest.run("dd if=/dev/urandom of=/tmp/sent bs=1000 count=1000 2>/dev/null")
    vm2.run("(nc 10.0.2.20 7 </tmp/sent >/tmp/back; cmp /tmp/sent /tmp/back && echo same >/tmp/verdict) &")
    assert vm1.run("nc 10.0.2.20 7 </tmp/sent | cmp - /tmp/sent && echo same", timeout=TRANSFER_SECONDS).strip() == "same"
    vm2.run("wait", timeout=TRANSFER_SECONDS)
    assert vm2.run("cat /tmp/verdict").strip() == "same"
