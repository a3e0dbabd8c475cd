/* SPDX-License-Identifier: BSD-2-Clause */
/* Attacks on the virtual machine itself: memory, page tables, system registers. */
#include "guest/hostile/hostile.h"

#include "guest/hostile/mmu.h"

static void touch(struct virtio_device *device, uint64_t address)
{
    (void)device;
    for (uint32_t width = 1; width <= 8; width *= 2) {
        (void)access_read(address, width);
        access_write(address, width, ~0ull);
    }
    __asm__ volatile("ldp x9, x10, [%0]\n\tstp x9, x10, [%0]" ::"r"(address) : "x9", "x10", "memory");
    /* Four widths, a pair, each read and written: nobody answers there. */
    check_that(check_exceptions() == 10, "somebody answers");
}

static void touch_ram_end(struct virtio_device *device, uint64_t offset)
{
    touch(device, machine.ram_base + machine.ram_bytes + offset);
}

static void touch_below_ram(struct virtio_device *device, uint64_t offset)
{
    touch(device, machine.ram_base - offset);
}

static bool is_within(uint64_t address, uint64_t base, uint64_t bytes)
{
    return address >= base && address - base < bytes;
}

/* PCI answers everywhere: with ones where no function is, and no BAR. */
static bool may_answer(uint64_t address)
{
    return is_within(address, machine.ram_base, machine.ram_bytes) ||
           is_within(address, machine.ecam, machine.ecam_bytes) ||
           is_within(address, machine.bars, machine.bars_bytes);
}

/* In the middle of a megabyte no device of the guest's begins: whatever answers there is not ours. */
static void sweep(struct virtio_device *device, uint64_t step)
{
    uint64_t accesses = 0;

    (void)device;
    for (uint64_t address = 0x88000; address < (step << 12); address += step) {
        if (!may_answer(address)) {
            (void)access_read(address, 4);
            access_write(address, 4, 0xdeadbeef);
            accesses += 2;
        }
    }
    check_that(check_exceptions() == accesses, "somebody answers");
}

/* Guest page tables pointing everywhere: a translation walk that leaves RAM, and pages beyond the IPA space.
 */
static void page_tables(struct virtio_device *device, uint64_t kind)
{
    (void)device;
    mmu_attack_map(kind);
    (void)access_read(MMU_ATTACK_ADDRESS, 8);
    access_write(MMU_ATTACK_ADDRESS, 8, ~0ull);
    (void)access_read(MMU_ATTACK_ADDRESS + 0x1000, 4);
    if (kind == MMU_ATTACK_PAGE_IN_GIC) { /* the window is the distributor, whatever the attributes say */
        check_that(access_read(MMU_ATTACK_ADDRESS + (machine.gicd & 0x1fffff) + 4, 4) ==
                       access_read(machine.gicd + 4, 4),
                   "the distributor is not where it must be");
        access_write(MMU_ATTACK_ADDRESS + (machine.gicd & 0x1fffff) + 8, 4, ~0ull);
    }
    mmu_attack_unmap();
    check_aborted(kind == MMU_ATTACK_PAGE_IN_GIC ? 0 : 2);
}

/* Translation off: every address is a guest-physical one, and the caches are off. */
static void mmu_off(struct virtio_device *device, uint64_t parameter)
{
    uint64_t control;

    (void)device;
    (void)parameter;
    __asm__ volatile("mrs %0, sctlr_el1" : "=r"(control));
    __asm__ volatile("dsb sy\n\tmsr sctlr_el1, %0\n\tisb" ::"r"(control & ~5ull) : "memory");
    (void)access_read(1ull << 38, 8);
    access_write((1ull << 39) - 8, 8, ~0ull);
    (void)access_read(machine.ram_base + machine.ram_bytes, 4);
    __asm__ volatile("dsb sy\n\tmsr sctlr_el1, %0\n\tisb" ::"r"(control) : "memory");
    check_aborted(3);
}

static void jump(struct virtio_device *device, uint64_t address)
{
    (void)device;
    ((void (*)(void))(uintptr_t)address)();
    check_aborted(1);
}

#define SYSREG_READ(name) __asm__ volatile("mrs x9, " name ::: "x9", "memory")
/* Nothing is added where the register is not there. */
#define SYSREG_OR(bits, name)                                                                                \
    __asm__ volatile("mov x9, #0\n\tmrs x9, " name "\n\torr %0, %0, x9" : "+r"(bits)::"x9", "memory")
#define SYSREG_WRITE(name) __asm__ volatile("mov x9, #-1\n\tmsr " name ", x9" ::: "x9", "memory")

static void sysreg_debug(struct virtio_device *device, uint64_t parameter)
{
    (void)device;
    (void)parameter;
    SYSREG_READ("mdscr_el1");
    SYSREG_WRITE("mdscr_el1");
    SYSREG_WRITE("dbgbvr0_el1");
    SYSREG_WRITE("dbgbcr0_el1");
    SYSREG_WRITE("dbgwvr0_el1");
    SYSREG_WRITE("dbgwcr0_el1");
    SYSREG_WRITE("oslar_el1");
    SYSREG_WRITE("osdlr_el1");
    SYSREG_READ("oslsr_el1");
    SYSREG_READ("mdrar_el1");
    SYSREG_READ("dbgclaimset_el1");
    __asm__ volatile("mov x9, #0\n\tmsr mdscr_el1, x9" ::: "x9");
    check_aborted(1);
}

/* There is none: ID_AA64DFR0_EL1.PMUVer is 0. */
static void sysreg_pmu(struct virtio_device *device, uint64_t parameter)
{
    uint64_t bits = 0;

    (void)device;
    (void)parameter;
    SYSREG_WRITE("pmcr_el0");
    SYSREG_WRITE("pmcntenset_el0");
    SYSREG_WRITE("pmintenset_el1");
    SYSREG_WRITE("pmuserenr_el0");
    SYSREG_WRITE("pmselr_el0");
    SYSREG_WRITE("pmxevtyper_el0");
    SYSREG_OR(bits, "pmcr_el0");
    SYSREG_OR(bits, "pmcntenset_el0");
    SYSREG_OR(bits, "pmintenset_el1");
    SYSREG_OR(bits, "pmccntr_el0");
    SYSREG_OR(bits, "pmceid0_el0");
    check_that(bits == 0, "there is a PMU");
}

static void sysreg_hypervisor(struct virtio_device *device, uint64_t parameter)
{
    (void)device;
    (void)parameter;
    SYSREG_READ("hcr_el2");
    SYSREG_WRITE("hcr_el2");
    SYSREG_WRITE("vttbr_el2");
    SYSREG_WRITE("vbar_el2");
    SYSREG_READ("esr_el2");
    SYSREG_WRITE("cnthctl_el2");
    SYSREG_WRITE("elr_el2");
    SYSREG_WRITE("vmpidr_el2");
    SYSREG_WRITE("sp_el1");
    check_aborted(9);
}

static void sysreg_timer(struct virtio_device *device, uint64_t parameter)
{
    (void)device;
    (void)parameter;
    SYSREG_READ("cntp_ctl_el0");
    SYSREG_WRITE("cntp_ctl_el0");
    SYSREG_WRITE("cntp_cval_el0");
    SYSREG_WRITE("cntps_ctl_el1");
    SYSREG_READ("cntpct_el0");
    /* The virtual timer fires forever and is never acknowledged. */
    __asm__ volatile("msr cntv_cval_el0, xzr\n\tmov x9, #1\n\tmsr cntv_ctl_el0, x9\n\tisb" ::: "x9");
    gic_enable(27);
    for (volatile int i = 0; i < 10000; i++) {
    }
    __asm__ volatile("msr cntv_ctl_el0, xzr");
    check_aborted(1);
}

/* It fires at its time, ends a WFI, and goes with its cause. */
static void timer_physical(struct virtio_device *device, uint64_t parameter)
{
    const uint64_t before = gic_interrupts, deadline = machine_ticks() + machine_frequency() / 1000;
    uint64_t control = 0;

    (void)device;
    (void)parameter;
    if (!machine.has_physical_timer) {
        return;
    }
    gic_limit = 1; /* the line stays up: one is enough */
    gic_enable(30);
    __asm__ volatile("msr cntp_cval_el0, %0\n\tmsr cntp_ctl_el0, %1\n\tisb" ::"r"(deadline), "r"(1ull));
    gic_unmask_cpu();
    for (uint32_t i = 0; i < 100 && gic_interrupts == before; i++) {
        __asm__ volatile("wfi");
    }
    gic_mask_cpu();
    __asm__ volatile("mrs %0, cntp_ctl_el0" : "=r"(control));
    check_that(gic_interrupts > before && machine_ticks() >= deadline, "no interrupt at the time");
    check_that(control == 5, "it does not say that it has fired");
    __asm__ volatile("msr cntp_ctl_el0, xzr\n\tisb");
    check_that(!gic_is_pending(30), "its interrupt stays without its cause");
    gic_quiet();
}

static void sysreg_gicv3(struct virtio_device *device, uint64_t parameter)
{
    (void)device;
    (void)parameter;
    SYSREG_READ("s3_0_c12_c12_0");  /* ICC_IAR1_EL1 */
    SYSREG_WRITE("s3_0_c12_c11_5"); /* ICC_SGI1R_EL1 */
    SYSREG_WRITE("s3_0_c12_c12_5"); /* ICC_SRE_EL1 */
    SYSREG_WRITE("s3_0_c4_c6_0");   /* ICC_PMR_EL1 */
    check_aborted(3);
}

static void sysreg_implementation_defined(struct virtio_device *device, uint64_t parameter)
{
    uint64_t bits = 0;

    (void)device;
    (void)parameter;
    SYSREG_WRITE("s3_1_c15_c2_0"); /* CPUACTLR_EL1 of Cortex-A5x */
    SYSREG_WRITE("s3_1_c11_c0_2"); /* L2CTLR_EL1 */
    SYSREG_WRITE("actlr_el1");
    SYSREG_READ("s3_1_c15_c3_0"); /* CBAR_EL1. QEMU 7.2 does not know HCR_EL2.TIDCP, and answers itself. */
    SYSREG_OR(bits, "actlr_el1");
    check_that(bits == 0, "ACTLR_EL1 is there");
    SYSREG_WRITE("csselr_el1");
    SYSREG_READ("ccsidr_el1");
    __asm__ volatile("mov x9, #0\n\tmsr csselr_el1, x9" ::: "x9");
}

/* Cache maintenance by set and way, on everything. */
static void cache_by_set_way(struct virtio_device *device, uint64_t parameter)
{
    (void)device;
    (void)parameter;
    for (uint64_t way = 0; way < 16; way++) {
        for (uint64_t set = 0; set < 128; set++) {
            uint64_t operand = way << 28 | set << 6;

            __asm__ volatile("dc cisw, %0\n\tdc csw, %0" ::"r"(operand) : "memory");
        }
    }
    __asm__ volatile("ic iallu\n\tic ialluis\n\ttlbi vmalle1is\n\ttlbi alle1\n\tdsb sy\n\tisb" ::: "memory");
    check_that(access_read(machine.ram_base + 0x200038, 4) == 0x644d5241,
               "memory has changed"); /* the image's magic */
}

static void wait_storm(struct virtio_device *device, uint64_t count)
{
    uint64_t before = machine_ticks();

    (void)device;
    __asm__ volatile("mrs x9, cntvct_el0\n\tmsr cntv_cval_el0, x9\n\tmov x9, #1\n\tmsr cntv_ctl_el0, x9" ::
                         : "x9");
    gic_enable(27);
    for (uint64_t i = 0; i < count; i++) {
        __asm__ volatile("wfi\n\twfe\n\tyield\n\tsev");
    }
    __asm__ volatile("msr cntv_ctl_el0, xzr");
    check_that(machine_ticks() != before, "the counter stands still");
}

const struct attack attack_machine[] = {
    {"touch-0", touch, 0},
    {"touch-4", touch, 0x1000},
    {"touch-board-gich", touch, 0x08030000},
    {"touch-board-gicv", touch, 0x08040000},
    {"touch-board-rtc", touch, 0x09010000},
    {"touch-board-fw-cfg", touch, 0x09020000},
    {"touch-board-gpio", touch, 0x09030000},
    {"touch-board-secure-ram", touch, 0x0e000000},
    {"touch-over-ram-end", touch_ram_end, 0},
    {"touch-far-over-ram-end", touch_ram_end, 0x10000000},
    {"touch-below-ram", touch_below_ram, 8},
    {"touch-512g", touch, (1ull << 39) - 8},
    {"touch-beyond-ipa", touch, 1ull << 38},
    {"sweep-1m", sweep, 1ull << 20},
    {"sweep-64m", sweep, 1ull << 26},
    {"page-table-outside-ram", page_tables, MMU_ATTACK_TABLE_OUTSIDE},
    {"page-table-in-gic", page_tables, MMU_ATTACK_TABLE_IN_GIC},
    {"page-table-self-reference", page_tables, MMU_ATTACK_TABLE_SELF},
    {"page-table-page-in-gic", page_tables, MMU_ATTACK_PAGE_IN_GIC},
    {"page-table-page-beyond-ipa", page_tables, MMU_ATTACK_PAGE_BEYOND_IPA},
    {"page-table-page-in-kernel", page_tables, MMU_ATTACK_PAGE_IN_KERNEL},
    {"mmu-off", mmu_off, 0},
    {"sysreg-debug", sysreg_debug, 0},
    {"sysreg-pmu", sysreg_pmu, 0},
    {"sysreg-el2", sysreg_hypervisor, 0},
    {"sysreg-timer", sysreg_timer, 0},
    {"timer-physical", timer_physical, 0},
    {"sysreg-gicv3", sysreg_gicv3, 0},
    {"sysreg-implementation-defined", sysreg_implementation_defined, 0},
    {"cache-by-set-and-way", cache_by_set_way, 0},
    {"wait-storm", wait_storm, 5000},
    {"jump-to-0", jump, 0},
    {"jump-to-device", jump, 0x09010000},
    {"jump-far", jump, 0x6000000000},
    {NULL, NULL, 0},
};
