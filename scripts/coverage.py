#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What gcov has counted, as a table by folder and file; fails if any of them is below the minimum.

    coverage.py --objects FOLDER --minimum PERCENT --table FILE SOURCE...

A source whose object was never built counts with no line reached.
"""

import argparse
import json
import subprocess
import sys
from collections import defaultdict
from pathlib import Path


def counts_of(source, objects):
    """{line: count} of a source, from its notes and data files."""
    notes = objects / Path(source).with_suffix(".gcno")
    if not notes.exists():
        sys.exit(f"coverage.py: no test is built with {source}")
    output = subprocess.run(["gcov", "--json-format", "--stdout", str(notes)], check=True, capture_output=True, text=True)
    lines = {}
    for text in output.stdout.splitlines():
        for file in json.loads(text)["files"] if text.startswith("{") else []:
            if file["file"] == source:
                for line in file["lines"]:
                    number = line["line_number"]
                    lines[number] = lines.get(number, 0) + line["count"]
    return lines


def missed_ranges(lines):
    """The lines that were not reached, as "3-5 9"."""
    ranges = []
    for number in sorted(lines):
        if lines[number] == 0:
            if ranges and not any(ranges[-1][1] < other < number for other in lines):
                ranges[-1][1] = number
            else:
                ranges.append([number, number])
    return " ".join(str(a) if a == b else f"{a}-{b}" for a, b in ranges)


def percent(reached, total):
    return 100.0 * reached / total if total else 100.0


def main():
    parser = argparse.ArgumentParser(description="Table of the lines that tests reach.")
    parser.add_argument("--objects", type=Path, required=True)
    parser.add_argument("--minimum", type=float, required=True)
    parser.add_argument("--table", type=Path, required=True)
    parser.add_argument("sources", nargs="+")
    arguments = parser.parse_args()

    rows, low, sums = [], [], defaultdict(lambda: [0, 0])

    def judge(name, reached, total, note=""):
        share = percent(reached, total)
        rows.append(f"{name:40} {reached:5} of {total:5} lines  {share:6.1f} %{note}")
        if share < arguments.minimum:
            low.append(f"{name} ({share:.1f} %)")

    for source in sorted(arguments.sources):
        lines = counts_of(source, arguments.objects)
        reached = sum(count > 0 for count in lines.values())
        for key in (str(Path(source).parent), "all"):
            sums[key][0] += reached
            sums[key][1] += len(lines)
        judge(source, reached, len(lines), f"  {missed_ranges(lines)}")
    rows.append("")
    for folder, (reached, total) in sums.items():
        judge(folder, reached, total)
    print("\n".join(rows))
    arguments.table.write_text("\n".join(rows) + "\n", encoding="utf-8")
    if low:
        sys.exit(f"below {arguments.minimum:g} % of lines: " + ", ".join(low))


if __name__ == "__main__":
    main()
