/* SPDX-License-Identifier: BSD-2-Clause */
#include "pd/vswitch/lazy.h"

bool lazy_add(struct lazy *lazy, uint32_t port, uint64_t deadline)
{
    lazy->ports |= 1u << port;
    if (lazy->due != 0 && lazy->due <= deadline) {
        return false;
    }
    lazy->due = deadline;
    return true;
}

void lazy_drop(struct lazy *lazy, uint32_t port)
{
    lazy->ports &= ~(1u << port);
}

uint32_t lazy_expire(struct lazy *lazy)
{
    const uint32_t ports = lazy->ports;

    *lazy = (struct lazy){0};
    return ports;
}
