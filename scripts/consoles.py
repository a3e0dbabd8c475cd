# SPDX-License-Identifier: BSD-2-Clause
"""A system in QEMU, its guests' consoles taken apart.

The serial multiplexer sends every guest's output down one line, each line behind its guest's name, and gives
the input to one guest at a time. Consoles runs QEMU and undoes both: one stream of text for each guest, and
input for any of them.
"""

import re
import time

import pexpect

ESCAPE = "\x1c"  # Ctrl-\, the multiplexer's default
# Colours, and the question for the cursor's place that busybox's shell asks after each prompt.
CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
PARTIAL_CONTROL = re.compile(r"\x1b(\[[0-9;?]*)?$")
PREFIX = re.compile(r"\[([A-Za-z0-9_.-]+)\] ?")
PARTIAL_PREFIX = re.compile(r"\[[A-Za-z0-9_.-]*(\] ?)?$|$")


class Timeout(Exception):
    """What was waited for did not come; the text has the last lines of the console."""


class Demultiplexer:
    """Splits the multiplexer's output: feed() it, read `text` by name. Lines without a name are of ""."""

    def __init__(self):
        self.text = {"": ""}
        self.pending = ""
        self.current = ""
        self.at_line_start = True

    def feed(self, data):
        data = CONTROL.sub("", self.pending + data)
        held = PARTIAL_CONTROL.search(data)
        self.pending = held.group() if held else ""
        data = data[:len(data) - len(self.pending)].replace("\r", "")
        while data:
            if self.at_line_start:
                match = PREFIX.match(data)
                if PARTIAL_PREFIX.match(data):
                    break
                self.current = match.group(1) if match else ""
                data = data[match.end():] if match else data
                self.at_line_start = False
                continue
            line, newline, data = data.partition("\n")
            self.text[self.current] = self.text.get(self.current, "") + line + newline
            self.at_line_start = bool(newline)
        self.pending = data + self.pending


class Consoles:
    """QEMU as a child process. `command` is its argument list, `live` a function called with all output."""

    def __init__(self, command, live=None):
        self.child = pexpect.spawn(command[0], command[1:], encoding="utf-8", codec_errors="replace", echo=False,
                                   timeout=None, dimensions=(24, 200))
        self.child.delaybeforesend = None
        self.live = live
        self.demultiplexer = Demultiplexer()
        self.seen = {}
        self.log = ""
        self.focused = None

    def text(self, name):
        """All output of console `name` so far; "" is what no console's name was in front of."""
        return self.demultiplexer.text.get(name, "")

    def pump(self, seconds):
        """Take in what QEMU has to say within the time; False once QEMU has ended."""
        try:
            data = self.child.read_nonblocking(65536, timeout=seconds)
        except pexpect.TIMEOUT:
            return True
        except pexpect.EOF:
            return False
        self.log += data
        self.demultiplexer.feed(data)
        if self.live:
            self.live(data)
        return True

    def expect(self, name, pattern, timeout):
        """Wait until `pattern` (a regular expression) is in new output of console `name`; returns the match."""
        pattern = re.compile(pattern, re.MULTILINE)
        deadline = time.monotonic() + timeout
        alive = True
        while True:
            start = self.seen.get(name, 0)
            match = pattern.search(self.text(name), start)
            if match:
                self.seen[name] = match.end()
                return match
            if not alive or time.monotonic() > deadline:
                why = f"no {pattern.pattern!r} within {timeout} s" if alive else f"QEMU ended before {pattern.pattern!r}"
                raise Timeout(f"console {name!r}: {why}; its last output:\n{self.text(name)[-1500:]}\n"
                              f"--- end of the whole log:\n{self.log[-3000:]}")
            alive = self.pump(0.2)

    def focus(self, name, number):
        """Give the input to console `number` (from 1), which is called `name`."""
        if self.focused != name:
            self.child.send(f"{ESCAPE}{number}")
            self.focused = name

    def send(self, text):
        self.child.send(text)

    def close(self):
        self.child.close(force=True)


class Guest:
    """One guest's console: a shell behind the prompt `name:folder# `."""

    def __init__(self, consoles, name, number):
        self.consoles = consoles
        self.name = name
        self.number = number
        self.prompt = rf"^{re.escape(name)}:[^\n]*# "

    def wait_prompt(self, timeout):
        self.consoles.expect(self.name, self.prompt, timeout)

    def type(self, text):
        self.consoles.focus(self.name, self.number)
        self.consoles.send(text)

    def expect(self, pattern, timeout):
        return self.consoles.expect(self.name, pattern, timeout)

    def run(self, command, timeout=120):
        """Run a shell command; its output, without the command's echo."""
        self.type(command + "\n")
        start = self.consoles.seen.get(self.name, 0)
        end = self.consoles.expect(self.name, self.prompt, timeout).start()
        output = self.consoles.text(self.name)[start:end]
        return output.partition("\n")[2]
