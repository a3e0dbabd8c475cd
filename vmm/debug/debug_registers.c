/* SPDX-License-Identifier: BSD-2-Clause */
/* gdb's numbers of registers, and the platform's. */
#include "vmm/debug/debug_registers.h"

#include "lib/base/format.h"
#include "lib/base/mem.h"
#include "vmm/platform.h"

enum gdb_register { GDB_SP = 31, GDB_PC = 32, GDB_CPSR = 33, GDB_V = 34, GDB_FPSR = 66, GDB_FPCR = 67 };

/* Words of PLATFORM_DEBUG_CORE. */
enum core_word { CORE_SCTLR = 34, CORE_TCR, CORE_TTBR0, CORE_TTBR1, CORE_POINTS };

#define VECTOR_WORDS 64u
#define FP_FPCR 64u
#define FP_FPSR 65u

static const char head[] =
    "<?xml version=\"1.0\"?><!DOCTYPE target SYSTEM \"gdb-target.dtd\"><target version=\"1.0\">"
    "<architecture>aarch64</architecture><feature name=\"org.gnu.gdb.aarch64.core\">";
static const char middle[] =
    "<reg name=\"sp\" bitsize=\"64\" type=\"data_ptr\"/>"
    "<reg name=\"pc\" bitsize=\"64\" type=\"code_ptr\"/>"
    "<reg name=\"cpsr\" bitsize=\"32\"/></feature>"
    "<feature name=\"org.gnu.gdb.aarch64.fpu\">"
    "<vector id=\"v2d\" type=\"ieee_double\" count=\"2\"/>"
    "<vector id=\"v2u\" type=\"uint64\" count=\"2\"/>"
    "<vector id=\"v4f\" type=\"ieee_single\" count=\"4\"/>"
    "<vector id=\"v4u\" type=\"uint32\" count=\"4\"/>"
    "<vector id=\"v16u\" type=\"uint8\" count=\"16\"/>"
    "<union id=\"aarch64v\"><field name=\"d\" type=\"v2d\"/><field name=\"u\" type=\"v2u\"/>"
    "<field name=\"s\" type=\"v4f\"/><field name=\"w\" type=\"v4u\"/>"
    "<field name=\"b\" type=\"v16u\"/></union>";
static const char tail[] =
    "<reg name=\"fpsr\" bitsize=\"32\"/><reg name=\"fpcr\" bitsize=\"32\"/></feature></target>";

size_t debug_registers_describe(char text[DEBUG_REGISTERS_XML_BYTES])
{
    size_t used = format_print(text, DEBUG_REGISTERS_XML_BYTES, "%s", head);

    for (uint32_t i = 0; i < GDB_SP; i++) {
        used += format_print(text + used, DEBUG_REGISTERS_XML_BYTES - used,
                             "<reg name=\"x%u\" bitsize=\"64\"/>", i);
    }
    used += format_print(text + used, DEBUG_REGISTERS_XML_BYTES - used, "%s", middle);
    for (uint32_t i = 0; i < VECTOR_WORDS / 2; i++) {
        used += format_print(text + used, DEBUG_REGISTERS_XML_BYTES - used,
                             "<reg name=\"v%u\" bitsize=\"128\" type=\"aarch64v\"/>", i);
    }
    return used + format_print(text + used, DEBUG_REGISTERS_XML_BYTES - used, "%s", tail);
}

bool debug_registers_read(uint32_t vcpu, struct debug_registers *registers)
{
    memset(registers, 0, sizeof(*registers));
    return platform_debug_read(vcpu, PLATFORM_DEBUG_CORE, registers->core) &&
           platform_debug_read(vcpu, PLATFORM_DEBUG_FP_LOW, registers->fp) &&
           platform_debug_read(vcpu, PLATFORM_DEBUG_FP_HIGH, registers->fp + VECTOR_WORDS / 2);
}

uint64_t debug_registers_pc(uint32_t vcpu)
{
    uint64_t core[PLATFORM_DEBUG_WORDS] = {0};

    return platform_debug_read(vcpu, PLATFORM_DEBUG_CORE, core) ? core[GDB_PC] : 0;
}

bool debug_registers_regime(uint32_t vcpu, struct walk_regime *regime)
{
    uint64_t core[PLATFORM_DEBUG_WORDS] = {0};

    if (!platform_debug_read(vcpu, PLATFORM_DEBUG_CORE, core)) {
        return false;
    }
    *regime = (struct walk_regime){core[CORE_SCTLR], core[CORE_TCR], core[CORE_TTBR0], core[CORE_TTBR1]};
    return true;
}

void debug_registers_points(uint32_t vcpu, uint32_t *breakpoints, uint32_t *watchpoints)
{
    uint64_t core[PLATFORM_DEBUG_WORDS] = {0};

    (void)platform_debug_read(vcpu, PLATFORM_DEBUG_CORE, core);
    *breakpoints = core[CORE_POINTS] & 0xff;
    *watchpoints = core[CORE_POINTS] >> 8 & 0xff;
}

bool debug_registers_put(const struct debug_registers *registers, uint32_t number, struct rsp_reply *reply)
{
    if (number < GDB_CPSR) {
        rsp_put_value(reply, registers->core[number], 8);
    } else if (number == GDB_CPSR) {
        rsp_put_value(reply, registers->core[number], 4);
    } else if (number < GDB_FPSR) {
        rsp_put_value(reply, registers->fp[2 * (number - GDB_V)], 8);
        rsp_put_value(reply, registers->fp[2 * (number - GDB_V) + 1], 8);
    } else if (number < DEBUG_REGISTER_COUNT) {
        rsp_put_value(reply, registers->fp[number == GDB_FPSR ? FP_FPSR : FP_FPCR], 4);
    }
    return number < DEBUG_REGISTER_COUNT;
}

static bool take_vector(uint32_t vcpu, uint32_t index, const char **text)
{
    uint64_t low, high;

    return rsp_take_value(text, &low, 8) && rsp_take_value(text, &high, 8) &&
           platform_debug_write(vcpu, PLATFORM_DEBUG_V + 2 * index, low) &&
           platform_debug_write(vcpu, PLATFORM_DEBUG_V + 2 * index + 1, high);
}

bool debug_registers_take(uint32_t vcpu, uint32_t number, const char **text)
{
    uint64_t value;

    if (number >= DEBUG_REGISTER_COUNT) {
        return false;
    }
    if (number >= GDB_V && number < GDB_FPSR) {
        return take_vector(vcpu, number - GDB_V, text);
    }
    if (!rsp_take_value(text, &value, number < GDB_CPSR ? 8 : 4)) {
        return false;
    }
    if (number >= GDB_FPSR) {
        number = number == GDB_FPSR ? PLATFORM_DEBUG_FPSR : PLATFORM_DEBUG_FPCR;
    }
    return platform_debug_write(vcpu, number, value);
}
