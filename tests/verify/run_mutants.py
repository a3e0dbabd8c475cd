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


def fake_guests(folder, systems, image_bytes=0x2000):
    """Files for all guests that the descriptions name: what the composer looks at, an Image's header and an initrd, is right."""
    image = bytearray(image_bytes)
    image[16:24] = image_bytes.to_bytes(8, "little")
    image[56:60] = b"ARM\x64"
    # A cpio archive (newc) of nothing but its end.
    initrd = b"070701" + b"0" * 88 + b"0000000b" + b"00000000" + b"TRAILER!!!\0"
    files = {"kernel": ("Image", image), "initrd": ("initrd.cpio.gz", initrd.ljust(0x2000, b"\0")), "contents": ("ext4.img", image),
             "image": ("firmware.bin", image)}
    for system in systems:
        for kind, name in re.findall(r'(kernel|initrd|contents|image)="([^"/$.]*)"', Path(system).read_text(encoding="utf-8")):
            place = folder / name
            place.mkdir(parents=True, exist_ok=True)
            file, data = files[kind]
            (place / file).write_bytes(data)


def undocumented(broken):
    """What is wrong with the tables of docs/verify.md: each rule names a mutant, a forged image or a bug that shows it."""
    root = Path(__file__).resolve().parents[2]

    def read(*patterns):
        return "".join(path.read_text(encoding="utf-8") for pattern in patterns for path in sorted(root.glob(pattern)))

    rules = set(re.findall(r'^ *(?:\[RULE_\w+\] = )?"([a-z0-9-]+)",', read("verify/**/findings.c"), re.MULTILINE))
    rules |= set(re.findall(r'"(policy-[a-z-]+)"', read("verify/**/findings.c"))) - {"policy-"}
    forged = {(rule.lower().replace("_", "-"), name) for name, rule in re.findall(r"BREACH\((\w+), RULE_(\w+),", read("tests/mock/breach_*.c"))}
    bugs = set(re.findall(r'^    \("([^"]+)", ', read("tests/verify/composer_bugs.py"), re.MULTILINE))
    tests = set(re.findall(r"^def (test_\w+)", read("tests/sdk/test_sdk.py"), re.MULTILINE))
    shown = dict(re.findall(r"^\| `([a-z0-9-]+)` \| .* \| (.*) \|$", read("docs/verify.md"), re.MULTILINE))
    wrong = [f"{rule}: not in docs/verify.md" for rule in sorted(rules - shown.keys())]
    wrong += [f"{rule}: in docs/verify.md only" for rule in sorted(shown.keys() - rules)]
    wrong += [f'{rule}: not shown by "{name}"' for rule, name in sorted(shown.items())
              if (rule, name) not in broken | forged and not (rule.startswith("policy-") and name in bugs) and name not in tests]
    return wrong


def board_of(options, system):
    """The kernel and the device tree of the board that a description names."""
    name = re.search(r'board="(\w+)"', Path(system).read_text(encoding="utf-8"))
    if name is None or name.group(1) == options.board_dtb.stem:
        return options.build / "kernel.elf", options.board_dtb
    return options.build / f"kernel-{name.group(1)}.elf", options.board_dtb.with_name(f"{name.group(1)}.dtb")


def mutate(options, folder, system):
    image = folder / (Path(system).stem + ".elf")
    policy = image.with_suffix(".policy")
    kernel, board_dtb = board_of(options, system)
    subprocess.run([options.build / "causeway", "build", system, "-o", image, "--guest-dir", folder / "guest",
                    "--board-dtb", board_dtb, "--kernel", kernel], check=True, stdout=subprocess.DEVNULL)
    subprocess.run([options.build / "causeway-policy", system, "-o", policy, "--board-dtb", board_dtb], check=True)
    return subprocess.run([options.build / "verify_mutate", image, policy, kernel, options.build / "pd", str(options.stride)],
                          stdout=subprocess.PIPE, text=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=Path, required=True)
    parser.add_argument("--board-dtb", type=Path, required=True)
    parser.add_argument("--stride", type=int, default=1)
    parser.add_argument("--all-attacks", action="store_true", help="each attack has to be possible on one of the systems")
    parser.add_argument("systems", nargs="+")
    options = parser.parse_args()
    failed = False
    made, known, broken = set(), set(), set()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        fake_guests(folder / "guest", options.systems)
        with ThreadPoolExecutor(2) as pool:
            for result in pool.map(lambda system: mutate(options, folder, system), options.systems):
                lines = [line for line in result.stdout.strip().splitlines() if not line.startswith(("attack ", "broke "))]
                broken |= set(re.findall(r"^broke (\S+): (.*)$", result.stdout, re.MULTILINE))
                for verb, what in re.findall(r"^attack (made|not made): (.*)$", result.stdout, re.MULTILINE):
                    known.add(what)
                    made |= {what} if verb == "made" else set()
                print("\n".join(lines[-40:]).replace(str(folder) + "/", ""))
                failed |= result.returncode != 0
    print(f"{len(made)} of {len(known)} attacks were possible on these systems")
    if options.all_attacks and made != known:
        print("not on any: " + ", ".join(sorted(known - made)))
        failed = True
    for wrong in undocumented(broken) if options.all_attacks else []:
        print(wrong)
        failed = True
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
