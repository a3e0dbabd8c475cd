/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "vmm/pci/msix.h"
#include "vmm/platform_fake.h"

#define FRAME_GPA 0x08020000ull
#define SPI 64u
#define SPIS 8u
#define COUNT 4u

static struct vgic vgic;
static struct gicv2m frame;
static struct msix msix;

static int setup(void **state)
{
    (void)state;
    platform_fake_reset();
    assert_int_equal(vgic_init(&vgic, 1, 64), ERR_OK);
    frame = (struct gicv2m){.vgic = &vgic, .gpa = FRAME_GPA, .spi_first = SPI, .spi_count = SPIS};
    msix_init(&msix, COUNT, &frame);
    return 0;
}

static uint64_t table(uint64_t offset, uint32_t bytes)
{
    struct mmio_access access = {.offset = offset, .width_bytes = bytes};

    msix_access_table(&msix, &access);
    return access.value;
}

static void set_table(uint64_t offset, uint32_t bytes, uint64_t value)
{
    struct mmio_access access = {.offset = offset, .value = value, .width_bytes = bytes, .is_write = true};

    msix_access_table(&msix, &access);
}

static uint64_t pending(uint64_t offset, uint32_t bytes)
{
    struct mmio_access access = {.offset = offset, .width_bytes = bytes};

    msix_access_pending(&msix, &access);
    return access.value;
}

/* Vector `vector` goes to SPI + vector. */
static void point(uint32_t vector, bool masked)
{
    set_table(vector * MSIX_ENTRY_BYTES, 8, FRAME_GPA + GICV2M_SETSPI_NS);
    set_table(vector * MSIX_ENTRY_BYTES + 8, 4, SPI + vector);
    set_table(vector * MSIX_ENTRY_BYTES + 12, 4, masked);
}

static uint32_t pended(uint32_t vector)
{
    return platform_fake.vcpus[0].virqs[SPI + vector].pend_count;
}

static void test_table_after_reset(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < COUNT; i++) {
        assert_int_equal(table(i * MSIX_ENTRY_BYTES, 8), 0);
        assert_int_equal(table(i * MSIX_ENTRY_BYTES + 8, 4), 0);
        assert_int_equal(table(i * MSIX_ENTRY_BYTES + 12, 4), 1);
    }
}

static void test_table_takes_words_and_pairs(void **state)
{
    (void)state;
    set_table(16, 4, 0x11223344);
    set_table(20, 4, 0x55667788);
    assert_int_equal(table(16, 8), 0x5566778811223344);
    set_table(24, 8, 0xffffffff00000042);
    assert_int_equal(table(24, 4), 0x42);
    assert_int_equal(table(28, 4), 1); /* only the mask bit is there */
    set_table(24, 8, 0xfffffffe00000042);
    assert_int_equal(table(28, 4), 0);
}

static void test_other_accesses_to_the_table_do_nothing(void **state)
{
    const struct {
        uint64_t offset;
        uint32_t bytes;
    } bad[] = {{0, 1}, {0, 2}, {2, 4}, {4, 8}, {COUNT * 16, 4}, {COUNT * 16, 8}, {4096, 4}, {UINT64_MAX, 1}};

    (void)state;
    point(0, false);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        set_table(bad[i].offset, bad[i].bytes, 0);
        assert_int_equal(table(bad[i].offset, bad[i].bytes), 0);
    }
    assert_int_equal(table(0, 8), FRAME_GPA + GICV2M_SETSPI_NS);
    assert_int_equal(table(8, 8), SPI);
}

static void test_a_vector_pends_its_spi(void **state)
{
    (void)state;
    msix_set_control(&msix, true, false);
    point(1, false);
    msix_notify(&msix, 1);
    assert_int_equal(pended(1), 1);
    assert_int_equal(msix_spi(&msix, 1), SPI + 1);
    msix_notify(&msix, COUNT); /* no such vector, and none at all */
    msix_notify(&msix, 0xffff);
    assert_int_equal(pended(1), 1);
    assert_int_equal(pending(0, 4), 0);
}

static void test_a_masked_vector_waits(void **state)
{
    (void)state;
    msix_set_control(&msix, true, false);
    point(2, true);
    msix_notify(&msix, 2);
    msix_notify(&msix, 2);
    assert_int_equal(pended(2), 0);
    assert_int_equal(msix_spi(&msix, 2), GICV2M_NONE);
    assert_int_equal(pending(0, 8), 4);
    assert_int_equal(pending(0, 4), 4);
    assert_int_equal(pending(4, 4), 0);
    assert_int_equal(pending(0, 1), 0);
    set_table(2 * 16 + 12, 4, 0);
    assert_int_equal(pended(2), 1);
    assert_int_equal(pending(0, 8), 0);
}

static void test_a_masked_function_waits(void **state)
{
    (void)state;
    point(0, false);
    point(3, false);
    msix_set_control(&msix, true, true);
    msix_notify(&msix, 0);
    msix_notify(&msix, 3);
    assert_int_equal(msix_spi(&msix, 0), GICV2M_NONE);
    assert_int_equal(pended(0) + pended(3), 0);
    assert_int_equal(pending(0, 8), 9);
    set_table(12, 4, 1);
    msix_set_control(&msix, true, false);
    assert_int_equal(pended(0), 0);
    assert_int_equal(pended(3), 1);
    assert_int_equal(pending(0, 8), 1);
}

static void test_disabled_it_is_silent(void **state)
{
    (void)state;
    point(0, false);
    msix_notify(&msix, 0);
    msix_set_control(&msix, true, false);
    assert_int_equal(pended(0), 0);
    set_table(12, 4, 1);
    msix_notify(&msix, 0);
    msix_set_control(&msix, false, false);
    assert_int_equal(pending(0, 4), 0);
    msix_reset(&msix);
    assert_int_equal(table(12, 4), 1);
    assert_false(msix.enabled);
}

static void test_messages_to_elsewhere_are_dropped(void **state)
{
    const uint64_t addresses[] = {0, FRAME_GPA, FRAME_GPA + GICV2M_SETSPI_NS + 4, 0x40000000,
                                  (1ull << 32) + FRAME_GPA + GICV2M_SETSPI_NS};
    const uint32_t data[] = {0, 27, SPI - 1, SPI + SPIS, UINT32_MAX};

    (void)state;
    msix_set_control(&msix, true, false);
    point(0, false);
    for (size_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++) {
        set_table(0, 8, addresses[i]);
        assert_int_equal(msix_spi(&msix, 0), GICV2M_NONE);
        msix_notify(&msix, 0);
    }
    set_table(0, 8, FRAME_GPA + GICV2M_SETSPI_NS);
    for (size_t i = 0; i < sizeof data / sizeof data[0]; i++) {
        set_table(8, 4, data[i]);
        assert_int_equal(msix_spi(&msix, 0), GICV2M_NONE);
        msix_notify(&msix, 0);
    }
    for (uint32_t intid = 0; intid < 96; intid++) {
        assert_int_equal(platform_fake.vcpus[0].virqs[intid].pend_count, 0);
    }
}

static uint64_t frame_register(uint64_t offset, uint32_t bytes)
{
    struct mmio_access access = {.offset = offset, .width_bytes = bytes};

    assert_int_equal(gicv2m_access(&frame, &access), MMIO_DONE);
    return access.value;
}

static void test_frame_registers(void **state)
{
    (void)state;
    assert_int_equal(frame_register(GICV2M_TYPER, 4), SPI << 16 | SPIS);
    assert_int_equal(frame_register(GICV2M_IIDR, 4), GICV2M_IIDR_VALUE);
    assert_int_equal(frame_register(GICV2M_SETSPI_NS, 4), 0);
    assert_int_equal(frame_register(GICV2M_TYPER, 2), 0);
    assert_int_equal(frame_register(0xffc, 8), 0);
}

static void test_a_guest_may_send_messages_itself(void **state)
{
    struct mmio_access access = {
        .offset = GICV2M_SETSPI_NS, .value = SPI + 5, .width_bytes = 4, .is_write = true};

    (void)state;
    assert_int_equal(gicv2m_access(&frame, &access), MMIO_DONE);
    assert_int_equal(pended(5), 1);
    access.width_bytes = 2;
    assert_int_equal(gicv2m_access(&frame, &access), MMIO_DONE);
    assert_int_equal(pended(5), 2);
    access.width_bytes = 1;
    assert_int_equal(gicv2m_access(&frame, &access), MMIO_DONE);
    access.width_bytes = 4;
    access.value = SPI + SPIS;
    assert_int_equal(gicv2m_access(&frame, &access), MMIO_DONE);
    access.value = SPI + 5;
    access.offset = GICV2M_TYPER;
    assert_int_equal(gicv2m_access(&frame, &access), MMIO_DONE);
    assert_int_equal(pended(5), 2);
}

static const struct platform_fake_virq *virq_of(uint32_t vector)
{
    return &platform_fake.vcpus[0].virqs[SPI + vector];
}

static void test_a_late_message_comes_before_the_mask(void **state)
{
    (void)state;
    point(0, false);
    point(1, false);
    msix_notify_deferred(&msix, 0, 200); /* not enabled: nothing */
    assert_int_equal(virq_of(0)->deferred_count, 0);
    msix_set_control(&msix, true, false);
    msix_notify_deferred(&msix, 0, 200);
    msix_notify_deferred(&msix, 1, 300);
    msix_notify_deferred(&msix, COUNT, 300);
    assert_int_equal(virq_of(0)->deferred_us, 200);
    assert_int_equal(virq_of(1)->deferred_us, 300);
    assert_int_equal(virq_of(0)->pend_count + virq_of(1)->pend_count, 0);

    set_table(12, 4, 1); /* this one alone */
    assert_int_equal(virq_of(0)->pend_count, 1);
    assert_int_equal(virq_of(1)->pend_count, 0);
    set_table(12, 4, 0);
    assert_int_equal(virq_of(0)->pend_count, 1);
    msix_set_control(&msix, true, true); /* all that are left */
    assert_int_equal(virq_of(0)->pend_count, 1);
    assert_int_equal(virq_of(1)->pend_count, 1);
}

static void test_a_late_message_waits_behind_a_mask(void **state)
{
    (void)state;
    point(0, true);
    msix_set_control(&msix, true, false);
    msix_notify_deferred(&msix, 0, 200);
    assert_int_equal(virq_of(0)->deferred_count, 0);
    assert_int_equal(pending(0, 4), 1);
    set_table(12, 4, 0);
    assert_int_equal(virq_of(0)->pend_count, 1);
}

static void test_a_message_at_once_covers_a_late_one(void **state)
{
    (void)state;
    point(0, false);
    msix_set_control(&msix, true, false);
    msix_notify_deferred(&msix, 0, 200);
    msix_notify(&msix, 0);
    assert_int_equal(virq_of(0)->pend_count, 1);
    set_table(8, 4, SPI + 2); /* so nothing has to hurry */
    assert_int_equal(virq_of(0)->pend_count, 1);
    msix_notify_deferred(&msix, 0, 200);
    set_table(8, 4, SPI + 3); /* but this goes where it was sent */
    assert_int_equal(virq_of(2)->pend_count, 1);
    assert_int_equal(virq_of(3)->pend_count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_table_after_reset, setup),
        cmocka_unit_test_setup(test_table_takes_words_and_pairs, setup),
        cmocka_unit_test_setup(test_other_accesses_to_the_table_do_nothing, setup),
        cmocka_unit_test_setup(test_a_vector_pends_its_spi, setup),
        cmocka_unit_test_setup(test_a_late_message_comes_before_the_mask, setup),
        cmocka_unit_test_setup(test_a_late_message_waits_behind_a_mask, setup),
        cmocka_unit_test_setup(test_a_message_at_once_covers_a_late_one, setup),
        cmocka_unit_test_setup(test_a_masked_vector_waits, setup),
        cmocka_unit_test_setup(test_a_masked_function_waits, setup),
        cmocka_unit_test_setup(test_disabled_it_is_silent, setup),
        cmocka_unit_test_setup(test_messages_to_elsewhere_are_dropped, setup),
        cmocka_unit_test_setup(test_frame_registers, setup),
        cmocka_unit_test_setup(test_a_guest_may_send_messages_itself, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
