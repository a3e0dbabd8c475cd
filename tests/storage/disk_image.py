# SPDX-License-Identifier: BSD-2-Clause
"""A disk's image as the host sees it: its partitions, and the ext4 file systems in them."""

import hashlib
import os
import struct
import subprocess
from pathlib import Path

SECTOR = 512


class Partition:
    """One partition of an image, by its name in the GPT (UEFI 2.10, 5.3)."""

    def __init__(self, image, name):
        self.image = Path(image)
        with open(self.image, "rb") as file:
            file.seek(SECTOR)
            signature, _, entries_lba, count, size = struct.unpack("<8s64sQII", file.read(88))
            assert signature == b"EFI PART", f"{image} has no GPT"
            file.seek(entries_lba * SECTOR)
            for _ in range(count):
                entry = file.read(size)
                if entry[56:128].decode("utf-16-le").rstrip("\0") == name:
                    first, last = struct.unpack("<QQ", entry[32:48])
                    self.offset = first * SECTOR
                    self.bytes = (last - first + 1) * SECTOR
                    return
        raise AssertionError(f"{image} has no partition {name}")

    def read(self, offset, count):
        """`count` bytes from `offset` of the partition on."""
        assert offset + count <= self.bytes
        with open(self.image, "rb") as file:
            file.seek(self.offset + offset)
            return file.read(count)

    def sha256(self, offset, count):
        return hashlib.sha256(self.read(offset, count)).hexdigest()

    def is_zero(self, offset, count, piece=1 << 20):
        """Whether there is nothing but zeroes."""
        zeroes = bytes(piece)
        return all(self.read(at, bytes_) == zeroes[:bytes_] for at in range(offset, offset + count, piece)
                   for bytes_ in [min(piece, offset + count - at)])

    def copy_to(self, path, piece=1 << 20):
        """The partition as a file of its own, with holes."""
        with open(path, "wb") as file:
            for at in range(0, self.bytes, piece):
                data = self.read(at, min(piece, self.bytes - at))
                if data.count(0) != len(data):
                    file.seek(at)
                    file.write(data)
            file.truncate(self.bytes)
        return FileSystem(path)


def e2fsprogs(*command, good=(0,)):
    """Run one of the programs; its output. An ordinary user's PATH on Debian doesn't have them."""
    environment = {**os.environ, "PATH": os.environ["PATH"] + ":/sbin:/usr/sbin"}
    result = subprocess.run([str(word) for word in command], env=environment, check=False, stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    text = result.stdout.decode(errors="replace")
    assert result.returncode in good, f"{command[0]}: {result.returncode}\n{text}"
    return text


class FileSystem:
    """An ext4 file system in a file, which is changed by recover() only."""

    def __init__(self, path):
        self.path = path

    def recover(self):
        """Replay the journal, as mounting would. Nothing else may need repair."""
        e2fsprogs("e2fsck", "-E", "journal_only", "-p", self.path, good=(0, 1))
        return self

    def check(self):
        """fsck finds nothing wrong; it is not allowed to repair anything."""
        e2fsprogs("e2fsck", "-fn", self.path)
        return self

    def extract(self, folder, destination):
        """Copy a folder of it to the host."""
        Path(destination).mkdir(parents=True, exist_ok=True)
        e2fsprogs("debugfs", "-R", f"rdump {folder} {destination}", self.path)
        return Path(destination) / Path(folder).name
