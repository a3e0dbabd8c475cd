/* SPDX-License-Identifier: BSD-2-Clause */
/* What pends a virtual interrupt follows it to another vCPU. */
#include "kernel/core/route.h"

#include "kernel/core/irq.h"
#include "kernel/core/posted_irq.h"
#include "kernel/core/vcpu_virq.h"

#define FIRST_SPI 32u

enum syscall_status route_move(struct vcpu *from, uint64_t intid, struct vcpu *to)
{
    const uint32_t id = (uint32_t)intid;

    if (intid < FIRST_SPI || intid >= VIRQ_COUNT) {
        return SYSCALL_INVALID;
    }
    if (from == to) {
        return SYSCALL_OK;
    }
    irq_reroute(from, id, to);
    posted_irq_reroute(from, id, to);
    vcpu_virq_move(from, id, to);
    return SYSCALL_OK;
}
