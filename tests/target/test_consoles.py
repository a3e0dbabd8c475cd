# SPDX-License-Identifier: BSD-2-Clause
"""The harness itself: output is taken apart the same however it is cut into pieces."""

import random
import re

import pytest

from consoles import Consoles, Demultiplexer, Guest, prompt

STREAM = ("kernel: hi\r\n[vm1] \x1b[32mvm1:~# \x1b[0m\x1b[6n\x1b[0m\r\x1b[K[vm2] line a\r\n[vm2] b [x] c\r\n"
          "[vm1] vm1:~# ec\r\r\n[vm1] ho [q] z\r\n[vm1] 10%\r[vm1] 20%\r\n[x")
TEXT = {"": "kernel: hi\n", "vm1": "vm1:~# ec\nho [q] z\n20%\n", "vm2": "line a\nb [x] c\n"}


def test_pieces_do_not_matter():
    generator = random.Random(1)
    for _ in range(500):
        demultiplexer = Demultiplexer()
        rest = STREAM
        while rest:
            count = generator.randint(1, 9)
            demultiplexer.feed(rest[:count])
            rest = rest[count:]
        assert demultiplexer.text == TEXT


@pytest.mark.parametrize("line", [
    "vm1:~# ", "vm1:/tmp/a# ", "^Cvm1:~# ",
    "vm1:~# PING 192.168.1.2 (192.168.1.2): 56 data bytes\r\n[vm1] 64 bytes from 192.168.1.2: seq=0\r\n",
    "no newlinevm1:~# ",
    "vm1:~# [1]+  Done  nc\r\n[vm1] ",
])
def test_a_prompt_is_seen_with_whatever_comes_with_it(line):
    text = f"[vm1] booting\r\n[vm1] {line}"
    consoles = Consoles(["sh", "-c", 'printf "%s" "$0"; exec sleep 60', text])
    guest = Guest(consoles, "vm1", 1)
    guest.wait_prompt(10)
    assert consoles.text("vm1")[:consoles.seen["vm1"]].endswith("# ")
    consoles.close()


def test_other_lines_are_no_prompt():
    for line in ("Linux version 6.1 #1 SMP", "vm1: something # 7", "vm2:~# ", "[    1.0] vm1:~ #"):
        assert not re.search(prompt("vm1"), line)
