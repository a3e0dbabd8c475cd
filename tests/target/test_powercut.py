# SPDX-License-Identifier: BSD-2-Clause
"""The power fails while two guests write: whatever fsync has acknowledged is on the disk, and file systems are whole.

QEMU is killed at a random moment. Each guest has a disk of its own with a write cache that forgets (write_log.py), so
that a flush which comes too early, too late or not at all is found; and one guest is told not to flush, which must be
found. After each cut the next boot mounts what the cut has left. `make test-powercut` runs it; CAUSEWAY_CUTS
says how many cuts there are and CAUSEWAY_SEED what is random about them.
"""

import os
import random
import re
import shutil
import signal
import sys

import pytest

from conftest import BOOT_SECONDS, ROOT, Guest

sys.path.insert(0, str(ROOT / "tests" / "storage"))

import write_log  # noqa: E402  (needs the path)
from disk_image import Partition, e2fsprogs  # noqa: E402

CUTS = int(os.environ.get("CAUSEWAY_CUTS", "2"))
SEED = int(os.environ.get("CAUSEWAY_SEED", "1"))
# Of the workload, after both guests have had a first fsync acknowledged.
MAX_WORK_SECONDS = 6
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

# Files appear under a name only when they are on the disk, as careful programs do it; a log grows line by line.
WORKLOAD = ("cd /mnt; rm -rf cut*; mkdir {folder}; sync .; cd {folder}; i=0; while :; do i=$((i+1)); "
            "seq $i $((i+i*7919%3000)) >new; sync new; mv new file$i; sync .; "
            "echo line $i >>log; sync log; echo A''CK {folder} $i; done\n")


def file_contents(number):
    return b"".join(b"%d\n" % n for n in range(number, number + number * 7919 % 3000 + 1))


class PowerCut:
    """A system whose disks are written to in a machine that loses power again and again."""

    def __init__(self, machine, folder):
        self.machine = machine
        self.folder = folder
        self.random = random.Random(SEED)
        contents = folder / "contents.img"
        e2fsprogs("mke2fs", "-q", "-t", "ext4", "-b", "4096", contents, "38M")
        system = machine.write_system("powercut", SYSTEM.format(contents=contents))
        self.disks = {name: machine.disk_folder(system) / f"{disk}.img" for name, disk in DISKS.items()}
        for disk in self.disks.values():
            disk.unlink(missing_ok=True)
        self.image = machine.build(system)
        self.config = machine.disk_config(self.image)
        self.qemu_config = self.config.read_text(encoding="utf-8")

    def attach(self):
        """Give QEMU copies of the disks, each with a log."""
        text = self.qemu_config
        for name, disk in self.disks.items():
            copy, log = self.folder / f"{name}.img", self.folder / f"{name}.log"
            shutil.copyfile(disk, copy)
            log.write_bytes(b"")
            text = re.sub(rf'  format = "raw"\n((?:  [^\n]*\n)*?)  file = "{re.escape(str(disk))}"\n',
                          lambda match: match.group(1) + write_log.drive(copy, log), text)
        assert text.count("blklogwrites") == len(self.disks)
        self.config.write_text(text, encoding="utf-8")

    def run(self, folder, options):
        """Boot, let both guests work in `folder`, kill QEMU; the last number that each has acknowledged."""
        self.attach()
        consoles = self.machine.boot_image(self.image)
        try:
            guests = [Guest(consoles, name, number) for number, name in enumerate(self.disks, 1)]
            for guest in guests:
                guest.wait_prompt(BOOT_SECONDS)
                mounted = guest.run(f"mount -t ext4 -o {options} /dev/vda /mnt && echo mounted", BOOT_SECONDS)
                assert mounted.endswith("mounted\n"), mounted
            for guest in guests:
                guest.type(WORKLOAD.format(folder=folder))
            for guest in guests:
                guest.expect(rf"^ACK {folder} 1\n", BOOT_SECONDS)
            consoles.pump_for(self.random.uniform(0, MAX_WORK_SECONDS))
            consoles.child.kill(signal.SIGKILL)
            while consoles.pump(1):
                pass
        finally:
            consoles.close()
        return {guest.name: max(int(n) for n in re.findall(rf"^ACK {folder} (\d+)\n", consoles.text(guest.name),
                                                            re.MULTILINE)) for guest in guests}

    def missing(self, name, folder, last):
        """What is not on a guest's disk of the files up to `last`."""
        copy = Partition(self.disks[name], "data").copy_to(self.folder / "check.img").recover().check()
        shutil.rmtree(self.folder / "found", ignore_errors=True)
        found = copy.extract(f"/{folder}", self.folder / "found")
        missing = [f"file{n}" for n in range(1, last + 1)
                   if not (found / f"file{n}").exists() or (found / f"file{n}").read_bytes() != file_contents(n)]
        expected = b"".join(b"line %d\n" % n for n in range(1, last + 1))
        if not (found / "log").exists() or not (found / "log").read_bytes().startswith(expected):
            missing.append("log")
        return missing

    def cut(self, folder, options):
        """One cut; the files that each guest has lost though they were acknowledged."""
        last = self.run(folder, options)
        lost = {}
        for name, disk in self.disks.items():
            cached, gone = write_log.cut_power(disk, self.folder / f"{name}.log", self.random)
            lost[name] = self.missing(name, folder, last[name])
            print(f"{folder} {name}: {last[name]} acknowledged, {cached} requests in the cache, {gone} of them lost"
                  + "".join(f", missing {file}" for file in lost[name]), flush=True)
        return lost


@pytest.fixture(scope="module")
def powercut(machine, tmp_path_factory):
    return PowerCut(machine, tmp_path_factory.mktemp("powercut"))


@pytest.mark.parametrize("number", range(1, CUTS + 1))
def test_nothing_acknowledged_is_lost(powercut, number):
    lost = powercut.cut(f"cut{number}", "rw")
    assert not any(lost.values()), lost


def test_cache_forgets_what_is_not_flushed(powercut):
    """The other tests can fail: without flushes files are lost, or the file system is not even whole."""
    try:
        lost = powercut.cut("cut0", "nobarrier")
    except AssertionError as error:
        assert "e2fsck" in str(error)
        return
    assert any(lost.values())
