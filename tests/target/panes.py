# SPDX-License-Identifier: BSD-2-Clause
"""A system in QEMU with its consoles in tmux, as `make run CONSOLES=tmux` has it, and what a user does with it."""

import os
import re
import subprocess
import threading
import time

import pexpect

STEP_SECONDS = 0.2


class Pane:
    """One console's pane. Typing and looking goes through tmux: the terminal is a real one."""

    def __init__(self, session, target, name):
        self.session = session
        self.target = target
        self.name = name
        self.commands = 0

    def type(self, text):
        """Type text; control characters are keys."""
        for part in re.findall(r"[^\x00-\x1f;]+|;|[\x00-\x1f]", text):
            if part < " ":
                self.session.tmux("send-keys", "-t", self.target, "-H", f"{ord(part):02x}")
            else:
                self.session.tmux("send-keys", "-t", self.target, "-l", "--", part.replace(";", "\\;"))

    def screen(self, history=0):
        """What the pane shows, and so many lines above it. Lines that were wrapped are whole."""
        return self.session.tmux("capture-pane", "-p", "-J", "-t", self.target, "-S", f"-{history}")

    def wait(self, pattern, timeout, history=100):
        """Wait until `pattern` is on the screen, or in the lines above it; returns the match."""
        deadline = time.monotonic() + timeout
        while True:
            text = self.screen(history)
            match = re.search(pattern, text, re.MULTILINE)
            if match:
                return match
            assert time.monotonic() < deadline, f"{self.name}: no {pattern!r} within {timeout} s:\n{text}"
            assert self.session.is_alive(), f"the consoles ended; {self.name} showed:\n{text}"
            time.sleep(STEP_SECONDS)

    def run(self, command, timeout):
        """Run a shell command; its output."""
        self.commands += 1
        mark = f"{self.name}-{self.commands}"
        self.type(f"echo BEG''IN-{mark}; {command}; echo E''ND-{mark}\r")
        match = self.wait(rf"^BEGIN-{mark} *\n((?:.*\n)*?)(.*)END-{mark} *$", timeout, history=1000)
        return match.group(1) + match.group(2)

    def size(self):
        """Rows and columns."""
        return self.session.tmux("display-message", "-p", "-t", self.target, "#{pane_height} #{pane_width}").split()


class Session:
    """`causeway console` on a terminal of its own, with a program that it runs. `folder` is for its sockets."""

    def __init__(self, tool, folder, command, rows=60, cols=180):
        self.tool = str(tool)
        self.folder = str(folder)
        # The user's own settings of tmux are nobody's business here.
        environment = {**os.environ, "HOME": self.folder + ".home", "TERM": "screen-256color", "SHELL": "/bin/sh"}
        environment.pop("TMUX", None)
        os.makedirs(environment["HOME"], exist_ok=True)
        self.child = pexpect.spawn(self.tool, ["console", "--dir", self.folder, "--", *command], env=environment,
                                   encoding="utf-8", codec_errors="replace", timeout=None, dimensions=(rows, cols))
        self.shown = ""
        self.drain = threading.Thread(target=self.read, daemon=True)
        self.drain.start()

    def read(self):
        """A terminal that nobody reads would hold up everything behind it."""
        try:
            while True:
                self.shown = (self.shown + self.child.read_nonblocking(65536, timeout=None))[-100000:]
        except (pexpect.EOF, OSError, ValueError):
            pass

    def is_alive(self):
        return self.child.isalive()

    def tmux(self, *arguments):
        result = subprocess.run(["tmux", "-S", f"{self.folder}/tmux", *arguments], stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, encoding="utf-8", errors="replace", check=False)
        assert result.returncode == 0, f"tmux {arguments}: {result.stdout}; the terminal shows:\n{self.shown[-2000:]}"
        return result.stdout

    def panes(self, timeout):
        """All panes by name, once they are there."""
        deadline = time.monotonic() + timeout
        while not os.path.exists(f"{self.folder}/tmux") or "log" not in self.list():
            assert self.is_alive(), self.shown
            assert time.monotonic() < deadline, f"no panes within {timeout} s:\n{self.shown[-2000:]}"
            time.sleep(STEP_SECONDS)
        return {name: Pane(self, target, name) for name, target in self.list().items()}

    def list(self):
        result = subprocess.run(["tmux", "-S", f"{self.folder}/tmux", "list-panes", "-a", "-F",
                                 "#{@console} #{pane_id}"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                encoding="utf-8", check=False)
        return dict(line.split() for line in result.stdout.splitlines() if " " in line.strip())

    def attach(self, name, **arguments):
        """`causeway console --attach` with pipes."""
        return subprocess.Popen([self.tool, "console", "--attach", self.folder, name], stdout=subprocess.PIPE,
                                stderr=subprocess.DEVNULL, **arguments)

    def wait_end(self, timeout):
        """Wait for the end; the exit code."""
        deadline = time.monotonic() + timeout
        while self.is_alive():
            assert time.monotonic() < deadline, "the consoles don't end"
            time.sleep(STEP_SECONDS)
        self.drain.join(timeout)
        return self.child.exitstatus

    def close(self):
        """End it, whatever state it is in."""
        if self.is_alive():
            self.child.terminate(force=False)
            try:
                self.wait_end(20)
            except AssertionError:
                self.child.close(force=True)
