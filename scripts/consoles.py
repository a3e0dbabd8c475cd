# SPDX-License-Identifier: BSD-2-Clause
"""A system in QEMU, its guests' consoles taken apart.

The serial multiplexer sends every guest's output down one line, each line behind its guest's name, and gives
the input to one guest at a time. Consoles runs QEMU and undoes both: one stream of text for each guest, and
input for any of them.
"""

import re
import signal
import time

import pexpect

# When a guest that does not answer counts as hung. Many machines may share a slow host, so it is no measure of speed.
HANG_SECONDS = 900

ESCAPE = "\x1c"  # Ctrl-\, the multiplexer's default
# Colours, and the question for the cursor's place that busybox's shell asks after each prompt.
CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
PARTIAL_CONTROL = re.compile(r"\x1b(\[[0-9;?]*)?$")
PREFIX = re.compile(r"\[([A-Za-z0-9_.-]+)\] ?")
# A line's text and its end: LF or CR LF, a CR that takes the line back, or a CR whose meaning is yet to come.
LINE = re.compile(r"([^\r\n]*)(\r*\n|\r+(?=[^\r\n])|\r+$)?")
PARTIAL_PREFIX = re.compile(r"\[[A-Za-z0-9_.-]*(\] ?)?$|$")


def prompt(name):
    """A regular expression for the prompt `name:folder# ` of a guest's shell. On a busy host output may have come with it:
    what a background program prints, behind the prompt on its line or before it."""
    return rf"{re.escape(name)}:[~/][^\n#]*# "


class Timeout(Exception):
    """What was waited for did not come; the text has the last lines of the console."""


class Demultiplexer:
    """Splits the multiplexer's output: feed() it, read `text` by name. Lines without a name are of "".

    A CR without LF means that what follows replaces the line: so it goes when the line of another console comes
    between, and the unfinished line, a prompt for instance, is drawn again below it.
    """

    def __init__(self):
        self.text = {"": ""}
        self.pending = ""
        self.current = ""
        self.at_line_start = True
        self.line_start = 0

    def feed(self, data):
        data = CONTROL.sub("", self.pending + data)
        held = PARTIAL_CONTROL.search(data)
        self.pending = held.group() if held else ""
        data = data[:len(data) - len(self.pending)]
        while data:
            if self.at_line_start:
                if PARTIAL_PREFIX.match(data):
                    break
                data = self.start_line(data)
            match = LINE.match(data)
            if match.group(2) and match.group(2).endswith("\r") and match.end() == len(data):
                break
            self.text[self.current] += match.group(1)
            data = data[match.end():]
            if match.group(2):
                self.end_line(match.group(2))
        self.pending = data + self.pending

    def start_line(self, data):
        match = PREFIX.match(data)
        self.current = match.group(1) if match else ""
        self.line_start = len(self.text.setdefault(self.current, ""))
        self.at_line_start = False
        return data[match.end():] if match else data

    def end_line(self, ending):
        if ending.endswith("\n"):
            self.text[self.current] += "\n"
        else:
            self.text[self.current] = self.text[self.current][:self.line_start]
        self.at_line_start = True


# A line of QEMU's own, whole or still without its end.
QEMU_WARNING = re.compile(r"^(?:qemu[-:]|audio:|ALSA |alsa:).*(?:\n|\Z)", re.MULTILINE)


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

    def pump_for(self, seconds):
        """Take in all that QEMU has to say for so long."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and self.pump(max(0, deadline - time.monotonic())):
            pass

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
            self.send(f"{ESCAPE}{number}")
            self.focused = name

    def send(self, text):
        """Type. Before the machine's first output its UART may not be on, or QEMU may not have put the terminal into raw
        mode, and Ctrl-\\ would end it. What QEMU says itself, before the machine runs, is not yet that."""
        while not QEMU_WARNING.sub("", self.log) and self.pump(0.2):
            pass
        self.child.send(text)

    def close(self):
        """End QEMU, and wait until it has: on a slow host that takes longer than pexpect likes to wait."""
        for how, seconds in ((signal.SIGTERM, 30), (signal.SIGKILL, HANG_SECONDS)):
            deadline = time.monotonic() + seconds
            self.child.kill(how)
            while self.child.isalive() and time.monotonic() < deadline:
                if not self.pump(0.2):
                    time.sleep(0.2)
        self.child.close(force=True)


class Guest:
    """One guest's console: a shell behind the prompt `name:folder# `. The multiplexer shows an unfinished line only
    of the console that has the input, so whoever waits for a prompt asks for the input first."""

    def __init__(self, consoles, name, number):
        self.consoles = consoles
        self.name = name
        self.number = number
        self.commands = 0

    def focus(self):
        self.consoles.focus(self.name, self.number)

    def wait_prompt(self, timeout):
        self.focus()
        self.expect(prompt(self.name), timeout)

    def type(self, text):
        self.focus()
        self.consoles.send(text)

    def expect(self, pattern, timeout):
        return self.consoles.expect(self.name, pattern, timeout)

    def run(self, command, timeout=HANG_SECONDS):
        """Run a shell command; its output. Marks around it, broken up in what is typed, tell it from the echo."""
        self.commands += 1
        mark = f"{self.commands}"
        end = "" if command.endswith("&") else ";"
        self.type(f"echo BEG''IN-{mark}; {command}{end} echo E''ND-{mark}\n")
        start = self.expect(rf"BEGIN-{mark}\n", timeout).end()
        stop = self.expect(rf"END-{mark}\n", timeout).start()
        self.wait_prompt(timeout)
        return self.consoles.text(self.name)[start:stop]
