# SPDX-License-Identifier: BSD-2-Clause
"""PDs that misbehave, and the others that do not notice."""

import re

import pytest

pytestmark = pytest.mark.bundled

SECONDS = 120
# One instruction is one nanosecond of virtual time: shares of time don't depend on the host.
COUNT_INSTRUCTIONS = ("-icount", "shift=0,sleep=off")

FAULTY = """<system name="faulty">
  <protection_domain name="faulty" priority="20"><program_image path="null_deref.elf"/></protection_domain>
  <protection_domain name="healthy" priority="10"><program_image path="hello.elf"/></protection_domain>
</system>
"""

SPINNING = """<system name="spinning">
  <protection_domain name="spin" priority="20" budget="{budget}" period="{period}">
    <program_image path="spin.elf"/>
  </protection_domain>
  <protection_domain name="watch" priority="10"><program_image path="watch_time.elf"/></protection_domain>
</system>
"""


def test_null_pointer_is_reported_and_the_rest_runs_on(machine, boot):
    consoles = boot(machine.write_system("faulty", FAULTY))
    consoles.expect("", r"'faulty' faulted and has no parent", SECONDS)
    consoles.expect("", r"write to unmapped memory, address 0x8$", SECONDS)
    consoles.expect("", r"pc 0x", SECONDS)
    consoles.expect("", r"hello from healthy", SECONDS)
    assert "still alive" not in consoles.text("")


def test_budget_holds_a_spinning_pd_to_its_share(machine, boot):
    consoles = boot(machine.write_system("spinning", SPINNING.format(budget=2000, period=10000)), *COUNT_INSTRUCTIONS)
    share = int(consoles.expect("", r"others ran (\d+) thousandths", SECONDS).group(1))
    assert 190 <= share <= 210, f"the budget is 20%, and it had {share / 10}%"


def test_without_a_budget_a_spinning_pd_keeps_the_core(machine, boot):
    """The test above can fail: the same PD with its whole period as budget leaves nothing."""
    consoles = boot(machine.write_system("hogging", SPINNING.format(budget=1000, period=1000)), *COUNT_INSTRUCTIONS)
    for _ in range(10):
        consoles.pump(0.5)
    assert not re.search("others ran", consoles.text(""))
