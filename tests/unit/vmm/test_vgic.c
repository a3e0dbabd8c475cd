/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "vmm/platform_fake.h"
#include "vmm/vgic/irq_line.h"
#include "vmm/vgic/vgic.h"
#include "vmm/vgic/vgic_regs.h"

#define SPI 40u

static struct vgic vgic;

static int setup_vcpus(uint32_t vcpus)
{
    platform_fake_reset();
    assert_int_equal(vgic_init(&vgic, vcpus, 64), ERR_OK);
    return 0;
}

static int setup(void **state)
{
    (void)state;
    return setup_vcpus(1);
}

static int setup_two(void **state)
{
    (void)state;
    return setup_vcpus(2);
}

static void store(uint32_t vcpu, uint64_t offset, uint32_t width, uint64_t value)
{
    struct mmio_access access = {offset, value, width, vcpu, true};

    assert_int_equal(vgic_access(&vgic, &access), MMIO_DONE);
}

static uint64_t load(uint32_t vcpu, uint64_t offset, uint32_t width)
{
    struct mmio_access access = {offset, 0xaaaaaaaaaaaaaaaaull, width, vcpu, false};

    assert_int_equal(vgic_access(&vgic, &access), MMIO_DONE);
    return access.value;
}

/* Word and bit of INTID `intid` in a row of one-bit registers. */
static uint64_t word(uint64_t row, uint32_t intid)
{
    return row + intid / 32 * 4;
}

static uint64_t bit(uint32_t intid)
{
    return 1ull << (intid % 32);
}

static const struct platform_fake_virq *virq(uint32_t vcpu, uint32_t intid)
{
    return &platform_fake.vcpus[vcpu].virqs[intid];
}

static void test_init_checks(void **state)
{
    (void)state;
    assert_int_equal(vgic_init(&vgic, 0, 32), ERR_RANGE);
    assert_int_equal(vgic_init(&vgic, VMM_CONFIG_MAX_VCPUS + 1, 32), ERR_RANGE);
    assert_int_equal(vgic_init(&vgic, 1, 31), ERR_RANGE);
    assert_int_equal(vgic_init(&vgic, 1, 1024), ERR_RANGE);
    assert_int_equal(vgic_init(&vgic, 1, 0), ERR_OK);
    assert_int_equal(vgic_init(&vgic, VMM_CONFIG_MAX_VCPUS, 992), ERR_OK);
    assert_int_equal(load(0, GICD_TYPER, 4) & 0x1f, 31);
    store(0, word(GICD_ISENABLER, 1000), 4, UINT32_MAX); /* the last row has 28 interrupts */
    assert_int_equal(load(0, word(GICD_ISENABLER, 1000), 4), 0x0fffffff);
}

static void test_identification(void **state)
{
    (void)state;
    assert_int_equal(load(0, GICD_TYPER, 4), 2 | 1 << 5);
    assert_int_equal(load(0, GICD_IIDR, 4), 0x43b);
    static const uint32_t ids[] = {4, 0, 0, 0, 0x90, 0xb4, 0x2b, 0, 0x0d, 0xf0, 0x05, 0xb1};
    for (uint32_t i = 0; i < 12; i++) {
        assert_int_equal(load(0, 0xfd0 + 4 * i, 4), ids[i]);
    }
    store(0, GICD_TYPER, 4, 0);
    store(0, 0xfd0, 4, 0);
    assert_int_equal(load(0, 0xfd0, 4), 4);
}

static void test_enable(void **state)
{
    (void)state;
    assert_int_equal(load(0, GICD_ISENABLER, 4), 0xffff);
    assert_int_equal(load(0, word(GICD_ISENABLER, SPI), 4), 0);
    store(0, word(GICD_ISENABLER, SPI), 4, bit(SPI));
    assert_true(virq(0, SPI)->config.enabled);
    assert_int_equal(load(0, word(GICD_ISENABLER, SPI), 4), bit(SPI));
    assert_int_equal(load(0, word(GICD_ICENABLER, SPI), 4), bit(SPI));
    store(0, word(GICD_ISENABLER, SPI), 4, 0);
    assert_true(virq(0, SPI)->config.enabled);
    store(0, word(GICD_ICENABLER, SPI), 4, bit(SPI));
    assert_false(virq(0, SPI)->config.enabled);
    store(0, GICD_ICENABLER, 4, UINT32_MAX); /* SGIs stay */
    assert_int_equal(load(0, GICD_ISENABLER, 4), 0xffff);
}

static void test_distributor_enable(void **state)
{
    (void)state;
    assert_int_equal(load(0, GICD_CTLR, 4), 0);
    store(0, GICD_CTLR, 4, 1);
    assert_true(platform_fake.vcpus[0].virq_enabled);
    assert_int_equal(load(0, GICD_CTLR, 4), 1);
    store(0, GICD_CTLR, 4, 0);
    assert_false(platform_fake.vcpus[0].virq_enabled);
}

static void test_pending_and_active(void **state)
{
    (void)state;
    store(0, word(GICD_ISPENDR, SPI), 4, bit(SPI));
    assert_true(virq(0, SPI)->latch);
    assert_int_equal(load(0, word(GICD_ISPENDR, SPI), 4), bit(SPI));
    assert_int_equal(load(0, word(GICD_ICPENDR, SPI), 4), bit(SPI));
    store(0, word(GICD_ICPENDR, SPI), 4, bit(SPI));
    assert_int_equal(load(0, word(GICD_ISPENDR, SPI), 4), 0);
    store(0, word(GICD_ISACTIVER, SPI), 4, bit(SPI));
    assert_true(virq(0, SPI)->active);
    assert_int_equal(load(0, word(GICD_ICACTIVER, SPI), 4), bit(SPI));
    store(0, word(GICD_ICACTIVER, SPI), 4, bit(SPI));
    assert_false(virq(0, SPI)->active);
    store(0, GICD_ISPENDR, 4, UINT32_MAX);
    assert_int_equal(load(0, GICD_ISPENDR, 4), 0xffff0000); /* SGIs only through SGIR */
}

static void test_priorities(void **state)
{
    (void)state;
    store(0, GICD_IPRIORITYR + SPI, 1, 0xa7);
    assert_int_equal(load(0, GICD_IPRIORITYR + SPI, 1), 0xa0);
    assert_int_equal(virq(0, SPI)->config.priority, 0xa0);
    store(0, GICD_IPRIORITYR + SPI, 4, 0x10203040);
    assert_int_equal(load(0, GICD_IPRIORITYR + SPI, 4), 0x10203040);
    assert_int_equal(virq(0, SPI)->config.priority, 0x40);
    assert_int_equal(virq(0, SPI + 3)->config.priority, 0x10);
    store(0, GICD_IPRIORITYR + 3, 1, 0x50); /* an SGI's */
    assert_int_equal(virq(0, 3)->config.priority, 0x50);
    store(0, GICD_IPRIORITYR + 96, 4, UINT32_MAX); /* not implemented */
    assert_int_equal(load(0, GICD_IPRIORITYR + 96, 4), 0);
}

static void test_config(void **state)
{
    (void)state;
    assert_int_equal(load(0, GICD_ICFGR, 4), 0xaaaaaaaa);
    store(0, GICD_ICFGR, 4, 0);
    assert_int_equal(load(0, GICD_ICFGR, 4), 0xaaaaaaaa);
    store(0, GICD_ICFGR + SPI / 16 * 4, 4, 0xffffffff);
    assert_int_equal(load(0, GICD_ICFGR + SPI / 16 * 4, 4), 0xaaaaaaaa);
    assert_true(virq(0, SPI)->config.edge);
    store(0, GICD_ICFGR + SPI / 16 * 4, 4, 0x55555555);
    assert_false(virq(0, SPI)->config.edge);
}

static void test_bad_accesses_are_raz_wi(void **state)
{
    (void)state;
    store(0, word(GICD_ISENABLER, SPI), 1, 0xff);
    store(0, word(GICD_ISENABLER, SPI), 2, 0xffff);
    store(0, word(GICD_ISENABLER, SPI), 8, UINT64_MAX);
    store(0, word(GICD_ISENABLER, SPI) + 2, 4, UINT32_MAX);
    assert_int_equal(load(0, word(GICD_ISENABLER, SPI), 4), 0);
    store(0, GICD_IPRIORITYR + SPI, 2, 0xffff);
    store(0, GICD_IPRIORITYR + SPI, 8, UINT64_MAX);
    store(0, GICD_IPRIORITYR + SPI + 1, 4, UINT32_MAX);
    assert_int_equal(load(0, GICD_IPRIORITYR + SPI, 4), 0);
    assert_int_equal(load(0, GICD_TYPER, 8), 0);
    assert_int_equal(load(0, GICD_TYPER, 1), 0);
    assert_int_equal(load(0, GICD_SGIR, 4), 0);
    store(0, GICD_IGROUPR, 4, UINT32_MAX);
    assert_int_equal(load(0, GICD_IGROUPR, 4), 0);
    assert_int_equal(load(0, 0x1000, 4), 0);
    store(0, 0xfffc, 4, UINT32_MAX);
    assert_int_equal(load(7, GICD_TYPER, 4), 0); /* no such vCPU */
}

static void test_targets(void **state)
{
    (void)state;
    assert_int_equal(load(0, GICD_ITARGETSR, 4), 0x01010101);
    assert_int_equal(load(1, GICD_ITARGETSR + 28, 4), 0x02020202);
    assert_int_equal(load(0, GICD_ITARGETSR + SPI, 1), 1);
    store(0, word(GICD_ISENABLER, SPI), 4, bit(SPI));
    store(0, GICD_ITARGETSR + SPI, 1, 0xfe);
    assert_int_equal(load(0, GICD_ITARGETSR + SPI, 1), 2);
    assert_true(virq(1, SPI)->config.enabled);
    assert_false(virq(0, SPI)->config.enabled);
    store(0, GICD_ITARGETSR + SPI, 1, 0);
    assert_false(virq(0, SPI)->config.enabled);
    assert_false(virq(1, SPI)->config.enabled);
    store(0, GICD_ITARGETSR + SPI, 1, 1);
    assert_true(virq(0, SPI)->config.enabled);
    store(0, GICD_ITARGETSR, 4, 0xffffffff);
    assert_int_equal(load(0, GICD_ITARGETSR, 4), 0x01010101);
}

static void test_pending_moves_with_the_target(void **state)
{
    (void)state;
    store(0, GICD_ICFGR + SPI / 16 * 4, 4, 0xffffffff);
    vgic_pend(&vgic, SPI);
    vgic_set_line(&vgic, SPI + 1, true);
    assert_true(platform_virq_is_pending(0, SPI));
    store(0, GICD_ITARGETSR + SPI, 4, 0x02020202);
    assert_false(platform_virq_is_pending(0, SPI));
    assert_true(platform_virq_is_pending(1, SPI));
    assert_false(virq(0, SPI + 1)->level);
    assert_true(virq(1, SPI + 1)->level);
    vgic_set_line(&vgic, SPI + 1, false);
    assert_false(virq(1, SPI + 1)->level);
    /* What is active is active for all to see, and can be deactivated. */
    store(0, word(GICD_ISACTIVER, SPI), 4, bit(SPI));
    store(0, GICD_ITARGETSR + SPI, 1, 1);
    assert_int_equal(load(1, word(GICD_ISACTIVER, SPI), 4), bit(SPI));
    assert_int_equal(load(0, word(GICD_ISPENDR, SPI), 4), bit(SPI));
    store(1, word(GICD_ICACTIVER, SPI), 4, bit(SPI));
    assert_int_equal(load(0, word(GICD_ISACTIVER, SPI), 4), 0);
}

/* The platform outlives a VMM that is started again. */
static void test_a_new_distributor_has_all_spis_at_vcpu_0(void **state)
{
    (void)state;
    store(0, GICD_ITARGETSR + SPI, 1, 2);
    vgic_set_line(&vgic, SPI, true);
    platform_fake.posts[0] = (struct platform_fake_post){.vcpu = 1, .intid = SPI};
    assert_int_equal(vgic_init(&vgic, 2, 64), ERR_OK);
    assert_int_equal(platform_fake.posts[0].vcpu, 0);
    assert_false(virq(0, SPI)->level || virq(1, SPI)->level);
}

static void test_sgis(void **state)
{
    (void)state;
    store(0, GICD_SGIR, 4, 2u << 16 | 3); /* list: vCPU 1 */
    assert_true(virq(1, 3)->latch);
    assert_int_equal(virq(1, 3)->last_source, 0);
    assert_false(virq(0, 3)->latch);
    store(1, GICD_SGIR, 4, 1u << 24 | 4); /* all but self */
    assert_true(virq(0, 4)->latch);
    assert_int_equal(virq(0, 4)->last_source, 1);
    assert_false(virq(1, 4)->latch);
    store(1, GICD_SGIR, 4, 2u << 24 | 5); /* self */
    assert_true(virq(1, 5)->latch);
    store(1, GICD_SGIR, 4, 3u << 24 | 0xff0006); /* reserved */
    store(1, GICD_SGIR, 4, 0xfc0006);            /* nobody */
    assert_false(virq(0, 6)->latch);
    assert_false(virq(1, 6)->latch);
}

static void test_sgi_pending_registers(void **state)
{
    (void)state;
    store(0, GICD_SPENDSGIR + 7, 1, 0x03);
    assert_int_equal(load(0, GICD_SPENDSGIR + 7, 1), 3);
    assert_int_equal(load(0, GICD_CPENDSGIR + 4, 4), 0x03000000);
    assert_int_equal(load(1, GICD_SPENDSGIR + 7, 1), 0);
    store(0, GICD_CPENDSGIR + 7, 1, 1);
    assert_true(virq(0, 7)->latch);
    assert_int_equal(load(0, GICD_SPENDSGIR + 7, 1), 2);
    assert_int_equal(virq(0, 7)->sources, 2);
    store(0, GICD_CPENDSGIR + 4, 4, 0xff000000);
    assert_false(virq(0, 7)->latch);
    assert_int_equal(load(0, GICD_SPENDSGIR + 7, 1), 0);
    store(0, GICD_SPENDSGIR, 1, 0xfc); /* no such senders */
    assert_false(virq(0, 0)->latch);
    store(0, GICD_SPENDSGIR, 1, 2);
    virq(0, 0);
    platform_fake.vcpus[0].virqs[0].latch = false; /* the guest took it */
    assert_int_equal(load(0, GICD_SPENDSGIR, 1), 0);
}

static void test_lines(void **state)
{
    struct irq_line level = {.vgic = &vgic, .intid = SPI};
    struct irq_line edge = {.vgic = &vgic, .intid = SPI + 1, .edge = true};

    (void)state;
    irq_line_set(&level, true);
    irq_line_set(&level, true);
    assert_true(virq(0, SPI)->level);
    assert_int_equal(virq(0, SPI)->pend_count, 0);
    irq_line_set(&level, false);
    assert_false(virq(0, SPI)->level);
    irq_line_set(&edge, true);
    irq_line_set(&edge, true);
    irq_line_set(&edge, false);
    assert_int_equal(virq(0, SPI + 1)->pend_count, 2);
    vgic_set_line(&vgic, 31, true); /* private ones are no device's */
    vgic_set_line(&vgic, 96, true); /* not implemented */
    vgic_pend(&vgic, 31);
    vgic_pend(&vgic, 5000);
    assert_false(virq(0, 31)->level || virq(0, 96)->level || virq(0, 31)->latch);
}

static void test_reset(void **state)
{
    (void)state;
    store(0, GICD_CTLR, 4, 1);
    store(0, word(GICD_ISENABLER, SPI), 4, UINT32_MAX);
    store(0, word(GICD_ISENABLER, 27), 4, bit(27));
    store(0, GICD_IPRIORITYR + SPI, 4, UINT32_MAX);
    vgic_set_line(&vgic, SPI, true);
    vgic_pend(&vgic, SPI);
    vgic_reset(&vgic);
    assert_int_equal(load(0, GICD_CTLR, 4), 0);
    assert_int_equal(load(0, word(GICD_ISENABLER, SPI), 4), 0);
    assert_int_equal(load(0, GICD_ISENABLER, 4), 0xffff);
    assert_int_equal(load(0, GICD_IPRIORITYR + SPI, 4), 0);
    assert_int_equal(load(0, word(GICD_ISPENDR, SPI), 4), 0);
    assert_false(platform_fake.vcpus[0].virq_enabled);
    assert_false(virq(0, SPI)->level);
    assert_false(virq(0, 27)->config.enabled);
    assert_true(virq(0, 3)->config.enabled);
    assert_true(virq(0, 3)->config.edge);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_init_checks, setup),
        cmocka_unit_test_setup(test_identification, setup_two),
        cmocka_unit_test_setup(test_enable, setup),
        cmocka_unit_test_setup(test_distributor_enable, setup),
        cmocka_unit_test_setup(test_pending_and_active, setup),
        cmocka_unit_test_setup(test_priorities, setup),
        cmocka_unit_test_setup(test_config, setup),
        cmocka_unit_test_setup(test_bad_accesses_are_raz_wi, setup),
        cmocka_unit_test_setup(test_targets, setup_two),
        cmocka_unit_test_setup(test_pending_moves_with_the_target, setup_two),
        cmocka_unit_test_setup(test_a_new_distributor_has_all_spis_at_vcpu_0, setup_two),
        cmocka_unit_test_setup(test_sgis, setup_two),
        cmocka_unit_test_setup(test_sgi_pending_registers, setup_two),
        cmocka_unit_test_setup(test_lines, setup),
        cmocka_unit_test_setup(test_reset, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
