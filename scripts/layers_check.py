#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Arrows run downward: who includes and calls whom.

    layers_check.py [-v]

A file uses the headers that it includes and the files whose external functions it names. Fails on a circle of files, on a
circle of folders, and on a folder that uses one which the table "Who may use whom" of docs/architecture.md does not grant
it. A function with several definitions is a seam that the linker fills: whoever calls it uses its header only.

scripts/layers_exceptions.txt has today's circles, one a line of patterns, which are to go. One that has grown is an error, and so is
one that is gone, so that the line goes, too.
-v lists what each folder uses.
"""

import fnmatch
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import style_check

TABLE = Path("docs/architecture.md")
TABLE_HEAD = "| folder | may use |"
EXCEPTIONS = Path("scripts/layers_exceptions.txt")
# What sees everything: it is not part of any program that runs.
ABOVE_ALL = ("tests/", "proofs/")
INCLUDE = re.compile(r'^#include "([^"]+)"', re.MULTILINE)
# A tag may have the name of a function.
NOT_CODE = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\b(?:struct|union|enum) \w+', re.DOTALL)


def sources():
    paths = [p for p in style_check.tracked_files() if p.suffix in (".c", ".h")]
    return {str(p): p.read_text() for p in paths if not str(p).startswith(ABOVE_ALL)}


def definers(texts):
    """External function -> the .c files that define it, and file -> its static functions."""
    external, static = defaultdict(set), defaultdict(set)
    for path, text in texts.items():
        for name, is_static, _, _ in style_check.function_bodies(text.splitlines()):
            if is_static:
                static[path].add(name)
            elif path.endswith(".c"):
                external[name].add(path)
    return external, static


def edges_of(texts):
    """File -> the files that it uses."""
    external, static = definers(texts)
    # A header's inline function may have the name of a function elsewhere: which one is meant, the header says.
    inline = set().union(*(names for path, names in static.items() if path.endswith(".h")))
    seams = {name for name, paths in external.items() if len(paths) > 1 or name in inline}
    edges = {path: set() for path in texts}
    for path, text in texts.items():
        edges[path] |= {header for header in INCLUDE.findall(text) if header in texts and header != path}
        for name in set(re.findall(r"\w+", NOT_CODE.sub(" ", text))):
            if name in external and name not in seams and name not in static[path]:
                edges[path] |= external[name] - {path} if path.endswith(".c") else set()
    return edges


def circles(edges):
    """Strongly connected components of more than one node, by Tarjan's algorithm without recursion."""
    order, low, stack, on_stack, found = {}, {}, [], set(), []
    for root in sorted(edges):
        if root in order:
            continue
        work = [(root, iter(sorted(edges[root])))]
        order[root] = low[root] = len(order)
        stack.append(root)
        on_stack.add(root)
        while work:
            node, rest = work[-1]
            successor = next(rest, None)
            if successor is None:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == order[node]:
                    component = []
                    while not component or component[-1] != node:
                        component.append(stack.pop())
                        on_stack.discard(component[-1])
                    if len(component) > 1:
                        found.append(sorted(component))
            elif successor not in order:
                order[successor] = low[successor] = len(order)
                stack.append(successor)
                on_stack.add(successor)
                work.append((successor, iter(sorted(edges.get(successor, ())))))
            elif successor in on_stack:
                low[node] = min(low[node], order[successor])
    return sorted(found)


def folder_of(path):
    return str(Path(path).parent)


def folder_edges(edges):
    """Folder -> folder that it uses -> one of the files and what it uses."""
    folders = defaultdict(dict)
    for path, used in sorted(edges.items()):
        for other in sorted(used):
            if folder_of(other) != folder_of(path):
                folders[folder_of(path)].setdefault(folder_of(other), (path, other))
    return folders


def grants():
    """Rows of the table: (folders, what they may use), all of them patterns."""
    lines = TABLE.read_text().splitlines()
    rows = []
    for line in lines[lines.index(TABLE_HEAD) + 2:]:
        if not line.startswith("|"):
            return rows
        left, right = (re.findall(r"`([^`]+)`", cell) for cell in line.strip("|").split("|")[:2])
        rows.append((left, right))
    return rows


def is_granted(rows, folder, other, file):
    matching = [right for left, right in rows if any(fnmatch.fnmatchcase(folder, p) for p in left)]
    return any(fnmatch.fnmatchcase(other, p) or fnmatch.fnmatchcase(file, p) for right in matching for p in right)


def exceptions():
    lines = EXCEPTIONS.read_text().splitlines() if EXCEPTIONS.exists() else []
    return {tuple(sorted(line.split())) for line in lines if line.strip() and not line.startswith("#")}


def is_within(circle, patterns):
    return all(any(fnmatch.fnmatchcase(file, p) for p in patterns) for file in circle)


def check_folders(edges, rows, errors):
    folders = folder_edges(edges)
    for folder, used in sorted(folders.items()):
        if not any(fnmatch.fnmatchcase(folder, p) for left, _ in rows for p in left):
            errors.append(f"{folder}: has no row in the table of {TABLE}")
    kept = {path: {o for o in used if folder_of(o) == folder_of(path) or not granted_file(rows, path, o)}
            for path, used in edges.items()}
    for path, used in sorted(edges.items()):
        for other in sorted(used):
            if folder_of(other) != folder_of(path) and not is_granted(rows, folder_of(path), folder_of(other), other):
                errors.append(f"{path}: uses {other}, but {TABLE} does not let {folder_of(path)} use {folder_of(other)}")
    above = folder_edges(kept)
    for circle in circles({f: set(above[f]) for f in list(above)}):
        shown = "; ".join(f"{above[a][b][0]} uses {above[a][b][1]}" for a in circle for b in circle if b in above[a])
        errors.append(f"folders in a circle: {' '.join(circle)} ({shown})")
    return folders


def granted_file(rows, path, other):
    """Whether the table grants this very header, not its folder: a contract that the other side fills."""
    return any(fnmatch.fnmatchcase(folder_of(path), p) for left, right in rows for p in left
               if any("." in r and fnmatch.fnmatchcase(other, r) for r in right))


def self_test():
    """That the faults which it must find are found."""
    texts = {"a/a.h": "", "a/a.c": '#include "a/a.h"\nvoid a_run(void)\n{\n    b_run();\n}\n', "b/b.h": "",
             "b/b.c": "void b_run(void)\n{\n    /* a_run() */\n}\n"}
    rows = [(["a"], ["b"]), (["b"], ["a/a.h"])]
    assert circles(edges_of(texts)) == []
    errors = []
    check_folders(edges_of(texts), rows, errors)
    assert errors == [], errors
    texts["b/b.c"] = "void b_run(void)\n{\n    a_run();\n}\n"
    assert circles(edges_of(texts)) == [["a/a.c", "b/b.c"]]
    check_folders(edges_of(texts), rows, errors)
    assert len(errors) == 2 and "a does not" not in errors[0] and "circle" in errors[1], errors
    tag = {**texts, "b/b.c": "void b_run(struct a_run *run)\n{\n}\n"}
    assert circles(edges_of(tag)) == []
    inline = {**texts, "b/b.h": "static inline void a_run(void)\n{\n}\n"}
    assert circles(edges_of(inline)) == []
    texts["a/fake.c"] = texts["a/a.c"]  # a seam: two definitions
    assert circles(edges_of(texts)) == []


def main():
    self_test()
    edges = edges_of(sources())
    known, found, errors = exceptions(), {tuple(c) for c in circles(edges)}, []
    for circle in sorted(c for c in found if not any(is_within(c, k) for k in known)):
        arrows = "; ".join(f"{a} uses {b}" for a in circle for b in sorted(edges[a]) if b in circle)
        errors.append(f"files in a circle: {arrows}")
    for circle in sorted(k for k in known if not any(is_within(c, k) for c in found)):
        errors.append(f"{EXCEPTIONS}: there is no such circle (any more): {' '.join(circle)}")
    folders = check_folders(edges, grants(), errors)
    if "-v" in sys.argv[1:]:
        for folder, used in sorted(folders.items()):
            print(f"{folder}: {' '.join(sorted(used))}")
    print("\n".join(errors), end="\n" if errors else "")
    print(f"layers: {len(edges)} files, {len(folders)} folders, {len(known)} circles that are to go, {len(errors)} errors")
    sys.exit(1 if errors else 0)


if __name__ == "__main__":
    main()
