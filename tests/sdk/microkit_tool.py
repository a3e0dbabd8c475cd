#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The stand-in's bin/microkit: takes the command line of Microkit's manual, and asks for every file that the
description names. The "image" that it writes is the list of them."""

import argparse
import xml.etree.ElementTree as ElementTree
from pathlib import Path


def find(name, folders):
    found = [Path(folder) / name for folder in folders if (Path(folder) / name).is_file()]
    if not found:
        raise SystemExit(f"microkit: no file {name} in {', '.join(folders)}")
    return found[0]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("system", type=Path)
    parser.add_argument("--search-path", nargs="+", required=True)
    parser.add_argument("--board", required=True)
    parser.add_argument("--config", required=True)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("-r", "--report", type=Path, required=True)
    arguments = parser.parse_args()
    board = Path(__file__).resolve().parent.parent / "board" / arguments.board / arguments.config
    if not board.is_dir():
        raise SystemExit(f"microkit: no {board}")

    root = ElementTree.parse(arguments.system).getroot()
    names = [element.get("path") for element in root.iter("program_image")]
    names += [element.get("prefill_path") for element in root.iter("memory_region") if element.get("prefill_path")]
    files = [find(name, arguments.search_path) for name in names]
    arguments.output.write_text("".join(f"{file}\n" for file in files))
    arguments.report.write_text(f"{len(files)} files\n")


if __name__ == "__main__":
    main()
