#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Install what has been built: `make install`.

    install.py --build FOLDER --prefix PREFIX [--destdir FOLDER] --guest-dir FOLDER --boards ... --guests ... --pds ...

    PREFIX/bin/causeway                leads to the tool
    PREFIX/lib/causeway/               the tool with what it looks for beside itself: kernels, pd/, guest/, web/; causeway.mk, which
                                       Makefiles include; include/ and lib/ for programs; boards/
    PREFIX/share/causeway/             the schema of descriptions, examples
    PREFIX/share/doc, man, bash-completion

With --destdir everything goes below that folder, for a package. What is there is replaced, nothing else is touched.
"""

import argparse
import os
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TOOLS = ("causeway", "causeway-console", "causeway-policy", "causeway-verify", "causeway-web")
# What a guest of either kind has in its folder.
GUEST_FILES = ("Image", "initrd.cpio.gz", "ext4.img", "firmware.bin")
DEFAULT_BOARD = "qemu_virt_aarch64"


def put(source, target, mode=0o644):
    """Copy a file; one that is running or open stays what it is for those who have it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    new = target.with_name(target.name + ".new")
    shutil.copyfile(source, new)
    new.chmod(mode)
    new.replace(target)


def put_tree(source, target, pattern):
    for path in sorted(source.rglob(pattern)):
        put(path, target / path.relative_to(source))


def install_programs(build, lib, wanted):
    for tool in TOOLS:
        put(build / tool, lib / tool, 0o755)
    put_tree(ROOT / "console" / "web" / "page", lib / "web", "*.*")
    for pd in wanted.pds:
        put(build / "pd" / f"{pd}.elf", lib / "pd" / f"{pd}.elf")
    for board in wanted.boards:
        kernel = "kernel.elf" if board == DEFAULT_BOARD else f"kernel-{board}.elf"
        put(build / kernel, lib / kernel)
        put(build / f"{board}.dtb", lib / "boards" / f"{board}.dtb")
        put(ROOT / "boards" / board / "board.mk", lib / "boards" / f"{board}.mk")
    for guest in wanted.guests:
        for name in GUEST_FILES:
            if (wanted.guest_dir / guest / name).is_file():
                put(wanted.guest_dir / guest / name, lib / "guest" / guest / name)


def install_libraries(build, lib):
    """For protection domains of one's own: headers under the names by which they include each other."""
    put_tree(ROOT / "microkit" / "include", lib / "include", "*.h")
    put_tree(ROOT / "kernel" / "include", lib / "include", "*.h")
    put_tree(ROOT / "lib", lib / "include" / "lib", "*.h")
    for archive in ("libmicrokit.a", "libcauseway.a"):
        put(build / "lib" / archive, lib / "lib" / archive)
    put(ROOT / "microkit" / "bundled" / "microkit.ld", lib / "lib" / "microkit.ld")
    put(ROOT / "mk" / "toolchain.mk", lib / "toolchain.mk")
    put(ROOT / "scripts" / "causeway.mk", lib / "causeway.mk")
    put_tree(ROOT / "scripts" / "new", lib / "new", "*")


def install_documents(share):
    for path in sorted((ROOT / "systems").iterdir()):
        put(path, share / "causeway" / "systems" / path.name)
    put(ROOT / "systems" / "causeway.rng", share / "causeway" / "causeway.rng")
    for pattern in ("*.md", "*.svg"):
        put_tree(ROOT / "docs", share / "doc" / "causeway", pattern)
    for name in ("README.md", "CHANGES.md", "LICENSE"):
        put(ROOT / name, share / "doc" / "causeway" / name)
    put(ROOT / "docs" / "causeway.1", share / "man" / "man1" / "causeway.1")
    put(ROOT / "scripts" / "causeway.bash", share / "bash-completion" / "completions" / "causeway")


def install(wanted):
    prefix = Path(str(wanted.destdir) + str(wanted.prefix)) if wanted.destdir else wanted.prefix
    lib = prefix / "lib" / "causeway"
    install_programs(wanted.build, lib, wanted)
    install_libraries(wanted.build, lib)
    install_documents(prefix / "share")
    link = prefix / "bin" / "causeway"
    link.parent.mkdir(parents=True, exist_ok=True)
    link.unlink(missing_ok=True)
    link.symlink_to(Path("..") / "lib" / "causeway" / "causeway")
    return prefix


def add_arguments(parser):
    parser.add_argument("--build", type=Path, required=True)
    parser.add_argument("--guest-dir", type=Path, required=True)
    for name in ("boards", "guests", "pds"):
        parser.add_argument(f"--{name}", nargs="*", default=[])


def main():
    parser = argparse.ArgumentParser(description="Install what has been built.")
    add_arguments(parser)
    parser.add_argument("--prefix", type=Path, required=True)
    parser.add_argument("--destdir", type=str, default="")
    wanted = parser.parse_args()
    if not wanted.prefix.is_absolute():
        sys.exit(f"install.py: PREFIX={wanted.prefix}: it has to be an absolute path")
    os.umask(0o022)
    try:
        print(f"  INSTALL  {install(wanted)}")
    except PermissionError as error:
        sys.exit(f"install.py: {error.filename}: {error.strerror}; install with sudo, or to a PREFIX of your own")


if __name__ == "__main__":
    main()
