# SPDX-License-Identifier: BSD-2-Clause
"""A guest that attacks, beside two that talk to each other: a selection of the attacks. `make test-hostile` has all."""

import fnmatch
import re
import sys

import pytest

from conftest import ROOT

sys.path.insert(0, str(ROOT / "tests" / "hostile"))

from hostile import QEMU_ARGUMENTS, HostileRun, row  # noqa: E402  (needs the path)

# The stats PD's sums and the bound on latency need our own kernel's way of sharing the processor.
pytestmark = pytest.mark.bundled

# So many, evenly from the catalogue.
SELECTED = 40


def test_the_page_names_cases_that_there_are():
    sources = [path.read_text() for path in (ROOT / "guest" / "hostile").glob("attack_*.c")]
    # EVERY_PLACE(part, "name") stands for several.
    names = set(re.findall(r'\{"([a-z0-9-]+)"', "".join(sources)))
    names |= {name + "-zero" for name in re.findall(r'EVERY_PLACE\(\w+, "(\w+)"\)', "".join(sources))}
    page = (ROOT / "docs" / "hostile.md").read_text()
    rows = [line for line in page.splitlines() if re.match(r"\| \d", line)]
    assert len(rows) >= 20
    for line in rows:
        for pattern in re.findall(r"`([a-z0-9*-]+)`", line.rsplit("|", 2)[1]):
            assert fnmatch.filter(names, pattern), f"docs/hostile.md: no case {pattern}"


def test_attacks_harm_only_the_attacker(boot):
    hostile = HostileRun(boot(ROOT / "systems" / "hostile.system", *QEMU_ARGUMENTS))
    hostile.start()
    assert hostile.total >= 1000
    selected = [1 + i * hostile.total // SELECTED for i in range(SELECTED)]
    verdicts = hostile.run(selected)
    bad = [row(verdict) for verdict in verdicts if verdict.problems]
    assert not bad, "\n".join(bad)
    assert len(verdicts) == SELECTED
