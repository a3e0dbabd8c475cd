# SPDX-License-Identifier: BSD-2-Clause
"""A guest as router and firewall between two others and the uplink: systems/gateway.system."""

import hashlib
import socket

import pytest

from conftest import BOOT_SECONDS, ROOT, TRANSFER_SECONDS, Guest, ping
from test_uplink import HOST, Files, free_port, web  # noqa: F401  (a fixture)


@pytest.fixture(scope="module")
def gateway(machine, boot):
    port = free_port()
    text = (ROOT / "systems" / "gateway.system").read_text(encoding="utf-8")
    assert "${SSH_PORT:-2201}" in text
    text = text.replace("${SSH_PORT:-2201}", str(port))
    consoles = boot(machine.write_system("gateway", text))
    guests = {name: Guest(consoles, name, f"g{name}\r") for name in ("gateway", "web", "mail")}
    for guest in guests.values():
        guest.wait_prompt(BOOT_SECONDS)
    guests["gateway"].run("until nft list ruleset 2>/dev/null | grep -q masquerade; do sleep 1; done")
    return guests, port


def test_guests_behind_it_reach_the_host(gateway, web):  # noqa: F811
    guests, _ = gateway
    expected = hashlib.sha256(Files.contents).hexdigest()
    for name in ("web", "mail"):
        output = guests[name].run(f"wget -q -O - http://{HOST}:{web}/ | sha256sum", timeout=TRANSFER_SECONDS)
        assert output.split()[0] == expected
    ping(guests["web"], "-c 2 -i 0.2", "192.168.1.12")


def test_ssh_from_the_host(gateway):
    """What answers at the host's port is the ssh server of `web`, with the key that it has."""
    guests, port = gateway
    with socket.create_connection(("127.0.0.1", port), timeout=TRANSFER_SECONDS) as connection:
        assert connection.makefile("rb").readline().startswith(b"SSH-2.0-dropbear")
        assert ":22 " in guests["web"].run("netstat -tn | grep ESTABLISHED")
        assert ":22 " not in guests["mail"].run("netstat -tn | grep ESTABLISHED || true")


def test_what_the_firewall_refuses(gateway):
    """Without the rule that leads it inside, a connection from outside ends at the gateway."""
    guests, port = gateway
    gate = guests["gateway"]
    gate.run("nft flush chain ip nat prerouting; nft add rule inet filter input counter")
    with socket.create_connection(("127.0.0.1", port)):
        gate.run("until nft list chain inet filter input | grep 'counter packets' | grep -qv 'packets 0 '; do sleep 1; done")
    assert ":22 " not in guests["web"].run("netstat -tn | grep ESTABLISHED || true")
