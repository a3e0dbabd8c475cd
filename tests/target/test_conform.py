# SPDX-License-Identifier: BSD-2-Clause
"""What a guest may expect of its virtual timer and its interrupt controller, and of several CPUs at once:
guest/hostile/conform_*.c, beside a guest that takes turns with it."""

import os
import re

import pytest

from conftest import BOOT_SECONDS, INSTRUCTION_TIME

# On seL4 a VMM cannot read list registers, nor take back what is in one, nor say who sent an SGI; and the tool of Microkit
# 2.0.1 makes no guest with a second vCPU that its own loader accepts.
ON_SEL4 = bool(os.environ.get("CAUSEWAY_SDK"))
CASES = "timer-disabled" if ON_SEL4 else ""
# vCPUs, and where they are: on the core of the other guest, on one of their own each, and eight on four.
PLACES = {"1-on-1": (1, "0")} if ON_SEL4 else {"2-on-1": (2, "0"), "4-on-1": (4, "0"), "4-on-4": (4, "0 1 2 3"),
                                          "8-on-4": (8, "0 1 2 3 3 2 1 0")}


def system(vcpus, cpus):
    return f"""<system name="conform">
  <serial input="vm1"/>
  <guest name="vm1" ram="16M" vcpus="{vcpus}" cpus="{cpus}"><linux kernel="hostile"/><console/></guest>
  <guest name="vm2" ram="64M"><linux kernel="debian" initrd="demo"/><console/></guest>
</system>
"""


@pytest.mark.parametrize("place", [pytest.param(place, marks=pytest.mark.long if place in ("2-on-1", "4-on-4") else ())
                                   for place in PLACES])
def test_timer_interrupt_controller_and_cpus_conform(boot_alone, machine, place):
    consoles = boot_alone(machine.write_system(f"conform-{place}", system(*PLACES[place])), *INSTRUCTION_TIME)
    consoles.expect("vm1", r"hostile> ", BOOT_SECONDS)
    consoles.focus("vm1", 1)
    consoles.send(f"conform {CASES}\n")
    good, total = map(int, consoles.expect("vm1", r"^conform: (\d+) of (\d+)\n", BOOT_SECONDS).groups())
    cases = re.findall(r"^conform (\S+): (.*)$", consoles.text("vm1"), re.MULTILINE)
    assert len(cases) == total
    assert [case for case in cases if case[1] != "ok"] == []
    assert good == total >= (1 if CASES else 18)
