#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Make a stand-in for a Microkit SDK: the folders and files that our build uses of one, with our own contents.

    standin.py FOLDER VERSION LIBRARY

Its headers are those of the host tests (tests/libsel4), its bin/microkit is microkit_tool.py.
"""

import shutil
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
BOARD = "qemu_virt_aarch64"
CONFIGS = ("debug", "release", "benchmark")


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    folder, version, library = Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
    shutil.rmtree(folder, ignore_errors=True)
    for config in CONFIGS:
        place = folder / "board" / BOARD / config
        shutil.copytree(HERE.parent / "libsel4", place / "include")
        (place / "lib").mkdir()
        shutil.copy2(library, place / "lib" / "libmicrokit.a")
        shutil.copy2(HERE / "microkit.ld", place / "lib")
    (folder / "VERSION").write_text(version + "\n")
    (folder / "bin").mkdir()
    shutil.copy2(HERE / "microkit_tool.py", folder / "bin" / "microkit")


if __name__ == "__main__":
    main()
