#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Where the instructions of a run go, and how many each way between guest, kernel and protection domains takes.

    profile.py HISTORY REPORT KERNEL_ELF PD_FOLDER [--event EVENT] [--symbols GUEST=FILE] [--nm NM]

HISTORY is what bench/qemu_plugin.c wrote about the newest moments of a run, REPORT the tool's report of the image. With
--event, of those in bench.py, only what ran between the last two times that the stats PD had work counts: bench.py asks it
before and after the traffic. Printed are, for each unit of the event,

- instructions by domain, a guest's user programs and kernel apart;
- the most frequent ways with the median of instructions in each domain: a way is the sequence of domains from a guest's
  last instruction before an exit to its next one, or another guest's;
- the most frequent paths through the kernel, by who ran before and after, with the mean of instructions in each function;
- the functions with the most instructions, of kernel and PDs, and of a guest's kernel if FILE has its /proc/kallsyms.
"""

import argparse
import bisect
import collections
import re
import statistics
import subprocess
from pathlib import Path

from bench import PROFILED

WAYS = 16
PATHS = 12
FUNCTIONS = 40
SPELL_BLOCKS = 200000  # longer than the stats PD takes between two lines of an answer
KERNEL_HALF = 1 << 63  # where Linux and its modules are


class Code:
    """Which domain and function a block belongs to."""

    def __init__(self, report, kernel_elf, pd_folder, nm):
        self.places = []  # (first, last, domain)
        pattern = r"^ +0x([0-9a-f]+) \.\. 0x([0-9a-f]+) .*?(the kernel's code|code of PD \"(\w+)\"|\"(\w+)_ram\")"
        rows = re.findall(pattern, report, re.MULTILINE)
        for first, last, _, pd, guest in rows:
            self.places.append((int(first, 16), int(last, 16), pd or guest or "kernel"))
        self.places.sort()
        self.guests = {guest for _, _, _, _, guest in rows if guest}
        programs = dict(re.findall(r"^  (\w+) +\d+ .* (\w+\.elf)$", report, re.MULTILINE))
        self.symbols = {"kernel": read_symbols(nm, kernel_elf)}
        for pd, program in programs.items():
            self.symbols[pd] = read_symbols(nm, pd_folder / program)

    def domain(self, physical):
        index = bisect.bisect_right(self.places, (physical, 1 << 64, "")) - 1
        if index >= 0 and self.places[index][0] <= physical <= self.places[index][1]:
            return self.places[index][2]
        return "other"

    def part(self, domain, address):
        """The domain, with a guest's two halves apart."""
        if domain not in self.guests:
            return domain
        return f"{domain}, {'kernel' if address >= KERNEL_HALF else 'programs'}"

    def function(self, part, address):
        names = self.symbols.get(part, [])
        index = bisect.bisect_right(names, (address, "\xff")) - 1
        return names[index][1] if index >= 0 else None


def parse_symbols(text):
    return sorted((int(address, 16), name) for address, kind, name in
                  re.findall(r"^([0-9a-f]+) ([tTwW]) (\S+)", text, re.MULTILINE))


def read_symbols(nm, path):
    return parse_symbols(subprocess.run([nm, path], capture_output=True, text=True, check=True).stdout)


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


def between(order, domains, mark):
    """What ran between the last two spells of domain `mark`. A spell is pieces that lie close together."""
    times = [at for at, number in enumerate(order) if domains[number] == mark]
    spells = [at for before, at in zip([-SPELL_BLOCKS, *times], times) if at - before >= SPELL_BLOCKS]
    if not spells:
        raise SystemExit(f"profile.py: {mark} never ran")
    first = max((at for at in times if at < spells[-1]), default=-1)
    return order[first + 1:spells[-1]]


def stretches(blocks, order, domains):
    """Runs of one domain: (domain, instructions)."""
    current, count = None, 0
    for number in order:
        if domains[number] != current:
            if current is not None:
                yield current, count
            current, count = domains[number], 0
        count += blocks[number][2]
    if current is not None:
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


def print_ways(found, units):
    for names, counts in sorted(found.items(), key=lambda item: -len(item[1]))[:WAYS]:
        medians = [round(statistics.median(column)) for column in zip(*counts)]
        text = " ".join(f"-> {name} {count}" for name, count in zip(names[1:-1], medians))
        print(f"{len(counts) / units:9.2f} times, {sum(medians):6} instructions: {names[0]} {text} -> {names[-1]}")


def paths(blocks, order, domains, code):
    """Through the kernel: {(before, after): [times, {function: instructions}]}."""
    found = collections.defaultdict(lambda: [0, collections.Counter()])
    before, inside = None, []
    for number in order:
        domain = domains[number]
        if domain == "kernel":
            inside.append(number)
            continue
        if inside and before:
            path = found[before, domain]
            path[0] += 1
            for block in inside:
                path[1][code.function("kernel", blocks[block][0])] += blocks[block][2]
        before, inside = domain, []
    return found


def print_paths(found, units):
    for (before, after), (times, spent) in sorted(found.items(), key=lambda item: -item[1][0])[:PATHS]:
        parts = ", ".join(f"{name} {count / times:.0f}" for name, count in spent.most_common())
        print(f"{times / units:9.2f} times, {sum(spent.values()) / times:6.0f} instructions: {before} -> {after}: {parts}")


def print_spent(blocks, order, domains, code, units):
    parts, functions = collections.Counter(), collections.Counter()
    for number, times in collections.Counter(order).items():
        vaddr, _, count = blocks[number]
        part = code.part(domains[number], vaddr)
        parts[part] += times * count
        function = code.function(part, vaddr)
        if function:
            functions[f"{part}: {function}"] += times * count
    total = sum(parts.values())
    print(f"{total / units:12.1f} 100.0% everything")
    for name, count in parts.most_common():
        print(f"{count / units:12.1f} {count / total:6.1%} {name}")
    return functions, total


def main():
    parser = argparse.ArgumentParser(description="Count instructions between guest, kernel and PDs.")
    parser.add_argument("history", type=Path)
    parser.add_argument("report", type=Path)
    parser.add_argument("kernel", type=Path)
    parser.add_argument("pd_folder", type=Path)
    parser.add_argument("--event", choices=[name for name, _, _ in PROFILED])
    parser.add_argument("--symbols", action="append", default=[], metavar="GUEST=FILE")
    parser.add_argument("--nm", default="aarch64-linux-gnu-nm")
    arguments = parser.parse_args()
    code = Code(arguments.report.read_text(), arguments.kernel, arguments.pd_folder, arguments.nm)
    for guest, _, path in (word.partition("=") for word in arguments.symbols):
        code.symbols[f"{guest}, kernel"] = parse_symbols(Path(path).read_text())
    blocks, order = read_history(arguments.history)
    domains = {number: code.domain(block[1]) for number, block in blocks.items()}
    units = 1
    if arguments.event:
        order = between(order, domains, "stats")
        units = next(units for name, _, units in PROFILED if name == arguments.event)
    functions, total = print_spent(blocks, order, domains, code, units)
    print()
    print_ways(ways(stretches(blocks, order, domains), code.guests), units)
    print()
    print_paths(paths(blocks, order, domains, code), units)
    print()
    for name, count in functions.most_common(FUNCTIONS):
        print(f"{count / units:12.1f} {count / total:6.1%} {name}")


if __name__ == "__main__":
    main()
