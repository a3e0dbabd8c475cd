# SPDX-License-Identifier: BSD-2-Clause
"""A guest dies again and again; the connection between two others lives on, and it is reachable each time it is back.

One boot for the whole file: tests depend on their order.
"""

import pytest

from conftest import BOOT_SECONDS, Guest, ping

CYCLES = 10
VM1, VM2, VICTIM = "192.168.1.1", "192.168.1.2", "192.168.1.3"

SYSTEM = """<system>
  <serial input="victim"/>
  <switch name="lan"/>
  <guest name="victim" ram="64M" on_crash="restart" restart_limit="{limit}" restart_window_ms="36000000">
    <linux kernel="debian" initrd="demo" bootargs="panic=1"/>
    <console/>
    <net switch="lan" mac="02:00:00:00:00:03" ip="192.168.1.3/24"/>
  </guest>
  <guest name="vm1" ram="64M">
    <linux kernel="debian" initrd="demo"/>
    <console/>
    <net switch="lan" ip="192.168.1.1/24"/>
  </guest>
  <guest name="vm2" ram="64M">
    <linux kernel="debian" initrd="demo"/>
    <console/>
    <net switch="lan" ip="192.168.1.2/24" datapath="ring"/>
  </guest>
</system>
"""


@pytest.fixture(scope="module")
def guests(boot, machine):
    system = machine.write_system("restart", SYSTEM.format(limit=CYCLES))
    consoles = boot(system)
    guests = {name: Guest(consoles, name, f"g{name}\r") for name in ("victim", "vm1", "vm2")}
    for guest in guests.values():
        guest.wait_prompt(BOOT_SECONDS)
    return guests


def start_stream(sender, receiver):
    """One TCP connection with blocks whose sums the receiver checks; it counts them in /tmp/intact."""
    sender.run("dd if=/dev/urandom of=/tmp/block bs=1k count=64 2>/dev/null")
    block_sum = sender.run("sha256sum </tmp/block").split()[0]
    receiver.run("mkfifo /tmp/fifo; (n=0; nc -l -p 5000 <>/tmp/fifo | while dd bs=64k count=1 iflag=fullblock "
                 f"2>/dev/null | sha256sum | grep -q {block_sum}; do n=$((n+1)); echo $n >/tmp/intact; done; "
                 "touch /tmp/broken) &")
    receiver.run("until netstat -ltn | grep -q :5000; do sleep 1; done")
    sender.run(f"(while cat /tmp/block; do sleep 0.1; done | nc {VM2} 5000; touch /tmp/broken) &")


def blocks(guests):
    """How many blocks have arrived, once one more has; the connection must be the first one still."""
    receiver = guests["vm2"]
    receiver.run("n=$(cat /tmp/intact); until [ \"$(cat /tmp/intact)\" != \"$n\" ]; do sleep 1; done")
    for name in ("vm1", "vm2"):
        assert "No such file" in guests[name].run("ls /tmp/broken 2>&1")
    return int(receiver.run("cat /tmp/intact"))


def test_others_lose_nothing_while_one_restarts(guests):
    victim = guests["victim"]
    start_stream(guests["vm1"], guests["vm2"])
    guests["vm2"].run("until [ -s /tmp/intact ]; do sleep 1; done")
    before = blocks(guests)
    for cycle in range(CYCLES):
        # What it has sent, and what is sent to it, is under way when it dies.
        victim.run(f"ping -A -q -s 1400 {VM1} >/dev/null &")
        victim.type("echo c >/proc/sysrq-trigger\n" if cycle % 2 == 0 else "reboot -f\n")
        victim.expect("Booting Linux", BOOT_SECONDS)
        victim.wait_prompt(BOOT_SECONDS)
        assert victim.run("cat /sys/class/net/eth0/address").strip() == "02:00:00:00:00:03"
        ping(victim, "-c 3 -i 0.2", VM2)
        after = blocks(guests)
        assert after > before
        before = after
    ping(guests["vm1"], "-c 3 -i 0.2", VICTIM)


def test_budget_of_restarts_is_spent(guests):
    victim = guests["victim"]
    victim.type("reboot -f\n")
    guests["vm1"].consoles.expect("kernel", f"victim has been restarted {CYCLES} times", 120)
    assert "100% packet loss" in guests["vm1"].run(f"ping -c 2 -W 1 {VICTIM}")
    assert blocks(guests) > 0
