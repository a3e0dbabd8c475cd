#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What bench/latency/qemu_plugin.c found: the longest stretches with interrupts masked, and what they were about.

    masked.py FILE REPORT KERNEL_ELF PD_FOLDER
"""

import argparse
import collections
import sys
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from profile import Code  # noqa: E402  (bench/profile.py; needs the path)

# By the distance of the first instruction from the table of vectors (Arm ARM D1.10).
VECTORS = {0x400: "sync", 0x480: "irq", 0x500: "fiq", 0x580: "serror", 0x600: "sync32", 0x680: "irq32"}
FUNCTIONS_SHOWN = 4
SHOWN = 12


@dataclass
class Stretch:
    """One stretch: how long, what it interrupted, how the kernel was entered, and instructions of each of its functions."""
    instructions: int
    domain: str
    entry: str
    functions: collections.Counter

    def cause(self):
        """In words, the functions with the most instructions last."""
        shown = ", ".join(f"{name} {count}" for name, count in self.functions.most_common(FUNCTIONS_SHOWN))
        return f"{self.entry} from {self.domain}: {shown}"


def read_stretches(path, code):
    """(instructions, stretches, [Stretch, longest first]) of a plugin's file."""
    found, total, count = [], 0, 0
    names = dict(code.symbols["kernel"])
    vectors = next(address for address, name in names.items() if name == "vectors")
    for line in path.read_text().splitlines():
        kind, *words = line.split()
        if kind == "T":
            total, count = (int(word) for word in words)
            continue
        functions = collections.Counter()
        blocks = [(int(vaddr, 16), int(number)) for vaddr, number in zip(words[2::2], words[3::2])]
        for vaddr, number in blocks:
            functions[code.function("kernel", vaddr)] += number
        entry = VECTORS.get(blocks[0][0] - vectors, "wake-up")
        found.append(Stretch(int(words[0]), code.domain(int(words[1], 16)), entry, functions))
    return total, count, sorted(found, key=lambda stretch: -stretch.instructions)


def main():
    parser = argparse.ArgumentParser(description="Show the longest stretches with interrupts masked.")
    for name in ("file", "report", "kernel", "pd_folder"):
        parser.add_argument(name, type=Path)
    arguments = parser.parse_args()
    code = Code(arguments.report.read_text(), arguments.kernel, arguments.pd_folder, "aarch64-linux-gnu-nm")
    total, count, found = read_stretches(arguments.file, code)
    print(f"{total} instructions, {count} stretches")
    for stretch in found[:SHOWN]:
        print(f"{stretch.instructions:6} {stretch.cause()}")


if __name__ == "__main__":
    main()
