# SPDX-License-Identifier: BSD-2-Clause
"""Every system for every SDK that is known, built with a stand-in for the SDK: no SDK is part of CI.

`make test-sdk` builds the programs against the stand-in and sets the environment.
"""

import os
import re
import struct
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

import sdf_rules

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "verify"))
from run_mutants import fake_guests  # noqa: E402  (needs the path)

TOOL = os.environ["CAUSEWAY_TOOL"]
STANDIN = Path(os.environ["CAUSEWAY_STANDIN"])
PD_DIR = Path(os.environ["CAUSEWAY_SDK_PD_DIR"])
BOARD = "qemu_virt_aarch64"
VERSIONS = ("2.0.1", "2.1.0", "2.2.0", "2.3.0")
SYSTEMS = sorted((ROOT / "systems").glob("*.system")) + [ROOT / "bench" / "bench.system"]
IMAGE_BYTES = 0x10000


def has_prefill(version):
    return version >= "2.2"


@pytest.fixture(scope="session")
def guest_dir(tmp_path_factory):
    """Files for all guests of the systems."""
    folder = tmp_path_factory.mktemp("guests")
    fake_guests(folder, SYSTEMS, IMAGE_BYTES)
    return folder


def run_sdf(system, version, guest_dir, folder, *options):
    return subprocess.run([TOOL, "sdf", system, "--sdk-version", version, "-o", folder, "--board", BOARD, "--pd-dir", PD_DIR,
                           "--guest-dir", guest_dir, "--board-dtb", os.environ["CAUSEWAY_BOARD_DTB"], *options],
                          capture_output=True, text=True, check=False)


def emit(system, version, guest_dir, folder, *options):
    """What `causeway sdf` writes; it has nothing to say about it."""
    run = run_sdf(system, version, guest_dir, folder, *options)
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")
    (description,) = folder.glob("*.system")
    return description


def validate(description, version):
    """By Microkit's grammar of that version, and by what its manual says besides."""
    grammar = ROOT / "tests" / "sdk" / f"microkit-{version}.rng"
    subprocess.run(["xmllint", "--noout", "--relaxng", grammar, description], check=True)
    assert sdf_rules.problems(ElementTree.parse(description).getroot(), version) == []


def elf_segments(path):
    """(address, bytes in the file, bytes in memory) of what is loaded."""
    data = path.read_bytes()
    start, size, count = struct.unpack_from("<32xQ14xHH", data)
    headers = [struct.unpack_from("<IIQQQQQQ", data, start + i * size) for i in range(count)]
    return [(header[3], header[5], header[6]) for header in headers if header[0] == 1]


def needs_cores(system):
    """Whether it places anything on another core than 0: Microkit has no cores before 2.1."""
    return re.search(r'\b(driver_|vmm_)?cpus?="[0-9 ]*[1-9]', system.read_text()) is not None


def refusal(system, version, guest_dir, folder, *options):
    """What `causeway sdf` says against a system."""
    run = run_sdf(system, version, guest_dir, folder, *options)
    assert run.returncode == 1
    return run.stderr


@pytest.mark.parametrize("system", filter(needs_cores, SYSTEMS), ids=lambda path: path.stem)
def test_several_cores_need_an_sdk_that_has_them(system, guest_dir, tmp_path):
    assert re.search(r"core \d needs Microkit 2\.1\.0 or later", refusal(system, "2.0.1", guest_dir, tmp_path / "out"))
    text = refusal(system, "2.3.0", guest_dir, tmp_path / "out", "--sdk-cores", "1")
    assert re.search(r"core \d: the SDK's configuration has 1 core; those for several are called smp-debug", text)
    assert "the SDK's configuration" in refusal(system, "2.3.0", guest_dir, tmp_path / "out", "--sdk-cores", "3")


@pytest.mark.parametrize("system, version", [(system, version) for system in SYSTEMS for version in VERSIONS
                                             if version >= "2.1" or not needs_cores(system)],
                         ids=lambda value: getattr(value, "stem", value))
def test_every_system_is_accepted(system, version, guest_dir, tmp_path):
    description = emit(system, version, guest_dir, tmp_path / "out", *(["--sdk-cores", "4"] if needs_cores(system) else []))
    validate(description, version)
    policy = tmp_path / "policy"
    subprocess.run([TOOL, "policy", "--sel4", system, "-o", policy, "--board-dtb", os.environ["CAUSEWAY_BOARD_DTB"]],
                   check=True)
    subprocess.run([TOOL, "verify", "--sdf", description.parent, "--policy", policy, "--pd-dir", PD_DIR], check=True)
    image = tmp_path / "loader.img"
    subprocess.run([STANDIN / version / "bin" / "microkit", description, "--search-path", description.parent,
                    "--board", BOARD, "--config", "debug", "-o", image, "-r", tmp_path / "report"], check=True)
    for file in map(Path, image.read_text().split()):
        if file.suffix == ".elf":
            assert elf_segments(file)


UNKNOWN = {
    "element": ("</system>", "<ioport id=\"1\"/></system>"),
    "attribute": ("<program_image ", "<program_image path_for_symbols=\"other.elf\" "),
    "octal": (" priority=\"", " priority=\"0"),
    "namespace": ("<system>", "<system xmlns:x=\"x\" x:name=\"x\">"),
    "third end": ("</channel>", "<end pd=\"x\" id=\"1\"/></channel>"),
    "second program": ("</protection_domain>", "<program_image path=\"x.elf\"/></protection_domain>"),
}


@pytest.mark.parametrize("what", UNKNOWN)
def test_a_description_says_nothing_else(what, guest_dir, tmp_path):
    """What the SDK's tool may take for something, and the comparison does not know, is refused."""
    system = ROOT / "systems" / "virtio_demo.system"
    description = emit(system, VERSIONS[-1], guest_dir, tmp_path / "out")
    policy = tmp_path / "policy"
    subprocess.run([TOOL, "policy", "--sel4", system, "-o", policy, "--board-dtb", os.environ["CAUSEWAY_BOARD_DTB"]],
                   check=True)
    text, (old, new) = description.read_text(), UNKNOWN[what]
    assert old in text
    description.write_text(text.replace(old, new, 1))
    result = subprocess.run([TOOL, "verify", "--sdf", description.parent, "--policy", policy, "--pd-dir", PD_DIR],
                            capture_output=True, text=True, check=False)
    assert result.returncode == 1 and "[description]" in result.stderr


def test_a_program_is_linked_where_it_is_compared(guest_dir, tmp_path):
    """The SDK's tool goes by p_vaddr: two segments that change theirs are another program, whatever p_paddr says."""
    system = ROOT / "systems" / "virtio_demo.system"
    description = emit(system, VERSIONS[-1], guest_dir, tmp_path / "out")
    policy = tmp_path / "policy"
    subprocess.run([TOOL, "policy", "--sel4", system, "-o", policy, "--board-dtb", os.environ["CAUSEWAY_BOARD_DTB"]],
                   check=True)
    program = description.parent / "vm1_vmm.elf"
    data = bytearray(program.read_bytes())
    start, size = struct.unpack_from("<32xQ14xH", data)
    first, second = start + 16, start + size + 16
    data[first:first + 8], data[second:second + 8] = data[second:second + 8], data[first:first + 8]
    program.write_bytes(data)
    result = subprocess.run([TOOL, "verify", "--sdf", description.parent, "--policy", policy, "--pd-dir", PD_DIR],
                            capture_output=True, text=True, check=False)
    assert result.returncode == 1 and "vm1_vmm" in result.stderr and "[load-address]" in result.stderr


@pytest.mark.parametrize("version", VERSIONS)
def test_guest_images_travel_as_the_sdk_can(version, guest_dir, tmp_path):
    """From 2.2 on in prefilled regions, before that in the programs of the VMMs."""
    description = emit(ROOT / "systems" / "virtio_demo.system", version, guest_dir, tmp_path / "out")
    root = ElementTree.parse(description).getroot()
    prefilled = {region.get("prefill_path") for region in root.iter("memory_region")} - {None}
    carried = [segment for segment in elf_segments(description.parent / "vm1_vmm.elf") if segment[1] == IMAGE_BYTES]
    if has_prefill(version):
        assert "debian_Image.bin" in prefilled
        assert (description.parent / "debian_Image.bin").stat().st_size == IMAGE_BYTES
        assert not carried
    else:
        assert not prefilled
        assert len(carried) == 1


def make_sdk(folder, version="2.0.1\n", tool=True, configs=("debug", "release")):
    for config in configs:
        (folder / "board" / BOARD / config).mkdir(parents=True)
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "microkit").touch(mode=0o755 if tool else 0o644)
    if version is not None:
        (folder / "VERSION").write_text(version)
    return folder


def check_sdk(folder, board=BOARD, config="debug"):
    return subprocess.run([sys.executable, ROOT / "scripts" / "check_sdk.py", folder, board, config],
                          capture_output=True, text=True, check=False)


@pytest.mark.parametrize("version", [f"{v}{end}" for v in VERSIONS for end in ("", "\n", "-dev\n", "-dev+1a2b3c\n")])
def test_known_sdks_are_taken_without_a_word(version, tmp_path):
    result = check_sdk(make_sdk(tmp_path / "sdk", version))
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_newer_sdk_is_taken_with_a_warning(tmp_path):
    result = check_sdk(make_sdk(tmp_path / "sdk", "2.4.0\n"))
    assert result.returncode == 0
    assert "warning:" in result.stderr and "2.4.0, newer than the newest known, 2.3.0" in result.stderr


@pytest.mark.parametrize("sdk, arguments, words", [
    ({"version": "2.0.0\n"}, {}, "is Microkit 2.0.0; at least 2.0.1 is needed"),
    ({"version": "1.4.1\n"}, {}, "is Microkit 1.4.1; at least 2.0.1 is needed"),
    ({"version": "sel4cp\n"}, {}, "does not hold a version such as 2.0.1"),
    ({"version": None}, {}, "is no Microkit SDK: there is no file"),
    ({"tool": False}, {}, "bin/microkit is no program: the SDK is not complete"),
    ({}, {"board": "maaxboard"}, 'has no board "maaxboard"'),
    ({}, {"config": "benchmark"}, 'has no configuration "benchmark"'),
    ({"configs": ()}, {}, "note: there is none"),
])
def test_what_is_wrong_with_an_sdk_is_said(sdk, arguments, words, tmp_path):
    result = check_sdk(make_sdk(tmp_path / "sdk", **sdk), **arguments)
    assert result.returncode == 1
    assert result.stderr.startswith("error: ") and words in result.stderr


def test_choices_are_listed(tmp_path):
    sdk = make_sdk(tmp_path / "sdk")
    assert f"note: there is {BOARD}" in check_sdk(sdk, board="other").stderr
    assert "note: there is debug, release" in check_sdk(sdk, config="other").stderr
