/* SPDX-License-Identifier: BSD-2-Clause */
/** Does what a PD must not be able to do; which of it, its name says. */
#include <microkit.h>
#include <stdint.h>

uint64_t region_vaddr; /**< mapped read-only, set by the tool */

static const uint32_t constant = 0xd65f03c0; /* ret */
static uint32_t variable = 0xd65f03c0;

typedef void procedure(void);

static void store(uintptr_t address)
{
    *(volatile uint32_t *)address = 1;
}

static void call(uintptr_t address)
{
    ((procedure *)address)();
}

/** Uses stack until there is none. */
static uint32_t overflow(volatile uint32_t depth)
{
    volatile uint32_t room[64];

    room[0] = depth;
    return depth == 0 ? 0 : overflow(depth - 1) + room[0];
}

static void trespass(char kind)
{
    switch (kind) {
    case 'c':
        store((uintptr_t)&init);
        break;
    case 'k':
        store((uintptr_t)&constant);
        break;
    case 'r':
        store((uintptr_t)region_vaddr);
        break;
    case 'x':
        call((uintptr_t)&variable);
        break;
    case 's':
        microkit_dbg_put8((uint8_t)overflow(100000));
        break;
    default:
        /* The kernel's own address, as if it were mapped one to one. */
        store(0x40200000);
        break;
    }
}

void init(void)
{
    trespass(microkit_name[0]);
    microkit_dbg_puts(microkit_name);
    microkit_dbg_puts(": nothing stopped me\n");
}

void notified(microkit_channel ch)
{
    (void)ch;
}
