#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Boot virtio_demo and let vm1 ping vm2.

    demo.py QEMU ARGUMENT...

Shows the guests' output as it comes. Exit status 0 only if every ping was answered. The verdict depends on the
ping's statistics alone; the time limits only end a run that hangs.
"""

import re
import sys

from consoles import Consoles, Guest, Timeout

BOOT_SECONDS = 300
PING_SECONDS = 120
PING_COUNT = 6
# What the documentation of sel4cp's virtio_demo tells its reader to type.
COMMANDS = ["ifconfig eth0 192.168.1.2", f"ping -c {PING_COUNT} 192.168.1.1"]


class Screen:
    """Passes output on to the terminal, except for the question for the cursor's place: it would make it answer."""

    QUESTION = "\x1b[6n"

    def __init__(self):
        self.held = ""

    def show(self, text):
        text = (self.held + text).replace(self.QUESTION, "")
        start = text.rfind("\x1b")
        self.held = text[start:] if start >= 0 and self.QUESTION.startswith(text[start:]) else ""
        sys.stdout.write(text[:len(text) - len(self.held)])
        sys.stdout.flush()


def say(text):
    print(f"\n\x1b[1m=== {text}\x1b[0m" if sys.stdout.isatty() else f"\n=== {text}", flush=True)


def ping(consoles):
    """Boot, ping, and return ping's own output."""
    vm1, vm2 = Guest(consoles, "vm1", 1), Guest(consoles, "vm2", 2)
    say("Booting two Debian guests")
    vm2.wait_prompt(BOOT_SECONDS)
    vm1.wait_prompt(BOOT_SECONDS)
    say("On vm1: " + "; ".join(COMMANDS))
    for command in COMMANDS:
        start = len(consoles.text(vm1.name))
        vm1.type(command + "\n")
        vm1.wait_prompt(PING_SECONDS)
    return consoles.text(vm1.name)[start:]


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    consoles = Consoles([*sys.argv[1:], "-chardev", "stdio,id=terminal,signal=off", "-serial", "chardev:terminal"],
                        live=Screen().show)
    try:
        output = ping(consoles)
    except Timeout as timeout:
        say("The demo did not get through")
        sys.exit(f"demo: {timeout}")
    finally:
        consoles.close()
    statistics = output[output.find("---"):output.rfind("\n")].strip()
    say("Done")
    print(statistics)
    received = re.search(r"(\d+) packets transmitted, (\d+) packets received, 0% packet loss", statistics)
    if not received or received.group(1) != received.group(2) or int(received.group(1)) != PING_COUNT:
        sys.exit("demo: not every ping was answered")


if __name__ == "__main__":
    main()
