/* SPDX-License-Identifier: BSD-2-Clause */
/* What disks expand to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/config/blk_config.h"
#include "lib/config/timer_config.h"
#include "tests/mock/load_model.h"
#include "tool/expand/frontend.h"

#define LINUX "<linux kernel='k'/>"

static struct model *load(const char *text)
{
    return load_model_for(text, false);
}

#define DISK "<disk name='d0' size='8M'><partition name='a' size='2M'/><partition name='b'/></disk>"

static uint32_t timer_clients(const struct model *model)
{
    const struct timer_config *config =
        load_model_config(model, "timer", TIMER_CONFIG_SECTION, sizeof(struct timer_config));

    return config->client_count;
}

/* A kick buys work that a disk's answer must not: kicks have a channel that nothing else notifies. */
static void check_kick_channel(const struct model *model, const struct model_pd *vmm)
{
    const struct vmm_config *config =
        load_model_config(model, "x_vmm", VMM_CONFIG_SECTION, sizeof(struct vmm_config));
    const uint32_t kicks = config->kick_channel;

    assert_int_equal(vmm->vm->doorbells[0].channel, kicks);
    assert_int_equal(vmm->vm->doorbells[2].channel, kicks);
    for (size_t i = 0; i < 2 * model->channel_count; i++) {
        const struct model_channel_end *end = &model->channels[i / 2].ends[i % 2];

        assert_false(end->pd == vmm && end->id == kicks);
    }
    assert_int_not_equal(model_free_channel_id(model, vmm), kicks);
}

static void test_disks_have_drivers_and_parts(void **state)
{
    (void)state;
    struct model *model =
        load("<system>" DISK "<guest name='x' ram='16M'>" LINUX "<block disk='d0' partition='b'/>"
             "<block disk='d0' partition='a' datapath='shared'/></guest></system>");
    const struct blk_driver_config *driver =
        load_model_config(model, "d0_driver", BLK_DRIVER_CONFIG_SECTION, sizeof(*driver));
    const struct blk_server_config *server =
        load_model_config(model, "blk_server", BLK_SERVER_CONFIG_SECTION, sizeof(*server));

    assert_int_equal(driver->link.bytes, server->disks[0].link.bytes);
    assert_int_equal(driver->timeout_ms, 30000);
    assert_int_equal(driver->region_count, 3); /* the server's own, a buffer, x's RAM */
    assert_int_equal(driver->region_bytes[2], 0x1000000);
    assert_int_equal(server->client_count, 2);
    assert_int_equal(server->clients[0].partition_number, 2);
    assert_int_equal(server->clients[1].partition_number, 1);
    assert_int_equal(server->has_limits, 0);
    assert_int_equal(timer_clients(model), 2); /* the driver, and the VMM */
    struct model_pd *vmm = model_find_pd(model, "x_vmm");
    assert_int_equal(vmm->vm->doorbell_count, 4); /* a kick and an acknowledgement each */
    assert_ptr_equal(vmm->vm->doorbells[0].pd, vmm);
    assert_true(vmm->vm->doorbells[1].ignore);
    check_kick_channel(model, vmm);
    model_free(model);
}

static void test_limits_and_timeouts_need_the_timer(void **state)
{
    (void)state;
    struct model *model =
        load("<system>" DISK "<guest name='x' ram='16M'>" LINUX "<block disk='d0' partition='a' iops='7'/>"
             "<block disk='d0' partition='b' bandwidth='3M'/></guest></system>");
    const struct blk_server_config *server =
        load_model_config(model, "blk_server", BLK_SERVER_CONFIG_SECTION, sizeof(*server));

    assert_int_equal(server->has_limits, 1);
    assert_int_equal(server->clients[0].iops, 7);
    assert_int_equal(server->clients[1].bandwidth, 3 << 20);
    assert_int_equal(timer_clients(model), 3); /* and the server */
    model_free(model);
}

static void check_id(const struct vmm_config *config, uint32_t index, const char *id)
{
    char padded[VMM_BLOCK_ID_BYTES] = {0};

    memcpy(padded, id, strlen(id));
    assert_memory_equal(config->devices[index].u.block.id, padded, sizeof padded);
}

/* What /dev/disk/by-id tells apart: ranges of one disk, and names that differ behind what fits. */
static void test_disks_of_a_guest_have_different_ids(void **state)
{
    (void)state;
    struct model *model = load(
        "<system><disk name='d0' size='8M'/><disk name='long' size='8M'>"
        "<partition name='partition-number-one' size='2M'/><partition name='partition-number-two'/></disk>"
        "<guest name='x' ram='16M'>" LINUX
        "<block disk='d0' size='1M'/><block disk='d0' offset='1M' size='1M'/>"
        "<block disk='d0' offset='2M' size='1M'/><block disk='long' partition='partition-number-one'/>"
        "<block disk='long' partition='partition-number-two'/></guest>"
        "<guest name='y' ram='16M'>" LINUX "<block disk='d0' offset='3M' size='1M'/></guest></system>");
    const struct vmm_config *x =
        load_model_config(model, "x_vmm", VMM_CONFIG_SECTION, sizeof(struct vmm_config));
    const struct vmm_config *y =
        load_model_config(model, "y_vmm", VMM_CONFIG_SECTION, sizeof(struct vmm_config));

    check_id(x, 0, "d0");
    check_id(x, 1, "d0-2");
    check_id(x, 2, "d0-3");
    check_id(x, 3, "long-partition-numbe");
    check_id(x, 4, "long-partition-num-2");
    check_id(y, 0, "d0");
    model_free(model);
}

/* The interrupt of a driver, level or edge, and the page of registers that it has. */
static void check_driver(const struct model *model, const char *name, const char *program, uint32_t intid,
                         bool edge, uint64_t registers)
{
    const struct model_pd *pd = model_find_pd(model, name);

    assert_non_null(pd);
    assert_string_equal(pd->program_image, program);
    assert_int_equal(pd->irq_count, 1);
    assert_int_equal(pd->irqs[0].intid, intid);
    assert_int_equal(pd->irqs[0].edge, edge);
    assert_true(pd->map_count > 0 && pd->maps[0].mr->kind == MODEL_MR_DEVICE);
    assert_int_equal(pd->maps[0].mr->phys_addr, registers);
    assert_false(pd->maps[0].cached);
}

static void test_boards_without_virtio_give_their_devices(void **state)
{
    (void)state;
    struct model *model =
        load("<system board='zcu102'><disk name='d0' size='8M'/><disk name='d1' size='8M'/>"
             "<switch name='lan'/><uplink switch='lan'/>"
             "<uplink switch='lan' name='second' device='gem1' driver_program='mine.elf'/></system>");

    check_driver(model, "d0_driver", "blk_sdhci.elf", 81, false, 0xff170000);
    check_driver(model, "d1_driver", "blk_sdhci.elf", 80, false, 0xff160000);
    check_driver(model, "uplink_driver", "net_gem.elf", 95, false, 0xff0e0000);
    check_driver(model, "second_driver", "mine.elf", 91, false, 0xff0c0000);
    assert_int_equal(model->disks[0].slot, 1);
    assert_int_equal(model->uplinks[0].slot, 3);
    model_free(model);
}

static void test_virtio_comes_first_unless_a_device_is_named(void **state)
{
    (void)state;
    struct model *model = load("<system board='versal_virt'><disk name='d0' size='8M'/>"
                               "<disk name='d1' size='8M' device='sdhci0'/></system>");

    check_driver(model, "d0_driver", "blk_driver.elf", 143, true, 0xa0000000);
    check_driver(model, "d1_driver", "blk_sdhci.elf", 158, false, 0xf1040000);
    assert_null(model->disks[0].device);
    model_free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_boards_without_virtio_give_their_devices),
        cmocka_unit_test(test_virtio_comes_first_unless_a_device_is_named),
        cmocka_unit_test(test_disks_have_drivers_and_parts),
        cmocka_unit_test(test_limits_and_timeouts_need_the_timer),
        cmocka_unit_test(test_disks_of_a_guest_have_different_ids),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
