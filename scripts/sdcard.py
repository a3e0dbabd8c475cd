#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Make the image of an SD card that a board boots a system from: one FAT partition with the flat image and, for U-Boot, a
boot.scr, or, for a Raspberry Pi's firmware, a config.txt.

    sdcard.py --image SYSTEM.img (--load ADDRESS | --rpi ADDRESS) -o CARD.img

Needs mtools (mformat, mcopy), and no rights: nothing is mounted.
"""

import argparse
import struct
import subprocess
import sys
import zlib
from pathlib import Path

SECTOR = 512
MIB = 1 << 20
PARTITION_AT = MIB
LEAST_MIB = 64
HEADS, SECTORS = 64, 32  # MIB a cylinder
NAME = "causeway.img"


def boot_script(load):
    """boot.scr: what U-Boot's standard boot looks for. The device is the one that it was found on."""
    text = (f"load ${{devtype}} ${{devnum}}:${{distro_bootpart}} {load:#x} {NAME}\n"
            f"booti {load:#x} - ${{fdtcontroladdr}}\n").encode()
    data = struct.pack(">II", len(text), 0) + text

    def header(checksum):  # U-Boot's legacy format: a script for arm64
        return struct.pack(">7I4B32s", 0x27051956, checksum, 0, len(data), 0, 0, zlib.crc32(data), 5, 22, 6, 0, b"Causeway")

    return header(zlib.crc32(header(0))) + data


def rpi_config(address):
    """config.txt: the firmware loads the kernel where it is linked, and leaves the PL011 to it."""
    return (f"arm_64bit=1\nkernel={NAME}\nkernel_address={address:#x}\nenable_uart=1\ndtoverlay=disable-bt\n"
            "enable_gic=1\n").encode()


def partition_table(sectors):
    """An MBR with one bootable partition of FAT32."""
    entry = struct.pack("<B3sB3sII", 0x80, b"\xfe\xff\xff", 0x0c, b"\xfe\xff\xff", PARTITION_AT // SECTOR, sectors)
    return bytes(446) + entry + bytes(48) + b"\x55\xaa"


def run(*command):
    try:
        subprocess.run(command, check=True)
    except FileNotFoundError:
        sys.exit(f"sdcard: {command[0]} is missing: install Debian's package mtools")
    except subprocess.CalledProcessError as failure:
        sys.exit(f"sdcard: {command[0]} failed ({failure.returncode})")


def write_card(card, image, name, text):
    """The size is a power of two, as QEMU's cards have."""
    mib = LEAST_MIB
    while mib * MIB < image.stat().st_size + 16 * MIB:
        mib *= 2
    cylinders = mib - PARTITION_AT // MIB
    script = card.with_suffix(".boot")
    script.write_bytes(text)
    with card.open("wb") as out:
        out.write(partition_table(cylinders * HEADS * SECTORS))
        out.truncate(mib * MIB)
    where = f"{card}@@{PARTITION_AT}"
    run("mformat", "-i", where, "-F", "-v", "CAUSEWAY", "-t", str(cylinders), "-h", str(HEADS), "-s", str(SECTORS),
        "-H", str(PARTITION_AT // SECTOR), "::")
    run("mcopy", "-i", where, str(script), f"::{name}")
    run("mcopy", "-i", where, str(image), f"::{NAME}")
    script.unlink()
    return mib


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--image", type=Path, required=True, help="what `causeway flat` made")
    way = parser.add_mutually_exclusive_group(required=True)
    way.add_argument("--load", type=lambda text: int(text, 0), help="where U-Boot loads it, behind where it is linked")
    way.add_argument("--rpi", type=lambda text: int(text, 0), help="where it is linked: for a Raspberry Pi's firmware")
    parser.add_argument("-o", "--output", type=Path, required=True)
    options = parser.parse_args()
    if not options.image.is_file():
        sys.exit(f"sdcard: {options.image}: there is no such file")
    name, text = ("config.txt", rpi_config(options.rpi)) if options.load is None else ("boot.scr", boot_script(options.load))
    mib = write_card(options.output, options.image, name, text)
    print(f"{options.output}: {mib} MiB. Onto a card: dd if={options.output} of=/dev/sdX bs=1M conv=fsync")


if __name__ == "__main__":
    main()
