/* SPDX-License-Identifier: BSD-2-Clause */
/* What pends a virtual interrupt follows it to another vCPU. */
#include "kernel/core/route.h"

#include "kernel/core/irq.h"
#include "kernel/core/posted_irq.h"
#include "kernel/core/vcpu_virq.h"

#define FIRST_SPI 32u

/* What pends it goes to `to`, and what is on its way from other cores is sent after it. */
static void send_along(struct vcpu *from, uint32_t intid, struct vcpu *to)
{
    __atomic_store_n(&from->thread.core->kernel->spi_homes[from->vm_first][intid],
                     (uint8_t)(to->thread.index - to->vm_first), __ATOMIC_RELAXED);
    irq_reroute(from, intid, to);
    posted_irq_reroute(from, intid, to);
}

bool route_is_sound(uint64_t intid)
{
    return intid >= FIRST_SPI && intid < VIRQ_COUNT;
}

enum syscall_status route_move(struct vcpu *from, uint64_t intid, struct vcpu *to)
{
    const uint32_t id = (uint32_t)intid;

    if (!route_is_sound(intid)) {
        return SYSCALL_INVALID;
    }
    if (from == to) {
        return SYSCALL_OK;
    }
    send_along(from, id, to);
    vcpu_virq_move(from, id, to);
    return SYSCALL_OK;
}

void route_pack(struct vcpu *from, uint32_t intid, struct vcpu *to, struct virq_parcel *parcel)
{
    send_along(from, intid, to);
    vcpu_virq_pack(from, intid, to, parcel);
}
