#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What the limits of bench/rates.system leave to TCP and UDP, as iperf3's receivers see it.

    rates.py QEMU_COMMAND...

Fails if one stream, four streams or UDP get less than 93 % of a limit. UDP is measured up to what a guest can send at one
instruction a nanosecond, 0.5 Gb/s.
"""

import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "scripts"))
from consoles import Consoles, Guest  # noqa: E402

TIMEOUT = 3600
GOAL = 0.93
# Switch, limit in Mb/s, seconds.
LIMITS = [(1, 1, 8), (2, 10, 3), (3, 100, 2), (4, 1000, 1), (5, 2000, 1)]
UDP_MOST_MBPS = 500
UNITS = {"": 1e-6, "K": 1e-3, "M": 1, "G": 1e3}


def measure(vm1, options, server):
    """Mb/s that arrived, in the last line of the receiver: that of the sum, where there are several streams."""
    output = vm1.run(f"iperf3 -c {server} {options} -i 0", TIMEOUT)
    found = re.findall(r"([\d.]+) ([KMG]?)bits/sec.*receiver", output)
    if not found:
        raise SystemExit(f"rates: iperf3 {options} has no receiver's line:\n{output}")
    number, unit = found[-1]
    return float(number) * UNITS[unit]


def main():
    consoles = Consoles(sys.argv[1:])
    guests = Guest(consoles, "vm1", 1), Guest(consoles, "vm2", 2)
    for guest in guests:
        guest.wait_prompt(TIMEOUT)
    vm1, vm2 = guests
    vm2.run("iperf3 -s >/dev/null 2>&1 &")
    vm2.run("until netstat -ltn | grep -q :5201; do sleep 1; done")
    missed = 0
    print("| limit in Mb/s | one TCP stream | four | UDP |\n|---|---|---|---|", flush=True)
    for number, limit, seconds in LIMITS:
        ways = [f"-t {seconds}", f"-t {seconds} -P 4"]
        if limit <= UDP_MOST_MBPS:
            ways.append(f"-t {seconds} -u -b {int(limit * 1500)}K")
        shares = [measure(vm1, options, f"10.0.{number}.2") / limit for options in ways]
        missed += sum(share < GOAL for share in shares)
        cells = [f"{share * 100:.1f} %" for share in shares] + ["-"] * (3 - len(shares))
        print(f"| {limit} | {' | '.join(cells)} |", flush=True)
    consoles.close()
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
