# SPDX-License-Identifier: BSD-2-Clause
"""A guest dies, and so does its monitor; the connection between two others lives on. A few of the deaths that
`make test-restart` goes through.

One boot for the whole file: tests depend on their order.
"""

import re
import sys

import pytest

from conftest import ROOT

sys.path.insert(0, str(ROOT / "tests" / "restart"))

from restart import QEMU_ARGUMENTS, VICTIM, RestartRun  # noqa: E402  (needs the path)

LIMIT = 2
RAM_BYTES = 64 << 20
WATCHER = '<monitor name="watcher"><console/><watch mr="victim_ram"/></monitor></system>'


@pytest.fixture(scope="module")
def run(boot, machine):
    text = (ROOT / "tests" / "restart" / "restart.system").read_text(encoding="utf-8")
    text = text.replace('restart_limit="1000"', f'restart_limit="{LIMIT}"').replace("</system>", WATCHER)
    run = RestartRun(boot(machine.write_system("restart", text), *QEMU_ARGUMENTS))
    run.start()
    return run


def test_guest_and_monitor_die(run):
    """By turns. A monitor that has been started anew has forgotten of how many of its guest's deaths it knows."""
    for number in range(LIMIT):
        assert run.guest_cycle(number).blocks > 0
        assert run.vmm_cycle(number).blocks > 0


def read_sum(run):
    run.consoles.focus("watcher", "gwatcher\r")
    run.consoles.send("sums\n")
    text = run.consoles.expect("watcher", r"(?s)sums.*?^end", 300).group()
    return re.search(r"^victim_ram ([0-9a-f]+)", text, re.MULTILINE).group(1)


def test_budget_of_restarts_is_spent(run, machine):
    """And a guest that stays off leaves nothing behind, nor does anybody write to its memory any more."""
    run.victim.type("devmem 0x0bad0000 32 1\n")
    machine.wait_log(run.consoles, f"victim_vmm has been restarted {LIMIT} times")
    machine.wait_log(run.consoles, "its guest stays off")
    assert "100% packet loss" in run.vm1.run(f"ping -c 2 -W 1 {VICTIM}")
    # FNV-1a of words that are all zero.
    cleared = 0xcbf29ce484222325 * pow(0x100000001b3, RAM_BYTES // 8, 1 << 64) % (1 << 64)
    assert read_sum(run) == f"{cleared:x}"
    assert "100% packet loss" in run.vm1.run(f"ping -c 2 -W 1 {VICTIM}")
    assert read_sum(run) == f"{cleared:x}"
    assert run.count_blocks() > 0
