# SPDX-License-Identifier: BSD-2-Clause
"""The bundled kernel by itself: calls, handled faults, interrupts, equal shares, FP. test_faults.py has the rest."""

import re
import time

import pexpect
import pytest

from conftest import BOOT_SECONDS, Guest

pytestmark = pytest.mark.bundled

SECONDS = 60
# The guest's clock counts instructions: shares of time come out the same on a busy host.
ICOUNT = ("-icount", "shift=2,sleep=off")


def output(machine, name, text, last, *arguments):
    """Boot a description and return all output up to the pattern `last`."""
    image = machine.build(machine.write_system(name, text))
    child = pexpect.spawn(machine.qemu[0],
                          [*machine.qemu[1:], "-serial", "stdio", *arguments, "-kernel", str(image)],
                          encoding="utf-8", timeout=SECONDS)
    try:
        child.expect(last)
        return child.before + (child.after if isinstance(child.after, str) else "")
    finally:
        child.close(force=True)


def pd(name, program, priority, inner="", attributes=""):
    return (f'<protection_domain name="{name}" priority="{priority}" {attributes}>'
            f'<program_image path="{program}.elf"/>{inner}</protection_domain>')


def channel(one, one_id, other, other_id, one_attributes="", other_attributes=""):
    return (f'<channel><end pd="{one}" id="{one_id}" {one_attributes}/>'
            f'<end pd="{other}" id="{other_id}" {other_attributes}/></channel>')


def system(*parts):
    return f'<system name="kernel_test">{"".join(parts)}</system>'


def test_calls_through_two_servers_carry_64_words(machine):
    text = output(machine, "ppc", system(
        pd("client", "ppc", 10), pd("middle", "ppc", 20), pd("top", "ppc", 30),
        channel("client", 1, "middle", 1, 'pp="true"'), channel("middle", 2, "top", 2, 'pp="true"')), "client: done")
    assert "client: all calls answered" in text
    assert "client microkit_ppcall: invalid channel given '7'" in text
    assert "client microkit_notify: invalid channel given '62'" in text


def test_parent_handles_its_children_s_faults(machine):
    children = (pd("undefined", "undefined", 20, attributes='id="3"') +
                pd("broken", "null_deref", 10, attributes='id="5"'))
    text = output(machine, "parent", system(pd("parent", "parent", 30, children), pd("last", "hello", 1)),
                  "hello from last")
    assert "parent: child 3 did something undefined, class 0" in text
    assert "undefined: after" in text
    assert text.count("null_deref: about to fault") == 2
    assert text.count("parent: child 5 touched address 8") == 2
    assert "has no parent" not in text


def test_device_interrupts_and_is_acknowledged(machine):
    region = '<memory_region name="rtc" size="0x1000" phys_addr="0x09010000"/>'
    inner = ('<map mr="rtc" vaddr="0x20000000" perms="rw" cached="false" setvar_vaddr="rtc_vaddr"/>'
             '<irq irq="34" id="9"/>')
    text = output(machine, "rtc", system(region, pd("clock", "rtc", 20, inner)), "rtc: interrupt 3")
    assert "rtc: interrupt 1" in text and "rtc: interrupt 2" in text and "WRONG" not in text


def test_secure_monitor_call_needs_the_right(machine):
    """PSCI's SYSTEM_OFF: only the PD that is given that call can switch the machine off."""
    text = output(machine, "smc", system(pd("without", "power_off", 20, attributes='smc="psci_version"'),
                                          pd("last", "power_off", 10, attributes='smc="system_off"')),
                  pexpect.EOF)
    assert "without: still on" in text
    assert "last: still on" not in text


def test_equals_share_evenly(machine):
    text = output(machine, "equals", system(pd("one", "share", 10), pd("two", "share", 10),
                                            channel("one", 1, "two", 1)),
                  r"(had percent: \d+\s[\s\S]*){2}", *ICOUNT)
    found = {name: int(percent) for name, percent in re.findall(r"(\w+) had percent: (\d+)", text)}
    assert 45 <= found["one"] <= 52
    assert 45 <= found["two"] <= 52


def test_fp_registers_are_each_pd_s_own(machine):
    text = output(machine, "fp", system(pd("a", "fp", 10), pd("b", "fp", 20), channel("a", 1, "b", 1)),
                  r"(registers intact[\s\S]*){2}")
    assert "WRONG" not in text


# A misaligned stack pointer is missing: QEMU doesn't check it.
# Name of the PD, of which forbidden.c reads the first letter, and what the kernel says of it.
FORBIDDEN = {
    "hypervisor_call": "undefined instruction",
    "secure_monitor_call": "undefined instruction",
    "el1_register": "(undefined instruction|access to a system register)",
    "translation_table_register": "undefined instruction",
    "performance_counter": "access to a system register",
    "debug_register": "access to a system register",
    "interrupt_mask": "(undefined instruction|access to a system register)",
    "breakpoint": "breakpoint instruction",
    "crooked_pc": "misaligned program counter",
    "kernel_call_999": "unknown system call, address 0x3e7",
    "float": "FP/SIMD instruction, which this protection domain may not use",
}


@pytest.fixture(scope="module")
def forbidden(machine):
    """Each PD in turn, from high to low priority; then one that does nothing wrong."""
    pds = [pd(name, "forbidden", 200 - n, attributes='fpu="false"') for n, name in enumerate(FORBIDDEN)]
    return output(machine, "forbidden", system(*pds, pd("allowed", "forbidden", 1)), "allowed: nothing stopped me")


@pytest.mark.parametrize("name, cause", FORBIDDEN.items())
def test_forbidden_instruction_stops_its_pd_only(forbidden, name, cause):
    assert re.search(rf"'{name}' faulted.*\s+kernel:   {cause}", forbidden)
    assert f"{name}: nothing stopped me" not in forbidden


def guest(name, attributes, bootargs=""):
    return (f'<guest name="{name}" ram="64M" {attributes}><linux kernel="debian" initrd="demo" {bootargs}/><console/>'
            f'</guest>')


def wait_for_end(consoles):
    deadline = time.monotonic() + BOOT_SECONDS
    while consoles.pump(0.5):
        assert time.monotonic() < deadline, consoles.log[-2000:]


@pytest.mark.parametrize("attribute, command", [("on_off", "poweroff -f"), ("on_reset", "reboot -f")])
def test_halt_switches_the_machine_off(machine, boot_alone, attribute, command):
    """For the guest whose description says so: another one's VMM has not got that call."""
    text = system("<serial/>", guest("vm1", f'{attribute}="halt"'), guest("vm2", f'{attribute}="stop"'))
    consoles = boot_alone(machine.write_system("halt", text), *ICOUNT)
    vm1, vm2 = Guest(consoles, "vm1", 1), Guest(consoles, "vm2", 2)
    vm1.wait_prompt(BOOT_SECONDS)
    vm2.wait_prompt(BOOT_SECONDS)
    vm2.type(command + "\n")
    machine.wait_log(consoles, "vm2 has .*; it stays off")
    assert vm1.run("echo on").strip() == "on"
    vm1.type(command + "\n")
    wait_for_end(consoles)


def test_halt_when_a_guest_cannot_go_on(machine, boot_alone):
    text = system("<serial/>", guest("vm1", 'on_crash="halt" watchdog_ms="4000" watchdog_boot_ms="9000"',
                                     'bootargs="rdinit=/bin/cat"'))
    consoles = boot_alone(machine.write_system("halt_crash", text), *ICOUNT)
    machine.wait_log(consoles, "vm1 has shown its watchdog no sign of life; it stays off")
    wait_for_end(consoles)
