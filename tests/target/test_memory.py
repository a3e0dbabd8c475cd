# SPDX-License-Identifier: BSD-2-Clause
"""What a description says about PDs' memory holds on the machine: contents, addresses, permissions."""

import pexpect
import pytest

pytestmark = pytest.mark.bundled

SECONDS = 60

SHARING = """<system name="shared_memory">
  <memory_region name="shared" size="0x3000"/>
  <memory_region name="contents" size="0x2000" prefill_path="contents.bin"/>
  <memory_region name="fixed" size="0x1000" phys_addr="0x70000000"/>
  {pds}
  <channel>
    <end pd="writer" id="17" setvar_id="channel_id"/>
    <end pd="reader" id="17" setvar_id="channel_id"/>
  </channel>
</system>
"""

SHARING_PD = """<protection_domain name="{name}" priority="{priority}">
    <program_image path="memory.elf"/>
    <map mr="shared" vaddr="{vaddr}" perms="{perms}" setvar_vaddr="shared_vaddr" setvar_size="shared_bytes"/>
    <map mr="contents" vaddr="0x30000000" perms="r" setvar_vaddr="contents_vaddr"
         setvar_prefill_size="contents_bytes"/>
    <map mr="fixed" vaddr="0x40000000" perms="r"/>
    <setvar symbol="fixed_paddr" region_paddr="fixed"/>
  </protection_domain>
"""

# Name of the PD, of which trespass.c reads the first letter, and what the kernel says of it.
TRESPASSES = {
    "code": "write to read-only memory, address 0x200",
    "konstant": "write to read-only memory, address 0x20",
    "region": "write to read-only memory, address 0x20000000",
    "x_data": "instruction fetch from non-executable memory, address 0x20",
    "stack": "write to unmapped memory, address 0x7fefffd",  # the page below a stack of 8 KiB
    "outside": "write to unmapped memory, address 0x40200000",
}

TRESPASS_PD = """<protection_domain name="{name}" priority="{priority}">
    <program_image path="trespass.elf"/>
    <map mr="region" vaddr="0x20000000" perms="r" setvar_vaddr="region_vaddr"/>
  </protection_domain>
"""


def run_until(machine, system, last):
    """Boot a description and return all output up to `last`."""
    image = machine.build(system)
    child = pexpect.spawn(machine.qemu[0], [*machine.qemu[1:], "-serial", "stdio", "-kernel", str(image)],
                          encoding="utf-8", timeout=SECONDS)
    try:
        child.expect_exact(last)
        return child.before + child.after
    finally:
        child.close(force=True)


@pytest.fixture(scope="module")
def sharing(machine):
    (machine.work_dir / "contents.bin").write_bytes(bytes(n * 7 % 256 for n in range(5000)))
    pds = (SHARING_PD.format(name="writer", priority=10, vaddr="0x20000000", perms="rw") +
           SHARING_PD.format(name="reader", priority=20, vaddr="0x28000000", perms="r"))
    return run_until(machine, machine.write_system("shared_memory", SHARING.format(pds=pds)), "reader: shared memory")


@pytest.mark.parametrize("name", ["writer", "reader"])
@pytest.mark.parametrize("what", ["variables", "physical address", "contents", "rest of contents"])
def test_the_description_is_kept(sharing, name, what):
    assert f"{name}: {what} ok" in sharing


def test_memory_is_zeroed_and_shared(machine, sharing):
    assert "writer: zeroed ok" in sharing
    assert "WRONG" not in sharing


@pytest.fixture(scope="module")
def trespassing(machine):
    """Each PD in turn, from high to low priority; then one that is still alive."""
    pds = "".join(TRESPASS_PD.format(name=name, priority=200 - n) for n, name in enumerate(TRESPASSES))
    text = f"""<system name="trespasses">
  <memory_region name="region" size="0x1000"/>
  {pds}
  <protection_domain name="last" priority="1"><program_image path="hello.elf"/></protection_domain>
</system>
"""
    return run_until(machine, machine.write_system("trespasses", text), "hello from last")


@pytest.mark.parametrize("name, message", TRESPASSES.items())
def test_trespass_is_stopped_and_reported(trespassing, name, message):
    assert f"'{name}' faulted" in trespassing
    assert message in trespassing.split(f"'{name}' faulted")[1].split("\n")[1]


def test_no_trespass_succeeds(trespassing):
    assert "nothing stopped me" not in trespassing
