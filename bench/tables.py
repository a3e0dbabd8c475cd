#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Write the tables of docs/performance.md again from BENCH.json.

    tables.py BENCH.json PAGE.md

A table of the page stands between a line `<!-- bench: NAME -->` and a line `<!-- end -->`; everything else stays.
"""

import argparse
import json
import re
from pathlib import Path

MARK = re.compile(r"(<!-- bench: (\w+) -->\n).*?(<!-- end -->\n)", re.DOTALL)
THREE = "three_vms/"


def figure(name, unit="", scale=1.0, digits=0):
    """A cell: the figure of a row in other units, or - if the row lacks it."""
    return lambda row: f"{row[name] / scale:,.{digits}f}{unit}" if name in row else "-"


def lost(name):
    def cell(row):
        if f"{name}_pps_received" not in row:
            return "-"
        percent = row[f"{name}_lost_percent"]
        return f"{row[f'{name}_pps_received']:,}, {'none' if percent == 0 else f'{percent} %'}"
    return cell


FIGURES = [
    ("ping 56 B, median", figure("ping_us_median", " us")),
    ("ping 56 B, mean", figure("ping_us_mean", " us", digits=1)),
    ("ping 1400 B, median", figure("ping1400_us_median", " us")),
    ("TCP, one stream", figure("tcp_mbps", " Gb/s", 1000, 2)),
    ("TCP, the other way", figure("tcp_reverse_mbps", " Gb/s", 1000, 2)),
    ("TCP, both ways at once", figure("tcp_bidirectional_mbps", " Gb/s", 1000, 2)),
    ("UDP 64 B received/s, lost", lost("udp64")),
    ("UDP 1400 B received/s, lost", lost("udp1400")),
    ("loopback in vm1: ping", figure("loopback_ping_us_median", " us")),
    ("loopback in vm1: TCP", figure("loopback_tcp_mbps", " Gb/s", 1000, 2)),
    ("two idle VMs", figure("idle_cpu_percent", " % of the core", digits=2)),
    ("boot to prompt, instructions", figure("boot_insns", " G", 1e9, 2)),
]
THREE_FIGURES = [
    ("TCP, sum", figure("tcp_mbps", " Gb/s", 1000, 2)),
    ("TCP, the slowest", figure("slowest_tcp_mbps", " Gb/s", 1000, 2)),
    ("UDP 64 B received/s, sum, lost", lost("udp64")),
    ("UDP 64 B received/s, the slowest", figure("slowest_udp64_pps_received")),
]
EVENTS = [("ping", "one ping"), ("ping1400", "one ping of 1400 B"), ("tcp", "one MiB of TCP"), ("udp64", "one UDP packet"),
          ("idle", "one idle second")]
EVENT_COUNTS = ["exits", "exits_doorbell", "exits_wfi", "exits_irq", "syscalls", "switches", "notifications",
                "posted_interrupts", "virtual_interrupts", "lan.copies", "lan.copied_bytes", "packets_per_batch"]


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows]) + "\n"


def of_figures(results, figures):
    if not results:
        return "No such row in bench/baseline.json.\n"
    rows = [[text, *(cell(row) for row in results.values())] for text, cell in figures]
    return table(["", *results], [row for row in rows if set(row[1:]) != {"-"}])


def events(results):
    rows = []
    for event, text in EVENTS:
        counted = [row.get("events", {}).get(event) for row in results.values()]
        if not any(counted):
            continue
        rows.append([f"**{text}**", *("" for _ in results)])
        rows += [[name.removeprefix("lan."), *(f"{(row or {}).get(name, 0):,g}" for row in counted)] for name in EVENT_COUNTS]
    return table(["", *results], rows)


def ram(results):
    names = sorted({name for row in results.values() for name in row.get("ram_bytes", {})})
    return table(["KiB", *results], [[name, *(f"{row.get('ram_bytes', {}).get(name, 0) / 1024:,.0f}" for row in results.values())]
                                     for name in names])


def tables(results):
    pair = {name.split("/", 1)[1]: row for name, row in results.items() if name.startswith("virtio_demo/")}
    three = {name.split("/", 1)[1]: row for name, row in results.items() if name.startswith(THREE)}
    return {"figures": of_figures(pair, FIGURES), "events": events(pair), "three": of_figures(three, THREE_FIGURES), "ram": ram(pair)}


def main():
    parser = argparse.ArgumentParser(description="Write the tables of the performance page again.")
    parser.add_argument("results", type=Path)
    parser.add_argument("page", type=Path)
    arguments = parser.parse_args()
    made = tables(json.loads(arguments.results.read_text()))
    arguments.page.write_text(MARK.sub(lambda match: match[1] + made[match[2]] + match[3], arguments.page.read_text()))


if __name__ == "__main__":
    main()
