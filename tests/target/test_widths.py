# SPDX-License-Identifier: BSD-2-Clause
"""What a user sees, by a terminal emulator of others (pyte): all consoles on one terminal, at any width, and a pane for each in tmux. The
system is the one of test_hub: guests that say back what was typed. No QEMU."""

import os
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import pexpect
import pyte
import pytest

BUILD = Path(os.environ["CAUSEWAY_BUILD_DIR"])
ROWS = 60
WAIT_SECONDS = 120
# Longer than a row of most widths, and nothing in it twice.
UNFINISHED = " ".join(f"word{i:02}" for i in range(34))


class Terminal:
    """`causeway attach --terminal`, and the screen that it makes."""

    def __init__(self, folder, cols, *options):
        self.folder = folder
        self.screen = pyte.Screen(cols, ROWS)
        self.stream = pyte.ByteStream(self.screen)
        environment = {**{name: value for name, value in os.environ.items() if name != "TMUX"}, "TERM": "xterm-256color"}
        self.process = pexpect.spawn(str(BUILD / "causeway"), [
            "attach", *options, "--dir", folder, "--", str(BUILD / "tests" / "test_hub"), "system"], dimensions=(ROWS, cols),
            env=environment)

    def text(self):
        """The screen, with rows that are full put together with the next."""
        lines = [""]
        for row in self.screen.display:
            lines[-1] += row if len(row.rstrip()) == self.screen.columns else row.rstrip()
            if len(row.rstrip()) < self.screen.columns:
                lines.append("")
        return [line for line in lines if line]

    def wait(self, holds):
        deadline = time.monotonic() + WAIT_SECONDS
        while not holds():
            assert time.monotonic() < deadline, "\n".join(self.screen.display)
            try:
                self.stream.feed(self.process.read_nonblocking(4096, timeout=0.2))
            except pexpect.TIMEOUT:
                pass

    def say_at(self, name, text):
        """A line of another console."""
        subprocess.run([BUILD / "causeway", "attach", "--dir", self.folder, "--console", name], input=text.encode(), check=True,
                       stdout=subprocess.DEVNULL, timeout=WAIT_SECONDS)

    def close(self):
        self.process.send("\x01x")
        self.process.expect(pexpect.EOF)
        self.process.close()


@pytest.fixture(params=[20, 80, 81, 132, 207])
def terminal(request):
    # Sockets have short names.
    with tempfile.TemporaryDirectory(prefix="causeway-test.") as folder:
        terminal = Terminal(f"{folder}/s", request.param, "--terminal")
        yield terminal
        terminal.close()


def joined(terminal):
    return "\n".join(terminal.text()).replace("\n", " ")


def test_an_unfinished_line_is_on_the_screen_once(terminal):
    terminal.wait(lambda: "vm1 has booted" in joined(terminal))
    terminal.process.send(UNFINISHED)
    whole = UNFINISHED.replace(" ", "")
    terminal.wait(lambda: whole in joined(terminal).replace(" ", ""))
    for number in range(3):
        terminal.say_at("vm2", f"other-{number}\n")
        terminal.wait(lambda: f"other-{number}" in joined(terminal) and whole in joined(terminal).replace(" ", ""))
    shown = joined(terminal).replace(" ", "")
    for word in [*UNFINISHED.split(), "other-0", "other-1", "other-2", "booted"]:
        assert shown.count(word) == 1, (word, "\n".join(terminal.screen.display))
    # What others write stands above it, in order.
    assert shown.index("other-0") < shown.index("other-1") < shown.index("other-2") < shown.index("word00")
    # When it is finished, it stays, and the next begins below.
    terminal.process.send("\n")
    terminal.process.send("next")
    terminal.wait(lambda: "next" in joined(terminal))
    assert terminal.text()[-1].endswith("next"), "\n".join(terminal.screen.display)
    assert joined(terminal).replace(" ", "").count("word33") == 1


def test_in_tmux_the_first_console_has_the_keyboard():
    with tempfile.TemporaryDirectory(prefix="causeway-test.") as folder:
        terminal = Terminal(f"{folder}/s", 120)
        terminal.wait(lambda: "vm1 has booted" in joined(terminal) and "kernel: here" in joined(terminal))
        terminal.process.send("typed")
        terminal.wait(lambda: "typed" in joined(terminal))
        rows = terminal.screen.display
        titles = [next(number for number, row in enumerate(rows) if f"\u2500\u2500 {name} " in row) for name in ("vm1", "vm2", "log")]
        assert titles[0] == titles[1] < titles[2], "\n".join(rows)
        # Left of what divides the panes: it is vm1's.
        (typed,) = (row for row in rows if "typed" in row)
        assert "typed" in typed.split("\u2502")[0], "\n".join(rows)
        terminal.process.kill(signal.SIGTERM)
        terminal.process.expect(pexpect.EOF)
        terminal.process.close()
