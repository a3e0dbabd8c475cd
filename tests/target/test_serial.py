# SPDX-License-Identifier: BSD-2-Clause
"""Three guests on one serial line. One boot for the whole file: tests depend on their order."""

import hashlib
import os
import random
import re
import time

import pytest

from conftest import BOOT_SECONDS
from consoles import ESCAPE, Guest, Timeout, prompt

SYSTEM = """<?xml version="1.0"?>
<system name="serial" board="qemu_virt_aarch64">
  <serial/>
{guests}
</system>
"""
GUEST = """  <guest name="{name}" ram="96M">
    <linux kernel="debian" initrd="demo"/>
    <console/>
  </guest>
"""
NAMES = ["vm1", "vm2", "vm3"]
REPLY_SECONDS = 300
PASTE_SECONDS = 600
PASTE_BYTES = 65536


@pytest.fixture(scope="module")
def guests(machine, boot):
    text = SYSTEM.format(guests="".join(GUEST.format(name=name) for name in NAMES))
    consoles = boot(machine.write_system("serial", text))
    guests = [Guest(consoles, name, number) for number, name in enumerate(NAMES, 1)]
    for guest in guests:
        guest.wait_prompt(BOOT_SECONDS)
    return guests


@pytest.fixture
def flood(guests):
    """A function that has guests write without end, until they are told to stop or the test ends."""
    flooding = []

    def start(chosen):
        for guest in chosen:
            # Late enough for the prompt to be seen.
            guest.run(f"(sleep 2; while :; do echo flood-of-{guest.name}; done) &", REPLY_SECONDS)
            flooding.append(guest)
        for guest in chosen:
            guest.expect(f"^flood-of-{guest.name}$", REPLY_SECONDS)

    def stop():
        while flooding:
            flooding.pop().run("kill $!; wait", REPLY_SECONDS)

    start.stop = stop
    yield start
    stop()


def wait_output(consoles, position, pattern):
    """Wait until the terminal has got `pattern` since `position` of its log, whoever sent it."""
    deadline = time.monotonic() + REPLY_SECONDS
    while not re.search(pattern, consoles.log[position:], re.DOTALL):
        assert time.monotonic() < deadline, f"no {pattern!r} in {consoles.log[position:]!r}"
        consoles.pump(0.2)


def send_bytes(consoles, data):
    """Type bytes of any value. Takes in output all the while: neither side may ever wait for the other."""
    terminal = consoles.child.child_fd
    os.set_blocking(terminal, False)
    deadline = time.monotonic() + PASTE_SECONDS
    try:
        while data:
            assert time.monotonic() < deadline, f"{len(data)} bytes could not be typed"
            try:
                data = data[os.write(terminal, data[:256]):]
            except BlockingIOError:
                consoles.pump(0.05)
            consoles.pump(0)
    finally:
        os.set_blocking(terminal, True)


def test_first_line_of_each_kernel_is_there(guests):
    for guest in guests:
        first = guest.consoles.text(guest.name).split("\n")[0]
        assert "Booting Linux on physical CPU" in first, first


def test_each_guest_answers_while_the_others_flood(guests, flood):
    for guest in guests:
        flood([other for other in guests if other is not guest])
        for number in range(5):
            assert guest.run(f"echo answer-$(({number} + 40))", REPLY_SECONDS).strip() == f"answer-{number + 40}"
        flood.stop()


def test_lines_of_flooding_guests_stay_whole(guests, flood):
    vm1 = guests[0]
    flood(guests[1:])
    seen = {guest.name: len(vm1.consoles.text(guest.name)) for guest in guests[1:]}

    def lines_of(guest):
        return vm1.consoles.text(guest.name)[seen[guest.name]:].split("\n")[1:-1]

    # How long it takes is the host's business: there are enough of both, or the command's time is over.
    deadline = time.monotonic() + REPLY_SECONDS
    while min(len(lines_of(guest)) for guest in guests[1:]) <= 100 and time.monotonic() < deadline:
        vm1.run("sleep 1")
    for guest in guests[1:]:
        lines = lines_of(guest)
        assert len(lines) > 100
        assert set(lines) == {f"flood-of-{guest.name}"}


def test_paste_of_64_kb_arrives_intact(guests, flood):
    vm1 = guests[0]
    flood(guests[1:2])
    data = random.Random(4).randbytes(PASTE_BYTES)
    vm1.type(f"stty raw -echo; echo REA''DY; head -c {PASTE_BYTES} | sha256sum; stty sane\n")
    vm1.expect("^ *READY", REPLY_SECONDS)
    escape = ESCAPE.encode()
    send_bytes(vm1.consoles, data.replace(escape, escape + escape))
    assert vm1.expect("([0-9a-f]{64})", REPLY_SECONDS).group(1) == hashlib.sha256(data).hexdigest()
    vm1.wait_prompt(REPLY_SECONDS)


def test_ctrl_c_reaches_only_the_chosen_guest(guests):
    vm1, vm2, _ = guests
    for guest in (vm1, vm2):
        # The shell reads ahead, and a child that it is just forking loses the signal: who says that it has begun has to
        # be who is interrupted.
        guest.type(f"sh -c \"echo be''gun; exec sleep 10000\"; echo en''ded-{guest.name}\n")
        guest.expect("^begun$", REPLY_SECONDS)
    vm2.type("\x03")
    vm2.wait_prompt(REPLY_SECONDS)
    assert vm2.run("echo alive", REPLY_SECONDS).strip() == "alive"
    vm1.focus()
    with pytest.raises(Timeout):
        vm1.expect(prompt("vm1"), 3)
    vm1.type("\x03")
    vm1.wait_prompt(REPLY_SECONDS)


def test_full_screen_programs_have_the_terminal_alone(guests, flood):
    vm1 = guests[0]
    flood(guests[1:2])
    start = len(vm1.consoles.log)
    vm1.type("vi /tmp/note\n")
    wait_output(vm1.consoles, start, "- /tmp/note")
    vm1.type("ihello from vi")
    wait_output(vm1.consoles, start, "hello from vi")
    vm1.type("\x1b")  # alone: vi takes what follows at once for the rest of a key
    wait_output(vm1.consoles, start, "Modified")
    vm1.type(":wq\n")
    wait_output(vm1.consoles, start, r"\x1b\[\?1049l")
    assert vm1.run("cat /tmp/note", REPLY_SECONDS).strip() == "hello from vi"
    screen = re.search(r"\x1b\[\?1049h(.*)\x1b\[\?1049l", vm1.consoles.log[start:], re.DOTALL)
    assert screen and "flood" not in screen.group(1) and "[vm" not in screen.group(1)

    start = len(vm1.consoles.log)
    vm1.type("top -d 1\n")
    wait_output(vm1.consoles, start, r"(?:\x1b\[H.*){3}Load average")
    # From the second refresh on there is no doubt that a program has the screen.
    assert "flood" not in "".join(vm1.consoles.log[start:].split("\x1b[H")[2:])
    vm1.type("q")
    assert vm1.run("echo back", REPLY_SECONDS).strip() == "back"


def test_keys_list_silence_and_show(guests, machine):
    vm1, vm2, _ = guests
    consoles = vm1.consoles
    vm1.focus()
    consoles.send(f"{ESCAPE}l")
    for name in (*machine.log_consoles, *NAMES):
        consoles.expect("mux", rf"{name} .* \d+ +\d+ +\d+\n", REPLY_SECONDS)
    consoles.send(f"{ESCAPE}s2")
    consoles.expect("mux", "vm2 is silent", REPLY_SECONDS)
    vm2.run("(sleep 2; echo hid''den) &")
    vm1.run("sleep 4", REPLY_SECONDS)
    assert "hidden" not in consoles.text("vm2")
    consoles.send(f"{ESCAPE}bvm2\n")
    consoles.expect("vm2.log", "hidden", REPLY_SECONDS)
    consoles.send(f"{ESCAPE}s2")
    consoles.expect("mux", "vm2 is shown again", REPLY_SECONDS)


def test_a_guest_that_ends_in_the_middle_of_its_output_disturbs_nobody(guests):
    vm1, _, vm3 = guests
    vm3.type("while :; do echo last-words; done & sleep 1; poweroff -f\n")
    vm3.expect("last-words", REPLY_SECONDS)
    vm1.focus()
    for number in range(10):
        assert vm1.run(f"sleep 0.5; echo still-{number}", REPLY_SECONDS).strip() == f"still-{number}"
