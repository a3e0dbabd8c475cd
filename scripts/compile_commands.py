#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Write compile_commands.json for clangd and its like.

    make -nB V=1 TARGETS | compile_commands.py FOLDER > compile_commands.json

Reads the commands that make would run, and keeps those that compile one C or assembly source of FOLDER. A source that is
compiled several ways (for the target, for the host, with sanitizers) is listed once, the first way.
"""

import json
import re
import shlex
import sys

COMPILE = re.compile(r"^\s*(\S*(?:gcc|clang|cc)) .* -c (\S+\.[cS]) -o (\S+)\s*$")


def main():
    folder, entries = sys.argv[1], {}
    for line in sys.stdin.read().replace("\\\n", " ").splitlines():
        match = COMPILE.match(line)
        if match:
            entries.setdefault(match.group(2), {"directory": folder, "file": match.group(2), "output": match.group(3),
                                                "arguments": shlex.split(line)})
    if not entries:
        sys.exit("compile_commands: make names no compilation")
    json.dump(sorted(entries.values(), key=lambda entry: entry["file"]), sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
