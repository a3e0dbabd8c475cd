# SPDX-License-Identifier: BSD-2-Clause
"""A guest that shows no sign of life is ended by its watchdog, whose driver is Debian's own."""

import pytest

from conftest import BOOT_SECONDS, Guest

pytestmark = pytest.mark.long

SYSTEM = """<system>
  <serial input="vm1"/>
  <guest name="vm1" ram="64M" on_crash="restart" watchdog_ms="4000">
    <linux kernel="debian" initrd="demo"/>
    <console/>
  </guest>
  <guest name="vm2" ram="64M" watchdog_ms="4000" watchdog_boot_ms="9000">
    <linux kernel="debian" initrd="demo" bootargs="rdinit=/bin/cat"/>
    <console/>
  </guest>
</system>
"""


# The line before it may stand right behind one of the log, which on seL4 nobody keeps apart.
REBOOT = "Linux version"


def test_watchdog(boot, machine):
    consoles = boot(machine.write_system("watchdog", SYSTEM))
    guest = Guest(consoles, "vm1", 1)
    guest.wait_prompt(BOOT_SECONDS)
    # The driver has found it running, and the kernel keeps it content.
    assert guest.run("cat /sys/class/watchdog/watchdog0/identity").strip() == "SBSA Generic Watchdog"
    assert guest.run("cat /sys/class/watchdog/watchdog0/timeout").strip() == "4"
    guest.run("sleep 9")
    # vm2's first program is none that would load it.
    machine.wait_log(consoles, "vm2 has shown its watchdog no sign of life; it stays off")
    # A kernel that has panicked and does not reboot.
    guest.run("echo 0 >/proc/sys/kernel/panic")
    guest.type("echo c >/proc/sysrq-trigger\n")
    guest.expect(REBOOT, BOOT_SECONDS)
    guest.wait_prompt(BOOT_SECONDS)
    assert "System reset by WDT" in guest.run("dmesg | grep sbsa-gwdt")
    # A program that was to look after it, and hangs.
    guest.run("watchdog -T 4 -t 1 /dev/watchdog0; sleep 6; killall -STOP watchdog")
    guest.expect(REBOOT, BOOT_SECONDS)
    guest.wait_prompt(BOOT_SECONDS)
