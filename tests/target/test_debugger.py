# SPDX-License-Identifier: BSD-2-Clause
"""A running system and what looks at it: gdb-multiarch, top, commands to guests, the page. One boot; tests depend on their order."""

import json
import re
import tempfile

import pytest

from browser import Server
from conftest import BOOT_SECONDS
from hub import Hub

pytestmark = pytest.mark.bundled

SYSTEM = """<system name="debugger">
  <serial/>
  <switch name="lan"/>
  <guest name="vm1" ram="96M" vcpus="2" debug="true" control="true">
    <linux kernel="debian" initrd="demo" bootargs="sysrq_always_enabled"/><console/>
    <net switch="lan" ip="192.168.1.1/24"/>
  </guest>
  <guest name="vm2" ram="96M" control="true">
    <linux kernel="debian" initrd="demo"/><console type="virtio"/>
    <net switch="lan" ip="192.168.1.2/24"/>
  </guest>
  <stats><console/></stats>
</system>
"""
GDB_SECONDS = 600


@pytest.fixture(scope="module")
def hub(machine):
    image = machine.build(machine.write_system("debugger", SYSTEM))
    with tempfile.TemporaryDirectory(prefix="causeway-test.") as folder:
        hub = Hub(machine, f"{folder}/s", image)
        yield hub
        hub.close()


@pytest.fixture(scope="module")
def shell(hub):
    shell = hub.shell("vm1", BOOT_SECONDS)
    shell.expect(r"^vm1:~# ", BOOT_SECONDS)
    return shell


def gdb(hub, *commands):
    """Run commands in gdb at vm1, and let it go."""
    arguments = [argument for command in commands for argument in ("-ex", command)]
    output = hub.command("gdb", "vm1", "--", "-batch", "-nx", *arguments, timeout=GDB_SECONDS)
    assert "Remote connection closed" not in output and "timed out" not in output, output
    return output


def test_all_vcpus_are_threads_and_registers_make_sense(hub, shell):
    output = gdb(hub, "info threads", "p/x $pc", "p/x $sp", "p/x $cpsr", "x/2i $pc", "p/x $v0.u")
    assert re.search(r"1 +Thread 1 \(vm1 vCPU 0\)", output) and re.search(r"2 +Thread 2 \(vm1 vCPU 1\)", output), output
    assert re.search(r"^\$1 = 0x[0-9a-f]+$", output, re.MULTILINE), output
    assert "=> 0x" in output and "Cannot access" not in output, output
    assert shell.run("echo and on").strip() == "and on"


def test_top(hub, shell):
    looks = [json.loads(line) for line in hub.command("top", "--json", "--count", "2").splitlines()]
    threads = {row["name"]: row for row in looks[1]["thread"]}
    assert {"vm1.0", "vm1.1", "vm2.0", "vm1_vmm", "lan", "stats", "serial_mux", "uart_driver"} <= set(threads)
    assert threads["vm1.0"]["type"] == "vcpu" and threads["vm1.0"]["total"]["exits"] > 0
    assert threads["vm1.0"]["total"]["run_ticks"] > 0 and threads["lan"]["type"] == "pd"
    assert sum(row["cpu_percent"] for row in looks[1]["thread"]) <= 101
    assert looks[0]["switch"][0]["name"] == "lan" and looks[0]["switch"][0]["total"]["frames"] > 0
    assert "vm1.0" in hub.command("top", "--count", "1", "--sort", "name")


def test_pause_and_resume(hub, shell):
    assert hub.command("state", "vm1") == "running\n"
    hub.command("pause", "vm1")
    assert hub.command("state", "vm1") == "paused\n"
    shell.type("echo TYPED-''MEANWHILE\n")
    for _ in range(5):
        shell.pump(0.2)
    assert "TYPED-MEANWHILE" not in shell.text[shell.seen:]
    hub.command("resume", "vm1")
    shell.expect("^TYPED-MEANWHILE$", BOOT_SECONDS)
    assert hub.command("resume", "vm1", check=False) == (1, "causeway resume: error: it is not paused\n")


def test_magic_sysrq(hub, shell):
    hub.command("break", "vm1", "h")
    shell.expect("sysrq: HELP : ", BOOT_SECONDS)
    status, text = hub.command("break", "vm2", "h", check=False)
    assert status == 1 and "a virtio-console has no break" in text


def test_commands_that_are_not_granted(hub, shell):
    status, text = hub.command("gdb", "vm2", check=False)
    assert status == 1 and '<guest name="vm2" debug="true">' in text
    status, text = hub.command("reset", "vm3", check=False)
    assert status == 1 and 'no channel "vm3.ctl"' in text


def test_who_may_see_the_page(hub, shell):
    server = Server(hub.tool, hub.folder)
    status, page = server.get(server.path)
    assert status == 200 and 'src="page.js"' in page
    assert server.get(server.path + "xterm.js")[0] == 200 and "public/Terminal" in server.get(server.path + "xterm.js")[1]
    assert server.get("/")[0] == server.get("/0123/")[0] == server.get("/page.js")[0] == 403
    assert server.get(server.path + "nothing")[0] == 404
    assert server.get(server.path, Host="attacker.example")[0] == 403
    for headers in ({"Origin": "http://attacker.example"}, {"path": "/socket"}, {"Host": "attacker.example"}):
        tab = server.tab(**headers)
        assert tab.status == 403, headers
        tab.close()
    # What is no message of the page ends its tab, and nothing else.
    tab = server.tab()
    tab.until(lambda: tab.system is not None)
    tab.say(b"D\xff")
    tab.until(lambda: tab.is_closed)
    assert server.get(server.path)[0] == 200
    server.close()


def test_a_tab_sees_and_does_what_a_user_wants(hub, shell):
    server = Server(hub.tool, hub.folder)
    tab = server.tab()
    tab.until(lambda: tab.system is not None)
    assert tab.system["title"] == "causeway" and {"vm1", "vm2", "log"} <= set(tab.system["consoles"])
    tab.until(lambda: tab.guest("vm1")["state"] == tab.guest("vm2")["state"] == "running")
    vm1 = tab.console("vm1")
    tab.say(b"O" + bytes([vm1]))
    tab.say(b"D" + bytes([vm1]) + b"echo FROM-''BROWSER; ping -c 3 192.168.1.2\r")
    tab.until(lambda: "FROM-BROWSER" in tab.consoles.get(vm1, "") and tab.done == 1)
    # Others at that console see it, too.
    shell.expect("^FROM-BROWSER$", BOOT_SECONDS)
    tab.until(lambda: tab.top and any(port["name"] == "lan.vm1" and port["per_second"]["rx_bytes"] > 0 for port in tab.top["port"]))
    shell.expect("3 packets received", BOOT_SECONDS)
    tab.command("vm2", "pause")
    tab.until(lambda: "vm2: pause: done" in tab.events and tab.guest("vm2")["state"] == "paused")
    tab.command("vm2", "resume")
    tab.until(lambda: "vm2: resume: done" in tab.events and tab.guest("vm2")["state"] == "running")
    # A command beside the page finds its turn.
    assert hub.command("state", "vm2") == "running\n"
    server.process.kill()
    tab.until(lambda: tab.is_closed)
    server.process.wait()
    server.process.stdout.close()
    assert shell.run("echo alive").strip() == "alive"


def test_a_read_only_page_takes_nothing(hub, shell):
    server = Server(hub.tool, hub.folder, "--read-only")
    tab = server.tab()
    tab.until(lambda: tab.system is not None)
    vm1 = tab.console("vm1")
    tab.say(b"O" + bytes([vm1]))
    tab.say(b"D" + bytes([vm1]) + b"echo NEVER-''TYPED\r")
    tab.command("vm1", "stop")
    tab.until(lambda: tab.done == 1 and tab.guest("vm1")["state"] == "running")
    shell.run("true")
    tab.until(lambda: "true; echo" in tab.consoles.get(vm1, ""))
    assert "NEVER-TYPED" not in shell.text and not any("stop" in event for event in tab.events)
    assert hub.command("state", "vm1") == "running\n"
    tab.close()
    server.close()
