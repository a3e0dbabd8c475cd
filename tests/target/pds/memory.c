/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Looks at what the tool promised: variables, sizes, contents and physical addresses of memory regions. The
 * PD "writer" fills the shared region and tells "reader", which checks.
 */
#include <microkit.h>
#include <stdbool.h>
#include <stdint.h>

/* Set by the tool, hence not constant and, as it must work without an initial value, in .bss. */
uint64_t shared_vaddr, shared_bytes;
uint64_t contents_vaddr, contents_bytes;
uint64_t fixed_paddr, channel_id;
uint64_t initialised = 42; /**< not touched by the tool */

static void report(const char *what, bool ok)
{
    microkit_dbg_puts(microkit_name);
    microkit_dbg_puts(": ");
    microkit_dbg_puts(what);
    microkit_dbg_puts(ok ? " ok\n" : " WRONG\n");
}

static bool is_zero(const volatile uint64_t *words, uint64_t bytes)
{
    for (uint64_t i = 0; i < bytes / sizeof *words; i++) {
        if (words[i] != 0) {
            return false;
        }
    }
    return true;
}

/** Byte n of the prefilled file is n * 7. */
static bool has_contents(const volatile uint8_t *bytes, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        if (bytes[i] != (uint8_t)(i * 7)) {
            return false;
        }
    }
    return true;
}

static volatile uint64_t *shared(void)
{
    return (volatile uint64_t *)(uintptr_t)shared_vaddr;
}

void init(void)
{
    report("variables", shared_bytes == 0x3000 && initialised == 42 && channel_id == 17);
    report("physical address", fixed_paddr == 0x70000000);
    report("contents", contents_bytes == 5000 &&
                           has_contents((const volatile uint8_t *)(uintptr_t)contents_vaddr, contents_bytes));
    report("rest of contents", *(volatile uint8_t *)(uintptr_t)(contents_vaddr + 5000) == 0);
    if (microkit_name[0] == 'w') {
        report("zeroed", is_zero(shared(), shared_bytes));
        for (uint64_t i = 0; i < shared_bytes / sizeof(uint64_t); i++) {
            shared()[i] = ~i;
        }
        microkit_notify((microkit_channel)channel_id);
    }
}

void notified(microkit_channel ch)
{
    bool same = ch == channel_id;

    for (uint64_t i = 0; i < shared_bytes / sizeof(uint64_t); i++) {
        same = same && shared()[i] == ~i;
    }
    report("shared memory", same);
}
