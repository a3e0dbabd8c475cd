/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/aarch64/gic.h"

#include "kernel/aarch64/gich.h"
#include "kernel/aarch64/mmio.h"
#include "kernel/aarch64/world.h"
#include "kernel/core/irq.h"
#include "kernel/core/notification.h"
#include "kernel/core/sched.h"

#define GICD_CTLR 0x000u
#define GICD_TYPER 0x004u
#define GICD_ISENABLER 0x100u
#define GICD_ICENABLER 0x180u
#define GICD_ICPENDR 0x280u
#define GICD_ISACTIVER 0x300u
#define GICD_ICACTIVER 0x380u
#define GICD_IPRIORITYR 0x400u
#define GICD_ITARGETSR 0x800u
#define GICD_ICFGR 0xc00u
#define GICD_SGIR 0xf00u

#define GICC_CTLR 0x0000u
#define GICC_PMR 0x0004u
#define GICC_BPR 0x0008u
#define GICC_IAR 0x000cu
#define GICC_EOIR 0x0010u
#define GICC_APR0 0x00d0u
#define GICC_APR_COUNT 4u
#define GICC_DIR 0x1000u

#define GICC_CTLR_ENABLE 1u
#define GICC_CTLR_EOIMODE (1u << 9)
#define INTID_SPURIOUS 1020u
#define PRIORITY_ALL 0xa0a0a0a0u
#define HANDLE_MAX 8u /* a turn; what is left traps again */

static uint64_t gicd(const struct kernel *kernel)
{
    return kernel->desc->board.gicd_base;
}

static uint64_t gicc(const struct kernel *kernel)
{
    return kernel->desc->board.gicc_base;
}

static void set_bit(const struct kernel *kernel, uint32_t registers, uint32_t intid)
{
    mmio_write(gicd(kernel) + registers + intid / 32 * 4, 1u << (intid % 32));
}

/* Interrupts first .. first + 31: off, inactive, not pending, one priority. */
static void reset_block(const struct kernel *kernel, uint32_t first)
{
    uint32_t offset = first / 32 * 4;

    mmio_write(gicd(kernel) + GICD_ICENABLER + offset, ~0u);
    mmio_write(gicd(kernel) + GICD_ICPENDR + offset, ~0u);
    mmio_write(gicd(kernel) + GICD_ICACTIVER + offset, ~0u);
    for (uint32_t i = 0; i < 32; i += 4)
        mmio_write(gicd(kernel) + GICD_IPRIORITYR + first + i, PRIORITY_ALL);
}

void gic_init(struct kernel *kernel)
{
    uint32_t lines = ((mmio_read(gicd(kernel) + GICD_TYPER) & 0x1f) + 1) * 32;
    /* The number of this core's interface is the GIC's own, and none of MPIDR's. The registers of the private
       interrupts have it in every byte; with one interface only they are 0. */
    uint32_t own = mmio_read(gicd(kernel) + GICD_ITARGETSR);

    own = own != 0 ? own : 0x01010101u;
    mmio_write(gicd(kernel) + GICD_CTLR, 0);
    for (uint32_t first = 32; first < lines; first += 32) {
        reset_block(kernel, first);
        for (uint32_t i = 0; i < 32; i += 4)
            mmio_write(gicd(kernel) + GICD_ITARGETSR + first + i, own);
    }
    mmio_write(gicd(kernel) + GICD_CTLR, 1);
}

void gic_init_core(struct kernel *kernel)
{
    const struct sysdesc_board *board = &kernel->desc->board;

    reset_block(kernel, 0);
    /* What the boot loader has taken and not ended would keep all of its priority and below away. */
    mmio_write(gicc(kernel) + GICC_CTLR, 0);
    for (uint32_t i = 0; i < GICC_APR_COUNT; i++)
        mmio_write(gicc(kernel) + GICC_APR0 + i * 4, 0);
    mmio_write(gicc(kernel) + GICC_PMR, 0xff);
    mmio_write(gicc(kernel) + GICC_BPR, 0);
    mmio_write(gicc(kernel) + GICC_CTLR, GICC_CTLR_ENABLE | GICC_CTLR_EOIMODE);
    set_bit(kernel, GICD_ISENABLER, GIC_SGI_KICK);
    set_bit(kernel, GICD_ISENABLER, board->vtimer_irq);
    set_bit(kernel, GICD_ISENABLER, board->hyptimer_irq);
    set_bit(kernel, GICD_ISENABLER, board->maintenance_irq);
}

void gic_look_again(struct kernel *kernel)
{
    mmio_write(gicc(kernel) + GICC_PMR, 0xff);
}

void arch_irq_enable(struct kernel *kernel, uint32_t intid, bool edge)
{
    uint64_t address = gicd(kernel) + GICD_ICFGR + intid / 16 * 4;
    uint32_t bit = 2u << (intid % 16 * 2);
    uint32_t config = mmio_read(address);

    mmio_write(address, edge ? config | bit : config & ~bit);
    set_bit(kernel, GICD_ISENABLER, intid);
}

void arch_irq_deactivate(struct kernel *kernel, uint32_t intid)
{
    mmio_write(gicc(kernel) + GICC_DIR, intid);
}

bool gic_is_active(struct kernel *kernel, uint32_t intid)
{
    return (mmio_read(gicd(kernel) + GICD_ISACTIVER + intid / 32 * 4) >> (intid % 32) & 1) != 0;
}

void gic_set_active(struct kernel *kernel, uint32_t intid, bool active)
{
    set_bit(kernel, active ? GICD_ISACTIVER : GICD_ICACTIVER, intid);
}

void arch_kick(uint32_t core_id)
{
    struct kernel *kernel = world_core()->kernel;

    /* The notification word has to be there before the interrupt is. */
    __asm__ volatile("dsb ishst" ::: "memory");
    mmio_write(gicd(kernel) + GICD_SGIR, 1u << (16 + core_id) | GIC_SGI_KICK);
}

static void look_at_notifications(struct core *core)
{
    for (uint32_t i = 0; i < core->kernel->desc->pd_count; i++) {
        if (core->kernel->pds[i].thread.core == core)
            notification_deliver(&core->kernel->pds[i]);
    }
}

/* Returns whether the interrupt is over; else somebody deactivates it later. `*thread`: whom it was for. */
static bool dispatch(struct core *core, uint32_t intid, struct thread **thread)
{
    const struct sysdesc_board *board = &core->kernel->desc->board;

    if (intid == GIC_SGI_KICK)
        look_at_notifications(core);
    else if (intid == board->vtimer_irq) {
        *thread = core->loaded != NULL ? &core->loaded->thread : NULL;
        return !world_vtimer(core);
    } else if (intid == board->hyptimer_irq)
        *thread = sched_tick(core);
    else if (intid == board->maintenance_irq)
        gich_maintain(core);
    else {
        *thread = irq_deliver(core, intid);
        return false;
    }
    return true;
}

void gic_handle(struct core *core)
{
    struct kernel *kernel = core->kernel;

    for (uint32_t i = 0; i < HANDLE_MAX; i++) {
        const uint64_t since = arch_now();
        struct thread *thread = NULL;
        uint32_t iar = mmio_read(gicc(kernel) + GICC_IAR);

        if ((iar & 0x3ff) >= INTID_SPURIOUS)
            return;
        kernel_count(core, SYSCALL_COUNTER_IRQS);
        mmio_write(gicc(kernel) + GICC_EOIR, iar);
        if (dispatch(core, iar & 0x3ff, &thread))
            mmio_write(gicc(kernel) + GICC_DIR, iar);
        sched_interrupt(core, since, thread);
    }
}
