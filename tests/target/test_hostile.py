# SPDX-License-Identifier: BSD-2-Clause
"""A guest that attacks, beside two that talk to each other: every tenth of the attacks. `make test-hostile` has all."""

import sys

import pytest

from conftest import ROOT

sys.path.insert(0, str(ROOT / "tests" / "hostile"))

from hostile import QEMU_ARGUMENTS, HostileRun, row  # noqa: E402  (needs the path)

# The monitor's sums and the bound on latency need our own kernel's way of sharing the processor.
pytestmark = pytest.mark.bundled


def test_attacks_harm_only_the_attacker(boot):
    hostile = HostileRun(boot(ROOT / "systems" / "hostile.system", *QEMU_ARGUMENTS))
    hostile.start()
    assert hostile.total >= 200
    verdicts = hostile.run(range(1, hostile.total, 10))
    bad = [row(verdict) for verdict in verdicts if verdict.problems]
    assert not bad, "\n".join(bad)
    assert len(verdicts) == len(range(1, hostile.total, 10))
