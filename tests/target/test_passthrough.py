# SPDX-License-Identifier: BSD-2-Clause
"""Devices of the board in the hands of guests: the PL031 clock, the PL061 GPIO, the PL011 UART. The tests of
systems/passthrough.system share a boot."""

import re
import socket
import time

import pytest

from conftest import BOOT_SECONDS, ROOT, TRANSFER_SECONDS
from consoles import prompt

UART_SYSTEM = """<system name="uart_passthrough">
  <guest name="vm1" ram="64M">
    <linux kernel="debian" initrd="demo"/>
    <passthrough node="/pl011@9000000"/>
  </guest>
</system>
"""


@pytest.fixture(scope="module")
def monitor_path(machine, tmp_path_factory):
    return tmp_path_factory.mktemp("qemu") / "monitor"


@pytest.fixture(scope="module")
def guests(boot_pair, monitor_path):
    return boot_pair(ROOT / "systems" / "passthrough.system", "-rtc", "base=2001-02-03T04:05:06,clock=vm",
                     "-chardev", f"socket,id=monitor,path={monitor_path},server=on,wait=off", "-mon", "chardev=monitor")


def interrupts(guest, name):
    """How often the interrupt that /proc/interrupts calls `name` came."""
    output = guest.run("cat /proc/interrupts")
    line = re.search(rf"^ *\d+: +(\d+) .*{re.escape(name)}$", output, re.MULTILINE)
    assert line, output
    return int(line.group(1))


def wait_for(condition, seconds=TRANSFER_SECONDS):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.5)


def test_clock_tells_the_time(guests):
    vm1, _ = guests
    assert "rtc-pl031" in vm1.run("cat /sys/class/rtc/rtc0/name")
    assert vm1.run("cat /sys/class/rtc/rtc0/date").strip() == "2001-02-03"
    assert vm1.run("date +%Y").strip() == "2001"
    # Linux takes the time over in whole seconds, and time passes between the two reads.
    apart = vm1.run("echo RTC $(($(cat /sys/class/rtc/rtc0/since_epoch) - $(date +%s)))").split()[1]
    assert abs(int(apart)) <= 2


def test_clock_raises_its_alarm(guests):
    vm1, _ = guests
    before = interrupts(vm1, "rtc-pl031")
    vm1.run("echo +2 >/sys/class/rtc/rtc0/wakealarm")
    wait_for(lambda: interrupts(vm1, "rtc-pl031") > before)
    vm1.run("echo +1 >/sys/class/rtc/rtc0/wakealarm")
    wait_for(lambda: interrupts(vm1, "rtc-pl031") > before + 1)


def test_gpio_sees_the_power_button(guests, monitor_path):
    _, vm2 = guests
    output = vm2.run("cd /sys/class/gpio; n=$(($(cat gpiochip*/base) + 3)); echo $n >export; cd gpio$n; cat direction; "
                     "echo rising >edge; cat value")
    assert output.split() == ["in", "0"], output
    before = interrupts(vm2, "gpiolib")
    for count in (1, 2):
        with socket.socket(socket.AF_UNIX) as monitor:
            monitor.connect(str(monitor_path))
            monitor.sendall(b"system_powerdown\n")
            wait_for(lambda: interrupts(vm2, "gpiolib") == before + count)
            # QEMU lets go of the button after a tenth of a second of the guest's.
            wait_for(lambda: vm2.run("cat value").strip() == "0")
    vm2.run("cd")


def test_device_is_in_one_guest_only(guests):
    vm1, vm2 = guests
    assert "pl061" not in vm1.run("ls /sys/bus/amba/devices")
    assert "pl031" not in vm2.run("ls /sys/bus/amba/devices")
    assert vm2.run("ls /sys/class/rtc").strip() == ""


def test_uart_belongs_to_a_guest(machine, boot):
    """The seed's way: no multiplexer, the serial line is one guest's."""
    console = boot(machine.write_system("uart_passthrough", UART_SYSTEM))
    console.expect("", prompt("vm1"), BOOT_SECONDS)
    for number in range(10):  # a lost interrupt would leave a line unfinished until the next is typed
        console.send(f"echo an''swer-{number}\r")
        console.expect("", rf"answer-{number}\n", BOOT_SECONDS)
        console.expect("", prompt("vm1"), BOOT_SECONDS)
    console.send("grep uart-pl011 /proc/interrupts\r")
    console.expect("", r"GIC(?:-0|v3) +33 Level +uart-pl011", BOOT_SECONDS)


def test_interrupt_follows_its_affinity(machine, boot):
    """The UART's interrupt goes from one vCPU to the other and back all the time, and each line that is typed needs it."""
    console = boot(machine.write_system("uart_moves", UART_SYSTEM.replace('ram="64M"', 'ram="64M" vcpus="2"')))
    console.expect("", prompt("vm1"), BOOT_SECONDS)
    console.send("irq=$(grep uart-pl011 /proc/interrupts | cut -d: -f1 | tr -d ' ')\r")
    console.expect("", prompt("vm1"), BOOT_SECONDS)
    console.send("(while true; do echo 1 >/proc/irq/$irq/smp_affinity; echo 2 >/proc/irq/$irq/smp_affinity; done) &\r")
    console.expect("", prompt("vm1"), BOOT_SECONDS)
    for number in range(100):  # one that is lost would be the last
        console.send(f"echo an''swer-{number}\r")
        console.expect("", rf"answer-{number}\n", TRANSFER_SECONDS)
    console.send("kill $!\r")
    for cpu in (2, 1, 2):  # and once it stays
        console.send(f"echo {cpu} >/proc/irq/$irq/smp_affinity; echo mo''ved-to-{cpu}\r")
        console.expect("", rf"^moved-to-{cpu}\n", TRANSFER_SECONDS)
    console.send("grep uart-pl011 /proc/interrupts; echo co''unted\r")
    console.expect("", r"^counted\n", TRANSFER_SECONDS)
    counts = re.search(r"^ *\d+: +(\d+) +(\d+) +GIC(?:-0|v3) +33 ", console.text(""), re.MULTILINE)
    assert min(int(n) for n in counts.groups()) > 10, counts.group()
