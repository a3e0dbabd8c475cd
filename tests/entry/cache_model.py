# SPDX-License-Identifier: BSD-2-Clause
"""The kernel's entry code (kernel/aarch64/start.S), run instruction by instruction over a model of a cache.

QEMU has no caches, so nothing else on a host can show that a line was not written back, or not thrown away. The
model has one cache in front of memory. While the MMU is on, loads and stores go through it; while it is off, to memory.
A dirty line may be written back at any moment, and while the MMU is on any line may be fetched: both are done at random.
"""

import random
import re
import struct
import subprocess

LINE = 64
ENTRY_LIMIT = 3_000_000
CTR_64_BYTE_LINES = 4 << 16
SCTLR_M, SCTLR_C = 1, 4


class Elf:
    """Segments and symbols of a program."""

    def __init__(self, path, nm="aarch64-linux-gnu-nm"):
        with open(path, "rb") as file:
            data = file.read()
        offset, = struct.unpack_from("<Q", data, 32)
        size, count = struct.unpack_from("<HH", data, 54)
        self.segments = []
        for i in range(count):
            kind, _, start, _, address, stored, total, _ = struct.unpack_from("<IIQQQQQQ", data, offset + i * size)
            if kind == 1:
                self.segments.append((address, data[start:start + stored], total))
        lines = subprocess.run([nm, path], check=True, capture_output=True, text=True).stdout.splitlines()
        self.symbols = {words[2]: int(words[0], 16) for words in map(str.split, lines) if len(words) == 3}


def disassemble(path, start, stop, objdump="aarch64-linux-gnu-objdump"):
    """The instructions of [start, stop): {address: (mnemonic, [operands])}."""
    text = subprocess.run([objdump, "-d", "--no-show-raw-insn", f"--start-address={start}", f"--stop-address={stop}", path],
                          check=True, capture_output=True, text=True).stdout
    program = {}
    for line in text.splitlines():
        match = re.match(r"\s*([0-9a-f]+):\s+([a-z0-9.]+)\s*(.*)", line)
        if match:
            address, mnemonic, rest = match.groups()
            rest = re.sub(r"\s*(<[^>]*>|//.*)", "", rest)
            program[int(address, 16)] = (mnemonic, [part.strip() for part in re.split(r",\s*(?![^\[]*\])", rest)])
    return program


class Machine:
    """One core at EL2, memory, and the boot loader's cache in front of it. Memory is held in lines of bytes."""

    def __init__(self, program, seed, mmu_on):
        self.program = program
        self.random = random.Random(seed)
        self.memory = {}
        self.cache = {}
        self.dirty = set()
        self.x = [0] * 32
        self.flags = (False, False)
        self.system = {"mpidr_el1": 0x80000000, "currentel": 8, "ctr_el0": CTR_64_BYTE_LINES,
                       "sctlr_el2": 0x30c50830 | (SCTLR_M | SCTLR_C if mmu_on else 0)}
        self.pc = 0

    def cached(self):
        return self.system["sctlr_el2"] & (SCTLR_M | SCTLR_C) == SCTLR_M | SCTLR_C

    def line_of_memory(self, line):
        return self.memory.setdefault(line, bytes(LINE))

    def write_back(self, line):
        if line in self.dirty:
            self.memory[line] = self.cache[line]
            self.dirty.discard(line)

    def happen(self):
        """What a cache may do by itself."""
        if self.dirty and self.random.random() < 0.002:
            self.write_back(self.random.choice(tuple(self.dirty)[:64]))
        if self.cached() and self.random.random() < 0.002:
            line = self.random.choice(self.candidates)
            if line not in self.cache:
                self.cache[line] = self.line_of_memory(line)

    def load(self, address, size):
        line, offset = address // LINE * LINE, address % LINE
        if self.cached():
            content = self.cache.setdefault(line, self.line_of_memory(line))
        else:
            content = self.line_of_memory(line)
        return int.from_bytes(content[offset:offset + size], "little")

    def store(self, address, value, size):
        line, offset = address // LINE * LINE, address % LINE
        old = self.cache.setdefault(line, self.line_of_memory(line)) if self.cached() else self.line_of_memory(line)
        new = old[:offset] + value.to_bytes(size, "little") + old[offset + size:]
        if self.cached():
            self.cache[line] = new
            self.dirty.add(line)
        else:
            self.memory[line] = new

    # Operands.

    def get(self, name):
        if name in ("xzr", "wzr"):
            return 0
        if name.startswith("#"):
            return int(name[1:], 0)
        if name == "sp":
            return self.x[31]
        value = self.x[int(name[1:])]
        return value & 0xffffffff if name[0] == "w" else value

    def put(self, name, value):
        index = 31 if name == "sp" else int(name[1:])
        self.x[index] = value & (0xffffffff if name[0] == "w" else 0xffffffffffffffff)

    def address_of(self, operand):
        base, _, offset = operand.strip("[]").partition(",")
        return self.get(base.strip()) + (self.get(offset.strip()) if offset else 0)

    # Instructions.

    def run(self, start, end):
        """From `start` until the program counter is `end`."""
        self.pc = start
        for _ in range(ENTRY_LIMIT):
            if self.pc == end:
                return
            mnemonic, operands = self.program[self.pc]
            self.pc += 4
            getattr(self, "do_" + mnemonic.replace(".", "_"))(*operands)
            self.happen()
        raise AssertionError("the entry code does not end")

    def jump(self, target):
        self.pc = int(target, 16)

    do_b = jump

    def do_bl(self, target):
        self.x[30] = self.pc
        self.jump(target)

    def do_ret(self, *_):
        self.pc = self.x[30]

    def do_cbz(self, register, target):
        if self.get(register) == 0:
            self.jump(target)

    def do_tst(self, a, b):
        self.flags = (self.get(a) & self.get(b) == 0, True)

    def do_cmp(self, a, b):
        a, b = self.get(a), self.get(b)
        self.flags = (a == b, a >= b)

    def do_b_ne(self, target):
        if not self.flags[0]:
            self.jump(target)

    def do_b_cs(self, target):
        if self.flags[1]:
            self.jump(target)

    do_b_hs = do_b_cs

    def do_b_hi(self, target):
        if self.flags[1] and not self.flags[0]:
            self.jump(target)

    def do_mov(self, to, value):
        self.put(to, self.get(value))

    def do_adr(self, to, address):
        self.put(to, int(address, 16))

    def do_ldr(self, to, source):
        address = self.address_of(source) if source.startswith("[") else int(source, 16)
        self.put(to, self.load(address, 4 if to[0] == "w" else 8))

    def do_stp(self, a, b, to, step="#0"):
        address = self.address_of(to)
        self.store(address, self.get(a), 8)
        self.store(address + 8, self.get(b), 8)
        self.put(to.strip("[]"), address + self.get(step))

    def do_rev(self, to, value):
        self.put(to, int.from_bytes(self.get(value).to_bytes(4, "little"), "big"))

    def do_add(self, to, a, b):
        self.put(to, self.get(a) + self.get(b))

    def do_sub(self, to, a, b):
        self.put(to, self.get(a) - self.get(b))

    def do_lsl(self, to, a, b):
        self.put(to, self.get(a) << self.get(b))

    def do_bic(self, to, a, b):
        self.put(to, self.get(a) & ~self.get(b))

    def do_ubfx(self, to, value, low, width):
        self.put(to, self.get(value) >> self.get(low) & ((1 << self.get(width)) - 1))

    def do_mrs(self, to, register):
        self.put(to, self.system[register])

    def do_msr(self, register, value):
        self.system[register] = self.get(value)

    def do_dc(self, operation, register):
        line = self.get(register) // LINE * LINE
        if operation == "civac":
            self.write_back(line)
        else:
            assert operation == "ivac", operation
        self.dirty.discard(line)
        self.cache.pop(line, None)

    def nothing(self, *_):
        """Barriers, and what acts on translations and instructions."""

    do_dsb = do_isb = do_tlbi = do_ic = do_nop = nothing
