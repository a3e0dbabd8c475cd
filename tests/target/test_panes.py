# SPDX-License-Identifier: BSD-2-Clause
"""Consoles in tmux: a pane for each guest, one serial line for all. One boot; tests depend on their order."""

import hashlib
import os
import random
import re
import subprocess
import tempfile
import time

import pexpect
import pytest

from conftest import BOOT_SECONDS
from panes import Session

pytestmark = pytest.mark.more

SYSTEM = """<system name="panes">
  <serial/>
  <guest name="vm1" ram="96M">
    <linux kernel="debian" initrd="demo"/><console type="virtio"><port name="tools"/></console>
  </guest>
  <guest name="vm2" ram="96M"><linux kernel="debian" initrd="demo"/><console type="virtio"/></guest>
  <guest name="vm3" ram="96M"><linux kernel="debian" initrd="demo"/><console/></guest>
</system>
"""
REPLY_SECONDS = 900
PASTE_BYTES = 65536
FIRST_LINE = "Booting Linux on physical CPU"


@pytest.fixture(scope="module")
def session(machine):
    image = machine.build(machine.write_system("panes", SYSTEM))
    # Sockets have short names.
    with tempfile.TemporaryDirectory(prefix="causeway-test.") as folder:
        session = Session(machine.tool, f"{folder}/s", [*machine.qemu, *machine.boot_arguments(image)])
        yield session
        session.close()


@pytest.fixture(scope="module")
def panes(session):
    panes = session.panes(BOOT_SECONDS)
    for name in ("vm1", "vm2", "vm3"):
        panes[name].wait(rf"^{name}:~# *$", BOOT_SECONDS)
    return panes


def processes_of(folder):
    """Processes that have the folder on their command line, but those that look for it."""
    result = subprocess.run(["pgrep", "-f", folder], stdout=subprocess.PIPE, encoding="utf-8", check=False)
    return result.stdout.split()


def test_each_guest_has_a_pane_and_its_kernels_first_line_in_it(panes):
    assert set(panes) == {"vm1", "vm2", "vm3", "log"}
    for name in ("vm1", "vm2", "vm3"):
        text = panes[name].screen(history=2000).lstrip()
        assert FIRST_LINE in text.split("\n")[0], text[:300]
    if not os.environ.get("CAUSEWAY_SDK"):
        assert "Causeway, system 'panes'" in panes["log"].screen(history=100)


def test_each_guest_answers_while_the_others_flood(panes):
    guests = [panes[name] for name in ("vm1", "vm2", "vm3")]
    for pane in guests:
        others = [other for other in guests if other is not pane]
        for other in others:
            other.type("while :; do echo flood; done\r")
            other.wait("^flood$", REPLY_SECONDS)
        for number in range(3):
            assert pane.run(f"echo answer-$(({number} + 40))", REPLY_SECONDS).strip() == f"answer-{number + 40}"
        for other in others:
            other.type("\x03")
            # The flood's last line may have no end: Ctrl-C's echo and the prompt are then behind it.
            other.wait(rf"{other.name}:~# *$", REPLY_SECONDS, history=0)


def test_size_of_the_pane_is_the_guests(session, panes):
    for width, height in ((140, 50), (171, 58)):
        session.tmux("resize-window", "-t", panes["vm1"].target, "-x", str(width), "-y", str(height))
        for name in ("vm1", "vm2"):
            rows, cols = panes[name].size()
            # The news takes its time; whoever asks again gets it.
            panes[name].run(f'until [ "$(stty size)" = "{rows} {cols}" ]; do sleep 0.2; done', REPLY_SECONDS)
    session.tmux("resize-pane", "-Z", "-t", panes["vm2"].target)
    rows, cols = panes["vm2"].size()
    assert (int(rows), int(cols)) != (0, 0)
    panes["vm2"].run(f'until [ "$(stty size)" = "{rows} {cols}" ]; do sleep 0.2; done', REPLY_SECONDS)
    session.tmux("resize-pane", "-Z", "-t", panes["vm2"].target)


def test_full_screen_programs_work_side_by_side(panes):
    vm1, vm2 = panes["vm1"], panes["vm2"]
    vm1.run("clear", REPLY_SECONDS)
    vm1.type("vi /tmp/note\r")
    vm1.wait(r"^- /tmp/note", REPLY_SECONDS, history=0)
    vm2.type("top -d 1\r")
    vm2.wait(r"Load average", REPLY_SECONDS, history=0)
    vm1.type("ihello\rfrom vi")
    vm1.wait(r"\A *hello *\n *from vi", REPLY_SECONDS, history=0)
    vm1.type("\x1b")
    vm1.wait(r"^- /tmp/note \[Modified\]", REPLY_SECONDS, history=0)
    vm1.type("1GOfirst\x1b")  # a line above: the cursor goes where it is told
    vm1.wait(r"\A *first *\n *hello *\n *from vi", REPLY_SECONDS, history=0)
    # The vi takes an Escape with more than one character right behind it for an unknown key, and drops it.
    vm1.wait(r"^- /tmp/note \[Modified\] 1/3", REPLY_SECONDS, history=0)
    vm1.type(":wq\r")
    vm1.wait(r"^vm1:~# *$", REPLY_SECONDS, history=0)
    assert vm1.run("cat /tmp/note", REPLY_SECONDS).split() == ["first", "hello", "from", "vi"]
    header = vm2.screen().split("\n")[0]
    assert header.startswith("Mem:"), vm2.screen()
    vm2.type("q")
    vm2.wait(r"^vm2:~# *$", REPLY_SECONDS, history=0)


def test_ctrl_c_reaches_only_its_guest(panes):
    vm1, vm2 = panes["vm1"], panes["vm2"]
    for pane in (vm1, vm2):
        pane.type("clear; echo be''gun; sleep 10000; echo en''ded\r")
        pane.wait("^begun$", REPLY_SECONDS, history=0)
    vm2.type("\x03")
    vm2.wait(r"vm2:~# *$", REPLY_SECONDS, history=0)
    assert vm2.run("echo alive", REPLY_SECONDS).strip() == "alive"
    assert not re.search(r"^vm1:~# *$", vm1.screen(), re.MULTILINE)
    vm1.type("\x03")
    vm1.wait(r"vm1:~# *$", REPLY_SECONDS, history=0)


def test_64_kb_into_a_guests_port_and_console_arrive_intact(session, panes):
    data = random.Random(4).randbytes(PASTE_BYTES)
    digest = hashlib.sha256(data).hexdigest()
    vm1, vm2 = panes["vm1"], panes["vm2"]
    vm1.run("until [ -c /dev/virtio-ports/tools ]; do sleep 1; done", REPLY_SECONDS)
    vm1.type(f"clear; head -c {PASTE_BYTES} /dev/virtio-ports/tools | sha256sum\r")
    with session.attach("vm1_tools", stdin=subprocess.PIPE) as sender:
        sender.stdin.write(data)
        sender.stdin.close()
        vm1.wait(digest, REPLY_SECONDS)
        assert sender.wait(REPLY_SECONDS) == 0
    # Linux takes Ctrl-O on its hvc console for SysRq, and what follows for a command.
    data = data.replace(b"\x0f", b"\x00")
    vm2.type(f"clear; stty raw -echo; echo REA''DY; head -c {PASTE_BYTES} | sha256sum >/tmp/sum; stty sane\r")
    vm2.wait("READY", REPLY_SECONDS)
    # It takes the console over, and the pane is gone with it.
    with session.attach("vm2", stdin=subprocess.PIPE) as sender:
        sender.communicate(data, timeout=REPLY_SECONDS)
        assert sender.returncode == 0
    terminal = pexpect.spawn(session.tool, ["console", "--attach", session.folder, "vm2"], encoding="utf-8",
                             codec_errors="replace", dimensions=(24, 100), timeout=REPLY_SECONDS)
    # What head reads behind the 64 KB is lost: nothing is typed before the shell asks for it.
    while terminal.expect([r"vm2:~# ", pexpect.TIMEOUT], timeout=5) == 1:
        terminal.send("\r")
    terminal.send("cat /tmp/sum; echo THE''END\r")
    terminal.expect("THEEND")
    assert hashlib.sha256(data).hexdigest() in terminal.before
    terminal.send("\x1d")
    terminal.expect(pexpect.EOF)


def test_hostile_output_stays_in_its_own_console(session, panes):
    """Ends of frames, all byte values, terminal queries: in vm3, and nothing of it anywhere else."""
    vm1, vm3 = panes["vm1"], panes["vm3"]
    vm1.run("clear", REPLY_SECONDS)
    vm3.type("clear; for i in 1 2 3 4 5 6 7 8 9; do printf '\\377\\204\\200\\200\\200\\200\\200evil\\377\\201\\377';"
             " printf '\\034?\\034\\177\\033[6n\\033[c'; head -c 3000 /dev/urandom; done;"
             # A control string that has begun by chance would take what follows, the end of this included.
             " printf '\\033\\134\\030'; reset; echo do''ne\r")
    vm3.wait("^done *$", REPLY_SECONDS)
    assert vm1.run("echo alive", REPLY_SECONDS).strip() == "alive"
    assert "evil" not in vm1.screen(history=2000) and "evil" not in panes["log"].screen(history=2000)
    assert session.is_alive()


def test_guest_that_ends_in_the_middle_of_its_output_disturbs_nobody(panes):
    vm1, vm3 = panes["vm1"], panes["vm3"]
    vm3.type("\x03\x15\rwhile :; do echo last-words; done & sleep 1; poweroff -f\r")
    vm3.wait("last-words", REPLY_SECONDS)
    for number in range(5):
        assert vm1.run(f"sleep 0.5; echo still-{number}", REPLY_SECONDS).strip() == f"still-{number}"


def test_nothing_is_left_behind(session, panes):
    assert processes_of(session.folder)
    panes["log"].type("\x03")
    assert session.wait_end(60) == 0
    assert not os.path.exists(session.folder)
    # What is still ending has no name in the table of processes any more.
    for _ in range(50):
        if not processes_of(session.folder):
            break
        time.sleep(0.2)
    assert not processes_of(session.folder)
