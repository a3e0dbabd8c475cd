#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Harm others, and see that the harness of hostile.py notices each kind of harm.

    sabotage.py QEMU_COMMAND...

The system is sabotage.system, which lets its guest do what no other system would.
"""

import re
import sys

from hostile import QEMU_ARGUMENTS, VM1, Consoles, HostileRun, Verdict

BLOCKS_UNDER_WAY = 16


class Sabotage:
    """Runs one act after the other. `failures` are those that went unnoticed, or were taken for something else."""

    def __init__(self, hostile):
        self.hostile = hostile
        self.failures = []

    def expect(self, what, verdict, pattern):
        """The verdict's problems must be as `pattern` says; with none, there must be none."""
        problems = "; ".join(verdict.problems)
        noticed = not problems if pattern is None else bool(re.search(pattern, problems))
        print(f"sabotage {what:20} {'as it must be' if noticed else 'UNNOTICED'}: {problems or 'no problem'}", flush=True)
        if not noticed:
            self.failures.append(what)

    def guest(self, name, pattern):
        """Let the guest do it."""
        (verdict,) = self.hostile.run_batch([(0, f"\nsabotage {name}\n")])
        self.expect(name, verdict, pattern)

    def batch(self, name, pattern):
        """Let the guest do it amid what harms nobody: it, and nothing else, must be what is found."""
        attacks = [(0, f"\nsabotage {each}\n") for each in ("nothing", name, "nothing")]
        for verdict, each in zip(self.hostile.run_batch(attacks), (None, pattern, None)):
            self.expect(f"{name} in a batch" if each else "nothing beside it", verdict, each)

    def neighbour(self, what, name, command, pattern):
        """Let a neighbour do it to itself, as if it had been done to it."""
        guest = {VM1: self.hostile.neighbours.vm1}.get(name, self.hostile.neighbours.vm2)
        verdict = Verdict(0, what, "", 0)
        guest.run(command)
        # Blocks that were under way before are whole.
        for _ in range(BLOCKS_UNDER_WAY):
            if not verdict.problems:
                self.hostile.neighbours.prove(verdict)
        self.expect(what, verdict, pattern)


def main():
    consoles = Consoles(sys.argv[1:] + QEMU_ARGUMENTS)
    try:
        hostile = HostileRun(consoles)
        sabotage = Sabotage(hostile)
        hostile.start()
        verdict = Verdict(0, "fault", "", 0)
        hostile.look_for_faults(verdict)
        sabotage.expect("fault of a PD", verdict, "'faulty' faulted")
        sabotage.guest("nothing", None)
        sabotage.guest("miss", "MISSED: nothing has happened")
        sabotage.guest("look-at-nothing", "MISSED: nothing was looked at")
        sabotage.guest("canary", "memory of canary has changed")
        sabotage.batch("canary", "memory of canary has changed")
        sabotage.batch("miss", "MISSED: nothing has happened")
        sabotage.neighbour("lost pings", "vm2", "ip link set eth0 down; usleep 400000; ip link set eth0 up",
                           r"ping \d+ follows \d+")
        sabotage.neighbour("corrupted stream", VM1, "echo other | dd of=/tmp/block conv=notrunc 2>/dev/null", "stream broken")
        # Here a hang is what must come.
        hostile.case_seconds = 20
        sabotage.guest("power-off", "no '")
    finally:
        consoles.close()
    if sabotage.failures:
        print("unnoticed: " + ", ".join(sabotage.failures))
    return 1 if sabotage.failures else 0


if __name__ == "__main__":
    sys.exit(main())
