# SPDX-License-Identifier: BSD-2-Clause
"""The tool's own command line: its version, and the programs that it starts from beside itself."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pexpect
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


def environment_without_make(**more):
    return {name: value for name, value in os.environ.items() if not name.startswith("MAKE")} | more


@pytest.mark.parametrize("goal, variable, says", [
    ("image", "SYSTEM=nothing", 'there is no system "nothing", nor systems/nothing: there is '),
    ("image", "SYSTEM=my own.system", "make cannot handle a path with spaces; rename it, or use the tool itself"),
    ("tool", "BUILD_DIR=my build", "make cannot handle a path with spaces"),
    ("image", "MICROKIT_SDK=/nowhere/sdk", "/nowhere/sdk is no Microkit SDK: there is no file /nowhere/sdk/VERSION"),
    ("run", "CONSOLES=windows", 'CONSOLES="windows": there is terminal tmux sockets plain'),
])
def test_make_says_what_there_is(goal, variable, says):
    """Wrong values are said before anything is compiled."""
    done = subprocess.run(["make", "-n", goal, variable], cwd=ROOT, env=environment_without_make(), capture_output=True, text=True,
                          check=False)
    assert done.returncode == 2
    assert says in done.stderr
    assert "HOSTCC" not in done.stdout


def test_make_refuses_a_source_tree_with_spaces(tmp_path):
    tree = tmp_path / "my sources"
    shutil.copytree(ROOT / "mk", tree / "mk")
    shutil.copy(ROOT / "Makefile", tree)
    done = subprocess.run(["make", "help"], cwd=tree, env=environment_without_make(), capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert f'CURDIR="{tree}": make cannot handle a path with spaces; move the source tree' in done.stderr


def test_the_tool_takes_paths_with_spaces(machine, tmp_path):
    folder = tmp_path / "my systems"
    folder.mkdir()
    shutil.copy(machine.guest_dir / "debian" / "Image", folder / "my kernel")
    (folder / "my own.system").write_text("""<system>
  <serial/>
  <disk name="d0" size="4M"/>
  <guest name="vm1" ram="64M"><linux kernel="./my kernel" initrd="demo"/><console/><block disk="d0"/></guest>
</system>
""")
    done = run(machine, "build", folder / "my own.system", "-o", folder / "my own.elf", "--board", machine.board, "--kernel", machine.kernel)
    assert (done.returncode, done.stderr) == (0, "")
    assert (folder / "my own-d0.img").is_file()


def test_builds_in_one_folder_wait_for_each_other(tmp_path):
    """A make that finds another one at work in its BUILD_DIR says so, waits until that one has ended, and then builds."""
    holder = subprocess.Popen(["sleep", "infinity"])
    lock = [ROOT / "scripts" / "build_lock.py", tmp_path]
    try:
        subprocess.run([*lock, str(holder.pid)], check=True)
        subprocess.run([*lock, str(holder.pid)], check=True)  # the same make, which reads its makefiles again
        second = subprocess.Popen(["make", "-s", f"BUILD_DIR={tmp_path}", "clean"], cwd=ROOT, env=environment_without_make(),
                                  stderr=subprocess.PIPE, text=True)
        assert f"another make builds in BUILD_DIR={tmp_path} (process {holder.pid}: sleep infinity)" in second.stderr.readline()
        assert second.poll() is None and tmp_path.is_dir()
        # What only runs a system, and sub-makes of the one that has the lock, do not wait.
        subprocess.run(["make", "-s", f"BUILD_DIR={tmp_path}", "show-consoles"], cwd=ROOT, env=environment_without_make(),
                       check=True, stdout=subprocess.DEVNULL)
        subprocess.run(["make", "-s", f"BUILD_DIR={tmp_path}", "help", "clean-disks"], cwd=ROOT, check=True,
                       env=environment_without_make(CAUSEWAY_LOCKED=str(tmp_path)), stdout=subprocess.DEVNULL)
    finally:
        holder.kill()
        holder.wait()
    assert second.wait() == 0
    assert not tmp_path.exists()


def test_long_steps_show_how_far_they_are(tmp_path):
    """On a terminal, while the step goes on; a log has none of that."""
    os.mkfifo(tmp_path / "wait")
    (tmp_path / "grows").write_bytes(os.urandom(3 << 20))
    command = [str(ROOT / "guest" / "progress.py"), "--of", "9", "unpacking", str(tmp_path / "grows"), "cat", str(tmp_path / "wait")]
    terminal = pexpect.spawn(command[0], command[1:], encoding="utf-8")
    terminal.expect_exact("unpacking: 3 of 9 MiB, 1 s")
    terminal.expect_exact("unpacking: 3 of 9 MiB, 2 s")
    (tmp_path / "wait").write_text("done")
    terminal.expect("\r\033\\[K.*done|done.*\r\033\\[K")
    terminal.expect(pexpect.EOF)
    done = subprocess.run([*command[:-2], "false"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "")


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
    contents = tmp_path / "contents"
    contents.write_bytes(b"x" * (9 << 20))
    system = tmp_path / "house.system"
    system.write_text("""<system>
  <serial/>
  <disk name="d0" size="12M"><partition name="p" contents="./contents"/></disk>
  <guest name="vm1" ram="64M">
    <linux kernel="debian" initrd="demo"/>
    <console/>
    <block disk="d0" partition="p"/>
  </guest>
</system>
""")
    image = tmp_path / "house.elf"
    command = ["build", str(system), "-o", str(image), "--board", machine.board, "--kernel", str(machine.kernel)]
    done = run(machine, *command)
    assert done.returncode == 0
    assert f"  DISK     {tmp_path / 'house-d0.img'} (9 MiB)" in done.stderr.splitlines()
    assert (tmp_path / "house-d0.img").stat().st_size == 12 << 20
    assert str(tmp_path / "house-d0.img") in image.with_suffix(".qemu").read_text()
    (tmp_path / "house-d0.img").unlink()
    terminal = pexpect.spawn(str(machine.tool), command, encoding="utf-8")
    terminal.expect_exact("house-d0.img: 0 of 9 MiB")
    terminal.expect(pexpect.EOF)


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
