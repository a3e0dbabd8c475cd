# SPDX-License-Identifier: BSD-2-Clause
"""The power fails while two guests write: whatever fsync has acknowledged is on the disk, and file systems are whole.

QEMU is killed at a random moment. Each guest has a disk of its own with a write cache that forgets (write_log.py), so
that a flush which comes too early, too late or not at all is found; and one guest is told not to flush, which must be
found. After each cut the next boot mounts what the cut has left. Beside it the disk is judged as it would have been after
a cut at some earlier moments of the same run. CAUSEWAY_CUTS says how many cuts there are and
CAUSEWAY_SEED what is random about them: `make test-powercut` makes many.
"""

import os
import random
import re
import shutil
import signal
import sys
import time

import pytest

from conftest import BOOT_SECONDS, ROOT, Guest

sys.path.insert(0, str(ROOT / "tests" / "storage"))

import write_log  # noqa: E402  (needs the path)
from disk_image import Partition, e2fsprogs  # noqa: E402

pytestmark = pytest.mark.long

CUTS = int(os.environ.get("CAUSEWAY_CUTS", "1"))
# From so many on the test is tested, too: that there is something to lose, and that it gets lost.
MANY_CUTS = 10
# Earlier moments of a run at which the power might have failed just as well.
MOMENTS = 2
SEED = int(os.environ.get("CAUSEWAY_SEED", "1"))
# The power fails some time after one of the guests has had so many rounds acknowledged, at random.
MAX_ROUNDS = 8
MAX_SECONDS_AFTER = 1
DISKS = {"vm1": "d1", "vm2": "d2"}

SYSTEM = """<system>
  <serial/>
  <disk name="d1" size="40M"><partition name="data" contents="{contents}"/></disk>
  <disk name="d2" size="40M"><partition name="data" contents="{contents}"/></disk>
  <guest name="vm1" ram="80M">
    <linux kernel="debian" initrd="demo"/>
    <console/>
    <block disk="d1" partition="data"/>
  </guest>
  <guest name="vm2" ram="80M">
    <linux kernel="debian" initrd="demo"/>
    <console/>
    <block disk="d2" partition="data" datapath="shared"/>
  </guest>
</system>
"""

# Files appear under a name only when they are on the disk, as careful programs do it; a log grows line by line. Beside
# it something writes all the time that nobody flushes, so that requests are under way whenever a flush is, or a cut.
NOISE = ("dd if=/dev/zero of=/mnt/noise bs=64k count=16 conv=fsync 2>/dev/null; "
         "(while :; do for at in 3 40 17 8 55 29; do dd if=/dev/zero of=/mnt/noise bs=16k count=2 seek=$at oflag=direct "
         "conv=notrunc; done; done) >/dev/null 2>&1 &")
WORKLOAD = ("cd /mnt; rm -rf cut*; mkdir {folder}; sync .; cd {folder}; i=0; while :; do i=$((i+1)); "
            "seq $i $((i+i*7919%3000)) >new; sync new; mv new file$i; sync .; "
            "echo line $i >>log; sync log; echo A''CK {folder} $i; done\n")


def file_contents(number):
    return b"".join(b"%d\n" % n for n in range(number, number + number * 7919 % 3000 + 1))


def acknowledged(consoles, name, folder):
    """The last number that a guest has acknowledged."""
    return max(int(n) for n in re.findall(rf"^ACK {folder} (\d+)\n", consoles.text(name), re.MULTILINE))


class PowerCut:
    """A system whose disks are written to in a machine that loses power again and again."""

    def __init__(self, machine, folder):
        self.machine = machine
        self.folder = folder
        self.random = random.Random(SEED)
        contents = folder / "contents.img"
        e2fsprogs("mke2fs", "-q", "-t", "ext4", "-b", "4096", contents, "38M")
        system = machine.write_system("powercut", SYSTEM.format(contents=contents))
        self.disks = {name: machine.disk_folder(system) / f"powercut-{disk}.img" for name, disk in DISKS.items()}
        for disk in self.disks.values():
            disk.unlink(missing_ok=True)
        self.image = machine.build(system)
        self.config = machine.disk_config(self.image)
        self.qemu_config = self.config.read_text(encoding="utf-8")
        self.cached = []  # requests in the caches, of each cut and disk

    def attach(self):
        """Give QEMU copies of the disks, each with a log."""
        text = self.qemu_config
        for name, disk in self.disks.items():
            copy, log = self.folder / f"{name}.img", self.log(name)
            shutil.copyfile(disk, copy)
            log.write_bytes(b"")
            text = re.sub(rf'  format = "raw"\n((?:  [^\n]*\n)*?)  file = "{re.escape(str(disk))}"\n',
                          lambda match: match.group(1) + write_log.drive(copy, log), text)
        assert text.count("blklogwrites") == len(self.disks)
        self.config.write_text(text, encoding="utf-8")

    def run(self, folder, options):
        """Boot, let both guests work in `folder`, kill QEMU. Of each guest: lengths that its disk's log has had meanwhile,
        and the last number that it had acknowledged by then; None is the length in the end."""
        self.attach()
        consoles = self.machine.boot_image(self.image)
        try:
            guests = [Guest(consoles, name, number) for number, name in enumerate(self.disks, 1)]
            for guest in guests:
                guest.wait_prompt(BOOT_SECONDS)
                mounted = guest.run(f"mount -t ext4 -o {options} /dev/vda /mnt && echo mounted", BOOT_SECONDS)
                assert mounted.endswith("mounted\n"), mounted
                guest.run(NOISE, BOOT_SECONDS)
            for guest in guests:
                guest.type(WORKLOAD.format(folder=folder))
            for guest in guests:
                guest.expect(rf"^ACK {folder} 1\n", BOOT_SECONDS)
            seen = {name: [] for name in self.disks}
            rounds, after = self.random.randint(1, MAX_ROUNDS), self.random.uniform(0, MAX_SECONDS_AFTER)
            deadline = time.monotonic() + BOOT_SECONDS
            while time.monotonic() < deadline and consoles.pump(0.1):
                for name in self.disks:
                    seen[name].append((self.log(name).stat().st_size, acknowledged(consoles, name, folder)))
                if rounds is not None and max(moments[-1][1] for moments in seen.values()) >= rounds:
                    rounds, deadline = None, time.monotonic() + after
            consoles.child.kill(signal.SIGKILL)
            while consoles.pump(1):
                pass
        finally:
            consoles.close()
        for name in self.disks:
            seen[name].append((None, acknowledged(consoles, name, folder)))
        return seen

    def log(self, name):
        return self.folder / f"{name}.log"

    def missing(self, disk, folder, last):
        """What is not on a disk of the files up to `last`."""
        copy = Partition(disk, "data").copy_to(self.folder / "check.img").recover().check()
        shutil.rmtree(self.folder / "found", ignore_errors=True)
        found = copy.extract(f"/{folder}", self.folder / "found")
        missing = [f"file{n}" for n in range(1, last + 1)
                   if not (found / f"file{n}").exists() or (found / f"file{n}").read_bytes() != file_contents(n)]
        expected = b"".join(b"line %d\n" % n for n in range(1, last + 1))
        if not (found / "log").exists() or not (found / "log").read_bytes().startswith(expected):
            missing.append("log")
        return missing

    def judge(self, disk, folder, entries, last, what):
        """The files that a cut after these entries would lose, or has lost, of those up to `last`."""
        cached, gone = write_log.cut_power(disk, entries, self.random)
        self.cached.append(cached)
        lost = self.missing(disk, folder, last)
        print(f"{folder} {what}: {last} acknowledged, {cached} requests in the cache, {gone} of them lost"
              + "".join(f", missing {file}" for file in lost), flush=True)
        return lost

    def cut(self, folder, options):
        """One cut, and moments before it; the files that each guest has lost though they were acknowledged."""
        lost = {}
        for name, moments in self.run(folder, options).items():
            entries = write_log.read_log(self.log(name))
            lost[name] = []
            for length, last in self.random.sample(moments[:-1], min(MOMENTS, len(moments) - 1)):
                disk = self.folder / "moment.img"
                shutil.copyfile(self.disks[name], disk)
                before = [entry for entry in entries if entry.end <= length]
                lost[name] += self.judge(disk, folder, before, last, f"{name} at {length} bytes")
            lost[name] += self.judge(self.disks[name], folder, entries, moments[-1][1], name)
        return lost


@pytest.fixture(scope="module")
def powercut(machine, tmp_path_factory):
    return PowerCut(machine, tmp_path_factory.mktemp("powercut"))


@pytest.mark.parametrize("number", range(1, CUTS + 1))
def test_nothing_acknowledged_is_lost(powercut, number):
    lost = powercut.cut(f"cut{number}", "rw")
    assert not any(lost.values()), lost


if CUTS >= MANY_CUTS:
    def test_caches_were_seldom_empty(powercut):
        """Else the cuts would have come at moments when there was nothing to lose."""
        full = sum(count > 0 for count in powercut.cached)
        print(f"{full} of {len(powercut.cached)} caches had something in them, {max(powercut.cached)} requests at most")
        assert 2 * full > len(powercut.cached)

    def test_cache_forgets_what_is_not_flushed(powercut):
        """The other tests can fail: without flushes files are lost, or the file system is not even whole."""
        try:
            lost = powercut.cut("cut0", "nobarrier")
        except AssertionError as error:
            assert "e2fsck" in str(error)
            return
        assert any(lost.values())
