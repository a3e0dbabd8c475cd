#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Measure a system in QEMU with -icount: one virtual nanosecond is one executed instruction, so results repeat.

    bench.py --name NAME --output BENCH.json [--baseline FILE] [--short] QEMU_COMMAND...

The system (bench/bench.system) has guests vm1 and vm2 with iperf3 and a monitor on the third console. Each run
adds one object, called NAME, to BENCH.json. Figures worse than the baseline's by more than 2% are named; that is
no failure. Beside each figure stand the events the kernel counted meanwhile, per packet or per second.
"""

import argparse
import json
import re
import statistics
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "scripts"))
from consoles import Consoles, Guest  # noqa: E402

SERVER = "192.168.1.1"
NUMBER = {"vm1": 1, "vm2": 2, "monitor": 3}
TIMEOUT = 900
TOLERANCE = 0.02
# Figures where more is better; of all others less is.
MORE_IS_BETTER = re.compile(r"mbps|pps")


class Bench:
    """The system under test: two guests and the monitor."""

    def __init__(self, command):
        self.consoles = Consoles(command)
        self.vm1 = Guest(self.consoles, "vm1", NUMBER["vm1"])
        self.vm2 = Guest(self.consoles, "vm2", NUMBER["vm2"])
        self.figures = {}
        self.events = {}

    def boot(self):
        self.vm1.wait_prompt(TIMEOUT)
        self.vm2.wait_prompt(TIMEOUT)
        uptime = self.vm2.run("cat /proc/uptime", TIMEOUT)
        self.figures["boot_insns"] = int(float(uptime.split()[0]) * 1e9)
        self.vm2.run("iperf3 -s >/dev/null 2>&1 &", TIMEOUT)
        self.vm1.run(f"ping -c 3 {SERVER}", TIMEOUT)

    def counters(self):
        self.consoles.focus("monitor", NUMBER["monitor"])
        self.consoles.send("counters\n")
        text = self.consoles.expect("monitor", r"(?s)counters.*?^end", TIMEOUT).group()
        return {name: int(value) for name, value in re.findall(r"^([a-z_]+) (\d+)", text, re.MULTILINE)}

    def measure(self, name, command, unit_count):
        """Run a command on vm1; remember the events of each unit (a packet, a second)."""
        before = self.counters()
        # Into a file: what goes to the console would cost more exits than what is measured.
        self.vm1.run(f"{command} >/tmp/output 2>&1", TIMEOUT)
        after = self.counters()
        output = self.vm1.run("cat /tmp/output", TIMEOUT)
        units = unit_count(output)
        self.events[name] = {key: round((after[key] - before[key]) / units, 3) for key in after}
        return output

    def ping(self, name, address, options=""):
        count = 40
        output = self.measure(name, f"ping -i 0.02 -c {count} {options} {address}", lambda _: count)
        times = [float(t) for t in re.findall(r"time=([\d.]+) ms", output)]
        if len(times) != count:
            sys.exit(f"bench.py: {name}: {len(times)} of {count} answers:\n{output}")
        self.figures[f"{name}_us_median"] = round(statistics.median(times) * 1000, 1)

    def iperf(self, name, options):
        output = self.measure(name, f"iperf3 -J {options}", lambda text: iperf_result(text)["seconds"])
        return iperf_result(output)

    def tcp(self, name, options, address=SERVER):
        self.figures[f"{name}_mbps"] = round(self.iperf(name, f"-c {address} {options}")["bits_per_second"] / 1e6)

    def udp(self, name, bytes_each, options):
        result = self.iperf(name, f"-c {SERVER} -u -b 0 -l {bytes_each} {options}")
        received = result["packets"] - result["lost_packets"]
        self.figures[f"{name}_pps_received"] = round(received / result["seconds"])
        self.figures[f"{name}_lost_percent"] = round(100 * result["lost_packets"] / max(result["packets"], 1), 2)

    def idle(self, seconds):
        self.measure("idle", f"sleep {seconds}", lambda _: seconds)
        ticks = self.events["idle"]["idle_ticks"] / 62.5e6
        self.figures["idle_cpu_percent"] = round(100 * (1 - min(ticks, 1)), 2)


def iperf_result(text):
    """The receiver's sum of iperf3's JSON."""
    start, end = text.find("{"), text.rfind("}")
    report = json.loads(text[start:end + 1])
    if "error" in report:
        sys.exit(f"bench.py: iperf3: {report['error']}")
    return report["end"].get("sum_received") or report["end"]["sum"]


def run(bench, short):
    bench.boot()
    bench.ping("ping", SERVER)
    bench.ping("ping1400", SERVER, "-s 1400")
    bench.ping("loopback_ping", "127.0.0.1")
    amount = "-n 64M"
    bench.tcp("tcp", amount)
    bench.udp("udp64", 64, "-t 1" if short else "-t 2")
    bench.idle(2)
    if short:
        return
    bench.tcp("tcp_reverse", f"-R {amount}")
    bench.tcp("tcp_bidirectional", f"--bidir {amount}")
    bench.udp("udp1400", 1400, "-t 2")
    bench.vm1.run("iperf3 -s >/dev/null 2>&1 &", TIMEOUT)
    bench.tcp("loopback_tcp", "-n 128M", "127.0.0.1")


def compare(name, figures, baseline):
    """Name every figure that got worse by more than the tolerance."""
    worse = []
    for figure, value in figures.items():
        before = baseline.get(name, {}).get(figure)
        if not before:
            continue
        change = value / before - 1
        if (-change if MORE_IS_BETTER.search(figure) else change) > TOLERANCE:
            worse.append(f"worse: {name}: {figure}: {before} -> {value} ({change:+.1%})")
    return worse


def main():
    parser = argparse.ArgumentParser(description="Measure a system in QEMU with -icount.")
    parser.add_argument("--name", required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--baseline", type=Path)
    parser.add_argument("--short", action="store_true", help="the figures that CI prints")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    arguments = parser.parse_args()

    bench = Bench([word for word in arguments.command if word != "--"])
    try:
        run(bench, arguments.short)
    finally:
        bench.consoles.close()
    results = json.loads(arguments.output.read_text()) if arguments.output.exists() else {}
    results[arguments.name] = {**bench.figures, "events": bench.events}
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_text(json.dumps(results, indent=2, sort_keys=True) + "\n")
    for figure, value in bench.figures.items():
        print(f"{arguments.name:24} {figure:28} {value}")
    if arguments.baseline and arguments.baseline.exists():
        print("\n".join(compare(arguments.name, bench.figures, json.loads(arguments.baseline.read_text()))))


if __name__ == "__main__":
    main()
