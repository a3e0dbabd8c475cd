# SPDX-License-Identifier: BSD-2-Clause
"""What `make profile` is made of: QEMU's plugin with a real run, and what bench/profile.py makes of it."""

import re
import subprocess
import sys

import pexpect
import pytest

from conftest import ROOT

sys.path.insert(0, str(ROOT / "bench"))

import profile as count  # noqa: E402  (bench/profile.py; needs the path)

pytestmark = pytest.mark.bundled

SECONDS = 300


@pytest.fixture(scope="module")
def profiled(machine):
    """The history of bench/copy.system, which only copies, and its image."""
    plugin = machine.build_dir / "host" / "bench" / "qemu_plugin.so"
    subprocess.run(["make", "-s", "-C", ROOT, f"BUILD_DIR={machine.build_dir}", plugin], check=True)
    image = machine.build(ROOT / "bench" / "copy.system")
    history = machine.work_dir / "copy.history"
    child = pexpect.spawn(machine.qemu[0], [*machine.qemu[1:], "-icount", "shift=0,sleep=off", "-serial", "mon:stdio",
                                            "-plugin", f"{plugin},output={history}", "-kernel", str(image)],
                          encoding="utf-8", timeout=SECONDS)
    child.expect("copy: done")
    child.send("\x01x")
    child.expect(pexpect.EOF)
    child.close()
    return history, image


def test_instructions_are_found(profiled, machine):
    history, image = profiled
    output = subprocess.run([sys.executable, ROOT / "bench" / "profile.py", history, image.with_suffix(".report.txt"),
                             machine.kernel, machine.build_dir / "pd"],
                            check=True, capture_output=True, text=True).stdout
    spent = {name: float(count) for count, name in re.findall(r"^ +([0-9.]+) +[0-9.]+% (\S.*)$", output, re.MULTILINE)}
    assert spent["everything"] == pytest.approx(sum(spent.get(name, 0) for name in ("kernel", "copy", "other")), abs=1)
    assert sum(value for name, value in spent.items() if name.startswith("copy: ")) > 0.5 * spent["copy"] > 1000
    assert 0 < spent["kernel: trap_handle"] < spent["kernel"] < spent["everything"]


def test_ways_are_told_apart():
    """A kick to the switch, twice, which once interrupts the other guest; then an exit without anybody."""
    runs = [("vm1", 9), ("kernel", 10), ("lan", 50), ("kernel", 12), ("vm2", 5), ("kernel", 20), ("vm1", 3),
            ("kernel", 14), ("lan", 70), ("kernel", 12), ("vm2", 1)]
    assert count.ways(runs, {"vm1", "vm2"}) == {("vm1", "kernel", "lan", "kernel", "vm2"): [[10, 50, 12], [14, 70, 12]],
                                                ("vm2", "kernel", "vm1"): [[20]]}


def test_paths_through_the_kernel():
    class Code:
        def function(self, part, address):
            return {10: "enter", 11: "leave"}[address]

    blocks = {1: (0, 0, 5), 2: (10, 0, 3), 3: (11, 0, 4), 4: (0, 0, 6)}
    domains = {1: "vm1", 2: "kernel", 3: "kernel", 4: "lan"}
    found = count.paths(blocks, [3, 1, 2, 3, 4, 4, 3, 1, 2, 2, 3, 4, 2], domains, Code())
    assert found == {("vm1", "lan"): [2, {"enter": 9, "leave": 8}], ("lan", "vm1"): [1, {"leave": 4}]}


def test_traffic_is_what_runs_between_two_questions():
    long = count.SPELL_BLOCKS
    domains = {1: "vm1", 2: "stats", 3: "kernel"}
    question = [2, 3, 3, 2]
    order = [1] * long + question + [1] * long + question + [3] + [1] * long + question + [1]
    assert count.between(order, domains, "stats") == [3] + [1] * long
