# SPDX-License-Identifier: BSD-2-Clause
"""Scenarios in QEMU: fixtures that build an image and boot it.

`make test-target` sets the environment. Boots are the expensive part, so a boot is shared by all tests of a file.
Time limits are generous: they end a hang, and decide nothing else.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from consoles import Consoles, Guest  # noqa: E402  (needs the path)

# Guests' clocks that count instructions, a nanosecond each: a guest gets as much done between two ticks as on hardware.
# By the host's clock it doesn't, as QEMU loses all of its TLB whenever another VM runs, so that guests that talk to each
# other change at every packet: what takes a second then takes a minute. Idle time is still the host's.
INSTRUCTION_TIME = ["-icount", "shift=0"]
BOOT_SECONDS = 1200
TRANSFER_SECONDS = 300


class Machine:
    """The tool, QEMU, and where they put things."""

    # Consoles beside the guests' own.
    log_consoles = ("kernel",)
    # Of 64 MiB.
    most_guests = 12

    def __init__(self):
        self.build_dir = Path(os.environ["CAUSEWAY_BUILD_DIR"])
        self.qemu = shlex.split(os.environ["CAUSEWAY_QEMU"])
        self.tool = self.build_dir / "causeway"
        self.guest_dir = Path(os.environ["CAUSEWAY_GUEST_DIR"])
        self.board = os.environ["CAUSEWAY_BOARD"]
        self.kernel = Path(os.environ["CAUSEWAY_KERNEL"])
        # Several of us may run at once (pytest-xdist).
        self.work_dir = self.build_dir / "tests" / "target" / os.environ.get("PYTEST_XDIST_WORKER", "main")
        self.work_dir.mkdir(parents=True, exist_ok=True)

    def build(self, system, uplink=None):
        """Build the image of a description; its path. `uplink`: what QEMU joins its network card to."""
        image = self.work_dir / (Path(system).stem + ".elf")
        subprocess.run([self.tool, "build", system, "-o", image, "--report", self.report(system),
                        *(["--uplink", uplink] if uplink else []),
                        "--pd-dir", self.build_dir / "pd", "--guest-dir", self.guest_dir,
                        "--kernel", self.kernel, "--board", self.board,
                        "--board-dtb", os.environ["CAUSEWAY_BOARD_DTB"]], check=True)
        self.verify(system, image)
        return image

    def verify(self, system, image):
        """Compare an image with the policy of its description."""
        policy = image.with_suffix(".policy")
        subprocess.run([self.tool, "policy", system, "-o", policy, "--board", self.board, "--search-path", self.build_dir / "pd",
                        "--board-dtb", os.environ["CAUSEWAY_BOARD_DTB"]], check=True)
        subprocess.run([self.tool, "verify", image, "--policy", policy, "--kernel", self.kernel], check=True)

    def report(self, system):
        """Where the report of a description's image is."""
        return self.work_dir / (Path(system).stem + ".report.txt")

    def write_system(self, name, text):
        """A description made by a test; its path."""
        path = self.work_dir / f"{name}.system"
        path.write_text(text)
        return path

    def disk_folder(self, system):
        """Where the images of a description's disks are."""
        return self.work_dir

    def disk_config(self, image):
        """QEMU's configuration of an image's disks."""
        return image.with_suffix(".qemu")

    def boot_arguments(self, image):
        """What makes QEMU boot the image."""
        return [*self.configuration(image), "-kernel", str(image)]

    def configuration(self, image):
        """The devices that the tool wants, as arguments of QEMU."""
        config = self.disk_config(image)
        more = config.with_suffix(".qemu_arguments")
        return ["-readconfig", str(config), *(shlex.split(more.read_text(encoding="utf-8")) if more.exists() else [])]

    def fault_report(self, name):
        """How the platform begins its report of a PD's fault."""
        return f"'{name}' faulted and has no parent"

    def wait_log(self, consoles, pattern):
        """Wait for what a PD logs."""
        consoles.expect("kernel", pattern, BOOT_SECONDS)

    def boot(self, system, *arguments, uplink=None):
        """Boot a description's image; its consoles. Later QEMU arguments override earlier ones."""
        return self.boot_image(self.build(system, uplink), *arguments)

    def boot_image(self, image, *arguments):
        """Boot an image that has been built."""
        return Consoles([*self.qemu, "-chardev", "stdio,id=terminal,signal=off", "-serial", "chardev:terminal",
                         *self.boot_arguments(image), *arguments])


class MicrokitMachine(Machine):
    """The same on seL4: the SDK's own tool makes the image, its loader boots it."""

    log_consoles = ()
    # Microkit 2.0.1 has no way but a program to bring a guest's kernel along, and so many pages of programs are its limit.
    most_guests = 6

    def __init__(self, sdk):
        super().__init__()
        self.sdk = Path(sdk)
        self.board = os.environ["CAUSEWAY_SDK_BOARD"]
        self.config = os.environ["CAUSEWAY_SDK_CONFIG"]

    def build(self, system, uplink=None):
        folder = self.work_dir / "sel4" / Path(system).stem
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        version = (self.sdk / "VERSION").read_text(encoding="utf-8").strip()
        subprocess.run([self.tool, "sdf", system, "--sdk-version", version,
                        "--sdk-cores", os.environ["CAUSEWAY_SDK_CORES"], "-o", folder, "--board", self.board,
                        *(["--uplink", uplink] if uplink else []),
                        "--report", self.report(system),
                        "--pd-dir", os.environ["CAUSEWAY_SDK_PD_DIR"], "--guest-dir", self.guest_dir,
                        "--board-dtb", os.environ["CAUSEWAY_BOARD_DTB"]], check=True)
        (description,) = folder.glob("*.system")
        policy = folder.with_suffix(".policy")
        subprocess.run([self.tool, "policy", "--sel4", system, "-o", policy, "--board", self.board, "--search-path",
                        os.environ["CAUSEWAY_SDK_PD_DIR"], "--board-dtb", os.environ["CAUSEWAY_BOARD_DTB"]], check=True)
        subprocess.run([self.tool, "verify", "--sdf", folder, "--policy", policy,
                        "--pd-dir", os.environ["CAUSEWAY_SDK_PD_DIR"]], check=True)
        subprocess.run([self.sdk / "bin" / "microkit", description, "--search-path", folder, "--board", self.board,
                        "--config", self.config, "-o", folder / "loader.img", "-r", folder / "microkit_report.txt"],
                       check=True)
        return folder / "loader.img"

    def disk_folder(self, system):
        return self.work_dir / "sel4"

    def disk_config(self, image):
        return image.parent.with_suffix(".qemu")

    def boot_arguments(self, image):
        # Every exit enters the kernel several times, and an emulator is slow at that: the guests' clocks count
        # instructions, so that they have as much done between two ticks as on hardware, and idle time takes none.
        return ["-icount", "shift=0,sleep=off", *self.configuration(image),
                "-device", f"loader,file={image},addr={os.environ['CAUSEWAY_SDK_LOAD_ADDRESS']},cpu-num=0"]

    def fault_report(self, name):
        return f"faulting PD: {name}"

    def wait_log(self, consoles, pattern):
        # A debug kernel puts it on the serial line, in between; the others have no place for it.
        deadline = time.monotonic() + BOOT_SECONDS
        while self.config == "debug" and not re.search(pattern, consoles.log):
            assert time.monotonic() < deadline and consoles.pump(0.2), f"no {pattern} in the log"


def pytest_configure(config):
    config.addinivalue_line("markers", "bundled: a test of our own kernel, or of its images")
    config.addinivalue_line("markers", "more: of `make test-more`, as `make test` has no time for it")
    config.addinivalue_line("markers", "long: of `make test-long`, as CI has no time for it")
    config.addinivalue_line("markers", "browser: of `make test-web`, as a browser is a large thing to install")


def is_wanted(item):
    """What `make test` has, unless CAUSEWAY_TESTS says `more`, what comes beside it, or `all`; on seL4 the tests of our own
    kernel are not there."""
    tests = os.environ.get("CAUSEWAY_TESTS", "")
    longest = [mark for mark in ("long", "more") if item.get_closest_marker(mark)]
    if item.get_closest_marker("browser") and "CAUSEWAY_BROWSER" not in os.environ:
        return False
    if item.get_closest_marker("bundled") and os.environ.get("CAUSEWAY_SDK"):
        return False
    return tests == "all" or (longest[0] if longest else "") == tests


def pytest_collection_modifyitems(config, items):
    """Some are left to other targets."""
    others = [item for item in items if not is_wanted(item)]
    config.hook.pytest_deselected(items=others)
    items[:] = [item for item in items if item not in others]


@pytest.fixture(scope="session")
def machine():
    sdk = os.environ.get("CAUSEWAY_SDK")
    return MicrokitMachine(sdk) if sdk else Machine()


def booting(machine):
    """A function that boots a description, and the end of what it booted."""
    running = []

    def start(system, *arguments, **options):
        running.append(machine.boot(system, *arguments, **options))
        return running[-1]

    yield start
    for consoles in running:
        consoles.close()


@pytest.fixture(scope="module")
def boot(machine):
    """A function that boots a description; what it booted ends with the module."""
    yield from booting(machine)


@pytest.fixture
def boot_alone(machine):
    """The same for one test: idle machines take time from those that work."""
    yield from booting(machine)


@pytest.fixture(scope="module")
def boot_pair(boot):
    """A function that boots a description of the guests vm1 and vm2, to both prompts."""

    def start(system, *arguments):
        consoles = boot(system, *arguments)
        guests = Guest(consoles, "vm1", 1), Guest(consoles, "vm2", 2)
        for guest in guests:
            guest.wait_prompt(BOOT_SECONDS)
        return guests

    return start


def pytest_report_header():
    return "qemu: " + os.environ.get("CAUSEWAY_QEMU", "")


def ping(guest, options, address):
    """Run ping on a guest; fails unless every packet was answered."""
    output = guest.run(f"ping {options} {address}")
    assert ", 0% packet loss" in output, output
    return output


def all_answered(statistics):
    """Fails unless every packet of a ping that was ended from outside was answered, but the one that was on its way then."""
    sent, received = map(int, re.search(r"(\d+) packets transmitted, (\d+) packets received", statistics).groups())
    assert received > 0 and sent - received <= 1, statistics


def cpus_go_off_and_on(guest, count):
    """Each of a guest's CPUs in turn, the first one too."""
    for cpu in range(count):
        guest.run(f"echo 0 >/sys/devices/system/cpu/cpu{cpu}/online")
        others = guest.run("grep -c ^processor /proc/cpuinfo").strip()
        guest.run(f"echo 1 >/sys/devices/system/cpu/cpu{cpu}/online")
        assert others == str(count - 1)
        assert guest.run("cat /sys/devices/system/cpu/online").strip() == f"0-{count - 1}"


def link_local(guest, interface="eth0"):
    """The guest's IPv6 link-local address, once duplicate address detection is over."""
    for _ in range(60):
        output = guest.run(f"ip -6 addr show dev {interface} scope link")
        if "fe80" in output and "tentative" not in output:
            return output.split("inet6 ")[1].split("/")[0]
        guest.run("sleep 1")
    raise AssertionError(f"{guest.name} has no link-local address: {output}")


def transfer(sender, receiver, address, mib_count=10):
    """Send random bytes from guest to guest by TCP; fails unless all of them arrive as they were sent."""
    sender.run(f"dd if=/dev/urandom of=/tmp/sent bs=1M count={mib_count} 2>/dev/null")
    sent = sender.run("sha256sum </tmp/sent").split()[0]
    # An end of input would end the connection: a FIFO that is open for writing has none.
    receiver.run("rm -f /tmp/fifo; mkfifo /tmp/fifo; nc -l -p 5000 <>/tmp/fifo >/tmp/received &")
    receiver.run("until netstat -ltn | grep -q :5000; do sleep 1; done")
    sender.run(f"nc {address} 5000 </tmp/sent; rm /tmp/sent", timeout=TRANSFER_SECONDS)
    receiver.run("wait", timeout=TRANSFER_SECONDS)
    received = receiver.run("wc -c </tmp/received; sha256sum </tmp/received; rm /tmp/received").split()
    assert received[:2] == [str(mib_count << 20), sent]
