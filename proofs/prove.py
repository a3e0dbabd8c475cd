#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Run the proofs of this folder with CBMC, and see that each finds the defect seeded for it.

    prove.py --cbmc FOLDER --build FOLDER [--jobs N] [--memory MIB] [--timeout SECONDS] [--all] [--list | --trace] [MODULE[/RUN]...]

A proof is a harness NAME.c; lines of its comments that begin with @ say what to do with it:

    @contract TEXT            what is proved, in a sentence
    @bound TEXT               what it is proved up to; "none" if that is all inputs
    @run FUNCTION [OPTIONS]   verify FUNCTION, with more options for CBMC
    @defect FUNCTION: TEXT    with the change below, that run has to fail at the property called TEXT:
    path/of/a/source.c
    - a line as it stands there, once
    + what it is changed into (/[*] and *[/] stand for the marks of a comment)
    @with [FUNCTION]          the change below, of the same form, is made for that run, or for all: a table made small

Every run needs a defect: a proof that nothing could fail proves nothing. Defects are applied to copies below the
build folder. A result is kept there under a hash of what CBMC was given, the preprocessed source and the options, and of its
version: a run with the same hash is not performed again, unless --all asks for it. The table says how many were not.
"""

import argparse
import concurrent.futures
import hashlib
import json
import os
import re
import resource
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CHECKS = ["--arch", "arm64", "--os", "linux", "--object-bits", "10", "--slice-formula", "--bounds-check", "--pointer-check",
          "--pointer-overflow-check", "--div-by-zero-check", "--signed-overflow-check", "--undefined-shift-check",
          "--unwinding-assertions", "--drop-unused-functions"]


class Run:
    """One call of CBMC: a proof, or with `defect` a proof that has to fail at the property `wanted`."""

    def __init__(self, module, function, options):
        self.module, self.function, self.options = module, function, options
        self.defect, self.wanted, self.number, self.changes = None, None, 0, []
        self.ok, self.seconds, self.cached, self.report = False, 0.0, False, ""

    def name(self):
        return f"{self.module}/{self.function}" + (f" defect {self.number}" if self.defect else "")


class Module:
    """A harness and what its comments say about it."""

    def __init__(self, path):
        self.path, self.name = path, path.stem
        self.contract, self.bound, self.runs, self.changes = "", "", [], []
        self.parse(path.read_text(encoding="utf-8").splitlines())
        proved = {run.function for run in self.runs if not run.defect}
        refuted = {run.function for run in self.runs if run.defect}
        if not self.contract or not self.bound or not proved:
            sys.exit(f"prove.py: {path}: @contract, @bound and @run are needed")
        if proved != refuted:
            sys.exit(f"prove.py: {path}: no defect, or no run, for {', '.join(sorted(proved ^ refuted))}")

    def parse(self, lines):
        lines = [re.sub(r"^ \* ?", "", line) for line in lines]
        options = {}
        at = 0
        while at < len(lines):
            word, _, rest = lines[at].partition(" ")
            at += 1
            if word in ("@contract", "@bound"):
                while at < len(lines) and re.match(r"[^@/]", lines[at]):
                    rest += " " + lines[at]
                    at += 1
                setattr(self, word[1:], rest)
            elif word == "@run":
                function, *options[function] = rest.split()
                self.runs.append(Run(self.name, function, options[function]))
            elif word == "@with":
                change, at = parse_change(lines, at)
                self.changes.append((rest, change))
            elif word == "@defect":
                function, colon, wanted = rest.partition(": ")
                if not colon or function not in options:
                    sys.exit(f"prove.py: {self.path}:{at}: @defect needs the name of a @run above it and a property")
                run = Run(self.name, function, options[function])
                run.defect, at = parse_change(lines, at)
                run.wanted, run.number = wanted, 1 + sum(1 for other in self.runs if other.defect)
                self.runs.append(run)
        for run in self.runs:
            run.changes = [change for function, change in self.changes if function in ("", run.function)]
            run.changes += [run.defect] if run.defect else []


def parse_change(lines, at):
    """The change at lines[at]: a source, what stands in it, and what it becomes. Returns that and where it ends."""
    source, old, new = lines[at], [], []
    lines = [line.replace("/[*]", "/*").replace("*[/]", "*/") for line in lines]
    at += 1
    while at < len(lines) and lines[at][:1] in ("-", "+"):
        (old if lines[at][0] == "-" else new).append(lines[at][2:])
        at += 1
    return (source, "\n".join(old), "\n".join(new)), at


class Prover:
    """CBMC below `cbmc`, as it was unpacked, and what it gets."""

    def __init__(self, options):
        self.build, self.memory, self.timeout = options.build.resolve(), options.memory, options.timeout
        self.all = options.all
        tree = options.cbmc.resolve()
        loader = next(iter(sorted(tree.glob("usr/lib/*-linux-gnu*/ld-linux*.so.*"))), None)
        if loader is None or not (tree / "usr/bin/cbmc").exists():
            sys.exit(f"prove.py: there is no CBMC in {tree}")
        self.cbmc = [str(loader), "--library-path", f"{loader.parent}:{tree}/usr/lib", str(tree / "usr/bin/cbmc")]
        self.version = subprocess.run([*self.cbmc, "--version"], check=True, stdout=subprocess.PIPE, text=True).stdout
        (self.build / "results").mkdir(parents=True, exist_ok=True)

    def limit(self):
        resource.setrlimit(resource.RLIMIT_AS, (self.memory << 20, self.memory << 20))
        resource.setrlimit(resource.RLIMIT_CPU, (self.timeout, self.timeout + 5))

    def call(self, arguments):
        """What CBMC prints, and the processor time that it takes, in seconds."""
        with subprocess.Popen([*self.cbmc, *arguments], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, preexec_fn=self.limit) as process:
            out = process.stdout.read()
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        return out, usage.ru_utime + usage.ru_stime

    def seed(self, run):
        """Write the changed sources into a folder that is looked into before the tree; returns that folder."""
        overlay = self.build / "changed" / run.module / f"{run.function}-{run.number}"
        texts = {}
        for source, old, new in run.changes:
            text = texts.get(source) or (ROOT / source).read_text(encoding="utf-8")
            if text.count(old) != 1:
                raise ValueError(f"{source} has {text.count(old)} times what its defect changes:\n{old}")
            texts[source] = text.replace(old, new)
        for source, text in texts.items():
            (overlay / source).parent.mkdir(parents=True, exist_ok=True)
            (overlay / source).write_text(text, encoding="utf-8")
        return overlay

    def arguments(self, run):
        include = [ROOT, ROOT / "kernel/include"]
        if run.changes:
            overlay = self.seed(run)
            include = [overlay, overlay / "kernel/include", *include]
        return [*(word for folder in include for word in ("-I", str(folder))), f"proofs/{run.module}.c"]

    def property_of(self, run, arguments):
        """The name of the property that is described as `run.wanted`."""
        listed, _ = self.call([*CHECKS, *run.options, "--function", run.function, *arguments, "--show-properties", "--json-ui"])
        try:
            properties = next(entry["properties"] for entry in json.loads(listed) if "properties" in entry)
        except (ValueError, StopIteration) as error:
            raise ValueError("CBMC did not list its properties:\n" + listed[-2000:]) from error
        names = [found["name"] for found in properties if found["description"].startswith(run.wanted)]
        if not names:
            raise ValueError(f"no property is called \"{run.wanted}\"")
        return [word for name in names for word in ("--property", name)]

    def perform(self, run, more=()):
        """The result of a run as a dict: what CBMC says, how many properties it looked at, which failed."""
        arguments = self.arguments(run)
        preprocessed, _ = self.call([*CHECKS[:4], *arguments, "--preprocess"])
        tokens = re.sub(r"^#.*\n", "", preprocessed, flags=re.MULTILINE)
        key = hashlib.sha256("\0".join([tokens, self.version, run.function, run.wanted or "", *CHECKS, *run.options]).encode())
        kept = self.build / "results" / (key.hexdigest()[:32] + ".json")
        if kept.exists() and not more and not self.all:
            return {**json.loads(kept.read_text(encoding="utf-8")), "cached": True}
        chosen = self.property_of(run, arguments) if run.defect else []
        out, seconds = self.call([*CHECKS, *run.options, *chosen, *more, "--function", run.function, *arguments])
        lines = re.findall(r"^\[\S+\] (?:line \d+ )?(.*): (SUCCESS|FAILURE|UNKNOWN)$", out, re.MULTILINE)
        missing = sorted(set(re.findall(r"no body for function '?(?!nondet_)(\w+)", out)))
        if missing:
            raise ValueError("the harness has no stub for " + ", ".join(missing))
        verdict = re.search(r"^VERIFICATION (\w+)$", out, re.MULTILINE)
        result = {"seconds": seconds, "properties": len(lines), "cached": False,
                  "failed": [text for text, status in lines if status != "SUCCESS"],
                  "verdict": verdict.group(1) if verdict else "NONE", "tail": out if more else out[-3000:]}
        if verdict and lines:
            kept.write_text(json.dumps({**result, "tail": ""}), encoding="utf-8")
        return result

    def judge(self, run):
        """Perform `run`; afterwards it is ok, or its report says why not."""
        try:
            result = self.perform(run)
        except (OSError, ValueError) as error:
            run.report = str(error)
            return run
        run.seconds, run.cached = result["seconds"], result["cached"]
        if result["verdict"] == "NONE" or result["properties"] == 0:
            run.report = f"CBMC gave no verdict (it has {self.memory} MiB and {self.timeout} s):\n" + result["tail"]
        elif run.defect is None:
            run.ok = result["verdict"] == "SUCCESSFUL"
            run.report = "".join(f"\n  does not hold: {text}" for text in result["failed"])
        else:
            run.ok = result["verdict"] == "FAILED" and any(text.startswith(run.wanted) for text in result["failed"])
            run.report = f"the defect was not found; \"{run.wanted}\" still holds with\n  {run.defect[0]}: {run.defect[2].strip()}"
        return run


def wrapped(text, width):
    lines = [""]
    for word in text.split():
        if len(lines[-1]) + len(word) >= width:
            lines.append("")
        lines[-1] += (" " if lines[-1] else "") + word
    return lines


def table(modules, judged):
    """The results, a module at a time: contract, bound, seconds, how many runs were cached, defects found."""
    out = [f"{'module':<12} {'contract':<60} {'bound':<28} {'seconds':>7} {'cached':>7}  defects that were found"]
    for module in modules:
        mine = [run for run in module.runs if run in judged]
        seconds = sum(run.seconds for run in mine)
        found = "; ".join(run.wanted for run in mine if run.defect and run.ok)
        cached = f"{sum(run.cached for run in mine)}/{len(mine)}"
        columns = [[module.name], wrapped(module.contract, 60), wrapped(module.bound, 28), [f"{seconds:.1f}"], [cached],
                   wrapped(found, 64)]
        for row in range(max(map(len, columns))):
            cells = [column[row] if row < len(column) else "" for column in columns]
            out.append(f"{cells[0]:<12} {cells[1]:<60} {cells[2]:<28} {cells[3]:>7} {cells[4]:>7}  {cells[5]}".rstrip())
    return "\n".join(out)


def choose(modules, names):
    """The runs that `names` (MODULE or MODULE/RUN) stand for; all if there are none."""
    known = {name for module in modules for run in module.runs for name in (run.module, f"{run.module}/{run.function}")}
    unknown = [name for name in names if name not in known]
    if unknown:
        sys.exit(f"prove.py: there is no proof {', '.join(unknown)}; there are {', '.join(sorted(known))}")
    return [run for module in modules for run in module.runs
            if not names or run.module in names or f"{run.module}/{run.function}" in names]


def parse_arguments():
    parser = argparse.ArgumentParser(description="Run the proofs with CBMC, and see that each finds the defects seeded for it.")
    parser.add_argument("--cbmc", type=Path, required=True, help="where Debian's packages were unpacked")
    parser.add_argument("--build", type=Path, required=True, help="for results and changed sources")
    parser.add_argument("--jobs", type=int, default=2, help="how many at a time [2]")
    parser.add_argument("--memory", type=int, default=4096, help="MiB for each [4096]")
    parser.add_argument("--timeout", type=int, default=300, help="seconds of processor time for each [300]")
    parser.add_argument("--all", action="store_true", help="perform all runs, whatever results are kept")
    parser.add_argument("--list", action="store_true", help="list the runs, do nothing")
    parser.add_argument("--trace", action="store_true", help="print CBMC's output with the trace to what fails, for one run")
    parser.add_argument("names", nargs="*", metavar="MODULE[/RUN]")
    return parser.parse_args()


def main():
    options = parse_arguments()
    modules = [Module(path) for path in sorted((ROOT / "proofs").glob("*.c"))]
    runs = choose(modules, options.names)
    if options.list:
        print("\n".join(run.name() for run in runs))
        return
    prover = Prover(options)
    if options.trace:
        print(prover.perform(next(run for run in runs if not run.defect), ["--trace", "--stop-on-fail"])["tail"])
        return
    started = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for done in concurrent.futures.as_completed([pool.submit(prover.judge, run) for run in runs]):
            run = done.result()
            time_text = "cached" if run.cached else f"{run.seconds:.1f} s"
            print(f"  PROVE    {run.name():<40} {time_text:>8}" + ("" if run.ok else f"  FAILED: {run.report}"), flush=True)
    text = table([module for module in modules if any(run in runs for run in module.runs)], runs)
    failed = [run.name() for run in runs if not run.ok]
    defects = sum(1 for run in runs if run.defect)
    cached = sum(run.cached for run in runs)
    spent = sum(run.seconds for run in runs)
    text += (f"\n\n{len(runs) - defects} proofs, {defects} seeded defects, {len(failed)} failed; {spent:.0f} s of processor time, "
             f"{time.monotonic() - started:.0f} s now with {options.jobs} at a time and {cached} of {len(runs)} results cached")
    print("\n" + text)
    (options.build / "table.txt").write_text(text + "\n", encoding="utf-8")
    if failed:
        print("failed: " + ", ".join(failed) + "; a proof's trace: make prove-trace PROVE=MODULE/RUN")
        sys.exit(1)


if __name__ == "__main__":
    os.environ["LC_ALL"] = "C.UTF-8"
    main()
