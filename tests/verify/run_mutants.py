#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Build the images of some systems and mutate each (tests/verify/mutate.c).

Kernels and initramfs of guests are nothing that is looked at: a file of the right form stands for each, so that nothing has
to be fetched.
"""

import argparse
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path


def fake_guests(folder, systems):
    """Files for all guests that the descriptions name."""
    image = bytearray(0x2000)
    image[16:24] = (0x2000).to_bytes(8, "little")
    image[56:60] = b"ARM\x64"
    for system in systems:
        for kind, name in re.findall(r'(kernel|initrd|contents)="([^"/$]*)"', Path(system).read_text(encoding="utf-8")):
            place = folder / name
            place.mkdir(parents=True, exist_ok=True)
            (place / {"kernel": "Image", "initrd": "initrd.cpio.gz", "contents": "ext4.img"}[kind]).write_bytes(image)


def mutate(options, folder, system):
    image = folder / (Path(system).stem + ".elf")
    policy = image.with_suffix(".policy")
    subprocess.run([options.build / "causeway", "build", system, "-o", image, "--guest-dir", folder / "guest",
                    "--board-dtb", options.board_dtb], check=True, stdout=subprocess.DEVNULL)
    subprocess.run([options.build / "causeway-policy", system, "-o", policy, "--board-dtb", options.board_dtb],
                   check=True)
    return subprocess.run([options.build / "verify_mutate", image, policy, options.build / "kernel.elf",
                           options.build / "pd", str(options.stride)], stdout=subprocess.PIPE, text=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=Path, required=True)
    parser.add_argument("--board-dtb", type=Path, required=True)
    parser.add_argument("--stride", type=int, default=1)
    parser.add_argument("systems", nargs="+")
    options = parser.parse_args()
    failed = False
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        fake_guests(folder / "guest", options.systems)
        with ThreadPoolExecutor(2) as pool:
            for result in pool.map(lambda system: mutate(options, folder, system), options.systems):
                lines = result.stdout.strip().splitlines()
                print("\n".join(lines[-40:]).replace(str(folder) + "/", ""))
                failed |= result.returncode != 0
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
