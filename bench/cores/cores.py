#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Count the instructions of each core for what goes between cores: exits, SGIs and notifications.

    cores.py --name bare --output CORES.json --baseline FILE --report FILE --kernel KERNEL_ELF --plugin FILE
             [--functions] QEMU_COMMAND...

Virtual time is no measure on several cores, and elapsed time none on a busy host; instructions are. A plugin of QEMU
(qemu_plugin.c) counts them by core and by whose code it is, between marks that the programs set themselves. What is worse
than in the baseline by more than 2 % is named; that is no failure. --functions: the kernel's by function.
"""

import argparse
import bisect
import json
import re
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))
from consoles import Consoles  # noqa: E402  (needs the path)

TIMEOUT = 1800
TOLERANCE = 0.02
KERNEL_BYTES = 0x20000
FUNCTIONS = 40
ROUNDS = 50  # bench/cores/notify.c, guest/hostile/conform_cpus.c
# What the bare guest is told to do, and the phases that it marks in doing so, with how many units each has: SGIs go there and
# back. Before it are the PDs, as they start.
PDS = [("notification of a PD on another core", 2 * ROUNDS)]
BARE = [("cpus-psci", [("exit to a VMM on another core", ROUNDS)]),
        ("cpus-sgi", [("SGI to a vCPU of the same core, which waits in a loop", 2 * ROUNDS),
                      ("SGI to another core, which waits in a loop", 2 * ROUNDS),
                      ("SGI to a vCPU of the same core, which is asleep", 2 * ROUNDS),
                      ("SGI to another core, which is asleep", 2 * ROUNDS)]),
        ("sgi-alone", [("SGI to itself", ROUNDS)])]


def write_ranges(report, path):
    """Physical addresses of the kernel, the PDs' programs and the guest's memory, for the plugin; the domains by number."""
    pattern = r"^ +0x([0-9a-f]+) \.\. 0x([0-9a-f]+) .*?(the kernel's code|code of PD \"(\w+)\"|\"(\w+)_ram\")"
    rows = [(first, last, pd or guest or "kernel") for first, last, _, pd, guest in re.findall(pattern, report, re.MULTILINE)]
    names = sorted({name for _, _, name in rows})
    path.write_text("".join(f"{first} {last} {names.index(name)}\n" for first, last, name in rows), encoding="utf-8")
    return names


def run_bare(consoles):
    """All cases; the names of the phases, with how many units each has."""
    consoles.expect("bare", "hostile> ", TIMEOUT)
    consoles.focus("bare", 1)
    for case, _ in BARE:
        consoles.send(f"conform {case}\n")
        result = consoles.expect("bare", r"^conform: (\d+) of (\d+)", TIMEOUT)
        if result.group(1) != result.group(2) or int(result.group(2)) == 0:
            sys.exit(f"cores.py: {case}: {consoles.text('bare')[-500:]}")
    return PDS + [phase for _, phases in BARE for phase in phases]


def read_counts(path, names):
    """For each phase {core: {domain: instructions}}, and {address: instructions} of the kernel's blocks."""
    phases, functions = defaultdict(lambda: defaultdict(dict)), defaultdict(Counter)
    for line in path.read_text(encoding="utf-8").splitlines():
        kind, *numbers = line.split()
        if kind == "F":
            phase, address, count = map(int, numbers)
            functions[phase][address] += count
            continue
        phase, core, domain, count = map(int, numbers)
        phases[phase][core][names[domain] if domain < len(names) else "other"] = count
    count = max(phases, default=-1) + 1
    return [phases[number] for number in range(count)], [functions[number] for number in range(count)]


def figures_of(phases, counts):
    """Per unit: instructions of the kernel on all cores, of the busiest core, and of each core by domain."""
    if len(counts) != len(phases):
        sys.exit(f"cores.py: {len(counts)} phases were counted, not {len(phases)}")
    figures = {}
    for (name, units), cores in zip(phases, counts):
        by_core = {str(core): {domain: round(count / units, 1) for domain, count in sorted(domains.items())}
                   for core, domains in sorted(cores.items())}
        kernel = sum(domains.get("kernel", 0) for domains in by_core.values())
        busiest = max(sum(domains.values()) for domains in by_core.values())
        figures[name] = {"kernel": round(kernel, 1), "busiest_core": round(busiest, 1), "cores": by_core}
    return figures


def print_functions(phases, blocks, kernel, nm):
    symbols = sorted((int(address, 16), name) for address, name in
                     re.findall(r"^([0-9a-f]+) [tTwW] (\S+)", subprocess.run([nm, kernel], capture_output=True, text=True,
                                                                          check=True).stdout, re.MULTILINE))
    for (name, units), counts in zip(phases, blocks):
        spent = Counter()
        for address, count in counts.items():
            spent[symbols[bisect.bisect_right(symbols, (address, "\xff")) - 1][1]] += count
        print(f"{name}:")
        for function, count in spent.most_common(FUNCTIONS):
            print(f"{count / units:10.1f} {function}")


def print_figures(row, figures, baseline):
    for name, figure in figures.items():
        words = []
        for kind in ("kernel", "busiest_core"):
            before = baseline.get(name, {}).get(kind)
            worse = before is not None and figure[kind] > before * (1 + TOLERANCE)
            words.append(f"{kind} {figure[kind]:,}{f' (WORSE, it was {before:,})' if worse else ''}")
        print(f"{row}: {name}: {', '.join(words)}")


def main():
    parser = argparse.ArgumentParser(description="Count instructions of each core.")
    parser.add_argument("--name", required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--baseline", type=Path, required=True)
    parser.add_argument("--report", type=Path, required=True)
    parser.add_argument("--kernel", type=Path, required=True)
    parser.add_argument("--kernel-base", required=True)
    parser.add_argument("--plugin", type=Path, required=True)
    parser.add_argument("--functions", action="store_true")
    parser.add_argument("--nm", default="aarch64-linux-gnu-nm")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    arguments = parser.parse_args()

    ranges, counts = (arguments.output.with_suffix(f".{arguments.name}.{kind}") for kind in ("ranges", "counts"))
    names = write_ranges(arguments.report.read_text(encoding="utf-8"), ranges)
    plugin = f"{arguments.plugin},output={counts},ranges={ranges},base={arguments.kernel_base},bytes={KERNEL_BYTES}"
    consoles = Consoles([word for word in arguments.command if word != "--"] + ["-plugin", plugin])
    try:
        phases = run_bare(consoles)
        # QEMU's monitor: a plugin writes its file at an orderly end only.
        consoles.send("\x01x")
        while consoles.pump(TIMEOUT):
            pass
    finally:
        consoles.close()
    by_core, blocks = read_counts(counts, names)
    figures = figures_of(phases, by_core)
    results = json.loads(arguments.output.read_text(encoding="utf-8")) if arguments.output.exists() else {}
    results[arguments.name] = figures
    arguments.output.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    baseline = json.loads(arguments.baseline.read_text(encoding="utf-8")) if arguments.baseline.exists() else {}
    if arguments.functions:
        print_functions(phases, blocks, arguments.kernel, arguments.nm)
    print_figures(arguments.name, figures, baseline.get(arguments.name, {}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
