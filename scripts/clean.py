#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Remove what make has built, apart from the disks of systems, which hold what guests have written: `make clean`.

    clean.py [--disks] FOLDER

A disk is an image IMAGE with IMAGE.contents beside it, which `causeway build` writes when it creates one; those of tests are no
disks of anybody's. --disks removes the disks and nothing else: `make clean-disks`.
"""

import sys
from pathlib import Path

MARKER = ".contents"
ROOT = Path(__file__).resolve().parents[1]


def disks_of(folder):
    """The disks below a build folder, and their markers."""
    return {path for marker in folder.rglob("*.img" + MARKER) if "tests" not in marker.relative_to(folder).parts
            for path in (marker, marker.with_name(marker.name.removesuffix(MARKER))) if path.is_file()}


def remove(folder, keep):
    """Everything below `folder` that is not in `keep`, and the folders that are empty then."""
    for path in list(folder.iterdir()):
        if path.is_dir() and not path.is_symlink():
            remove(path, keep)
        elif path not in keep:
            path.unlink()
    if not any(folder.iterdir()):
        folder.rmdir()


def main():
    folder = Path(sys.argv[-1])
    if len(sys.argv) not in (2, 3) or len(sys.argv) == 3 and sys.argv[1] != "--disks":
        sys.exit(__doc__)
    if not folder.is_dir():
        return
    if folder.resolve() in (ROOT, *ROOT.parents):
        sys.exit(f"clean.py: BUILD_DIR={folder}: the sources are in it; remove by hand what is to go")
    disks = disks_of(folder)
    if len(sys.argv) == 3:
        for path in disks:
            path.unlink()
        return
    remove(folder, disks)
    for path in sorted(disks):
        if path.suffix != MARKER:
            print(f"  KEPT     {path}, which guests may have written to; `make clean-disks` removes it")


if __name__ == "__main__":
    main()
