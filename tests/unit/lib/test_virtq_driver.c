/* SPDX-License-Identifier: BSD-2-Clause */
/* The driver's side of a virtqueue, and a device that makes no sense. What it does otherwise test_blk_driver
 * shows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/virtq_driver/virtq_driver.h"

#define PADDR 0x80000000ull

static void test_queue_is_checked(void **state)
{
    _Alignas(16) static uint8_t memory[0x4000];
    static struct virtq_desc table[4];
    const struct virtq_driver_buffer buffers[2] = {{1, 2, false}, {3, 4, true}};
    struct virtq_driver queue;
    uint16_t head;
    uint32_t bytes;

    (void)state;
    assert_int_equal(virtq_driver_init(&queue, memory, PADDR, 3, false), ERR_FORMAT);
    assert_int_equal(virtq_driver_init(&queue, memory, PADDR, 512, false), ERR_FORMAT);
    assert_int_equal(virtq_driver_init(&queue, memory, PADDR + 8, 4, false), ERR_ALIGN);
    assert_int_equal(virtq_driver_init(&queue, memory, PADDR, 2, true), ERR_OK);
    assert_int_equal(virtq_driver_add(&queue, buffers, 0, &head), ERR_RANGE);
    assert_int_equal(virtq_driver_add_indirect(&queue, buffers, 0, table, 0, &head), ERR_RANGE);
    assert_false(virtq_driver_publish(&queue));
    assert_int_equal(virtq_driver_add_indirect(&queue, buffers, 2, table, 0x1000, &head), ERR_OK);
    assert_int_equal(virtq_driver_space(&queue), 1);
    assert_int_equal(virtq_driver_add(&queue, buffers, 2, &head), ERR_SPACE);
    assert_true(virtq_driver_publish(&queue));
    assert_false(virtq_driver_request_interrupt(&queue));
    ((struct virtq_used *)(uintptr_t)queue.used)->idx = 7;
    assert_int_equal(virtq_driver_take(&queue, &head, &bytes), ERR_OVERRUN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_queue_is_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
