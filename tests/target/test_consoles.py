# SPDX-License-Identifier: BSD-2-Clause
"""The harness itself: output is taken apart the same however it is cut into pieces."""

import random

from consoles import Demultiplexer

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
