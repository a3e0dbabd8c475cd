# SPDX-License-Identifier: BSD-2-Clause
"""`causeway web` with tabs that behave and tabs that do not. The system is the one of test_hub, whose guests say back what was typed:
no QEMU. With a real one: test_debugger.py; in a browser: test_page.py."""

import os
import random
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

from browser import Server

BUILD = Path(os.environ["CAUSEWAY_BUILD_DIR"])
MESSAGE_BYTES = 1024
TABS = 8


@pytest.fixture(name="hub")
def fixture_hub():
    # Sockets have short names.
    with tempfile.TemporaryDirectory(prefix="causeway-test.") as folder:
        folder = f"{folder}/s"
        with subprocess.Popen([BUILD / "causeway", "attach", "--no-tmux", "--title", "echo", "--dir", folder, "--",
                               BUILD / "tests" / "test_hub", "system"], stdout=subprocess.DEVNULL) as process:
            process.folder = folder
            while not os.path.exists(f"{folder}/.system"):
                assert process.poll() is None
                time.sleep(0.05)
            yield process
            process.terminate()


@pytest.fixture(name="server")
def fixture_server(hub):
    server = Server(BUILD / "causeway", hub.folder)
    yield server
    server.close()


def open_tab(server):
    tab = server.tab()
    assert tab.status == 101
    tab.until(lambda: tab.system is not None)
    return tab


def test_who_may_see_the_page(server):
    status, page = server.get(server.path)
    assert status == 200 and 'src="page.js"' in page
    status, script = server.get(server.path + "xterm.js")
    assert status == 200 and 'causewayModules["public/Terminal"]' in script
    assert server.get("/")[0] == server.get("/0123/")[0] == server.get("/page.js")[0] == 403
    assert server.get(server.path[:-2] + "/")[0] == 403
    assert server.get(server.path + "../../etc/passwd")[0] == 403 and server.get(server.path + "nothing")[0] == 404
    assert server.get(server.path, Host="attacker.example")[0] == 403
    for headers in ({"Origin": "http://attacker.example"}, {"path": "/socket"}, {"Host": "attacker.example"}):
        tab = server.tab(**headers)
        assert tab.status == 403, headers
        tab.close()


def test_typing_and_pasting(server):
    tab = open_tab(server)
    assert tab.system["title"] == "echo" and tab.system["consoles"] == ["vm1", "vm2", "log"] and not tab.system["readOnly"]
    tab.say(b"O\0")
    tab.until(lambda: "vm1 has booted" in tab.consoles.get(0, ""))
    tab.say(b"S\0" + bytes([132, 0, 43, 0]))
    tab.until(lambda: "132x43" in tab.consoles[0])
    tab.say(b"D\0hello\n")
    tab.until(lambda: "hello" in tab.consoles[0] and tab.done == 1)
    for _ in range(40):
        tab.say(b"D\0" + b"x" * MESSAGE_BYTES)
        # As the page does: the next when this one is done.
        count = tab.done + 1
        tab.until(lambda: tab.done == count)
    tab.until(lambda: tab.consoles[0].count("x") == 40 * MESSAGE_BYTES + 1)  # one is in 132x43
    # Another tab gets the past of what it opens, and nothing of what it does not.
    other = open_tab(server)
    other.say(b"O\1")
    other.say(b"D\1for vm2\n")
    other.until(lambda: "for vm2" in other.consoles.get(1, ""))
    assert 0 not in other.consoles
    other.say(b"O\0")
    other.until(lambda: "132x43" in other.consoles.get(0, ""))
    # The log takes nothing: Ctrl-C there would end the system.
    other.say(b"D\2\x03")
    other.until(lambda: other.done == 2)
    other.say(b"D\1still here\n")
    other.until(lambda: "still here" in other.consoles[1])
    assert any("kernel: here" in event for event in other.events)
    tab.close()
    other.close()


@pytest.mark.parametrize("message", [b"", b"D", b"D\0", b"D\0" + b"y" * (MESSAGE_BYTES + 1), b"S\0\1\0\1\0", b"V\0\xff", b"R\0", b"?\0"])
def test_what_is_no_message_ends_its_tab_only(server, message):
    tab, other = open_tab(server), open_tab(server)
    tab.say(message)
    tab.until(lambda: tab.is_closed)
    other.say(b"O\xff")  # there is no such console: nothing happens
    other.say(b"V\0\0")
    other.say(b"O\0")
    other.until(lambda: 0 in other.consoles)
    tab.close()
    other.close()


def test_one_tab_too_many(server):
    tabs = [open_tab(server) for _ in range(TABS)]
    assert server.tab().status == 503
    tabs.pop().close()
    deadline = time.monotonic() + 60
    while server.tab().status != 101:
        assert time.monotonic() < deadline


def test_garbage_on_the_port(server):
    generator = random.Random(3)
    host, port = server.host.split(":")
    request = (f"GET {server.path}socket HTTP/1.1\r\nHost: {server.host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
               "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
               "Sec-WebSocket-Protocol: causeway\r\n\r\n").encode()
    for number in range(90):
        damaged = bytearray(request)
        for _ in range(generator.randint(1, 6)):
            damaged[generator.randrange(len(damaged))] = generator.randrange(256)
        with socket.create_connection((host, int(port))) as connection:
            connection.settimeout(0.02)
            try:
                connection.sendall([bytes(damaged), request, b""][number % 3])
                if number % 3 > 0:
                    connection.recv(4096)
                    connection.sendall(generator.randbytes(3000))
                connection.recv(4096)
            except OSError:
                pass  # it need not listen to the end
    assert server.get(server.path)[0] == 200


def test_a_read_only_page_takes_nothing(hub):
    server = Server(BUILD / "causeway", hub.folder, "--read-only")
    tab = open_tab(server)
    assert tab.system["readOnly"]
    tab.say(b"O\0")
    tab.say(b"S\0" + bytes([132, 0, 43, 0]))
    tab.say(b"D\0never\n")
    tab.until(lambda: tab.done == 1 and "booted" in tab.consoles.get(0, ""))
    # What was sent before is over when this has come back.
    subprocess.run([BUILD / "causeway", "attach", "--dir", hub.folder, "--console", "vm1"], input=b"by another\n", check=True,
                   stdout=subprocess.DEVNULL, timeout=60)
    tab.until(lambda: "by another" in tab.consoles[0])
    assert "never" not in tab.consoles[0] and "132x43" not in tab.consoles[0]
    tab.close()
    server.close()


def test_ends(hub):
    """A server that is killed harms nothing; the system's end is told."""
    server = Server(BUILD / "causeway", hub.folder)
    tab = open_tab(server)
    server.process.kill()
    tab.until(lambda: tab.is_closed)
    server.process.wait()
    server.process.stdout.close()
    server = Server(BUILD / "causeway", hub.folder)
    tab = open_tab(server)
    hub.terminate()
    tab.until(lambda: tab.system["hasEnded"])
    assert server.process.wait(60) == 0
    server.process.stdout.close()
