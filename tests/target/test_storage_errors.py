# SPDX-License-Identifier: BSD-2-Clause
"""A disk that fails in places: its guest sees I/O errors, the other guest's I/O goes on. Limits hold meanwhile.

QEMU's blkdebug injects the errors. One boot for the whole file.
"""

import re
import sys

import pytest

from conftest import BOOT_SECONDS, ROOT, Guest

sys.path.insert(0, str(ROOT / "tests" / "storage"))

from disk_image import Partition  # noqa: E402  (needs the path)

pytestmark = pytest.mark.long

MIB = 1 << 20
SECTOR = 512
# Places in vm1's partition of d0.
BAD_READ, BAD_WRITE = 2 * MIB, 4 * MIB
LIMIT_KIB = 512

SYSTEM = f"""<system>
  <serial/>
  <disk name="d0" size="24M"><partition name="one" size="8M"/><partition name="two"/></disk>
  <disk name="d1" size="8M"/>
  <guest name="vm1" ram="80M">
    <linux kernel="debian" initrd="demo"/>
    <console/>
    <block disk="d0" partition="one"/>
    <block disk="d1" datapath="shared"/>
  </guest>
  <guest name="vm2" ram="80M">
    <linux kernel="debian" initrd="demo"/>
    <console/>
    <block disk="d0" partition="two" datapath="shared"/>
    <block disk="d0" partition="one" readonly="true" bandwidth="{LIMIT_KIB}K"/>
  </guest>
</system>
"""

RULE = """[inject-error]
event = "none"
iotype = "{}"
errno = "5"
immediately = "off"
"""


@pytest.fixture(scope="module")
def disks(machine):
    """The images of both disks, made again."""
    folder = machine.disk_folder("storage_errors.system")
    paths = [folder / "storage_errors-d0.img", folder / "storage_errors-d1.img"]
    for path in paths:
        path.unlink(missing_ok=True)
    return paths


@pytest.fixture(scope="module")
def guests(machine, disks, tmp_path_factory):
    image = machine.build(machine.write_system("storage_errors", SYSTEM))
    start = Partition(disks[0], "one").offset
    rules = [f'{RULE.format("read")}sector = "{(start + BAD_READ) // SECTOR}"\n'
             f'{RULE.format("write")}sector = "{(start + BAD_WRITE) // SECTOR}"\n', RULE.format("flush")]
    config = machine.disk_config(image)
    text = config.read_text(encoding="utf-8")
    for disk, rule in zip(disks, rules):
        path = tmp_path_factory.mktemp("rules") / "rules"
        path.write_text(rule, encoding="utf-8")
        text, count = re.subn(rf'file = "{re.escape(str(disk))}"', f'file = "blkdebug:{path}:{disk}"', text)
        assert count == 1
    config.write_text(text, encoding="utf-8")
    consoles = machine.boot_image(image)
    guests = [Guest(consoles, name, number) for number, name in enumerate(("vm1", "vm2"), 1)]
    for guest in guests:
        guest.wait_prompt(BOOT_SECONDS)
    yield guests
    consoles.close()


def dd(arguments):
    return f"dd bs=4k count=1 {arguments} 2>&1; echo status=$?"


def has_failed(output):
    """In BusyBox's words; those of the kernel may come in between, or not."""
    return re.search("I/O error|Input/output error", output) and "status=1" in output


def test_errors_are_the_guests_whose_they_are(guests, disks):
    vm1, vm2 = guests
    # The neighbour, on the same disk, writes and compares all the while.
    vm2.run("head -c 2097152 /dev/urandom >/tmp/data; (n=0; while dd if=/tmp/data of=/dev/vda bs=64k oflag=direct conv=fsync && "
            "dd if=/dev/vda bs=64k count=32 iflag=direct | cmp - /tmp/data; do n=$((n+1)); echo $n >/tmp/rounds; done "
            "2>/dev/null; touch /tmp/broken) 2>/dev/null &")
    for _ in range(5):
        output = vm1.run(dd(f"if=/dev/vda of=/dev/null iflag=direct skip={BAD_READ // 4096}"))
        assert has_failed(output), output
        output = vm1.run(dd(f"if=/dev/zero of=/dev/vda oflag=direct seek={BAD_WRITE // 4096}"))
        assert has_failed(output), output
        output = vm1.run(dd("if=/dev/zero of=/dev/vdb oflag=direct conv=fsync"))
        assert has_failed(output), output
    # What is next to it is well.
    assert "status=0" in vm1.run(dd(f"if=/dev/vda of=/dev/null iflag=direct skip={BAD_READ // 4096 + 1}"))
    assert "status=0" in vm1.run(dd(f"if=/dev/urandom of=/dev/vda oflag=direct conv=fsync seek={BAD_WRITE // 4096 + 1}"))
    vm2.run("n=$(cat /tmp/rounds); until [ $(cat /tmp/rounds) -ge $((n+2)) ]; do sleep 1; done")
    assert "No such file" in vm2.run("ls /tmp/broken 2>&1; kill %1; wait")
    assert Partition(disks[0], "two").sha256(0, 2 * MIB) == vm2.run("sha256sum </tmp/data").split()[0]


def test_bandwidth_is_limited(guests):
    output = guests[1].run(f"time dd if=/dev/vdb of=/dev/null bs=32k count={4 * LIMIT_KIB // 32} iflag=direct 2>&1")
    minutes, seconds = re.search(r"real\s+(\d+)m\s*([\d.]+)s", output).groups()
    # Four seconds by the limit, less what may be saved up; how much longer is the machine's affair.
    assert 60 * int(minutes) + float(seconds) > 3.8, output
