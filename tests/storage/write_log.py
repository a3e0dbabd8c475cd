# SPDX-License-Identifier: BSD-2-Clause
"""A disk with a volatile write cache, made of QEMU's blklogwrites.

QEMU killed loses nothing that it has handed to the host, so a kill alone would prove nothing about flushes. With
blklogwrites the disk also keeps a log of what it has done, in the order in which it was done: writes, discards, and
flushes (the format of Linux's dm-log-writes). Power off: what came before the last flush in the log is on the disk;
what came after it was in the cache, and each of these writes is lost, kept, or torn between two sectors, at random.
"""

import struct
from pathlib import Path

SECTOR = 512
FLUSH, FUA, DISCARD = 1, 2, 4
FLAGS = 15
HEADER = struct.Struct("<QQQQ")


def drive(image, log):
    """What replaces `file =` of a drive in QEMU's configuration."""
    return (f'  driver = "blklogwrites"\n  file.driver = "raw"\n  file.file.driver = "file"\n  file.file.filename = "{image}"\n'
            f'  log.driver = "file"\n  log.filename = "{log}"\n')


class Entry:
    """One write, discard or flush; `data` is empty for all but writes. In the log it ends at byte `end`."""

    def __init__(self, sector, count, flags, data, end):
        self.sector = sector
        self.count = count
        self.flags = flags
        self.data = data
        self.end = end


def header_at(data, at):
    """The header of an entry at `at`, or None: a kill leaves holes where entries were about to be written."""
    sector, count, flags, rest = HEADER.unpack_from(data, at)
    block = data[at:at + SECTOR]
    if flags & ~FLAGS or (count == 0 and not flags & FLUSH) or any(block[HEADER.size:]) or rest > count * SECTOR:
        return None
    return sector, count, flags, rest


def read_log(path):
    """All entries of a log. Its superblock is not up to date after a kill, so it isn't asked."""
    data = Path(path).read_bytes()
    entries, at = [], SECTOR
    while at + SECTOR <= len(data):
        header = header_at(data, at)
        at += SECTOR
        if header is None:
            continue
        sector, count, flags, _ = header
        bytes_ = 0 if flags & DISCARD else count * SECTOR
        if at + bytes_ > len(data):
            break
        entries.append(Entry(sector, count, flags, data[at:at + bytes_], at + bytes_))
        at += bytes_
    return entries


def apply(file, entry, sectors):
    """Do the first `sectors` sectors of an entry."""
    file.seek(entry.sector * SECTOR)
    file.write(bytes(sectors * SECTOR) if entry.flags & DISCARD else entry.data[:sectors * SECTOR])


def cut_power(image, entries, random):
    """Turn the image as it was before these entries into one as a cut after the last of them leaves it. Returns how many
    entries were in the cache, and how many of them were lost in whole or in part."""
    last_flush = max((i for i, entry in enumerate(entries) if entry.flags & (FLUSH | FUA)), default=-1)
    lost = 0
    with open(image, "r+b") as file:
        for entry in entries[:last_flush + 1]:
            apply(file, entry, entry.count)
        for entry in entries[last_flush + 1:]:
            kept = random.choice([0, entry.count, random.randint(0, entry.count)])
            lost += kept < entry.count
            apply(file, entry, kept)
    return len(entries) - last_flush - 1, lost
