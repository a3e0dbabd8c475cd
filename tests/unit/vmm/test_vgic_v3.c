/* SPDX-License-Identifier: BSD-2-Clause */
/* Registers of a GICv3's distributor and redistributors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "vmm/platform_fake.h"
#include "vmm/vgic/vgic.h"
#include "vmm/vgic/vgic_regs.h"

#define SPI 40u
#define CTLR_FIXED 0x50u /* ARE, DS */
#define PRIVATE(vcpu) ((uint64_t)(vcpu)*VGIC_V3_REDIST_BYTES + GICR_PRIVATE)

static struct vgic vgic;

static int setup(void **state)
{
    (void)state;
    platform_fake_reset();
    assert_int_equal(vgic_v3_init(&vgic, 3, 64), ERR_OK);
    return 0;
}

static void store_at(mmio_handler *handler, uint64_t offset, uint32_t width, uint64_t value)
{
    struct mmio_access access = {offset, value, width, 0, true};

    assert_int_equal(handler(&vgic, &access), MMIO_DONE);
}

static uint64_t load_at(mmio_handler *handler, uint64_t offset, uint32_t width)
{
    struct mmio_access access = {offset, 0xaaaaaaaaaaaaaaaaull, width, 0, false};

    assert_int_equal(handler(&vgic, &access), MMIO_DONE);
    return access.value;
}

static void store(uint64_t offset, uint64_t value)
{
    store_at(vgic_v3_access, offset, 4, value);
}

static uint64_t load(uint64_t offset)
{
    return load_at(vgic_v3_access, offset, 4);
}

static void store_redist(uint64_t offset, uint64_t value)
{
    store_at(vgic_v3_access_redist, offset, 4, value);
}

static uint64_t load_redist(uint64_t offset)
{
    return load_at(vgic_v3_access_redist, offset, 4);
}

static const struct platform_fake_virq *virq(uint32_t vcpu, uint32_t intid)
{
    return &platform_fake.vcpus[vcpu].virqs[intid];
}

static void test_identification(void **state)
{
    (void)state;
    assert_int_equal(load(GICD_CTLR), CTLR_FIXED);
    assert_int_equal(load(GICD_TYPER), 2 | 9 << 19 | 1 << 25);
    assert_int_equal(load(GICD_IIDR), 0x43b);
    assert_int_equal(load(0xffe8), 0x3b); /* PIDR2: GICv3 */
    assert_int_equal(load_redist(0xffe8), 0x3b);
    assert_int_equal(load_redist(PRIVATE(1) + 0xffe8), 0x3b);
    assert_int_equal(load_redist(GICR_IIDR), 0x43b);
    /* Affinity, number, and which is the last. */
    assert_true(load_at(vgic_v3_access_redist, GICR_TYPER, 8) == 0);
    assert_true(load_at(vgic_v3_access_redist, VGIC_V3_REDIST_BYTES + GICR_TYPER, 8) ==
                (1ull << 32 | 1 << 8));
    assert_true(load_at(vgic_v3_access_redist, 2 * VGIC_V3_REDIST_BYTES + GICR_TYPER, 8) ==
                (2ull << 32 | 2 << 8 | 1 << 4));
    assert_int_equal(load_redist(2 * VGIC_V3_REDIST_BYTES + GICR_TYPER), 2 << 8 | 1 << 4);
    assert_int_equal(load_redist(2 * VGIC_V3_REDIST_BYTES + GICR_TYPER + 4), 2);
    store(GICD_TYPER, 0); /* read-only */
    assert_int_equal(load(GICD_TYPER) & 0x1f, 2);
}

static void test_init_checks(void **state)
{
    (void)state;
    assert_int_equal(vgic_v3_init(&vgic, 0, 32), ERR_RANGE);
    assert_int_equal(vgic_v3_init(&vgic, VMM_CONFIG_MAX_VCPUS + 1, 32), ERR_RANGE);
    assert_int_equal(vgic_v3_init(&vgic, 1, 1024), ERR_RANGE);
}

/* With affinity routing the distributor has no private interrupts, and each redistributor has its own vCPU's.
 */
static void test_private_interrupts(void **state)
{
    (void)state;
    store(GICD_ISENABLER, UINT32_MAX);
    assert_int_equal(load(GICD_ISENABLER), 0);
    store(GICD_IPRIORITYR + 16, 0x20202020);
    assert_int_equal(load(GICD_IPRIORITYR + 16), 0);
    assert_int_equal(load(GICD_ICFGR), 0);
    store_redist(PRIVATE(2) + GICD_ISENABLER, 1u << 27);
    assert_int_equal(load_redist(PRIVATE(2) + GICD_ISENABLER), 1u << 27 | 0xffff);
    assert_int_equal(load_redist(PRIVATE(1) + GICD_ISENABLER), 0xffff);
    store_redist(PRIVATE(2) + GICD_IPRIORITYR + 24, 0x40302010);
    assert_int_equal(load_redist(PRIVATE(2) + GICD_IPRIORITYR + 24), 0x40302010);
    assert_int_equal(virq(2, 27)->config.priority, 0x40);
    assert_int_equal(load_redist(PRIVATE(1) + GICD_IPRIORITYR + 24), 0);
    assert_int_equal(load_redist(PRIVATE(0) + GICD_ICFGR), 0xaaaaaaaa);
    store_redist(PRIVATE(0) + GICD_ICFGR + 4, 2u << 22); /* PPI 27: edge */
    assert_true(virq(0, 27)->config.edge);
    /* No SPI is there. */
    store_redist(PRIVATE(0) + GICD_ISENABLER + 4, UINT32_MAX);
    assert_int_equal(load_redist(PRIVATE(0) + GICD_ISENABLER + 4), 0);
    assert_int_equal(load(GICD_ISENABLER + 4), 0);
}

static void test_sgis_are_switched_and_pended(void **state)
{
    (void)state;
    store_redist(PRIVATE(1) + GICD_ICENABLER, 1u << 3);
    assert_int_equal(load_redist(PRIVATE(1) + GICD_ISENABLER), 0xfff7);
    store_redist(PRIVATE(1) + GICD_ISPENDR, 1u << 5);
    assert_int_equal(load_redist(PRIVATE(1) + GICD_ISPENDR), 1u << 5);
    assert_int_equal(load_redist(PRIVATE(0) + GICD_ISPENDR), 0);
    store_redist(PRIVATE(1) + GICD_ICPENDR, 1u << 5);
    assert_int_equal(load_redist(PRIVATE(1) + GICD_ISPENDR), 0);
}

/* An interrupt is forwarded while its group is on. */
static void test_groups(void **state)
{
    (void)state;
    assert_int_equal(load(GICD_IGROUPR + 4), UINT32_MAX);
    store(GICD_IGROUPR + 4, ~(1u << (SPI % 32)));
    assert_int_equal(load(GICD_IGROUPR + 4), ~(1u << (SPI % 32)));
    store(GICD_ISENABLER + 4, 3u << (SPI % 32));
    assert_false(virq(0, SPI)->config.enabled);
    store(GICD_CTLR, 2);
    assert_int_equal(load(GICD_CTLR), CTLR_FIXED | 2);
    assert_true(platform_fake.vcpus[2].virq_enabled);
    assert_false(virq(0, SPI)->config.enabled);
    assert_true(virq(0, SPI + 1)->config.enabled);
    assert_true(virq(0, SPI + 1)->config.group1);
    store(GICD_CTLR, 3);
    assert_true(virq(0, SPI)->config.enabled);
    assert_false(virq(0, SPI)->config.group1);
    store(GICD_CTLR, 1);
    assert_false(virq(0, SPI + 1)->config.enabled);
    store(GICD_CTLR, 0);
    assert_false(platform_fake.vcpus[0].virq_enabled);
    assert_int_equal(load(GICD_CTLR), CTLR_FIXED);
}

static void test_routes(void **state)
{
    const uint64_t route = GICD_IROUTER + 8 * SPI;

    (void)state;
    store(GICD_CTLR, 2);
    store(GICD_ISENABLER + 4, 1u << (SPI % 32));
    vgic_pend(&vgic, SPI);
    store_at(vgic_v3_access, route, 8, 2 | 1ull << 31); /* no 1 of N */
    assert_true(load_at(vgic_v3_access, route, 8) == 2);
    assert_int_equal(vgic_spi_owner(&vgic, SPI), 2);
    assert_true(virq(2, SPI)->config.enabled);
    assert_true(virq(2, SPI)->latch);
    /* By halves: nobody has this affinity. */
    store(route + 4, 1);
    assert_true(load_at(vgic_v3_access, route, 8) == (1ull << 32 | 2));
    assert_int_equal(load(route + 4), 1);
    assert_int_equal(vgic_spi_owner(&vgic, SPI), 0);
    assert_false(virq(0, SPI)->config.enabled);
    store(route + 4, 0);
    store(route, 1);
    assert_int_equal(vgic_spi_owner(&vgic, SPI), 1);
    assert_true(virq(1, SPI)->config.enabled);
    /* Private interrupts and those that are not implemented have none. */
    store_at(vgic_v3_access, GICD_IROUTER + 8 * 27, 8, 1);
    assert_true(load_at(vgic_v3_access, GICD_IROUTER + 8 * 27, 8) == 0);
    store_at(vgic_v3_access, GICD_IROUTER + 8 * 96, 8, 1);
    assert_true(load_at(vgic_v3_access, GICD_IROUTER + 8 * 96, 8) == 0);
    /* What a GICv2 has instead is not there. */
    store(GICD_ITARGETSR + SPI, 0x04040404);
    assert_int_equal(load(GICD_ITARGETSR + SPI), 0);
    store(GICD_SGIR, 1u << 16);
    assert_int_equal(load_redist(PRIVATE(0) + GICD_ISPENDR), 0);
}

static void test_reset(void **state)
{
    (void)state;
    store(GICD_CTLR, 3);
    store(GICD_IGROUPR + 4, 0);
    store_at(vgic_v3_access, GICD_IROUTER + 8 * SPI, 8, 2);
    vgic_reset(&vgic);
    assert_int_equal(load(GICD_CTLR), CTLR_FIXED);
    assert_int_equal(load(GICD_IGROUPR + 4), UINT32_MAX);
    assert_true(load_at(vgic_v3_access, GICD_IROUTER + 8 * SPI, 8) == 0);
    assert_int_equal(vgic_spi_owner(&vgic, SPI), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_identification, setup),
        cmocka_unit_test_setup(test_init_checks, setup),
        cmocka_unit_test_setup(test_private_interrupts, setup),
        cmocka_unit_test_setup(test_sgis_are_switched_and_pended, setup),
        cmocka_unit_test_setup(test_groups, setup),
        cmocka_unit_test_setup(test_routes, setup),
        cmocka_unit_test_setup(test_reset, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
