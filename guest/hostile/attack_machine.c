/* SPDX-License-Identifier: BSD-2-Clause */
/* Attacks on the virtual machine itself: interrupt controller, firmware calls, memory, system registers. */
#include "guest/hostile/hostile.h"

#include "guest/hostile/mmu.h"

/* parameter: width | value index << 8. */
static void gicd_write(struct virtio_device *device, uint64_t parameter)
{
    static const uint64_t values[] = {0, ~0ull, 0x5555555555555555ull};
    uint32_t width = (uint32_t)(parameter & 0xff);

    (void)device;
    for (uint64_t offset = 0; offset < 0x1000; offset += width) {
        access_write(machine.gicd + offset, width, values[parameter >> 8]);
    }
}

static void gicd_read(struct virtio_device *device, uint64_t width)
{
    (void)device;
    for (uint64_t offset = 0; offset < 0x1000; offset += width) {
        (void)access_read(machine.gicd + offset, (uint32_t)width);
    }
    (void)access_read(machine.gicd + 0xffd, 4);
    (void)access_read(machine.gicd + 0x10000 - 8, 8);
}

static void gicc_access(struct virtio_device *device, uint64_t value)
{
    (void)device;
    for (uint64_t offset = 0; offset < 0x2000; offset += 4) {
        (void)access_read(machine.gicc + offset, 4);
        if (offset != 0 && offset != 4) {
            access_write(machine.gicc + offset, 4, value);
        }
    }
    (void)access_read(machine.gicc + 0x10000 - 4, 4);
    access_write(machine.gicc + 0x10000 - 4, 4, value);
}

static void sgi_storm(struct virtio_device *device, uint64_t value)
{
    (void)device;
    gic_enable(0);
    for (uint64_t i = 0; i < 5000; i++) {
        access_write(machine.gicd + 0xf00, 4, value + i % 16);
    }
}

/* Every SPI pended by software, none ever taken: more than there are list registers. */
static void pend_everything(struct virtio_device *device, uint64_t held)
{
    (void)device;
    for (uint32_t intid = 0; intid < 288; intid++) {
        gic_enable(intid);
    }
    gic_hold = held != 0;
    if (held != 0) {
        gic_unmask_cpu();
    }
    for (uint64_t offset = 0x200; offset < 0x224; offset += 4) {
        access_write(machine.gicd + offset, 4, ~0ull);
    }
    for (uint64_t offset = 0x300; offset < 0x324; offset += 4) {
        access_write(machine.gicd + offset, 4, ~0ull);
    }
    gic_mask_cpu();
    gic_release();
    for (uint64_t offset = 0x180; offset < 0x1a4; offset += 4) {
        access_write(machine.gicd + offset, 4, ~0ull);
        access_write(machine.gicd + offset + 0x100, 4, ~0ull);
        access_write(machine.gicd + offset + 0x200, 4, ~0ull);
    }
}

static void distributor_toggle(struct virtio_device *device, uint64_t count)
{
    (void)device;
    for (uint64_t i = 0; i < count; i++) {
        access_write(machine.gicd, 4, i & 1);
    }
}

static uint64_t call(bool smc, uint64_t function, uint64_t a, uint64_t b, uint64_t c)
{
    register uint64_t x0 __asm__("x0") = function;
    register uint64_t x1 __asm__("x1") = a;
    register uint64_t x2 __asm__("x2") = b;
    register uint64_t x3 __asm__("x3") = c;

    if (smc) {
        __asm__ volatile("smc #0" : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)::"memory");
    } else {
        __asm__ volatile("hvc #0" : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)::"memory");
    }
    return x0;
}

/* SYSTEM_OFF, SYSTEM_RESET and their like would end the run, not attack it. */
static bool ends_the_machine(uint64_t function)
{
    uint64_t number = function & 0xff;

    return (function & 0x3f000000) == 0x04000000 &&
           (number == 1 || number == 2 || number == 8 || number == 9 || number == 12 || number == 14 ||
            number == 18);
}

static void calls_all(struct virtio_device *device, uint64_t smc)
{
    static const uint64_t bases[] = {0x00000000, 0x80000000, 0x84000000, 0xc4000000, 0x86000000,
                                     0xc6000000, 0xbf000000, 0x04000000, 0xff000000};

    (void)device;
    for (uint32_t base = 0; base < sizeof bases / sizeof bases[0]; base++) {
        for (uint64_t number = 0; number < 0x60; number++) {
            if (!ends_the_machine(bases[base] + number)) {
                (void)call(smc != 0, bases[base] + number, ~0ull, ~0ull, ~0ull);
            }
        }
    }
}

static void cpu_on(struct virtio_device *device, uint64_t target)
{
    (void)device;
    for (int smc = 0; smc < 2; smc++) {
        (void)call(smc != 0, 0xc4000003, target, machine.ram_base, 0);
        (void)call(smc != 0, 0xc4000003, target, 0, ~0ull);
        (void)call(smc != 0, 0xc4000003, target, ~0ull, 0);
        (void)call(smc != 0, 0xc4000004, target, 99, 0);
        (void)call(smc != 0, 0xc4000005, target, 0, 0);
    }
}

static void hvc_immediates(struct virtio_device *device, uint64_t parameter)
{
    (void)device;
    (void)parameter;
    __asm__ volatile("hvc #1\n\thvc #0xffff\n\thvc #0xea1\n\tsmc #1\n\tsmc #0xffff" ::
                         : "x0", "x1", "x2", "x3", "memory");
}

static void touch(struct virtio_device *device, uint64_t address)
{
    (void)device;
    for (uint32_t width = 1; width <= 8; width *= 2) {
        (void)access_read(address, width);
        access_write(address, width, ~0ull);
    }
    __asm__ volatile("ldp x9, x10, [%0]\n\tstp x9, x10, [%0]" ::"r"(address) : "x9", "x10", "memory");
}

static void touch_ram_end(struct virtio_device *device, uint64_t offset)
{
    touch(device, machine.ram_base + machine.ram_bytes + offset);
}

static void touch_below_ram(struct virtio_device *device, uint64_t offset)
{
    touch(device, machine.ram_base - offset);
}

/* Walk the whole 39-bit space in steps of 1 MiB at first, then 1 GiB: whatever answers must be ours. */
static void sweep(struct virtio_device *device, uint64_t step)
{
    (void)device;
    for (uint64_t address = 0; address < (step << 12); address += step) {
        if (address < machine.ram_base || address >= machine.ram_base + machine.ram_bytes) {
            (void)access_read(address, 4);
            access_write(address, 4, 0xdeadbeef);
        }
    }
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
    mmu_attack_unmap();
}

static void jump(struct virtio_device *device, uint64_t address)
{
    (void)device;
    ((void (*)(void))(uintptr_t)address)();
}

#define SYSREG_READ(name) __asm__ volatile("mrs x9, " name ::: "x9", "memory")
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
}

static void sysreg_pmu(struct virtio_device *device, uint64_t parameter)
{
    (void)device;
    (void)parameter;
    SYSREG_WRITE("pmcr_el0");
    SYSREG_WRITE("pmcntenset_el0");
    SYSREG_WRITE("pmintenset_el1");
    SYSREG_WRITE("pmuserenr_el0");
    SYSREG_WRITE("pmselr_el0");
    SYSREG_WRITE("pmxevtyper_el0");
    SYSREG_READ("pmccntr_el0");
    SYSREG_READ("pmceid0_el0");
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
    /* The virtual timer fires for ever and is never acknowledged. */
    __asm__ volatile("msr cntv_cval_el0, xzr\n\tmov x9, #1\n\tmsr cntv_ctl_el0, x9\n\tisb" ::: "x9");
    gic_enable(27);
    for (volatile int i = 0; i < 10000; i++) {
    }
    __asm__ volatile("msr cntv_ctl_el0, xzr");
}

static void sysreg_gicv3(struct virtio_device *device, uint64_t parameter)
{
    (void)device;
    (void)parameter;
    SYSREG_READ("s3_0_c12_c12_0");  /* ICC_IAR1_EL1 */
    SYSREG_WRITE("s3_0_c12_c11_5"); /* ICC_SGI1R_EL1 */
    SYSREG_WRITE("s3_0_c12_c12_5"); /* ICC_SRE_EL1 */
    SYSREG_WRITE("s3_0_c4_c6_0");   /* ICC_PMR_EL1 */
}

static void sysreg_implementation_defined(struct virtio_device *device, uint64_t parameter)
{
    (void)device;
    (void)parameter;
    SYSREG_READ("s3_1_c15_c2_0"); /* CPUACTLR_EL1 of Cortex-A5x */
    SYSREG_WRITE("s3_1_c15_c2_0");
    SYSREG_READ("s3_1_c11_c0_2"); /* L2CTLR_EL1 */
    SYSREG_WRITE("s3_1_c11_c0_2");
    SYSREG_READ("s3_1_c15_c3_0"); /* CBAR_EL1 */
    SYSREG_WRITE("actlr_el1");
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
}

static void wait_storm(struct virtio_device *device, uint64_t count)
{
    (void)device;
    __asm__ volatile("mrs x9, cntvct_el0\n\tmsr cntv_cval_el0, x9\n\tmov x9, #1\n\tmsr cntv_ctl_el0, x9" ::
                         : "x9");
    gic_enable(27);
    for (uint64_t i = 0; i < count; i++) {
        __asm__ volatile("wfi\n\twfe\n\tyield\n\tsev");
    }
    __asm__ volatile("msr cntv_ctl_el0, xzr");
}

const struct attack attack_machine[] = {
    {"gicd-read-8", gicd_read, 1},
    {"gicd-read-16", gicd_read, 2},
    {"gicd-read-32", gicd_read, 4},
    {"gicd-read-64", gicd_read, 8},
    {"gicd-write-8-zero", gicd_write, 1},
    {"gicd-write-16-zero", gicd_write, 2},
    {"gicd-write-32-zero", gicd_write, 4},
    {"gicd-write-64-zero", gicd_write, 8},
    {"gicd-write-8-ones", gicd_write, 0x101},
    {"gicd-write-32-ones", gicd_write, 0x104},
    {"gicd-write-64-ones", gicd_write, 0x108},
    {"gicd-write-32-pattern", gicd_write, 0x204},
    {"gicc-write-zero", gicc_access, 0},
    {"gicc-write-ones", gicc_access, 0xffffffff},
    {"sgi-storm-self", sgi_storm, 0x02000000},
    {"sgi-storm-list", sgi_storm, 0x00ff0000},
    {"sgi-storm-others", sgi_storm, 0x01000000},
    {"sgi-storm-invalid", sgi_storm, 0x03ff0000},
    {"pend-everything", pend_everything, 0},
    {"pend-everything-held", pend_everything, 1},
    {"distributor-toggle", distributor_toggle, 5000},
    {"hvc-every-function", calls_all, 0},
    {"smc-every-function", calls_all, 1},
    {"hvc-immediates", hvc_immediates, 0},
    {"cpu-on-self", cpu_on, 0},
    {"cpu-on-1", cpu_on, 1},
    {"cpu-on-nonsense", cpu_on, ~0ull},
    {"touch-0", touch, 0},
    {"touch-4", touch, 0x1000},
    {"touch-board-gich", touch, 0x08030000},
    {"touch-board-gicv", touch, 0x08040000},
    {"touch-board-uart", touch, 0x09000000 + 0x800},
    {"touch-board-rtc", touch, 0x09010000},
    {"touch-board-virtio", touch, 0x0a003e00},
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
    {"sysreg-debug", sysreg_debug, 0},
    {"sysreg-pmu", sysreg_pmu, 0},
    {"sysreg-el2", sysreg_hypervisor, 0},
    {"sysreg-timer", sysreg_timer, 0},
    {"sysreg-gicv3", sysreg_gicv3, 0},
    {"sysreg-implementation-defined", sysreg_implementation_defined, 0},
    {"cache-by-set-and-way", cache_by_set_way, 0},
    {"wait-storm", wait_storm, 5000},
    {"jump-to-0", jump, 0},
    {"jump-to-device", jump, 0x09010000},
    {"jump-far", jump, 0x6000000000},
    {NULL, NULL, 0},
};
