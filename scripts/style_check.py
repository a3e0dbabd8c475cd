#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Measure the rules of the house (CONTRIBUTING.md) over every file that git tracks.

    style_check.py [-v]

Fails on: an external function not named after its file, a function over 80 lines, a file over 650 lines, a
folder over three deep, a public declaration without a comment, a file without its SPDX line, a reminder
comment, a word that docs/glossary.md gives another one for, more than one #if per thousand lines. -v also lists functions over 40 lines, which only count.
"""

import re
import subprocess
import sys
from pathlib import Path

FUNCTION_LINES_HARD = 80
FUNCTION_LINES_AIM = 40
FILE_LINES_HARD = 650  # 600 before braces were always written
DEPTH_HARD = 3
IFS_PER_THOUSAND = 1

# Names that somebody else's contract fixes, not the file they are in (mem, str: ISO C's string.h).
CONTRACT_NAMES = {
    "main", "init", "notified", "protected", "fault",
    "LLVMFuzzerTestOneInput", "LLVMFuzzerInitialize", "LLVMFuzzerCustomMutator",
}
CONTRACT_PREFIXES = ("mem", "str", "arch_", "board_", "microkit_", "seL4_", "__wrap_", "__real_")

SPDX = "SPDX-License-Identifier: BSD-2-Clause"
SPDX_SUFFIXES = {".c", ".h", ".S", ".ld", ".py", ".sh", ".mk", ".system", ".dts", ".dtso", ".dot", ".svg", ".rng",
                 ".xml", ".gdb", ".in"}
SPDX_NAMES = {"Makefile", ".clang-format", ".clang-tidy", "run", "inittab", "rcS"}
REMINDER = re.compile(r"\b(TO" r"DO|FIX" r"ME|X" r"XX)\b")

# Of docs/glossary.md, "Words that are not used": those that never fit, and what to write instead. "Who may use whom" is English.
BANNED_WORDS = {
    r"anew": "again",
    r"for ever": "forever",
    r"but for": "except for, without",
    r"(is|are) to be": "must be, or the subject's own name",
    r"talks? nonsense": "malformed, and what of it",
    r"say where to": "missing, and the option's name",
    r"(?<!use )(?<!use-)(?<!to )(?<!for )(?<!reach )(?<!before )(?<!wake )(?<!tells )(?<!call )(?<!calls )whom": "the caller, it, its",
    r"(payer|patron|praise|cutter|take_pause|judge_hurry|is_patient|lets_go)": "the glossary's word",
}
BANNED = [(re.compile(rf"\b{word}\b", re.IGNORECASE), better) for word, better in BANNED_WORDS.items()]
BANNED_SUFFIXES = {".c", ".h", ".S", ".md", ".py", ".mk", ".system", ".1"}
BANNED_EXCEPT = {Path("docs/glossary.md"), Path("scripts/style_check.py")}

FUNCTION_NAME = re.compile(r"(\w+)\s*\(")


class Report:
    """Findings so far, and the figures printed at the end."""

    def __init__(self):
        self.errors = []
        self.long_functions = []
        self.c_lines = 0
        self.if_places = []
        self.function_count = 0
        self.declaration_count = 0

    def error(self, path, line, text):
        self.errors.append(f"{path}:{line}: {text}")


def tracked_files():
    names = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], check=True,
                           stdout=subprocess.PIPE).stdout
    return sorted(p for p in (Path(n) for n in names.decode().split("\0") if n) if p.is_file())


def check_words(report, path, lines):
    for number, line in enumerate(lines, 1):
        for word, better in BANNED:
            found = word.search(line)
            if found:
                report.error(path, number, f'"{found.group()}": write: {better}')


def check_any_file(report, path, lines):
    depth = len(path.parts) - 1
    if depth > DEPTH_HARD:
        report.error(path, 1, f"{depth} folders deep; at most {DEPTH_HARD}")
    if (path.suffix in SPDX_SUFFIXES or path.name in SPDX_NAMES) and not any(SPDX in l for l in lines[:3]):
        report.error(path, 1, f"the first lines lack \"{SPDX}\"")
    for number, line in enumerate(lines, 1):
        if REMINDER.search(line) and path.suffix != ".md":
            report.error(path, number, "a reminder comment: do it, or write an issue")
    if path.suffix in BANNED_SUFFIXES and path not in BANNED_EXCEPT:
        check_words(report, path, lines)
    if path.suffix in (".c", ".h", ".S", ".py") and len(lines) > FILE_LINES_HARD:
        report.error(path, len(lines), f"{len(lines)} lines; at most {FILE_LINES_HARD}")


def signature_above(lines, brace):
    """First line and text of the signature that ends above the `{` in column 0 at index `brace`."""
    start = brace - 1
    while start > 0 and lines[start - 1].strip() and not re.search(r"[;}]\s*$|\*/\s*$|^#|\\$", lines[start - 1]):
        start -= 1
    return start, " ".join(l.strip() for l in lines[start:brace])


def function_bodies(lines):
    """(name, is_static, first index, last index) of each function defined at file scope."""
    for brace, line in enumerate(lines):
        if line != "{":
            continue
        start, signature = signature_above(lines, brace)
        match = FUNCTION_NAME.search(re.sub(r"__attribute__\s*\(\(.*?\)\)", "", signature))
        if not match:
            continue
        end = next((i for i in range(brace, len(lines)) if lines[i] == "}"), len(lines) - 1)
        yield match.group(1), re.search(r"\bstatic\b", signature) is not None, start, end


def belongs_to(name, stem):
    """Whether `name` is named after its file, or after the header that several files implement."""
    parts = stem.split("_")
    return any(name == "_".join(parts[:n]) or name.startswith("_".join(parts[:n]) + "_")
               for n in range(1, len(parts) + 1))


def check_functions(report, path, lines):
    is_test = path.parts[0] in ("tests", "proofs")
    for name, is_static, start, end in function_bodies(lines):
        report.function_count += 1
        length = end - start + 1
        if length > FUNCTION_LINES_HARD:
            report.error(path, start + 1, f"{name} has {length} lines; at most {FUNCTION_LINES_HARD}")
        elif length > FUNCTION_LINES_AIM:
            report.long_functions.append(f"{path}:{start + 1}: {name} has {length} lines")
        if (is_static or is_test or path.suffix == ".h" or name in CONTRACT_NAMES or
                name.startswith(CONTRACT_PREFIXES)):
            continue
        if not belongs_to(name, path.stem):
            report.error(path, start + 1, f"external function {name} is not named after {path.name}")


def header_declarations(lines):
    """Indices where a declaration at file scope of a header starts: functions, structs, enums, data."""
    depth, in_comment, previous_ends = 0, False, True
    for index, line in enumerate(lines):
        text = re.sub(r"/\*.*?\*/", "", line)
        if in_comment:
            in_comment = "*/" not in line
            continue
        if "/*" in text:
            in_comment = True
            text = text[:text.index("/*")]
        if text.startswith("#") or not text.strip():
            previous_ends = previous_ends if not text.startswith("#") else not line.endswith("\\")
            continue
        if depth == 0 and previous_ends and re.match(r"[A-Za-z_]", text):
            yield index
        depth += text.count("{") - text.count("}") + text.count("(") - text.count(")")
        previous_ends = depth == 0 and re.search(r"[;}]\s*$", text.rstrip()) is not None


def is_documented(lines, index):
    """A comment above, with only declarations of the same group between; or, for a type, comments inside."""
    if "/**" in lines[index]:
        return True
    if re.match(r"(typedef )?(struct|union|enum)\b[^(}]*\{", lines[index]):
        end = next((i for i in range(index, len(lines)) if lines[i].startswith("}")), index)
        if any("/**" in line for line in lines[index:end]):
            return True
    while index > 0 and lines[index - 1].strip():
        index -= 1
        if "*/" in lines[index]:
            return True
        if lines[index].startswith("}"):
            return False
    return False


def check_header(report, path, lines):
    for index in header_declarations(lines):
        line = lines[index]
        if re.match(r"(_Static_assert|static_assert|extern \"C\"|(struct|union|enum) \w+;)", line):
            continue
        report.declaration_count += 1
        if not is_documented(lines, index):
            report.error(path, index + 1, f"no comment on: {line.strip()}")


def check_c_file(report, path, lines):
    report.c_lines += len(lines)
    report.if_places += [f"{path}:{n}" for n, l in enumerate(lines, 1) if re.match(r"\s*#\s*if", l)]
    check_functions(report, path, lines)
    if path.suffix == ".h" and path.parts[0] != "tests":
        check_header(report, path, lines)


def main():
    report = Report()
    for path in tracked_files():
        try:
            lines = path.read_text().splitlines()
        except UnicodeDecodeError:
            continue
        check_any_file(report, path, lines)
        if path.suffix in (".c", ".h"):
            check_c_file(report, path, lines)
    allowed = max(1, report.c_lines * IFS_PER_THOUSAND // 1000)
    if len(report.if_places) > allowed:
        report.error(report.if_places[0].split(":")[0], 1, f"{len(report.if_places)} #if in {report.c_lines} lines, "
                     f"at most {allowed}: " + " ".join(report.if_places))
    if "-v" in sys.argv[1:]:
        print("\n".join(report.long_functions))
    print("\n".join(report.errors), end="\n" if report.errors else "")
    print(f"style: {report.c_lines} lines of C, {report.function_count} functions ({len(report.long_functions)} over "
          f"{FUNCTION_LINES_AIM} lines), {report.declaration_count} public declarations, {len(report.if_places)} "
          f"#if, {len(report.errors)} errors")
    sys.exit(1 if report.errors else 0)


if __name__ == "__main__":
    main()
