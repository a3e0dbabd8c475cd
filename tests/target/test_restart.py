# SPDX-License-Identifier: BSD-2-Clause
"""A guest dies, and so does its VMM, once after it has attacked everybody it could; all that under mixed load. The
connection between two others lives on, and nothing grows that should not. A few rounds of what `make test-restart` and
`make test-soak` go on with.

One boot for the whole file: tests depend on their order.
"""

import sys

import pytest

from conftest import ROOT

sys.path.insert(0, str(ROOT / "tests" / "soak"))

from soak import QEMU_ARGUMENTS, SoakRun, system_text  # noqa: E402  (needs the path)

pytestmark = pytest.mark.long

VICTIM = "192.168.1.3"
# Of each kind of death; the second VMM dies after it has attacked everybody.
LIMIT = 2
ROUNDS = range(2 * LIMIT)
RAM_BYTES = 64 << 20
CANARY = '<watch mr="canary"/>'


@pytest.fixture(scope="module")
def run(boot, machine):
    text = system_text().replace('restart_limit="1000"', f'restart_limit="{LIMIT}"')
    text = text.replace(CANARY, CANARY + '<watch mr="victim_ram"/>')
    run = SoakRun(boot(machine.write_system("restart", text), *QEMU_ARGUMENTS))
    run.start()
    return run


def test_guest_and_vmm_die(run):
    """By turns. A VMM that has been started again has forgotten of how many of its guest's deaths it knows."""
    for number in ROUNDS:
        line, problems = run.round(number)
        print(line)
        assert not problems, line


def test_budget_of_restarts_is_spent(run, machine):
    """And a guest that stays off leaves nothing behind, nor does anybody write to its memory any more."""
    run.victim.type("devmem 0x0bad0000 32 1\n")
    machine.wait_log(run.consoles, f"victim_vmm has been restarted {LIMIT} times")
    machine.wait_log(run.consoles, "its guest stays off")
    assert "100% packet loss" in run.vm1.run(f"ping -c 2 -W 1 {VICTIM}")
    # FNV-1a of words that are all zero.
    cleared = 0xcbf29ce484222325 * pow(0x100000001b3, RAM_BYTES // 8, 1 << 64) % (1 << 64)
    assert run.sample().sums["victim_ram"] == f"{cleared:x}"
    assert "100% packet loss" in run.vm1.run(f"ping -c 2 -W 1 {VICTIM}")
    assert run.sample().sums["victim_ram"] == f"{cleared:x}"
    assert run.count_blocks() > 0
