# SPDX-License-Identifier: BSD-2-Clause
"""The tool's own command line: its version, and the programs that it starts from beside itself."""

import os
import subprocess
import sys
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
    ("image", "SYSTEM=nothing", 'there is no system "nothing", nor systems/nothing: there is gateway hostile '),
    ("image", "SYSTEM=my own.system", "make cannot handle a path with spaces; rename it, or use the tool itself"),
    ("tool", "BUILD_DIR=my build", "make cannot handle a path with spaces"),
    ("image", "MICROKIT_SDK=/nowhere/sdk", "/nowhere/sdk is no Microkit SDK: there is no file /nowhere/sdk/VERSION"),
    ("run", "CONSOLES=windows", 'CONSOLES="windows": there is terminal tmux sockets plain'),
])
def test_make_says_what_there_is(goal, variable, says):
    """Wrong values are said before anything is compiled."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    done = subprocess.run(["make", "-n", goal, variable], cwd=ROOT, env=environment, capture_output=True, text=True,
                          check=False)
    assert done.returncode == 2
    assert says in done.stderr
    assert "HOSTCC" not in done.stdout


def clean(*arguments):
    return subprocess.run([sys.executable, "-B", ROOT / "scripts" / "clean.py", *arguments], capture_output=True, text=True,
                          check=False)


def test_clean_keeps_disks(tmp_path):
    """What guests have written goes only when it is asked for; images that tests or `make flat` made are no disks."""
    for name in ("host/tool.o", "demo.elf", "demo.img", "demo-d0.img", "demo-d0.img.contents", "tests/target/t.img",
                 "tests/target/t.img.contents"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    assert "demo-d0.img, which guests may have written to" in clean(tmp_path).stdout
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["demo-d0.img", "demo-d0.img.contents"]
    assert clean("--disks", tmp_path).returncode == 0
    assert not list(tmp_path.iterdir())


def test_clean_leaves_the_sources_alone():
    done = clean(ROOT)
    assert done.returncode == 1 and "the sources are in it" in done.stderr
    assert (ROOT / "VERSION").is_file()


def test_disks_are_named_after_their_system(machine, tmp_path):
    system = tmp_path / "house.system"
    system.write_text("""<system>
  <serial/>
  <disk name="d0" size="4M"><partition name="p"/></disk>
  <guest name="vm1" ram="64M">
    <linux kernel="debian" initrd="demo"/>
    <console/>
    <block disk="d0" partition="p"/>
  </guest>
</system>
""")
    image = tmp_path / "house.elf"
    assert run(machine, "build", system, "-o", image, "--board", machine.board, "--kernel", machine.kernel).returncode == 0
    assert (tmp_path / "house-d0.img").stat().st_size == 4 << 20
    assert str(tmp_path / "house-d0.img") in image.with_suffix(".qemu").read_text()


def test_fetching_without_a_network_says_so(tmp_path):
    packages = tmp_path / "packages"
    packages.mkdir()
    (packages / "zlib1g.deb").write_text("")
    nowhere = {"http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"}
    done = subprocess.run([ROOT / "guest" / "fetch.py", tmp_path / "apt", packages, "zlib1g", "busybox-static"], capture_output=True,
                          text=True, check=False, env={**os.environ, **nowhere})
    assert done.returncode == 1
    assert "there is no network" in done.stderr and "Not downloaded yet: busybox-static. 1 packages are in" in done.stderr


def test_bench_says_that_there_is_no_baseline(tmp_path):
    """Figures of another version of an SDK are not compared with those of the first."""
    sys.path.insert(0, str(ROOT / "bench"))
    from bench import comparison

    (said,) = comparison("row", {"ping": 3}, tmp_path / "baseline_sel4-2.1.0.json")
    assert "there is no baseline" in said
    (tmp_path / "there.json").write_text('{"row": {"ping": 2}}')
    assert comparison("row", {"ping": 3}, tmp_path / "there.json") == ["worse: row: ping: 2 -> 3 (+50.0%)"]
    assert comparison("row", {"ping": 2}, tmp_path / "there.json") == []
