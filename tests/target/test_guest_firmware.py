# SPDX-License-Identifier: BSD-2-Clause
"""Guests that start with something else than a kernel: U-Boot, which boots Linux from the guest's own disk, EDK2, and a
program without an operating system. One boot for the whole file: tests depend on their order.
"""

import subprocess

import pytest

from conftest import BOOT_SECONDS, Guest

UBOOT, EDK2, LINUX, BARE = "vm1", "vm2", "vm3", "vm4"
PROMPT = "^=> $"
SECONDS = 300

SYSTEM = """<system>
  <serial/>
  <switch name="lan"/>
  <disk name="d0" image="firmware-guest.img" size="{mib}M"><partition name="boot" contents="{contents}"/></disk>
  <guest name="vm1" ram="128M">
    <firmware image="u-boot" flash="true"/>
    <console/>
    <net switch="lan"/>
    <block disk="d0" partition="boot"/>
  </guest>
  <guest name="vm2" ram="128M">
    <firmware image="edk2" address="0x0" flash="true"/>
    <console/>
  </guest>
  <guest name="vm3" ram="64M">
    <linux kernel="debian" initrd="demo"/>
    <console/>
    <net switch="lan" ip="192.168.1.1/24"/>
  </guest>
  <guest name="vm4" ram="16M">
    <firmware image="{bare}"/>
    <console/>
  </guest>
</system>
"""

# Writes a line, says what x0 points at, and switches itself off.
BARE_PROGRAM = """
        .global _start
_start: mov     x19, x0
        ldr     x1, =0x09000000
        adr     x2, hello
next:   ldrb    w3, [x2], #1
        cbz     w3, done
        strb    w3, [x1]
        b       next
done:   ldr     w3, [x19]
        ldr     w4, =0xedfe0dd0
        cmp     w3, w4
        adr     x2, none
        adr     x5, tree
        csel    x2, x5, x2, eq
last:   ldrb    w3, [x2], #1
        cbz     w3, off
        strb    w3, [x1]
        b       last
off:    ldr     w0, =0x84000008
        hvc     #0
        b       .
hello:  .asciz  "bare metal, "
tree:   .asciz  "with a device tree\\n"
none:   .asciz  "with none\\n"
"""


@pytest.fixture(scope="module")
def consoles(boot, machine):
    folder = machine.work_dir / "firmware-guest"
    folder.mkdir(exist_ok=True)
    (folder / "Image").write_bytes((machine.guest_dir / "debian" / "Image").read_bytes())
    (folder / "initrd").write_bytes((machine.guest_dir / "demo" / "initrd.cpio.gz").read_bytes())
    contents = machine.work_dir / "firmware-guest.ext4"
    contents.unlink(missing_ok=True)
    subprocess.run(["/sbin/mke2fs", "-q", "-t", "ext4", "-d", folder, contents, "62M"], check=True)
    (machine.disk_folder(None) / "firmware-guest.img").unlink(missing_ok=True)
    bare = machine.work_dir / "bare.elf"
    source = bare.with_suffix(".S")
    source.write_text(BARE_PROGRAM)
    subprocess.run(["aarch64-linux-gnu-gcc", "-nostdlib", "-static", "-Wl,-Ttext=0x40200000,-n,--build-id=none", source,
                    "-o", bare], check=True)
    return boot(machine.write_system("firmware_guest", SYSTEM.format(mib=64, contents=contents, bare=bare)))


@pytest.fixture(scope="module")
def uboot(consoles):
    guest = Guest(consoles, UBOOT, 1)
    guest.focus()
    guest.expect("Hit any key to stop autoboot", BOOT_SECONDS)
    guest.type(" ")
    guest.expect(PROMPT, SECONDS)
    return guest


def command(uboot, text, answer):
    uboot.type(text + "\r")
    uboot.expect(answer, SECONDS)
    uboot.expect(PROMPT, SECONDS)


def test_uboot_finds_its_devices(uboot):
    command(uboot, "virtio info", "Capacity: 6.* MB")


def test_bare_metal(consoles, machine):
    Guest(consoles, BARE, 4).expect("bare metal, with a device tree", SECONDS)
    machine.wait_log(consoles, "vm4 has switched itself off")


def test_uboot_pings_a_neighbour(uboot, consoles):
    Guest(consoles, LINUX, 3).wait_prompt(BOOT_SECONDS)
    command(uboot, "setenv ipaddr 192.168.1.2; ping 192.168.1.1", "host 192.168.1.1 is alive")


def test_uboot_keeps_its_variables(uboot):
    command(uboot, "setenv kept yes; saveenv", "done")
    uboot.type("reset\r")
    uboot.expect("Hit any key to stop autoboot", BOOT_SECONDS)
    uboot.type(" ")
    uboot.expect(PROMPT, SECONDS)
    command(uboot, "printenv kept", "^kept=yes")


def test_uboot_boots_linux_from_the_guests_disk(uboot):
    command(uboot, "load virtio 0:0 $kernel_addr_r Image", "bytes read")
    command(uboot, "load virtio 0:0 $ramdisk_addr_r initrd", "bytes read")
    uboot.type("setenv bootargs console=ttyAMA0 quiet causeway.hostname=vm1\r")
    uboot.type("booti $kernel_addr_r $ramdisk_addr_r:$filesize $fdtcontroladdr\r")
    uboot.wait_prompt(BOOT_SECONDS)
    assert "pl031" in uboot.run("cat /sys/class/rtc/rtc0/name")


def test_edk2_runs(consoles):
    """From its ROM, with its variables in the flash, to its shell: there is no disk to boot from."""
    Guest(consoles, EDK2, 2).expect("UEFI Interactive Shell", BOOT_SECONDS)
