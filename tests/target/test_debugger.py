# SPDX-License-Identifier: BSD-2-Clause
"""gdb-multiarch at a Debian guest with two vCPUs. One boot."""

import re
import tempfile

import pytest

from conftest import BOOT_SECONDS
from hub import Hub

pytestmark = pytest.mark.bundled

SYSTEM = """<system name="debugger">
  <serial/>
  <guest name="vm1" ram="96M" vcpus="2" debug="true" control="true">
    <linux kernel="debian" initrd="demo" bootargs="sysrq_always_enabled"/><console/>
  </guest>
  <guest name="vm2" ram="96M" control="true">
    <linux kernel="debian" initrd="demo"/><console type="virtio"/>
  </guest>
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
