# SPDX-License-Identifier: BSD-2-Clause
"""systems/storage.system: what guests write is on the disk, byte by byte, and nowhere else.

One boot for the whole file: tests depend on their order. CAUSEWAY_STORAGE_MIB says how much fio writes in each job:
`make test-storage` has more of it.
"""

import os
import sys

import pytest

from conftest import BOOT_SECONDS, ROOT, Guest

sys.path.insert(0, str(ROOT / "tests" / "storage"))

from disk_image import Partition  # noqa: E402  (needs the path)

pytestmark = pytest.mark.more

MIB = 1 << 20
FIO_MIB = int(os.environ.get("CAUSEWAY_STORAGE_MIB", "1"))
FIO_SECONDS = 600 + 240 * FIO_MIB
# Where the lines of numbers go that the host can make itself, behind fio's blocks.
LINES_AT = 64 * MIB
LINES_BYTES = 256 * 1024 + 4096

FIO_JOBS = (
    # Sizes differ in each job, and so that neighbours are merged and large ones are cut.
    "--rw=randwrite --bssplit=512/10:4k/40:16k/25:64k/25",
    "--rw=write --bsrange=512-256k",
    "--rw=randrw --bssplit=4k/60:32k/40 --fsync=32",
    "--rw=randwrite --bs=4k --iodepth=32 --fdatasync=64",
)
FIO_BYTES = len(FIO_JOBS) * FIO_MIB * MIB
assert FIO_BYTES <= LINES_AT, "what fio writes has to end before the lines of numbers"


@pytest.fixture(scope="module")
def disk(machine):
    """The image of the system's disk, made again."""
    path = machine.disk_folder(ROOT / "systems" / "storage.system") / "storage.img"
    path.unlink(missing_ok=True)
    return path


@pytest.fixture(scope="module")
def guests(boot, disk):
    consoles = boot(ROOT / "systems" / "storage.system")
    assert disk.exists()
    guests = [Guest(consoles, f"vm{number}", number) for number in (1, 2, 3)]
    for guest in guests:
        guest.wait_prompt(BOOT_SECONDS)
    return guests


def on_both(guests, commands, timeout):
    """Run a command on each of two guests at once; their outputs."""
    first, second = guests
    first.run(f"({commands[0]}) >/tmp/output 2>&1 &")
    there = second.run(commands[1], timeout)
    return first.run("wait; cat /tmp/output", timeout), there


def test_all_read_the_shared_partition(guests, disk):
    expected = Partition(disk, "share").sha256(0, MIB)
    for guest in guests:
        assert guest.run(f"head -c {MIB} /dev/vdb | sha256sum").split()[0] == expected
        assert "not permitted" in guest.run("dd if=/dev/zero of=/dev/vdb count=1 2>&1")
    for guest in guests[:2]:
        # Its libraries are many, and most of what they map is never used.
        guest.run("echo 1 >/proc/sys/vm/overcommit_memory; mkdir /share; mount -t ext4 -o ro /dev/vdb /share; "
                  "mount --bind /dev /share/dev; mount -t proc proc /share/proc; ls /share/usr/bin/fio")


def fio(seed):
    """The jobs, one after the other, each in a place of its own. fio itself takes long to start, so it starts once."""
    jobs = " ".join(f"--name=job{number} --stonewall --offset={number * FIO_MIB}m {options}"
                    for number, options in enumerate(FIO_JOBS))
    return (f"chroot /share fio --filename=/dev/vda --direct=1 --ioengine=libaio --iodepth=16 --size={FIO_MIB}m "
            f"--randseed={seed} --verify=crc32c --do_verify=1 --verify_fatal=1 --verify_state_save=0 "
            f"--output-format=terse {jobs} | cut -d';' -f 3,5,6,47")


def test_fio_verifies_what_it_wrote(guests, disk):
    commands = [f"{fio(seed)}; sync; dd if=/dev/vda bs=64k count={FIO_BYTES // 65536} iflag=direct 2>/dev/null | sha256sum"
                for seed in (1, 2)]
    sums = set()
    for name, output in zip(("vm1", "vm2"), on_both(guests[:2], commands, FIO_SECONDS)):
        *reports, checksum = output.splitlines()[-len(FIO_JOBS) - 1:]
        for number, report in enumerate(reports):
            job, error, _, written_kib = report.split(";")
            assert job == f"job{number}" and error == "0" and int(written_kib) > 0, output
        assert checksum.split()[0] == Partition(disk, name).sha256(0, FIO_BYTES)
        sums.add(checksum)
    assert len(sums) == 2


def lines(first):
    """What `seq` says from `first` on, cut off where the guests do."""
    text = b"".join(b"%d\n" % number for number in range(first, first + LINES_BYTES // 7 + 1))
    return text[:LINES_BYTES]


def test_image_has_every_byte_where_it_belongs(guests, disk):
    commands = [f"seq {first} {first + LINES_BYTES // 7 + 1} | head -c {LINES_BYTES} | dd of=/dev/vda bs={block} "
                f"seek={LINES_AT // block} iflag=fullblock conv=fsync" for first, block in ((1000000, 4096), (2000000, 65536))]
    on_both(guests[:2], commands, FIO_SECONDS)
    for name, first in (("vm1", 1000000), ("vm2", 2000000)):
        partition = Partition(disk, name)
        assert partition.read(LINES_AT, LINES_BYTES) == lines(first)
        assert partition.is_zero(FIO_BYTES, LINES_AT - FIO_BYTES)
        assert partition.is_zero(LINES_AT + LINES_BYTES, partition.bytes - LINES_AT - LINES_BYTES)


def test_file_systems_are_clean_on_both_sides(guests, disk, tmp_path):
    command = ("blkdiscard -z /dev/vda; mkfs.ext4 -q /dev/vda && mount -t ext4 /dev/vda /mnt && cp -a /share/usr/bin /mnt/ && "
               "seq {0} > /mnt/numbers && sync && umount /mnt && fsck.ext4 -fn /dev/vda; echo status=$?")
    for output in on_both(guests[:2], [command.format(60000), command.format(50000)], FIO_SECONDS):
        assert "status=0" in output, output
    share = Partition(disk, "share").copy_to(tmp_path / "share.img").extract("/usr/bin", tmp_path / "share")
    for name, count in (("vm1", 60000), ("vm2", 50000)):
        system = Partition(disk, name).copy_to(tmp_path / f"{name}.img").check()
        files = system.extract("/", tmp_path / name)
        assert (files / "numbers").read_bytes() == b"".join(b"%d\n" % number for number in range(1, count + 1))
        assert (files / "bin" / "fio").read_bytes() == (share / "fio").read_bytes()


def test_root_file_system_is_on_the_disk(guests, disk, tmp_path):
    guest = guests[2]
    assert "/dev/vda on / type ext4 (rw" in guest.run("mount")
    guest.run("echo 'still here' >/root/note; fsck.ext4 -V; sync")
    system = Partition(disk, "root").copy_to(tmp_path / "root.img").recover().check()
    assert (system.extract("/root", tmp_path / "root") / "note").read_text(encoding="utf-8") == "still here\n"
