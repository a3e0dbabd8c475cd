#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Count the instructions of the ways between guest, kernel and protection domains.

    profile.py HISTORY REPORT KERNEL_ELF PD_FOLDER [--nm NM]

HISTORY is what bench/qemu_plugin.c wrote about the newest moments of a run, REPORT the tool's report of the image.
A way is the sequence of domains from the guest's last instruction before an exit to its next one, or another guest's.
The most frequent ways are printed with the median of instructions in each domain, and, for the whole history, the
functions of kernel and PDs by instructions.
"""

import argparse
import bisect
import collections
import re
import statistics
import subprocess
from pathlib import Path

WAYS = 12
FUNCTIONS = 25


class Code:
    """Which domain and function a block belongs to."""

    def __init__(self, report, kernel_elf, pd_folder, nm):
        self.places = []  # (first, last, domain)
        pattern = r"^ +0x([0-9a-f]+) \.\. 0x([0-9a-f]+) .*?(the kernel's code|code of PD \"(\w+)\"|\"(\w+)_ram\")"
        for first, last, what, pd, guest in re.findall(pattern, report, re.MULTILINE):
            self.places.append((int(first, 16), int(last, 16), pd or guest or "kernel"))
        self.places.sort()
        self.guests = {guest for _, _, _, _, guest in re.findall(pattern, report, re.MULTILINE) if guest}
        programs = dict(re.findall(r"^  (\w+) +\d+ .* (\w+\.elf)$", report, re.MULTILINE))
        self.symbols = {"kernel": read_symbols(nm, kernel_elf)}
        for pd, program in programs.items():
            self.symbols[pd] = read_symbols(nm, pd_folder / program)

    def domain(self, physical):
        index = bisect.bisect_right(self.places, (physical, 1 << 64, "")) - 1
        if index >= 0 and self.places[index][0] <= physical <= self.places[index][1]:
            return self.places[index][2]
        return "other"

    def function(self, domain, address):
        names = self.symbols.get(domain, [])
        index = bisect.bisect_right(names, (address, "\xff")) - 1
        return names[index][1] if index >= 0 else "?"


def read_symbols(nm, path):
    out = subprocess.run([nm, path], capture_output=True, text=True, check=True).stdout
    return sorted((int(address, 16), name) for address, kind, name in
                  re.findall(r"^([0-9a-f]+) ([tT]) (\w+)$", out, re.MULTILINE))


def read_history(path):
    """({block: (vaddr, physical, instructions)}, [block in order])."""
    blocks, order = {}, []
    with path.open() as file:
        for line in file:
            if line[0] == "B":
                _, number, vaddr, physical, count = line.split()
                blocks[int(number)] = (int(vaddr, 16), int(physical, 16), int(count))
            else:
                order.append(int(line))
    return blocks, order


def stretches(blocks, order, code):
    """Runs of one domain: (domain, instructions)."""
    domains = {number: code.domain(block[1]) for number, block in blocks.items()}
    current, count = None, 0
    for number in order:
        if domains[number] != current:
            if current is not None:
                yield current, count
            current, count = domains[number], 0
        count += blocks[number][2]
    yield current, count


def ways(runs, guests):
    """From one run of a guest to the next: {(domains...): [counts...]}."""
    found = collections.defaultdict(list)
    way = []
    for domain, count in runs:
        if domain not in guests:
            way.append((domain, count))
            continue
        if way and way[0][0] in guests:
            names = (way[0][0], *(name for name, _ in way[1:]), domain)
            found[names].append([n for _, n in way[1:]])
        way = [(domain, count)]
    return found


def main():
    parser = argparse.ArgumentParser(description="Count instructions between guest, kernel and PDs.")
    parser.add_argument("history", type=Path)
    parser.add_argument("report", type=Path)
    parser.add_argument("kernel", type=Path)
    parser.add_argument("pd_folder", type=Path)
    parser.add_argument("--nm", default="aarch64-linux-gnu-nm")
    arguments = parser.parse_args()
    code = Code(arguments.report.read_text(), arguments.kernel, arguments.pd_folder, arguments.nm)
    blocks, order = read_history(arguments.history)
    found = ways(stretches(blocks, order, code), code.guests)
    for names, counts in sorted(found.items(), key=lambda item: -len(item[1]))[:WAYS]:
        medians = [round(statistics.median(column)) for column in zip(*counts)]
        text = " ".join(f"-> {name} {count}" for name, count in zip(names[1:-1], medians))
        print(f"{len(counts):6} times, {sum(medians):5} instructions: {names[0]} {text} -> {names[-1]}")
    spent = collections.Counter()
    for number in order:
        vaddr, physical, count = blocks[number]
        domain = code.domain(physical)
        if domain in code.symbols:
            spent[f"{domain}: {code.function(domain, vaddr)}"] += count
    for name, count in spent.most_common(FUNCTIONS):
        print(f"{count:10} {name}")


if __name__ == "__main__":
    main()
