# SPDX-License-Identifier: BSD-2-Clause
"""The tool's own command line: its version, and the programs that it starts from beside itself."""

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def run(machine, *arguments):
    return subprocess.run([machine.tool, *arguments], capture_output=True, text=True)


def test_version_is_that_of_the_file(machine):
    version = (ROOT / "VERSION").read_text().strip()
    assert run(machine, "--version").stdout == f"causeway {version}\n"
    assert f"\n## {version}" in (ROOT / "CHANGES.md").read_text()


@pytest.mark.parametrize("name", ["console", "verify"])
def test_programs_beside_the_tool_answer_for_it(machine, name):
    result = run(machine, name, "--help")
    assert result.returncode == 0 and f"causeway-{name}" in result.stdout.replace(" ", "-")


def test_unknown_command_gets_a_suggestion(machine):
    result = run(machine, "chekc")
    assert result.returncode == 2 and '"check"' in result.stderr


@pytest.mark.parametrize("goal, variable, says", [
    ("image", "SYSTEM=nothing", 'there is no system "nothing", nor systems/nothing: there is gateway hostile passthrough'),
    ("image", "SYSTEM=my own.system", "make cannot handle a path with spaces; rename it, or use the tool itself"),
    ("tool", "BUILD_DIR=my build", "make cannot handle a path with spaces"),
    ("run", "CONSOLES=windows", 'CONSOLES="windows": there is terminal tmux sockets'),
])
def test_make_says_what_there_is(goal, variable, says):
    """Wrong values are said before anything is compiled."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    done = subprocess.run(["make", "-n", goal, variable], cwd=ROOT, env=environment, capture_output=True, text=True,
                          check=False)
    assert done.returncode == 2
    assert says in done.stderr
    assert "HOSTCC" not in done.stdout
