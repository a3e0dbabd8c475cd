# SPDX-License-Identifier: BSD-2-Clause
"""Boards other than QEMU's virt: `make demo` boots two guests there, and one pings the other. On zcu102 a guest has a disk on an SD
card, and a way out through the board's Ethernet."""

import hashlib
import http.server
import os
import shlex
import subprocess
import threading

import pytest

from conftest import BOOT_SECONDS, INSTRUCTION_TIME, ROOT, TRANSFER_SECONDS, Consoles, Guest

pytestmark = pytest.mark.bundled

# With one console alone its lines have no name in front.
STORAGE = """
<system name="card">
  <serial/>
  <disk name="card" image="card.img" size="64M">
    <partition name="one" size="16M"/>
    <partition name="two"/>
  </disk>
  <guest name="vm1" ram="96M">
    <linux kernel="debian" initrd="demo"/>
    <console/>
    <block disk="card" partition="one"/>
    <block disk="card" partition="two" datapath="shared"/>
  </guest>
  <stats><console/></stats>
</system>
"""

UPLINK = """
<system name="gem">
  <serial/>
  <switch name="lan"/>
  <uplink switch="lan"/>
  <guest name="vm1" ram="96M">
    <linux kernel="debian" initrd="demo"/>
    <console/>
    <net switch="lan" ip="10.0.2.15/24" gateway="10.0.2.2"/>
  </guest>
  <stats><console/></stats>
</system>
"""
BYTES = 1_000_003


class Files(http.server.BaseHTTPRequestHandler):
    """One file of random bytes."""

    contents = os.urandom(BYTES)

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.contents)))
        self.end_headers()
        self.wfile.write(self.contents)

    def log_message(self, *arguments):
        pass


def run_make(machine, goal, board, *variables):
    """What make says."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    run = subprocess.run(["make", "--no-print-directory", goal, f"BOARD={board}", f"BUILD_DIR={machine.build_dir}",
                          f"GUEST_DIR={machine.guest_dir}", *variables], cwd=ROOT, env=environment, capture_output=True, text=True,
                         check=False)
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-3000:]
    return run.stdout


def boot(machine, board, name, text):
    """A guest vm1 of a description on another board, and the consoles."""
    system = machine.write_system(name, text)
    variables = (f"SYSTEM={system}", f"IMAGE={machine.work_dir / name}.elf")
    run_make(machine, "image", board, *variables)
    command = shlex.split(run_make(machine, "show-consoles", board, *variables).splitlines()[-1])
    return lambda: Consoles([*command, *INSTRUCTION_TIME])


@pytest.mark.parametrize("board", ["zcu102", "qemu_virt_gicv3_aarch64", pytest.param("versal_virt", marks=pytest.mark.long)])
def test_demo(machine, board):
    output = run_make(machine, "demo", board, f"IMAGE={machine.work_dir / board}.elf")
    assert "6 packets transmitted, 6 packets received, 0% packet loss" in output


def sums(guest):
    """Checksums of what both disks begin with, as the device has it."""
    return guest.run("echo 3 >/proc/sys/vm/drop_caches; for d in vda vdb; do head -c 2097152 /dev/$d | sha256sum; done",
                     TRANSFER_SECONDS)


@pytest.mark.more
def test_what_is_written_to_an_sd_card_is_there_after_a_reboot(machine):
    (machine.work_dir / "card.img").unlink(missing_ok=True)
    start = boot(machine, "zcu102", "card", STORAGE)
    consoles = start()
    try:
        guest = Guest(consoles, "vm1", 1)
        guest.wait_prompt(BOOT_SECONDS)
        for disk in ("vda", "vdb"):
            guest.run(f"dd if=/dev/urandom of=/dev/{disk} bs=64k count=32 conv=fsync 2>&1", TRANSFER_SECONDS)
        written = sums(guest)
    finally:
        consoles.close()
    image = (machine.work_dir / "card.img").read_bytes()
    for start_mib, line in zip((1, 17), written.split("\n")):
        expected = hashlib.sha256(image[start_mib << 20:(start_mib + 2) << 20]).hexdigest()
        assert line.split()[0] == expected
    assert len(set(written.split("\n")[:2])) == 2
    consoles = start()
    try:
        guest = Guest(consoles, "vm1", 1)
        guest.wait_prompt(BOOT_SECONDS)
        assert sums(guest) == written
    finally:
        consoles.close()


@pytest.mark.more
def test_guest_reaches_the_host_through_a_gem(machine):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Files)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    port = server.server_address[1]
    consoles = boot(machine, "zcu102", "gem", UPLINK)()
    try:
        guest = Guest(consoles, "vm1", 1)
        guest.wait_prompt(BOOT_SECONDS)
        assert "3 packets received" in guest.run("ping -c 3 10.0.2.2", TRANSFER_SECONDS)
        got = guest.run(f"wget -q -O - http://10.0.2.2:{port}/ | sha256sum", TRANSFER_SECONDS)
        assert got.split()[0] == hashlib.sha256(Files.contents).hexdigest()
        assert "3 packets received" in guest.run("ping -c 3 -s 1400 10.0.2.2", TRANSFER_SECONDS)
    finally:
        consoles.close()
        server.shutdown()
