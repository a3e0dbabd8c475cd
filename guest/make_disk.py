#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Make an ext4 file system of what make_initrd.py takes, for the contents of a disk's partition.

    make_disk.py -o IMAGE --size MIB [--read-only] [--busybox BUSYBOX] [--rootfs FOLDER] [--add FOLDER]...

--read-only leaves the journal out, which a partition that nobody writes to has no use for. Needs no root: e2fsprogs
write the file system, owners are root, times and identifiers are fixed. Same input, same bytes.
"""

import os
import stat
import subprocess
import tempfile
from pathlib import Path

from make_initrd import argument_parser, make_archive

# What mke2fs would draw at random.
UUID = "00000000-0000-4000-8000-000000000001"
TIME = "1"


def e2fsprogs(*command):
    """Run one of the programs, which an ordinary user's PATH on Debian doesn't have."""
    environment = {**os.environ, "PATH": os.environ["PATH"] + ":/sbin:/usr/sbin", "E2FSPROGS_FAKE_TIME": TIME}
    return subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True).stdout


def debugfs_commands(archive, folder):
    """What makes debugfs create the archive's entries; files are put into `folder` for it."""
    yield f"set_current_time @{TIME}"
    for number, path in enumerate(sorted(archive.entries, key=lambda p: p.split("/"))):
        mode, data = archive.entries[path]
        if stat.S_ISDIR(mode):
            yield f'mkdir "/{path}"'
        elif stat.S_ISLNK(mode):
            yield f'symlink "/{path}" "{data.decode()}"'
        elif stat.S_ISREG(mode):
            source = folder / str(number)
            source.write_bytes(data)
            yield f'write "{source}" "/{path}"'
            yield f'sif "/{path}" mode 0{mode:o}'


def main():
    parser = argument_parser("Make an ext4 file system.")
    parser.add_argument("--size", type=int, required=True, help="MiB")
    parser.add_argument("--read-only", action="store_true")
    arguments = parser.parse_args()

    archive = make_archive(arguments)
    image = arguments.output.with_suffix(".new")
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    image.unlink(missing_ok=True)
    e2fsprogs("mke2fs", "-q", "-t", "ext4", "-b", "4096", "-m", "0", "-U", UUID, "-O", "^metadata_csum_seed" +
              (",^has_journal" if arguments.read_only else ""), "-E",
              f"hash_seed={UUID},root_owner=0:0,lazy_itable_init=0,lazy_journal_init=0", str(image), f"{arguments.size}M")
    with tempfile.TemporaryDirectory() as folder:
        commands = Path(folder) / "commands"
        commands.write_text("\n".join(debugfs_commands(archive, Path(folder))) + "\n", encoding="utf-8")
        e2fsprogs("debugfs", "-w", "-f", str(commands), str(image))
    # It would have to repair what went wrong, for want of space for instance.
    e2fsprogs("e2fsck", "-fn", str(image))
    image.rename(arguments.output)


if __name__ == "__main__":
    main()
