# SPDX-License-Identifier: BSD-2-Clause
"""What a guest may expect of its virtual timer and its interrupt controller: guest/hostile/conform_gic.c, beside a guest
that takes turns with it."""

import os
import re

import pytest

from conftest import BOOT_SECONDS

# On seL4 a VMM cannot read list registers, nor take back what is in one, nor say who sent an SGI; and the tool of Microkit
# 2.0.1 makes no guest with a second vCPU that its own loader accepts.
ON_SEL4 = bool(os.environ.get("CAUSEWAY_SDK"))
CASES, VCPUS = ("timer-disabled", 1) if ON_SEL4 else ("", 2)
SYSTEM = f"""<system name="conform">
  <serial input="vm1"/>
  <guest name="vm1" ram="16M" vcpus="{VCPUS}"><linux kernel="hostile"/><console/></guest>
  <guest name="vm2" ram="64M"><linux kernel="debian" initrd="demo"/><console/></guest>
</system>
"""


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
