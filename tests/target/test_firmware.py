# SPDX-License-Identifier: BSD-2-Clause
"""How the kernel is entered: by Debian's U-Boot at EL2, with MMU and caches off (booti) and on (a standalone program), and
where it cannot run, which it says on the UART.
"""

import struct
import subprocess
import zlib
from pathlib import Path

import pexpect
import pytest

from conftest import ROOT

pytestmark = pytest.mark.bundled

SECONDS = 300
UBOOT = Path("/usr/lib/u-boot/qemu_arm64/u-boot.bin")
LOAD = 0x60000000
KERNEL_BASE = 0x40200000
SYSTEM = ('<system name="firmware_test"><protection_domain name="one" priority="10"><program_image path="hello.elf"/>'
          "</protection_domain></system>")
RUNS = "hello from one"


@pytest.fixture(scope="module")
def image(machine):
    return machine.build(machine.write_system("firmware", SYSTEM))


@pytest.fixture(scope="module")
def flat(machine, image):
    path = image.with_suffix(".img")
    subprocess.run([machine.tool, "flat", image, "-o", path], check=True)
    return path


def uimage(data, address):
    """U-Boot's legacy format: a standalone program for `address`, which is called with MMU and caches on."""
    def header(checksum):
        return struct.pack(">7I4B32s", 0x27051956, checksum, 0, len(data), address, address, zlib.crc32(data), 17, 22, 1, 0,
                           b"causeway")
    return header(zlib.crc32(header(0))) + data


class Terminal:
    """QEMU with its serial line."""

    def __init__(self, machine, *arguments):
        self.child = pexpect.spawn(machine.qemu[0], [*machine.qemu[1:], "-serial", "stdio", *map(str, arguments)],
                                   encoding="utf-8", codec_errors="replace", timeout=SECONDS)

    def __enter__(self):
        return self.child

    def __exit__(self, *_):
        self.child.close(force=True)


def type_into_uboot(machine, files, *commands):
    """Boot U-Boot with a disk that holds `files`, and give it commands; what the machine says until the PD runs."""
    folder = machine.work_dir / "firmware-disk"
    folder.mkdir(exist_ok=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)
    disk = machine.work_dir / "firmware-disk.img"
    disk.unlink(missing_ok=True)
    subprocess.run(["/sbin/mke2fs", "-q", "-t", "ext2", "-d", folder, disk, "64M"], check=True)
    with Terminal(machine, "-bios", UBOOT, "-drive", f"if=none,id=disk,format=raw,file={disk}",
                  "-device", "virtio-blk-device,drive=disk") as uboot:
        uboot.expect("autoboot")
        uboot.send(" \r")
        uboot.expect("=> ")
        for command in commands[:-1]:
            uboot.send(command + "\r")
            uboot.expect("bytes read")
            uboot.expect("=> ")
        uboot.send(commands[-1] + "\r")
        uboot.expect(RUNS)
        return uboot.before


def test_booti_starts_the_flat_image(machine, flat):
    said = type_into_uboot(machine, {"image": flat.read_bytes()}, f"load virtio 0:0 {LOAD:#x} image",
                           f"booti {LOAD:#x} - ${{fdtcontroladdr}}")
    assert "kernel: Causeway, system 'firmware_test'" in said
    assert "Moving Image" in said


def test_card_of_make_sdcard_boots_by_itself(machine, flat):
    card = machine.work_dir / "firmware-card.img"
    subprocess.run([ROOT / "scripts" / "sdcard.py", "--image", flat, "--load", hex(LOAD), "-o", card], check=True)
    with Terminal(machine, "-bios", UBOOT, "-drive", f"if=none,id=disk,format=raw,file={card}",
                  "-device", "virtio-blk-device,drive=disk") as uboot:
        uboot.expect("Executing script")
        uboot.expect(RUNS)


def test_card_for_a_raspberry_pi_has_what_its_firmware_reads(machine, flat):
    card = machine.work_dir / "rpi-card.img"
    subprocess.run([ROOT / "scripts" / "sdcard.py", "--image", flat, "--rpi", "0x200000", "-o", card], check=True)
    config = subprocess.run(["mtype", "-i", f"{card}@@1M", "::config.txt"], check=True, capture_output=True, text=True).stdout
    assert "kernel=causeway.img\n" in config and "kernel_address=0x200000\n" in config
    inside = subprocess.run(["mcopy", "-i", f"{card}@@1M", "::causeway.img", "-"], check=True, capture_output=True).stdout
    assert inside == flat.read_bytes()


def test_entry_with_mmu_and_caches_on(machine, flat):
    said = type_into_uboot(machine, {"program": uimage(flat.read_bytes(), KERNEL_BASE)}, f"load virtio 0:0 {LOAD:#x} program",
                           f"setenv autostart yes; bootm {LOAD:#x}")
    assert "kernel: Causeway, system 'firmware_test'" in said


@pytest.mark.parametrize("machine_option, message", [
    ("virtualization=off", "panic: entered at EL1, but it needs EL2"),
    ("secure=on", "panic: entered at EL3, but it needs EL2"),
])
def test_wrong_exception_level_is_said(machine, image, machine_option, message):
    with Terminal(machine, "-machine", machine_option, "-kernel", image) as child:
        child.expect(message)


def test_wrong_place_is_said(machine, flat):
    with Terminal(machine, "-device", f"loader,file={flat},addr={LOAD:#x},force-raw=on",
                  "-device", f"loader,addr={LOAD:#x},cpu-num=0") as child:
        child.expect(rf"panic: loaded at {LOAD:#x}, but linked for {KERNEL_BASE:#x}: load it there")
