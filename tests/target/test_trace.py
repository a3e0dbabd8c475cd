# SPDX-License-Identifier: BSD-2-Clause
"""`causeway trace` of a guest on four cores, read by babeltrace2 and as JSON; what is printed when a guest dies. One boot."""

import json
import re
import struct
import subprocess
import tempfile

import pytest

from conftest import BOOT_SECONDS
from hub import Hub

pytestmark = [pytest.mark.bundled, pytest.mark.long]

# vm2 begins with a load of two registers from nowhere, again and again: it is switched off.
DEATH = struct.pack("<II", 0xa9400440, 0x14000000)
SYSTEM = """<system name="trace">
  <serial/>
  <guest name="vm1" ram="16M" vcpus="4" cpus="0 1 2 3"><linux kernel="hostile"/><console/></guest>
  <guest name="vm2" ram="16M" control="true"><firmware image="{image}"/><console/></guest>
  <stats trace="true" trace_bytes="64K"><console/></stats>
</system>
"""
SECONDS = 300


@pytest.fixture(scope="module")
def hub(machine):
    dies = machine.work_dir / "dies.bin"
    dies.write_bytes(DEATH)
    image = machine.build(machine.write_system("trace", SYSTEM.format(image=dies)))
    with tempfile.TemporaryDirectory(prefix="causeway-test.") as folder:
        hub = Hub(machine, f"{folder}/s", image)
        hub.files = folder
        yield hub
        hub.close()


@pytest.fixture(scope="module")
def guest(hub):
    shell = hub.shell("vm1", BOOT_SECONDS)
    shell.type("\n")
    shell.expect(r"^hostile> ", BOOT_SECONDS)
    return shell


def trace(hub, *options):
    """Run it; what it said."""
    return hub.command("trace", *options, timeout=SECONDS)


def babeltrace2(folder):
    """What it reads, and what it complains about."""
    read = subprocess.run(["babeltrace2", folder], stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8",
                          timeout=SECONDS, check=True)
    return read.stdout, read.stderr


def test_babeltrace2_reads_what_happened_on_four_cores(hub, guest):
    guest.type("conform cpus-sgi\n")
    guest.expect(r"^conform: \d+ of \d+\n", SECONDS)
    said = trace(hub, "--last", "-o", f"{hub.files}/ctf")
    count = int(re.match(rf"{hub.files}/ctf: (\d+) events of 4 cores\n", said).group(1))
    lost = sum(map(int, re.findall(r"^core \d: (\d+) lost", said, re.MULTILINE)))
    text, complaints = babeltrace2(f"{hub.files}/ctf")
    assert len(text.splitlines()) == count > 100
    # It says what is missing, and nothing else.
    assert (lost == 0) == (complaints == "") and "rror" not in complaints, complaints
    for event in ("switch", "exit_mmio", "exit_irq", "resume", "notify", "irq", "start"):
        assert f" {event}: " in text, event
    for core in range(4):
        assert re.search(rf'cpu_id = {core} }}, {{ thread = \( "vm1\.{core}" ', text), core
    assert re.search(r'exit_mmio: .* thread = \( "vm1\.\d" .*address = 0x[0-9A-F]+, access = ', text)
    assert trace_again(hub) != 0


def test_events_of_a_while(hub, guest):
    said = trace(hub, "--seconds", "0.2", "-o", f"{hub.files}/while")
    text, complaints = babeltrace2(f"{hub.files}/while")
    assert len(text.splitlines()) == int(re.search(r": (\d+) events", said).group(1)) > 0
    assert ("lost" in said) == (complaints != "") and "made no sense" not in said, complaints


def trace_again(hub):
    """Into a folder that has a trace."""
    status, said = hub.command("trace", "--last", "-o", f"{hub.files}/ctf", timeout=SECONDS, check=False)
    assert "it is there already" in said
    return status


def test_json_has_a_lane_for_each_core_and_thread(hub, guest):
    trace(hub, "--last", "-o", f"{hub.files}/last.json")
    with open(f"{hub.files}/last.json", encoding="utf-8") as file:
        events = json.load(file)["traceEvents"]
    names = {(event["pid"], event["tid"]): event["args"]["name"] for event in events if event["name"] == "thread_name"}
    assert {"core 0", "core 3", "vm1.0", "vm1.3", "vm1_vmm", "stats", "serial_mux"} <= set(names.values())
    for core in range(4):
        slices = sorted((event["ts"], event["dur"]) for event in events
                        if event["ph"] == "X" and (event["pid"], event["tid"]) == (1, core))
        assert slices and all(first[0] + first[1] <= second[0] + 0.002 for first, second in zip(slices, slices[1:]))


def test_one_tool_at_a_time(hub, guest):
    first = subprocess.Popen([hub.tool, "trace", "--dir", hub.folder, "--seconds", "600", "-o", "-"],
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(100):
            status, said = hub.command("trace", "--last", "-o", "-", timeout=SECONDS, check=False)
            if status != 0:
                break
        assert status != 0 and "has not answered" in said
    finally:
        first.kill()
        first.wait()
    # Who is killed leaves nothing behind.
    for _ in range(100):
        status, said = hub.command("trace", "--seconds", "0.01", "-o", "-", timeout=SECONDS, check=False)
        if status == 0:
            break
    assert status == 0, said


def test_the_last_events_of_a_guest_that_dies_are_printed(hub, guest):
    log = hub.shell("log", BOOT_SECONDS)
    hub.command("start", "vm2", timeout=SECONDS)
    log.expect(r"recorder: vm2_vmm says that its machine has died: the last \d+ events up to then\n", SECONDS)
    log.expect(r"recorder: - +[\d.]+ us  core 0  vm2\.0 +exit_\w+ ", SECONDS)
    log.expect(r"recorder: - +0\.0 us  core 0  vm2_vmm +mark ", SECONDS)
