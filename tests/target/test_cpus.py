# SPDX-License-Identifier: BSD-2-Clause
"""Debian on other cores than the board's usual one: network, disk, reboot, and what the kernel says of the core.

CAUSEWAY_CPUS names them as QEMU does: `make test-cpus` has them all, `make test` the one that has most features.
One boot for each of them: tests of a core depend on their order.
"""

import os
import re

import pytest

from conftest import BOOT_SECONDS, INSTRUCTION_TIME, Guest, ping, transfer

pytestmark = [pytest.mark.bundled, pytest.mark.more]

CPUS = os.environ.get("CAUSEWAY_CPUS", "max").split()
VM1, VM2 = "192.168.1.1", "192.168.1.2"

# Linux says of every device in a device tree, PSCI included, that a core's cache lines are longer than it was built for: the
# A64FX's are 256 bytes. It says so on the bare machine as well.
LONG_CACHE_LINES = re.compile(r"(?s)-+\[ cut here \]-+\n[^\n]*smaller than CTR_EL0\.CWG.*?-+\[ end trace [^\n]*\n")
# Those that have SVE.
VECTOR_CPUS = [cpu for cpu in CPUS if cpu in ("a64fx", "max")]
VECTOR_GUEST = '<guest name="vm{}" ram="96M" sve="{}"><linux kernel="debian" initrd="probe"/><console/></guest>'

SYSTEM = """<system>
  <serial/>
  <switch name="lan"/>
  <disk name="d0" size="16M"/>
  <guest name="vm1" ram="96M">
    <linux kernel="debian" initrd="probe"/>
    <console/>
    <net switch="lan" ip="192.168.1.1/24"/>
    <block disk="d0"/>
  </guest>
  <guest name="vm2" ram="96M">
    <linux kernel="debian" initrd="probe"/>
    <console/>
    <net switch="lan" ip="192.168.1.2/24"/>
  </guest>
</system>"""


@pytest.fixture(scope="module", params=CPUS)
def guests(request, machine, boot):
    cpu = request.param
    consoles = boot(machine.write_system(f"cpus-{cpu}", SYSTEM), *INSTRUCTION_TIME, "-cpu", cpu)
    guests = Guest(consoles, "vm1", 1), Guest(consoles, "vm2", 2)
    for guest in guests:
        guest.wait_prompt(BOOT_SECONDS)
    yield guests
    consoles.close()


def test_kernel_is_content_with_the_core(guests):
    for guest in guests:
        log = LONG_CACHE_LINES.sub("", guest.run("dmesg"))
        assert "Booting Linux" in log
        for bad in ("Oops", "BUG:", "WARNING:", "Call trace", "SANITY CHECK", "unhandled"):
            assert bad not in log, log


def test_debuggers_work(guests):
    """Each guest has breakpoints of its own; one that is armed fires for nobody else."""
    for guest in guests:
        output = guest.run("cpuprobe debug")
        assert [line.split(":")[0] for line in output.splitlines()] == [
            "PASS single step", "PASS watchpoint", "PASS uprobe"], output


def test_strange_instructions_end_programs_not_guests(guests):
    for guest in guests:
        results = dict(re.findall(r"^(\S+): (.*)$", guest.run("cpuprobe instructions"), re.MULTILINE))
        assert len(results) == 23
        assert set(results.values()) <= {"works", "signal 4"}, results
        assert results["add"] == results["id-register"] == "works"
        for hidden in ("udf", "sve", "rdffr", "sme", "tpidr2", "ld64b", "wfit", "pmccntr", "amcr", "scxtnum", "dbgdtr"):
            assert results[hidden] == "signal 4", results


def test_network(guests):
    vm1, vm2 = guests
    ping(vm1, "-c 3 -i 0.2", VM2)
    transfer(vm1, vm2, VM2, 2)
    transfer(vm2, vm1, VM1, 2)


def test_disk(guests):
    vm1, _ = guests
    vm1.run("dd if=/dev/urandom of=/tmp/data bs=1M count=4 2>/dev/null; dd if=/tmp/data of=/dev/vda bs=1M 2>/dev/null; sync")
    vm1.run("echo 3 >/proc/sys/vm/drop_caches")
    assert vm1.run("dd if=/dev/vda bs=1M count=4 2>/dev/null | cmp - /tmp/data && echo sa''me").strip() == "same"


def test_reboot(guests):
    vm1, vm2 = guests
    vm1.type("reboot -f\n")
    vm1.expect("Booting Linux", BOOT_SECONDS)
    vm1.wait_prompt(BOOT_SECONDS)
    ping(vm2, "-c 3 -i 0.2", VM1)


@pytest.mark.parametrize("cpu", VECTOR_CPUS)
def test_vectors_are_switched_for_who_has_them(machine, boot_alone, cpu):
    """Two guests with SVE and one without, all at work at once; FP registers are a part of SVE's."""
    guests = "".join(VECTOR_GUEST.format(number, str(number < 3).lower()) for number in (1, 2, 3))
    system = machine.write_system(f"vectors-{cpu}", f"<system><serial/>{guests}</system>")
    consoles = boot_alone(system, *INSTRUCTION_TIME, "-cpu", cpu)
    guests = [Guest(consoles, f"vm{i}", i) for i in (1, 2, 3)]
    for guest in guests:
        guest.wait_prompt(BOOT_SECONDS)
    for guest in guests[:2]:
        assert " sve " in guest.run("grep Features /proc/cpuinfo | tr '\\n' ' '")
    assert " sve " not in guests[2].run("grep Features /proc/cpuinfo | tr '\\n' ' '")
    guests[2].run("while true; do awk 'BEGIN { for (x = 0.5; x < 1000; x += 0.5) y += x * x; if (y != 666166750) print \"wrong\", y }'; done >/tmp/fp &")
    guests[0].run("(cpuprobe vectors; cpuprobe vectors) >/tmp/vectors &")
    there = guests[1].run("cpuprobe vectors; cpuprobe vectors")
    here = guests[0].run("wait; cat /tmp/vectors")
    assert re.findall(r"(PASS|FAIL) vectors: kept; bytes of each: 64", here + there) == ["PASS"] * 4, here + there
    assert guests[2].run("cat /tmp/fp").strip() == ""
