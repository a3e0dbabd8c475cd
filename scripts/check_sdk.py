#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Check that a folder holds a Microkit SDK that can be used, with a board and a configuration.

    check_sdk.py FOLDER BOARD CONFIG
"""

import os
import re
import sys
from pathlib import Path

OLDEST, NEWEST = (2, 0, 1), (2, 3, 0)


def text_of(version):
    return ".".join(map(str, version))


def read_version(sdk):
    """The version as three numbers; a suffix such as -dev is left out."""
    path = sdk / "VERSION"
    if not path.is_file():
        sys.exit(f"error: {sdk} is no Microkit SDK: there is no file {path}\n"
                 f"note: unpack an SDK of version {text_of(OLDEST)} to {text_of(NEWEST)} and name its folder")
    match = re.match(r"(\d+)\.(\d+)\.(\d+)", path.read_text(encoding="utf-8", errors="replace"))
    if not match:
        sys.exit(f"error: {path} does not hold a version such as {text_of(OLDEST)}")
    return tuple(map(int, match.groups()))


def check_choice(folder, kind, wanted):
    if not (folder / wanted).is_dir():
        there = sorted(entry.name for entry in folder.iterdir()) if folder.is_dir() else []
        sys.exit(f"error: the SDK has no {kind} \"{wanted}\" in {folder}\nnote: there is {', '.join(there) or 'none'}")


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    sdk, board, config = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    version = read_version(sdk)
    if version < OLDEST:
        sys.exit(f"error: {sdk} is Microkit {text_of(version)}; at least {text_of(OLDEST)} is needed")
    if version > NEWEST:
        print(f"warning: {sdk} is Microkit {text_of(version)}, newer than the newest known, {text_of(NEWEST)}",
              file=sys.stderr)
    if not os.access(sdk / "bin" / "microkit", os.X_OK):
        sys.exit(f"error: {sdk / 'bin' / 'microkit'} is no program: the SDK is not complete")
    check_choice(sdk / "board", "board", board)
    check_choice(sdk / "board" / board, "configuration", config)


if __name__ == "__main__":
    main()
