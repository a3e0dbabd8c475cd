# SPDX-License-Identifier: BSD-2-Clause
"""Whatever the boot loader's caches hold when the kernel is entered, memory is right when its first C function runs."""

import os
from pathlib import Path

import pytest

from cache_model import LINE, Elf, Machine, disassemble

KERNEL = Path(os.environ["CAUSEWAY_BUILD_DIR"]) / "kernel.elf"
STALE = bytes([0xa5]) * LINE
FDT = 0x7f000000
FDT_BYTES = 0x300
# Room for start.S.
CODE_BYTES = 0x400


class Entry:
    """The kernel as it was linked, with a descriptor behind it."""

    def __init__(self):
        self.elf = Elf(KERNEL)
        symbols = self.elf.symbols
        self.start, self.main = symbols["_start"], symbols["main_boot"]
        self.bss, self.bss_end = symbols["bss_start"], symbols["bss_end"]
        self.end = (self.bss_end + LINE - 1) // LINE * LINE + 4 * LINE
        self.program = disassemble(KERNEL, self.start, self.start + CODE_BYTES)
        self.image = self.lines_of_image()

    def lines_of_image(self):
        """What the boot loader has loaded: {line: bytes}."""
        data = bytearray(self.end - self.start)
        for address, stored, _ in self.elf.segments:
            data[address - self.start:address - self.start + len(stored)] = stored
        descriptor = self.end - 4 * LINE
        data[descriptor - self.start + 16:descriptor - self.start + 24] = self.end.to_bytes(8, "little")
        where = self.elf.symbols["sysdesc_address"] - self.start
        data[where:where + 8] = descriptor.to_bytes(8, "little")
        lines = {self.start + i: bytes(data[i:i + LINE]) for i in range(0, len(data), LINE)}
        return {line: content for line, content in lines.items() if line < self.bss or line >= descriptor}

    def fdt_lines(self):
        tree = b"\xd0\x0d\xfe\xed" + FDT_BYTES.to_bytes(4, "big") + bytes(range(256)) * 3
        return {FDT + i: tree[i:i + LINE] for i in range(0, FDT_BYTES, LINE)}

    def boot(self, seed, mmu_on, program=None):
        """Run the entry code with the caches in a state made from `seed`; the machine afterwards."""
        machine = Machine(program or self.program, seed, mmu_on)
        loaded = {**self.image, **self.fdt_lines()}
        bss = range(self.bss // LINE * LINE, self.bss_end, LINE)
        machine.candidates = list(loaded) + list(bss)
        for line, content in loaded.items():
            # With the MMU off the boot loader has written its caches back, as Linux asks of it.
            if mmu_on and machine.random.random() < 0.5:
                machine.memory[line], machine.cache[line] = STALE, content
                machine.dirty.add(line)
            else:
                machine.memory[line] = content
        for line in bss:
            machine.memory[line] = STALE
            if machine.random.random() < 0.5:
                machine.cache[line] = STALE
                if machine.random.random() < 0.5:
                    machine.dirty.add(line)
        machine.x[0] = FDT
        machine.run(self.start, self.main)
        return machine

    def mistakes(self, machine):
        """What is wrong with memory: a set of words."""
        found = set()
        zero = bytes(LINE)
        for line, content in {**self.image, **self.fdt_lines()}.items():
            if machine.memory[line] != content:
                found.add("image not written back")
        for line in range(self.bss, self.bss_end, LINE):
            if machine.memory[line] != zero:
                found.add(".bss not zero")
            if line in machine.dirty:
                found.add("dirty line over .bss")
            if machine.cache.get(line, zero) != zero:
                found.add("stale line over .bss")
        if machine.cached():
            found.add("MMU on")
        if machine.x[0] != FDT:
            found.add("device tree lost")
        return found


@pytest.fixture(scope="module")
def entry():
    return Entry()


@pytest.mark.parametrize("mmu_on", [False, True])
@pytest.mark.parametrize("seed", range(2))
def test_memory_is_right(entry, seed, mmu_on):
    machine = entry.boot(seed, mmu_on)
    assert not entry.mistakes(machine)
    assert machine.x[31] == entry.elf.symbols["start_stack_top"]


def without(program, mnemonic, operand, instead=("nop", [])):
    """The program with nothing, or another one, in place of an instruction."""
    left_out = {address: instead for address, (name, operands) in program.items()
                if name == mnemonic and operand in operands}
    assert left_out
    return {**program, **left_out}


@pytest.mark.parametrize("mnemonic, operand, instead, mistake", [
    ("dc", "civac", ("nop", []), "image not written back"),
    ("dc", "ivac", ("nop", []), "stale line over .bss"),
    ("stp", "xzr", ("add", ["x0", "x0", "#16"]), ".bss not zero"),
    ("msr", "sctlr_el2", ("nop", []), "MMU on"),
])
def test_defect_is_found(entry, mnemonic, operand, instead, mistake):
    program = without(entry.program, mnemonic, operand, instead)
    assert any(mistake in entry.mistakes(entry.boot(seed, True, program)) for seed in range(2))


def test_no_device_tree(entry):
    """x0 is something else: it is left alone."""
    machine = Machine(entry.program, 0, False)
    machine.candidates = []
    machine.memory.update(entry.image)
    machine.x[0] = 3
    machine.run(entry.start, entry.main)
    assert machine.x[0] == 0
