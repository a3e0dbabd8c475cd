# SPDX-License-Identifier: BSD-2-Clause
"""A guest as router and firewall between two others and the uplink: systems/gateway.system."""

import hashlib
import os
import shutil
import socket
import subprocess

import pytest

from conftest import BOOT_SECONDS, ROOT, TRANSFER_SECONDS, Guest, ping
from test_uplink import HOST, Files, free_port, web  # noqa: F401  (a fixture)


@pytest.fixture(scope="module")
def gateway(boot):
    ports = free_port(), free_port()
    os.environ["SSH_PORT_1"], os.environ["SSH_PORT_2"] = (str(port) for port in ports)
    consoles = boot(ROOT / "systems" / "gateway.system")
    guests = {name: Guest(consoles, name, f"g{name}\r") for name in ("gateway", "web", "mail")}
    for guest in guests.values():
        guest.wait_prompt(BOOT_SECONDS)
    guests["gateway"].run("until nft list ruleset 2>/dev/null | grep -q masquerade; do sleep 1; done")
    return guests, ports


def test_guests_behind_it_reach_the_host(gateway, web):  # noqa: F811
    guests, _ = gateway
    expected = hashlib.sha256(Files.contents).hexdigest()
    for name in ("web", "mail"):
        output = guests[name].run(f"wget -q -O - http://{HOST}:{web}/ | sha256sum", timeout=TRANSFER_SECONDS)
        assert output.split()[0] == expected
    ping(guests["web"], "-c 2 -i 0.2", "192.168.1.12")


@pytest.mark.skipif(shutil.which("ssh") is None, reason="no ssh on this host")
def test_ssh_from_the_host(gateway):
    _, ports = gateway
    for port, name in zip(ports, ("web", "mail")):
        command = ["ssh", "-p", str(port), "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
                   "-o", "LogLevel=ERROR", "-o", f"ConnectTimeout={TRANSFER_SECONDS}", "root@127.0.0.1", "hostname"]
        output = subprocess.run(command, check=True, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True,
                                timeout=TRANSFER_SECONDS).stdout
        assert output.strip() == name


def test_what_the_firewall_refuses(gateway):
    """Without the rule that leads it inside, a connection from outside ends at the gateway."""
    guests, ports = gateway
    gate = guests["gateway"]
    gate.run("nft flush chain ip nat prerouting; nft add rule inet filter input counter")
    with socket.create_connection(("127.0.0.1", ports[0])):
        gate.run("until nft list chain inet filter input | grep 'counter packets' | grep -qv 'packets 0 '; do sleep 1; done")
    assert ":22 " not in guests["web"].run("netstat -tn | grep ESTABLISHED")
