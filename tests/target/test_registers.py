# SPDX-License-Identifier: BSD-2-Clause
"""Every system register that a guest may write, by its encoding, and every vector register: no other guest sees any of it.

Two of the hostile guests: the first keeps what it reads of all 32,768 encodings, the second fills what it can, by turns.
"""

import re

import pytest

from conftest import BOOT_SECONDS, INSTRUCTION_TIME

pytestmark = pytest.mark.bundled

GUEST = '<guest name="{}" ram="32M"><linux kernel="hostile"/><console/></guest>'
SYSTEM = f"<system><serial/>{GUEST.format('vm1')}{GUEST.format('vm2')}</system>"


def command(consoles, number, what, answer):
    name = f"vm{number}"
    consoles.focus(name, number)
    consoles.send(f"registers {what}\r")
    match = consoles.expect(name, answer, BOOT_SECONDS)
    consoles.expect(name, "hostile> ", BOOT_SECONDS)
    return int(match.group(1))


@pytest.mark.parametrize("cpu", ["cortex-a53", "cortex-a57", "max"])
def test_registers_are_each_guests_own(machine, boot_alone, cpu):
    consoles = boot_alone(machine.write_system(f"registers-{cpu}", SYSTEM), *INSTRUCTION_TIME, "-cpu", cpu)
    for number in (1, 2):
        consoles.focus(f"vm{number}", number)
        consoles.expect(f"vm{number}", "hostile> ", BOOT_SECONDS)
    # The sweep does something: there are registers, and most encodings are none.
    assert 100 < command(consoles, 1, "keep", r"registers: (\d+) are there") < 2000
    assert 30000 < command(consoles, 2, "fill", r"registers: filled, (\d+) could not be written") < 32768
    changed = command(consoles, 1, "check", r"registers: (\d+) have changed")
    assert changed == 0, re.findall("changed: .*", consoles.text("vm1"))
    # And a guest's own stay: what it has filled differs from what it had.
    command(consoles, 1, "fill", r"registers: filled, (\d+) could not be written")
    assert command(consoles, 1, "check", r"registers: (\d+) have changed") > 20
