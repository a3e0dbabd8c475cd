# SPDX-License-Identifier: BSD-2-Clause
"""An installed Causeway, and a folder of one's own that has nothing but that: `make install`, `make deb`, `causeway new`."""

import os
import subprocess
from pathlib import Path

import pytest

from conftest import BOOT_SECONDS, Consoles, ROOT

pytestmark = pytest.mark.bundled


def run(*command, cwd=ROOT, check=True, **variables):
    """A command with nothing of this make's variables."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS", "CAUSEWAY"))}
    done = subprocess.run([str(word) for word in command], cwd=cwd, env={**environment, **variables}, capture_output=True,
                          text=True, check=False)
    assert not check or done.returncode == 0, done.stdout + done.stderr
    return done


@pytest.fixture(scope="module")
def prefix(machine, tmp_path_factory):
    """What has been built, installed as for a package: below another folder than it will be in."""
    staging = tmp_path_factory.mktemp("staging")
    run("make", "install", "INSTALL_BOARDS=qemu_virt_aarch64", "PREFIX=/opt/causeway", f"DESTDIR={staging}",
        f"BUILD_DIR={machine.build_dir}", f"GUEST_DIR={machine.guest_dir}")
    moved = tmp_path_factory.mktemp("elsewhere") / "prefix"
    (staging / "opt" / "causeway").rename(moved)
    return moved


@pytest.fixture(scope="module")
def own(prefix, tmp_path_factory):
    """A folder of one's own, made and built."""
    folder = tmp_path_factory.mktemp("own") / "mine"
    made = run(prefix / "bin" / "causeway", "new", folder, cwd="/")
    assert "mine.system" in made.stdout
    run("make", f"CAUSEWAY={prefix / 'bin' / 'causeway'}", cwd=folder)
    return folder


def test_the_tool_finds_what_is_installed(prefix):
    path = f"{prefix / 'bin'}:{os.environ['PATH']}"
    assert run("causeway", "--version", cwd="/", PATH=path).stdout.startswith("causeway ")
    run("causeway", "check", prefix / "share/causeway/systems/virtio_demo.system", cwd="/", PATH=path)
    for name in ("man/man1/causeway.1", "causeway/causeway.rng", "bash-completion/completions/causeway"):
        assert (prefix / "share" / name).is_file()


def test_a_system_of_ones_own_runs(own, machine):
    image = own / "build" / "mine.elf"
    consoles = Consoles([*machine.qemu, "-chardev", "stdio,id=terminal,signal=off", "-serial", "chardev:terminal",
                         "-readconfig", str(image.with_suffix(".qemu")), "-kernel", str(image)])
    try:
        consoles.expect("", r"vm1:~# ", BOOT_SECONDS)
        assert "hello: hello" in consoles.log
        # The only console: its lines have no name in front.
        consoles.send("ping -c 3 192.168.1.2\n")
        assert consoles.expect("", r"(\d+)% packet loss", BOOT_SECONDS).group(1) == "0"
    finally:
        consoles.close()


def test_new_takes_only_an_empty_folder(prefix, own, tmp_path):
    tool = prefix / "bin" / "causeway"
    again = run(tool, "new", own, check=False)
    assert again.returncode == 1 and "it is not empty" in again.stderr
    assert run(tool, "new", ".", cwd=tmp_path).returncode == 0
    assert run(tool, "new", tmp_path / "a b", check=False).returncode == 1


def test_new_in_a_build_folder_says_what_to_do(machine, tmp_path):
    done = run(machine.tool, "new", tmp_path / "mine", check=False)
    assert done.returncode == 1 and "make install" in done.stderr
    assert not (tmp_path / "mine").exists()


def test_a_folder_without_causeway_says_so(own):
    done = run("make", "CAUSEWAY=/nowhere/causeway", cwd=own, check=False)
    assert done.returncode == 2 and "is no installed Causeway" in done.stderr


def test_completion_asks_the_tool(prefix):
    script = (f"source {prefix}/share/bash-completion/completions/causeway; PATH={prefix}/bin:$PATH; compopt() {{ :; }};"
              "complete_words() { COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); _causeway causeway; echo ${COMPREPLY[@]}; };")
    def complete(*words):
        return run("bash", "-c", script + "complete_words " + " ".join(f"'{word}'" for word in words)).stdout.split()

    assert complete("causeway", "che") == ["check"]
    assert "board-new" in complete("causeway", "")
    assert complete("causeway", "build", "--out") == ["--output"]
    assert complete("causeway", "build", "--board", "qemu_virt_a") == ["qemu_virt_aarch64"]
    assert complete("causeway", "help", "upl") == ["uplink"]


def test_package(machine, tmp_path):
    run("make", "deb", "INSTALL_BOARDS=qemu_virt_aarch64", f"BUILD_DIR={machine.build_dir}", f"GUEST_DIR={machine.guest_dir}")
    version = (ROOT / "VERSION").read_text().strip()
    (package,) = Path(machine.build_dir).glob(f"causeway_{version}_*.deb")
    fields = run("dpkg-deb", "--field", package).stdout
    assert "Package: causeway\n" in fields and "libxml2" in fields and "libelf1" in fields
    run("dpkg-deb", "-x", package, tmp_path)
    assert (tmp_path / "usr/bin/causeway").resolve() == tmp_path / "usr/lib/causeway/causeway"
    assert run(tmp_path / "usr/bin/causeway", "new", tmp_path / "mine").returncode == 0
