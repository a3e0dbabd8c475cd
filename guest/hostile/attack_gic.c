/* SPDX-License-Identifier: BSD-2-Clause */
/* Attacks on the interrupt controller: the distributor, which the VMM emulates, and the CPU interface; of a
 * GICv3 the redistributor as well. */
#include "guest/hostile/hostile.h"

#include "guest/hostile/mmu.h"

enum gicd_id { GICD_TYPER = 0x004, GICD_IIDR = 0x008, GICD_PIDR2 = 0xfe8, GICD_V3_PIDR2 = 0xffe8 };

/* What a guest cannot change, and whether an interrupt gets through once everything is set up again. */
static void check_gic(void)
{
    uint64_t before;

    check_that(access_read(machine.gicd + (gic_is_v3() ? GICD_V3_PIDR2 : GICD_PIDR2), 4) ==
                   (gic_is_v3() ? 0x3b : 0x2b),
               "the distributor is no GIC any more");
    check_that((access_read(machine.gicd + GICD_TYPER, 4) & 0x1f) != 0,
               "the distributor has lost its interrupts");
    gic_hold = false;
    gic_quiet();
    gic_enable(0);
    before = gic_interrupts;
    gic_unmask_cpu();
    gic_send_self(0);
    for (volatile int i = 0; i < 10000 && gic_interrupts == before; i++) {
    }
    gic_mask_cpu();
    check_that(gic_interrupts != before, "an interrupt to itself does not come through");
}

/* parameter: width | value index << 8. */
static void gicd_write(struct virtio_device *device, uint64_t parameter)
{
    static const uint64_t values[] = {0, ~0ull, 0x5555555555555555ull};
    uint32_t width = (uint32_t)(parameter & 0xff);
    uint64_t typer = access_read(machine.gicd + GICD_TYPER, 4),
             iidr = access_read(machine.gicd + GICD_IIDR, 4);

    (void)device;
    for (uint64_t offset = 0; offset < 0x1000; offset += width) {
        access_write(machine.gicd + offset, width, values[parameter >> 8]);
    }
    check_that(access_read(machine.gicd + GICD_TYPER, 4) == typer &&
                   access_read(machine.gicd + GICD_IIDR, 4) == iidr,
               "a read-only register has changed");
    check_that(check_exceptions() == 0, "an aligned store ended in an exception");
    check_gic();
}

static void gicd_write_unaligned(struct virtio_device *device, uint64_t width)
{
    (void)device;
    for (uint64_t offset = 1; offset < 0x1000 - 8; offset += width) {
        access_write(mmu_normal(machine.gicd + offset), (uint32_t)width, ~0ull);
        (void)access_read(mmu_normal(machine.gicd + offset), (uint32_t)width);
    }
    check_gic();
}

/* Loads of widths that the registers do not have give nothing. */
static void gicd_read(struct virtio_device *device, uint64_t width)
{
    uint64_t bits = 0;

    (void)device;
    for (uint64_t offset = 0; offset < 0x1000; offset += width) {
        bits |= access_read(machine.gicd + offset, (uint32_t)width);
    }
    /* Bytes of a GICv3 are priorities alone. */
    check_that((gic_is_v3() && width == 1) || (bits != 0) == (width == 4 || width == 1),
               "a load of a width that is not there gave something");
    check_that(check_exceptions() == 0, "an aligned load ended in an exception");
    (void)access_read(mmu_normal(machine.gicd + 0xffd), 4);
    (void)access_read(machine.gicd + 0x10000 - 8, 8);
    check_gic();
}

/* Past the distributor's registers, up to and over the end of its window. */
static void gicd_over_end(struct virtio_device *device, uint64_t width)
{
    (void)device;
    for (uint64_t offset = 0x1000; offset < 0x10000; offset += 0x1000 - width) {
        access_write(machine.gicd + offset, (uint32_t)width, ~0ull);
        (void)access_read(machine.gicd + offset, (uint32_t)width);
    }
    (void)access_read(mmu_normal(machine.gicd + 0x10000 - width / 2), (uint32_t)width);
    check_gic();
}

/* A redistributor's registers, of all widths, and the CPU interface's that are worth a try. */
static void gicr_access(uint64_t value)
{
    for (uint64_t offset = 0; offset < 0x20000; offset += 0x1f0) {
        for (uint32_t width = 1; width <= 8; width *= 2) {
            access_write(machine.gicr + (offset & ~7ull), width, value);
            (void)access_read(machine.gicr + (offset & ~7ull), width);
        }
    }
    for (uint64_t offset = 0x10000; offset < 0x10e00; offset += 4) {
        access_write(machine.gicr + offset, 4, value);
        (void)access_read(machine.gicr + offset, 4);
    }
    __asm__ volatile(
        "msr s3_0_c12_c12_4, %0\n\tmsr s3_0_c12_c12_3, %0\n\tmsr s3_0_c4_c6_0, %0\n\t" /* CTLR, BPR1, PMR */
        "msr s3_0_c12_c9_0, %0\n\tmsr s3_0_c12_c12_7, %0\n\tisb" ::"r"(value)          /* AP1R0, IGRPEN1 */
        : "memory");
    check_gic();
}

static void gicc_access(struct virtio_device *device, uint64_t value)
{
    (void)device;
    if (gic_is_v3()) {
        gicr_access(value);
        return;
    }
    for (uint64_t offset = 0; offset < 0x2000; offset += 4) {
        (void)access_read(machine.gicc + offset, 4);
        if (offset != 0 && offset != 4) {
            access_write(machine.gicc + offset, 4, value);
        }
    }
    (void)access_read(machine.gicc + 0x10000 - 4, 4);
    access_write(machine.gicc + 0x10000 - 4, 4, value);
    check_gic();
}

/* Ends of interrupts that nobody has had: GICC_EOIR and GICC_DIR with every number. */
static void gicc_end_nothing(struct virtio_device *device, uint64_t mode)
{
    (void)device;
    gic_enable(0);
    if (gic_is_v3()) {
        __asm__ volatile("msr s3_0_c12_c12_4, %0\n\tisb" ::"r"(mode >> 8) : "memory"); /* EOImode */
        for (uint64_t i = 0; i < 0x2000; i++) {
            __asm__ volatile("msr s3_0_c12_c12_1, %0\n\tmsr s3_0_c12_c11_1, %0" ::"r"(i) : "memory");
        }
        check_gic();
        return;
    }
    access_write(machine.gicc, 4, mode);
    for (uint64_t i = 0; i < 0x2000; i++) {
        access_write(machine.gicc + 0x10, 4, i);
        access_write(machine.gicc + 0x1000, 4, i);
    }
    check_gic();
}

static void sgi_storm(struct virtio_device *device, uint64_t value)
{
    (void)device;
    gic_enable(0);
    for (uint64_t i = 0; i < 5000; i++) {
        gic_send(value + i % 16);
    }
    check_that(check_exceptions() == 0, "a store ended in an exception");
    check_gic();
}

/* The same, with each interrupt taken, which sends the next. */
static void sgi_storm_taken(struct virtio_device *device, uint64_t count)
{
    uint64_t before = gic_interrupts;

    (void)device;
    gic_quiet();
    gic_enable(0);
    gic_unmask_cpu();
    for (uint64_t i = 0; i < count; i++) {
        gic_send_self((uint32_t)i % 16);
    }
    gic_mask_cpu();
    check_that(gic_interrupts >= before + count / 2, "interrupts are lost");
    check_gic();
}

/* Every SPI pended by software, none ever taken: more than there are list registers. */
static void pend_everything(struct virtio_device *device, uint64_t held)
{
    uint64_t before = gic_interrupts;

    (void)device;
    for (uint32_t intid = 0; intid < 288; intid++) {
        gic_enable(intid);
    }
    gic_hold = held != 0;
    if (held != 0) {
        gic_unmask_cpu();
    }
    for (uint32_t intid = 0; intid < 288; intid += 32) {
        access_write(gic_word(0x200, intid), 4, ~0ull);
    }
    for (uint32_t intid = 0; intid < 288; intid += 32) {
        access_write(gic_word(0x300, intid), 4, ~0ull);
    }
    gic_mask_cpu();
    gic_release();
    for (uint32_t intid = 0; intid < 288; intid += 32) {
        access_write(gic_word(0x180, intid), 4, ~0ull);
        access_write(gic_word(0x280, intid), 4, ~0ull);
        access_write(gic_word(0x380, intid), 4, ~0ull);
    }
    check_that(held == 0 || gic_interrupts != before, "nothing was pending");
    check_gic();
}

static void distributor_toggle(struct virtio_device *device, uint64_t count)
{
    (void)device;
    for (uint64_t i = 0; i < count; i++) {
        access_write(machine.gicd, 4, gic_is_v3() ? i & 3 : i & 1);
    }
    check_gic();
}

/* Priorities, targets and triggers change while the interrupt is pending and active. */
static void change_while_active(struct virtio_device *device, uint64_t intid)
{
    (void)device;
    gic_enable((uint32_t)intid);
    gic_hold = true;
    gic_unmask_cpu();
    access_write(gic_word(0x200, (uint32_t)intid), 4, 1u << intid % 32);
    for (uint64_t i = 0; i < 256; i++) {
        access_write(gic_byte(0x400, (uint32_t)intid), 1, i);
        access_write(machine.gicd + 0x800 + intid, 1, i);
        if (gic_is_v3()) {
            access_write(machine.gicd + 0x6000 + 8 * intid, 8, i & 3);
            access_write(gic_word(0x080, (uint32_t)intid), 4, i & 4 ? ~0u : 0);
        }
        access_write(machine.gicd + 0xc00 + intid / 16 * 4, 4, i & 1 ? ~0u : 0);
        access_write(gic_word(i & 1 ? 0x100 : 0x180, (uint32_t)intid), 4, 1u << intid % 32);
    }
    gic_mask_cpu();
    gic_release();
    check_gic();
}

const struct attack attack_gic[] = {
    {"gicd-read-8", gicd_read, 1},
    {"gicd-read-16", gicd_read, 2},
    {"gicd-read-32", gicd_read, 4},
    {"gicd-read-64", gicd_read, 8},
    {"gicd-write-8-zero", gicd_write, 1},
    {"gicd-write-16-zero", gicd_write, 2},
    {"gicd-write-32-zero", gicd_write, 4},
    {"gicd-write-64-zero", gicd_write, 8},
    {"gicd-write-8-ones", gicd_write, 0x101},
    {"gicd-write-16-ones", gicd_write, 0x102},
    {"gicd-write-32-ones", gicd_write, 0x104},
    {"gicd-write-64-ones", gicd_write, 0x108},
    {"gicd-write-32-pattern", gicd_write, 0x204},
    {"gicd-write-unaligned-16", gicd_write_unaligned, 2},
    {"gicd-write-unaligned-32", gicd_write_unaligned, 4},
    {"gicd-write-unaligned-64", gicd_write_unaligned, 8},
    {"gicd-over-end-32", gicd_over_end, 4},
    {"gicd-over-end-64", gicd_over_end, 8},
    {"gicc-write-zero", gicc_access, 0},
    {"gicc-write-ones", gicc_access, 0xffffffff},
    {"gicc-end-nothing", gicc_end_nothing, 1},
    {"gicc-deactivate-nothing", gicc_end_nothing, 0x201},
    {"sgi-storm-self", sgi_storm, 0x02000000},
    {"sgi-storm-list", sgi_storm, 0x00ff0000},
    {"sgi-storm-others", sgi_storm, 0x01000000},
    {"sgi-storm-invalid", sgi_storm, 0x03ff0000},
    {"sgi-storm-taken", sgi_storm_taken, 5000},
    {"pend-everything", pend_everything, 0},
    {"pend-everything-held", pend_everything, 1},
    {"distributor-toggle", distributor_toggle, 5000},
    {"change-while-active-sgi", change_while_active, 3},
    {"change-while-active-spi", change_while_active, 100},
    {NULL, NULL, 0},
};
