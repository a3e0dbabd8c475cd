#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Run a command that takes long, and show how far it is: once per second, on a terminal only.

    progress.py [--of MIB] WHAT PATH COMMAND...

PATH is the file or folder that grows meanwhile. A log gets nothing from here, but the line that make writes before.
"""

import os
import subprocess
import sys
import threading
from pathlib import Path

MIB = 1 << 20
SECONDS = 1.0


def mib(size):
    return -(-size // MIB)


def blocks_of(path):
    """Bytes that a file, or all that is in a folder, takes on the disk."""
    total = 0
    for entry in [path, *(path.rglob("*") if path.is_dir() else [])]:
        try:
            total += entry.lstat().st_blocks * 512
        except OSError:  # gone meanwhile
            pass
    return total


def growth(path, total=0):
    """The text of a Progress for a file or folder that grows to `total` bytes, if that is known."""
    of = f" of {mib(total)}" if total else ""
    return lambda: f"{mib(blocks_of(path))}{of} MiB"


class Progress:
    """A line on the terminal, `with Progress(what, text)`: text() says how far it is."""

    def __init__(self, what, text, out=sys.stderr):
        self.what, self.text, self.out = what, text, out
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.show, daemon=True)

    def show(self):
        seconds = 0
        while not self.ended.wait(SECONDS):
            seconds += 1
            print(f"\r           {self.what}: {self.text()}, {seconds} s\033[K", end="", file=self.out, flush=True)
        if seconds > 0:
            print("\r\033[K", end="", file=self.out, flush=True)

    def __enter__(self):
        if self.out.isatty():
            self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        if self.thread.is_alive():
            self.thread.join()


def main():
    arguments, total = sys.argv[1:], 0
    if arguments[:1] == ["--of"]:
        total, arguments = int(arguments[1]) * MIB, arguments[2:]
    if len(arguments) < 3:
        sys.exit(__doc__)
    what, path, *command = arguments
    with Progress(what, growth(Path(path), total)):
        code = subprocess.run(command, check=False).returncode
    sys.exit(code if code >= 0 else 128 - code)


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    main()
