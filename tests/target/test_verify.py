# SPDX-License-Identifier: BSD-2-Clause
"""`causeway verify` on the real image of virtio_demo, and on copies of it with single descriptors changed."""

import re
import struct
import subprocess

import pytest

from conftest import ROOT

pytestmark = pytest.mark.bundled

PAGE = 0x1000
ADDRESS = 0x0000FFFFFFFFF000
WRITE = 1 << 7  # S2AP[1]
EXECUTE_NEVER = 1 << 54
GUEST_RAM = 0x40000000
PD_TEXT = 0x200000


class Image:
    """An image's bytes, its domains and regions (tool/image/intent.h), and its translation tables."""

    def __init__(self, path):
        self.data = bytearray(path.read_bytes())
        header = struct.unpack_from("<16xHHIQQQIHHHHHH", self.data)
        self.segments = [struct.unpack_from("<IIQQQQQQ", self.data, header[4] + i * header[8])
                         for i in range(header[9])]
        sections = [struct.unpack_from("<IIQQQQIIQQ", self.data, header[5] + i * header[10])
                    for i in range(header[11])]
        names = sections[header[12]][4]
        self.sections = {self.string(names + section[0]): section for section in sections}
        self.entry = header[3]
        self.read_intent(self.sections[".causeway.intent"][4])

    def string(self, offset):
        return self.data[offset:self.data.index(0, offset)].decode()

    def read_intent(self, start):
        """Roots of domains by name; (physical address, bytes) of regions by name."""
        _, _, _, domain_count, region_count, _, _, domains, regions, _ = struct.unpack_from("<QIIIIIIQQQ",
                                                                                           self.data, start)
        self.roots, self.regions = {}, {}
        for at in range(start + domains, start + domains + domain_count * 80, 80):
            self.roots[self.string(at)] = struct.unpack_from("<Q", self.data, at + 72)[0]
        for at in range(start + regions, start + regions + region_count * 96, 96):
            self.regions[self.string(at)] = struct.unpack_from("<QQ", self.data, at + 64)

    def offset(self, phys):
        """Where the file has the byte at a physical address."""
        for kind, _, offset, _, start, file_bytes, _, _ in self.segments:
            if kind == 1 and start <= phys < start + file_bytes:
                return offset + phys - start
        raise AssertionError(f"{phys:#x} is not in the file")

    def entry_at(self, domain, address):
        """File offset and value of the leaf descriptor that maps an address of a domain."""
        table = self.roots[domain]
        for shift in (30, 21, 12):
            at = self.offset(table) + (address >> shift & 511) * 8
            value = struct.unpack_from("<Q", self.data, at)[0]
            if shift == 12 or value & 3 == 1:
                return at, value
            assert value & 3 == 3, f"{domain} does not map {address:#x}"
            table = value & ADDRESS

    def change(self, domain, address, keep, value):
        at, old = self.entry_at(domain, address)
        struct.pack_into("<Q", self.data, at, old & keep | value)


def phys_of(image, domain, address):
    return image.entry_at(domain, address)[1] & ADDRESS


def vm_sees_the_other_vms_ram(image):
    image.change("vm1_vmm/vm1", GUEST_RAM, ~ADDRESS, image.regions["vm2_ram"][0])
    return "vm1_vmm/vm1", "undeclared-mapping", "vm2_ram"


def vm_sees_the_kernel(image):
    image.change("vm1_vmm/vm1", GUEST_RAM, ~ADDRESS, image.entry & ~0x1FFFFF)
    return "vm1_vmm/vm1", "kernel-exposed", "kernel"


def pd_text_is_writable(image):
    image.change("lan", PD_TEXT, -1, WRITE)
    return "lan", "wx-pd", "memory"


def pd_text_is_data(image):
    image.change("lan", PD_TEXT, -1, WRITE | EXECUTE_NEVER)
    return "lan", "pd-segment", "own memory"


def pd_sees_another_pds_program(image):
    image.change("lan", PD_TEXT, ~ADDRESS, phys_of(image, "vm1_vmm", PD_TEXT))
    return "lan", "undeclared-sharing", "memory"


def pd_sees_the_kernels_data(image):
    image.change("lan", PD_TEXT, ~ADDRESS, image.sections[".klog"][3] - PAGE)
    return "lan", "kernel-exposed", "kernel"


def pd_sees_a_vms_ram(image):
    image.change("lan", PD_TEXT, ~ADDRESS, image.regions["vm1_ram"][0])
    return "lan", "undeclared-mapping", "vm1_ram"


def pd_sees_translation_tables(image):
    image.change("lan", PD_TEXT, ~ADDRESS, image.roots["lan"])
    return "lan", "table-exposed", "translation table"


def pd_sees_the_interrupt_controller(image):
    image.change("lan", PD_TEXT, ~ADDRESS, 0x08000000)
    return "lan", "kernel-device", "gicd"


def kernel_text_is_writable(image):
    image.change("kernel", image.entry, ~WRITE, 0)  # AP[2], read-only, is the same bit
    return "kernel", "wx-el2", "memory"


def kernel_writes_its_tables(image):
    image.change("kernel", image.roots["kernel"], ~WRITE, 0)
    return "kernel", "table-exposed", "translation table"


BREACHES = [vm_sees_the_other_vms_ram, vm_sees_the_kernel, pd_text_is_writable, pd_text_is_data,
            pd_sees_another_pds_program, pd_sees_the_kernels_data, pd_sees_a_vms_ram, pd_sees_translation_tables,
            pd_sees_the_interrupt_controller, kernel_text_is_writable, kernel_writes_its_tables]


@pytest.fixture(scope="module")
def sound(machine):
    return machine.build(ROOT / "systems" / "virtio_demo.system")


def verify(machine, image):
    return subprocess.run([machine.tool, "verify", image], capture_output=True, text=True)


def test_proof_is_summarised(machine, sound):
    result = verify(machine, sound)
    assert result.returncode == 0, result.stderr
    assert 'isolation of "virtio_demo" proved' in result.stdout
    assert "2 virtual machines" in result.stdout


@pytest.mark.parametrize("breach", BREACHES, ids=lambda breach: breach.__name__)
def test_breach_is_found(machine, sound, breach):
    image = Image(sound)
    domain, rule, region = breach(image)
    path = machine.work_dir / "breach.elf"
    path.write_bytes(image.data)
    result = verify(machine, path)
    assert result.returncode == 1, result.stdout + result.stderr
    lines = result.stderr.splitlines()
    # One mapping may break several rules, and at several regions: they stand in one line.
    assert any(line.startswith(f"{path}: {domain}: 0x") and re.search(rf"\[(.*, )?{rule}[],]", line) and
               (f": {region}: " in line or re.search(rf"\(.*[ ,]{region}[,)]", line)) for line in lines), result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize("bytes_kept", [0, 63, 64, 5000, 100000])
def test_truncated_image_is_malformed(machine, sound, bytes_kept):
    path = machine.work_dir / "breach.elf"
    path.write_bytes(sound.read_bytes()[:bytes_kept])
    result = verify(machine, path)
    assert result.returncode == 2, result.stdout + result.stderr
    assert "malformed image" in result.stderr


def test_other_files_are_refused(machine):
    for path in (machine.kernel, machine.tool, ROOT, ROOT / "none"):
        assert verify(machine, path).returncode == 2


def test_usage(machine):
    help_text = subprocess.run([machine.tool, "verify", "--help"], capture_output=True, text=True)
    assert help_text.returncode == 0 and "IMAGE" in help_text.stdout
    for arguments in ([], ["a", "b"], ["--nonsense", "a"]):
        assert subprocess.run([machine.tool, "verify", *arguments], capture_output=True).returncode == 2
