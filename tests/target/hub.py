# SPDX-License-Identifier: BSD-2-Clause
"""A system in QEMU whose line `causeway attach` has: consoles over their sockets, and tools beside them."""

import os
import re
import select
import subprocess
import time


class Shell:
    """A guest's console with a shell on it."""

    def __init__(self, tool, folder, name):
        self.name = name
        self.text = ""
        self.seen = 0
        self.commands = 0
        self.process = subprocess.Popen([tool, "attach", "--dir", folder, "--console", name], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        os.set_blocking(self.process.stdout.fileno(), False)

    def pump(self, seconds):
        """Take what comes within so much time."""
        if select.select([self.process.stdout], [], [], seconds)[0]:
            got = self.process.stdout.read()
            assert got != b"", f"{self.name}: the console is gone"
            self.text += (got or b"").decode("utf-8", "replace").replace("\r", "")

    def type(self, text):
        self.process.stdin.write(text.encode())
        self.process.stdin.flush()

    def expect(self, pattern, timeout):
        """Wait for what has not been seen yet; the match."""
        deadline = time.monotonic() + timeout
        while True:
            match = re.search(pattern, self.text[self.seen:], re.MULTILINE)
            if match:
                self.seen += match.end()
                return match
            assert time.monotonic() < deadline, f"{self.name}: no {pattern!r} within {timeout} s:\n{self.text[-3000:]}"
            self.pump(0.2)

    def run(self, command, timeout=300):
        """Run a command; its output."""
        self.commands += 1
        mark = f"{self.name}-{self.commands}"
        self.type(f"echo BEG''IN-{mark}; {command}; echo E''ND-{mark}\n")
        return self.expect(rf"^BEGIN-{mark}\n((?:.*\n)*?.*?)END-{mark}$", timeout).group(1)

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


class Hub:
    """The system, and commands to it."""

    def __init__(self, machine, folder, image, *arguments, title="causeway"):
        self.tool = machine.tool
        self.folder = folder
        self.shells = []
        self.process = subprocess.Popen([self.tool, "attach", "--no-tmux", "--title", title, "--dir", folder, "--", *machine.qemu,
                                         *machine.boot_arguments(image), *arguments],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def wait_for(self, name, timeout):
        """Until the socket of a console or channel is there."""
        deadline = time.monotonic() + timeout
        while not os.path.exists(f"{self.folder}/{name}"):
            assert time.monotonic() < deadline and self.process.poll() is None, f"no {name} in {self.folder}"
            time.sleep(0.2)

    def shell(self, name, timeout):
        """A guest's console, once it is there."""
        self.wait_for(name, timeout)
        self.shells.append(Shell(self.tool, self.folder, name))
        return self.shells[-1]

    def command(self, *words, timeout=300, check=True):
        """`causeway WORDS`; what it printed, and its status if that may be other than 0."""
        result = subprocess.run([self.tool, words[0], "--dir", self.folder, *words[1:]], stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, encoding="utf-8", timeout=timeout, check=False)
        if check:
            assert result.returncode == 0, result.stdout
            return result.stdout
        return result.returncode, result.stdout

    def close(self):
        for shell in self.shells:
            shell.close()
        self.process.terminate()
        self.process.wait(60)
        self.process.stdout.close()
