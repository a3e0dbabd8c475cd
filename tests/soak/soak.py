#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Mixed load for a long time: nothing grows that should not.

    soak.py --minutes M --table FILE QEMU_COMMAND...

The system is that of tests/restart with `<stats>`, and so is the load that never ends: a TCP connection from vm1 to vm2
whose blocks are checked. In each round there are besides: pages of console output, whose lines are counted; large pings,
checked datagrams and short TCP connections both ways; and one death of the victim, by itself or by its VMM, in the
middle of network and disk traffic. After each round the counters in GROWS_NOT are what they were after the first; free
memory of the two guests that live on has not shrunk beyond SLACK_KIB; regions that nobody may write have the sums they
had; no PD has faulted but the one that was made to.
"""

import argparse
import re
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))
sys.path.insert(0, str(ROOT / "tests" / "restart"))
from consoles import HANG_SECONDS, Consoles  # noqa: E402  (needs the path)
from restart import QEMU_ARGUMENTS, VM1, VM2, RestartRun  # noqa: E402

LINES = 1000
PINGS = 100
# Some of a burst may find the receiver's socket full; none may arrive damaged.
DATAGRAMS = 200
DATAGRAMS_MIN = 100
TRANSFER_BLOCKS = 8
SLACK_KIB = 4096
# Linux' own: of the network card, of IP, TCP and UDP, and lines of the kernel's log that are warnings or worse.
GROWS_NOT = {
    "errors": "cd /sys/class/net/eth0/statistics; cat rx_errors tx_errors rx_length_errors rx_crc_errors rx_frame_errors "
              "rx_fifo_errors rx_over_errors tx_fifo_errors tx_carrier_errors | tr '\\n' ' '",
    "bad segments": "awk '/^Tcp: [0-9]/ {print $14} /^Ip: [0-9]/ {print $5, $9}' /proc/net/snmp | tr '\\n' ' '",
    "bad datagrams": "awk '/^Udp: [0-9]/ {print $8}' /proc/net/snmp",
    "resets": "awk '/^Tcp: [0-9]/ {print $8, $9}' /proc/net/snmp",
    "warnings": "dmesg -r | grep -c '^<[0-4]>'",
}
CHANGES_NOT = ("canary", "debian_Image", "demo_initrd.cpio.gz")
FAULT = re.compile(r"faulted and has no parent|_vmm has faulted|kernel: panic|faulting PD|"
                   r"\w+: error: (?!victim_vmm has faulted)")
STATS = """  <memory_region name="canary" size="0x10000"/>
  <stats name="stats"><console/><watch mr="canary"/><watch mr="debian_Image"/><watch mr="demo_initrd.cpio.gz"/></stats>
</system>"""


@dataclass
class Sample:
    """What was counted after a round."""
    counters: dict
    free_kib: dict
    sums: dict


def system_text():
    """The description: restart.system, watched."""
    text = (ROOT / "tests" / "restart" / "restart.system").read_text(encoding="utf-8")
    return text.replace("</system>", STATS)


class SoakRun(RestartRun):
    """A booted system of system_text()."""

    def __init__(self, consoles):
        super().__init__(consoles)
        self.first = None
        self.deaths = 0

    def start(self):
        super().start()
        for guest in (self.vm1, self.vm2):
            guest.run("netsum serve >/dev/null 2>&1 &")

    def sample(self):
        """Read all counters."""
        counters, free = {}, {}
        for guest in (self.vm1, self.vm2):
            for name, command in GROWS_NOT.items():
                counters[guest.name, name] = guest.run(command).split()
            free[guest.name] = int(guest.run("awk '/^MemAvailable/ {print $2}' /proc/meminfo"))
        self.consoles.focus("stats", "gstats\r")
        self.consoles.send("sums\n")
        sums = self.consoles.expect("stats", r"(?s)sums.*?^end", HANG_SECONDS).group()
        return Sample(counters, free, dict(re.findall(r"^(\S+) ([0-9a-f]+)$", sums, re.MULTILINE)))

    def judge(self, sample):
        """What has grown since the first sample that should not have."""
        problems = [f"{key}: {self.first.counters[key]}, now {value}" for key, value in sample.counters.items()
                    if value != self.first.counters[key]]
        problems += [f"{name}: {self.first.free_kib[name]} KiB free, now {value}"
                     for name, value in sample.free_kib.items() if value < self.first.free_kib[name] - SLACK_KIB]
        problems += [f"{name} has changed" for name in CHANGES_NOT if sample.sums[name] != self.first.sums[name]]
        faults = len(FAULT.findall(self.consoles.log))
        if faults != self.deaths:
            problems.append(f"{faults} faults and errors, where {self.deaths} were asked for")
        return problems

    def load(self):
        """What comes beside the stream and the victim's death."""
        text = self.vm1.run(f"seq 1 {LINES}")
        assert [int(line) for line in text.split()] == list(range(1, LINES + 1)), "console output is not whole"
        for guest, address in ((self.vm1, VM2), (self.vm2, VM1)):
            output = guest.run(f"ping -q -c {PINGS} -i 0.01 -s 1400 {address}")
            assert ", 0% packet loss" in output, output
            output = guest.run(f"netsum udp {address} {DATAGRAMS} 1400; netsum both {address} {TRANSFER_BLOCKS << 16}")
            good = re.search(rf"netsum: ok udp good=(\d+) bad=0 of={DATAGRAMS}", output)
            assert good and int(good.group(1)) >= DATAGRAMS_MIN, output
            assert f"netsum: ok both good={TRANSFER_BLOCKS * 2} bad=0 of={TRANSFER_BLOCKS * 2}" in output, output

    def round(self, number):
        """One round; a line about it."""
        if number % 2 == 0:
            cycle = self.guest_cycle(number // 2)
        else:
            self.deaths += 1
            cycle = self.vmm_cycle(number // 2)
        self.load()
        sample = self.sample()
        if self.first is None:
            self.first = sample
        problems = self.judge(sample)
        free = ", ".join(f"{name} {kib // 1024} MiB free" for name, kib in sample.free_kib.items())
        return (f"{number + 1:4} {cycle.what:36} away {cycle.away_ms:6.0f} ms, prompt after {cycle.prompt_ms:6.0f} ms "
                f"({cycle.host_seconds:.0f} s) {self.blocks:6} blocks  {free}  "
                + ("; ".join(problems) or "ok")), problems


def main():
    parser = argparse.ArgumentParser(description="Mixed load for a long time.")
    parser.add_argument("--minutes", type=float, required=True)
    parser.add_argument("--table", type=Path, required=True)
    parser.add_argument("command", nargs=argparse.REMAINDER)
    arguments = parser.parse_args()

    run = SoakRun(Consoles([word for word in arguments.command if word != "--"] + QEMU_ARGUMENTS))
    end = time.monotonic() + 60 * arguments.minutes
    rows, bad = [], 0
    try:
        run.start()
        while time.monotonic() < end:
            line, problems = run.round(len(rows))
            rows.append(line)
            bad += bool(problems)
            print(line, flush=True)
    finally:
        run.consoles.close()
        arguments.table.with_suffix(".log").write_text(run.consoles.log, encoding="utf-8")
    rows.append(f"{len(rows)} rounds in {arguments.minutes:g} minutes, {bad} with problems; {run.blocks} blocks on one "
                "connection")
    print(rows[-1])
    arguments.table.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
