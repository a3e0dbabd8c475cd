#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Let one make at a time build in a folder; another one waits, and says for whom.

    build_lock.py FOLDER PID

Returns once FOLDER/.lock is locked for process PID, a make. A process that stays behind holds the lock until that one has ended,
however it does.
"""

import fcntl
import os
import select
import sys
from pathlib import Path


def open_lock(path):
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)


def is_still(path, lock):
    """Whether the file that is locked is the one of that name: `make clean` may have removed it meanwhile."""
    try:
        return os.path.samestat(os.stat(path), os.fstat(lock))
    except FileNotFoundError:
        return False


def command_of(pid):
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        return " ".join(word.decode(errors="replace") for word in words if word)
    except OSError:
        return "has just ended"


def take(folder, pid):
    """The locked file, or None if this very make holds it already: it reads its makefiles more than once."""
    path = folder / ".lock"
    while True:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = open_lock(path)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = os.pread(lock, 32, 0).decode().strip()
            if owner == str(pid):
                return None
            print(f"make: another make builds in BUILD_DIR={folder} (process {owner}: {command_of(owner)}); waiting for it", file=sys.stderr,
                  flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        if is_still(path, lock):
            os.ftruncate(lock, 0)
            os.pwrite(lock, f"{pid}\n".encode(), 0)
            return lock
        os.close(lock)


def hold(lock, make):
    """Keep the lock, and nothing else that is open, until the process of the descriptor `make` has ended."""
    if os.fork() != 0:
        os._exit(0)
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nothing, number)
    for name in os.listdir("/proc/self/fd"):
        if int(name) > 2 and int(name) not in (lock, make):
            try:
                os.close(int(name))
            except OSError:  # that of listdir() itself
                pass
    select.select([make], [], [])


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    folder, pid = Path(sys.argv[1]), int(sys.argv[2])
    try:
        make = os.pidfd_open(pid)
        lock = take(folder, pid)
    except OSError as error:
        # A folder that cannot be written to: what is built says so in its own words.
        print(f"make: BUILD_DIR={folder} is not locked against other builds: {error}", file=sys.stderr)
        return
    if lock is not None:
        hold(lock, make)


if __name__ == "__main__":
    main()
