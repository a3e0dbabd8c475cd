# SPDX-License-Identifier: BSD-2-Clause
"""What a guest may expect of its virtual timer and its interrupt controller: guest/hostile/conform_gic.c, beside a guest
that takes turns with it."""

import os
import re

import pytest

from conftest import BOOT_SECONDS

SYSTEM = """<system name="conform">
  <serial input="vm1"/>
  <guest name="vm1" ram="16M" vcpus="2"><linux kernel="hostile"/><console/></guest>
  <guest name="vm2" ram="64M"><linux kernel="debian" initrd="demo"/><console/></guest>
</system>
"""
# On seL4 a VMM cannot read list registers, nor take back what is in one, nor say who sent an SGI.
CASES = "timer-disabled" if os.environ.get("CAUSEWAY_SDK") else ""


@pytest.fixture(scope="module")
def verdicts(boot, machine):
    consoles = boot(machine.write_system("conform", SYSTEM))
    consoles.expect("vm1", r"hostile> ", BOOT_SECONDS)
    consoles.focus("vm1", 1)
    consoles.send(f"conform {CASES}\n")
    good, total = consoles.expect("vm1", r"^conform: (\d+) of (\d+)\n", BOOT_SECONDS).groups()
    return int(good), int(total), re.findall(r"^conform (\S+): (.*)$", consoles.text("vm1"), re.MULTILINE)


def test_timer_and_interrupt_controller_conform(verdicts):
    good, total, cases = verdicts
    assert len(cases) == total
    assert [case for case in cases if case[1] != "ok"] == []
    assert good == total >= (1 if CASES else 11)
