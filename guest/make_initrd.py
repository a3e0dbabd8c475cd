#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Make an initramfs: busybox, a folder of files, and some kernel modules with all they depend on.

    make_initrd.py -o INITRD [--busybox BUSYBOX] [--rootfs FOLDER] [--add FOLDER]... [--modules NAME]... [--kernel TREE]...

TREE is an unpacked kernel package; each NAME must be a module of it or built into it, so that one initramfs
serves every kernel given. Applets come from BUSYBOX's own list. --add copies a whole folder, such as an unpacked
package, except for paths that contain a --skip. Needs no root: device nodes come from devtmpfs, owners are root, times
are zero. Same input, same bytes.
"""

import argparse
import gzip
import lzma
import re
import stat
import sys
from pathlib import Path

FOLDERS = ["bin", "sbin", "dev", "etc", "lib", "mnt", "proc", "root", "run", "sys", "tmp", "var"]


class Archive:
    """A cpio archive in the newc format, in order of path."""

    def __init__(self):
        self.entries = {}

    def add(self, path, mode, data=b""):
        for parent in Path(path).parents:
            if str(parent) != "." and str(parent) not in self.entries:
                self.entries[str(parent)] = (stat.S_IFDIR | 0o755, b"")
        self.entries[str(path)] = (mode, data)

    def file(self, path, data, executable=False):
        self.add(path, stat.S_IFREG | (0o755 if executable else 0o644), data)

    def link(self, path, target):
        self.add(path, stat.S_IFLNK | 0o777, target.encode())

    def tree(self, folder, skip=()):
        for source in sorted(folder.rglob("*")):
            name = source.relative_to(folder)
            if any(pattern in f"/{name}/" for pattern in skip):
                continue
            if source.is_symlink():
                self.link(name, str(source.readlink()))
            elif source.is_file():
                self.file(name, source.read_bytes(), executable=bool(source.stat().st_mode & 0o100))
            else:
                self.add(name, stat.S_IFDIR | 0o755)

    def device(self, path, major, minor):
        """A character device, for what the kernel opens before devtmpfs is mounted."""
        self.entries[path] = (stat.S_IFCHR | 0o600, (major, minor))

    def bytes(self):
        out = bytearray()
        # Sorting by parts puts every folder before what is in it.
        for inode, path in enumerate(sorted(self.entries, key=lambda p: p.split("/")), 1):
            mode, data = self.entries[path]
            device = data if stat.S_ISCHR(mode) else (0, 0)
            append_entry(out, inode, path, mode, b"" if stat.S_ISCHR(mode) else data, device)
        append_entry(out, 0, "TRAILER!!!", 0, b"", (0, 0))
        return bytes(out)


def append_entry(out, inode, path, mode, data, device):
    name = path.encode() + b"\0"
    fields = [inode, mode, 0, 0, 1, 0, len(data), 0, 0, *device, len(name), 0]
    out += b"070701" + b"".join(b"%08X" % field for field in fields) + name
    out += bytes(-len(out) % 4) + data
    out += bytes(-len(out) % 4)


def busybox_applets(data):
    """The applets' names: the sorted run of NUL-terminated names that starts with [ and [[ in the binary."""
    start = data.find(b"\0[\0[[\0") + 1
    match = re.compile(rb"(?:[a-z0-9_.\[-]+\0)+").match(data, start) if start else None
    if not match:
        sys.exit("make_initrd.py: busybox has no list of applets")
    return [name.decode() for name in match.group().split(b"\0") if name]


def module_name(path):
    return re.sub(r"\.ko(\.[a-z]+)?$", "", Path(path).name).replace("-", "_")


def module_bytes(path):
    data = path.read_bytes()
    if path.suffix == ".xz":
        return lzma.decompress(data)
    return gzip.decompress(data) if path.suffix == ".gz" else data


def module_info(data, key):
    """All values of a module's `key=value` strings in .modinfo."""
    return [value.decode() for value in re.findall(rb"\0" + key.encode() + rb"=([^\0]*)", data)]


def add_modules(archive, tree, wanted):
    """Copy the wanted modules of an unpacked kernel package, with modules.dep and modules.alias for modprobe."""
    (folder,) = (tree / "lib/modules").glob("*")
    files = {module_name(path): path for path in folder.rglob("*.ko*")}
    builtin = {module_name(line) for line in (folder / "modules.builtin").read_text().splitlines()}
    chosen, queue = {}, [name.replace("-", "_") for name in wanted]
    while queue:
        name = queue.pop()
        if name in chosen or name in builtin:
            continue
        if name not in files:
            sys.exit(f"make_initrd.py: {folder.name} has no module {name}")
        data = module_bytes(files[name])
        depends = [d for value in module_info(data, "depends") for d in value.split(",") if d]
        chosen[name] = (data, depends)
        queue += depends
    root = Path("lib/modules") / folder.name
    dep, alias = [], []
    for name in sorted(chosen):
        data, depends = chosen[name]
        archive.file(root / f"{name}.ko", data)
        dep.append(f"{name}.ko:" + "".join(f" {d}.ko" for d in all_dependencies(chosen, name)))
        alias += [f"alias {value} {name}" for value in module_info(data, "alias")]
    archive.file(root / "modules.dep", ("\n".join(dep) + "\n").encode())
    archive.file(root / "modules.alias", ("\n".join(alias) + "\n").encode())


def all_dependencies(chosen, name):
    """Modules below `name` as modules.dep has them: each in front of all that it depends on itself."""
    out = []
    for depends in chosen[name][1]:
        if depends in chosen:
            below = [depends, *all_dependencies(chosen, depends)]
            out = [d for d in out if d not in below] + below
    return out


def argument_parser(description):
    """The arguments that say what goes into an archive, for make_disk.py too."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--busybox", type=Path)
    parser.add_argument("--rootfs", type=Path)
    parser.add_argument("--add", type=Path, action="append", default=[])
    parser.add_argument("--skip", action="append", default=[], help="leave out paths of --add with this in them")
    parser.add_argument("--kernel", type=Path, action="append", default=[])
    parser.add_argument("--modules", nargs="+", default=[])
    return parser


def make_archive(arguments):
    archive = Archive()
    for folder in FOLDERS:
        archive.add(folder, stat.S_IFDIR | 0o755)
    archive.device("dev/console", 5, 1)
    if arguments.busybox:
        busybox = arguments.busybox.read_bytes()
        archive.file("bin/busybox", busybox, executable=True)
        for applet in busybox_applets(busybox):
            if applet != "busybox":
                archive.link(f"bin/{applet}", "busybox")
    for tree in arguments.kernel:
        add_modules(archive, tree, arguments.modules)
    for folder in arguments.add:
        archive.tree(folder, arguments.skip)
    if arguments.rootfs:
        archive.tree(arguments.rootfs)
    return archive


def main():
    arguments = argument_parser("Make an initramfs.").parse_args()
    archive = make_archive(arguments)
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_bytes(gzip.compress(archive.bytes(), compresslevel=9, mtime=0))


if __name__ == "__main__":
    main()
