#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Run fuzzers, a few at a time, and sum up what came of it.

    fuzz.py --build FOLDER --seeds FOLDER [--jobs N] --time SECONDS NAME...      each so long; the corpora grow in FOLDER/corpus
    fuzz.py --build FOLDER --seeds FOLDER [--jobs N] --runs COUNT NAME[=COUNT]... each so many inputs, always the same ones
    fuzz.py --build FOLDER --seeds FOLDER --keep COUNT NAME...                    make seeds of what was found: up to COUNT
                                                                                 small inputs that reach the most
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

# An input that takes longer, or needs more memory, is a finding.
LIMITS = ["-timeout=20", "-rss_limit_mb=2048"]
SEED_MAX_BYTES = 1024


class Fuzzer:
    """One fuzzer's program, folders and results."""

    def __init__(self, name, build, seeds):
        self.name = name
        self.build = build
        self.seeds = seeds / name
        self.corpus = build / "corpus" / name
        self.log = build / "corpus" / f"{name}.log"

    def command(self, corpus, *options):
        corpus.mkdir(parents=True, exist_ok=True)
        folders = [corpus, *([self.seeds] if self.seeds.is_dir() else [])]
        dictionary = self.build / f"{self.name}.dict"
        words = [f"-dict={dictionary.resolve()}"] if dictionary.exists() else []
        return [f"fuzzers/{self.name}", *options, *LIMITS, *words, "-print_final_stats=1", f"-artifact_prefix=corpus/{self.name}-",
                *(str(folder.resolve()) for folder in folders)]

    def run(self, corpus, *options):
        """Run it; a row of the table, and whether it ended well."""
        started = time.monotonic()
        with self.log.open("wb") as log:
            status = subprocess.run(self.command(corpus, *options), cwd=self.build, stdout=log,
                                    stderr=subprocess.STDOUT, check=False).returncode
        text = self.log.read_text(encoding="utf-8", errors="replace")
        runs = int((re.findall(r"number_of_executed_units:\s*(\d+)", text) or ["0"])[-1])
        coverage = (re.findall(r" cov: (\d+) ft: \d+ corp: (\d+)", text) or [("0", "0")])[-1]
        found = re.search(r"Test unit written to (\S+)|SUMMARY: (.*)", text)
        seconds = time.monotonic() - started
        result = "ok" if status == 0 else f"FAILED: {found.group() if found else self.log}"
        return (f"{self.name:24} {runs:10} inputs {runs / max(seconds, 1):9.0f} a second {coverage[0]:>6} edges "
                f"{coverage[1]:>6} in the corpus  {result}"), status == 0

    def keep(self, count):
        """Make seeds of the corpus: at most `count` inputs, each the one that adds the most to those before it."""
        if self.seeds.is_symlink():
            return 0  # somebody else's inputs, which are not ours to replace
        with tempfile.TemporaryDirectory() as folder:
            merged, control = Path(folder) / "merged", Path(folder) / "control"
            merged.mkdir()
            sources = [str(path.resolve()) for path in (self.corpus, self.seeds) if path.is_dir()]
            subprocess.run([f"fuzzers/{self.name}", "-merge=1", f"-merge_control_file={control}", f"-max_len={SEED_MAX_BYTES}",
                            *LIMITS, str(merged), *sources], cwd=self.build, check=True, stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL)
            chosen = choose(control.read_text(encoding="utf-8").splitlines(), count)
            contents = [path.read_bytes() for path in chosen]
        shutil.rmtree(self.seeds, ignore_errors=True)
        self.seeds.mkdir(parents=True)
        for number, content in enumerate(contents):
            (self.seeds / f"{number:02}").write_bytes(content)
        return len(contents)


def choose(lines, count):
    """Greedy cover of libFuzzer's features, as its control file of a merge lists them."""
    total = int(lines[0])
    paths = [Path(line) for line in lines[2:2 + total]]
    features = {}
    for line in lines[2 + total:]:
        kind, number, *rest = line.split()
        if kind == "FT":
            features[paths[int(number)]] = {int(feature) for feature in rest}
    chosen, covered = [], set()
    while len(chosen) < count and features:
        best = max(features, key=lambda path: (len(features[path] - covered), -path.stat().st_size))
        if not features[best] - covered:
            break
        covered |= features.pop(best)
        chosen.append(best)
    return chosen


def main():
    parser = argparse.ArgumentParser(description="Run fuzzers and sum up.")
    parser.add_argument("--build", type=Path, required=True)
    parser.add_argument("--seeds", type=Path, required=True)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    how = parser.add_mutually_exclusive_group(required=True)
    how.add_argument("--time", type=int)
    how.add_argument("--runs", type=int)
    how.add_argument("--keep", type=int)
    parser.add_argument("names", nargs="+")
    arguments = parser.parse_args()
    (arguments.build / "corpus").mkdir(parents=True, exist_ok=True)

    def work(word):
        name, _, runs = word.partition("=")
        fuzzer = Fuzzer(name, arguments.build, arguments.seeds)
        if arguments.keep is not None:
            row, good = f"{name:24} {fuzzer.keep(arguments.keep):10} seeds", True
        elif arguments.time is not None:
            row, good = fuzzer.run(fuzzer.corpus, f"-max_total_time={arguments.time}")
        else:
            # What it finds goes into a folder of its own, so that the next run begins like this one.
            shutil.rmtree(fuzzer.corpus.with_suffix(".short"), ignore_errors=True)
            row, good = fuzzer.run(fuzzer.corpus.with_suffix(".short"), f"-runs={runs or arguments.runs}", "-seed=1")
        print(row, flush=True)
        return row, good

    with ThreadPoolExecutor(arguments.jobs) as pool:
        results = list(pool.map(work, arguments.names))
    failed = [row for row, good in results if not good]
    print(f"{len(results)} fuzzers, {len(failed)} with findings" + "".join(f"\n  {row}" for row in failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
