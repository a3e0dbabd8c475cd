/* SPDX-License-Identifier: BSD-2-Clause */
/* The disk driver PD: configuration, registers and notifications around blk_driver.c. */
#include <microkit.h>
#include <stddef.h>

#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/config/blk_config.h"
#include "lib/timer_client/timer_client.h"
#include "pd/blk_driver/blk_driver.h"

const struct log_sink log_sink = {.name = microkit_name, .write = microkit_dbg_puts};

PD_CONFIG(blk_driver_config, blk_driver_config, BLK_DRIVER_CONFIG_SECTION) = {
    .header = {.magic = BLK_DRIVER_CONFIG_MAGIC,
               .version = BLK_DRIVER_CONFIG_VERSION,
               .size_bytes = sizeof(struct blk_driver_config)},
};

/*
 * Physical addresses, set by the tool through their symbols. In .data, since not every platform's loader can
 * set what the ELF file has no bytes for; not static, so that the compiler doesn't know the values.
 */
#define PADDR(name) __attribute__((section(".data"), used)) uint64_t name
#define REGION_PADDR(number) PADDR(blk_region_paddr_##number)
PADDR(blk_own_paddr);
REGION_PADDR(0);
REGION_PADDR(1);
REGION_PADDR(2);
REGION_PADDR(3);
REGION_PADDR(4);
REGION_PADDR(5);
REGION_PADDR(6);
REGION_PADDR(7);
REGION_PADDR(8);
REGION_PADDR(9);
REGION_PADDR(10);
REGION_PADDR(11);
REGION_PADDR(12);
REGION_PADDR(13);
REGION_PADDR(14);
REGION_PADDR(15);
REGION_PADDR(16);

static const uint64_t *const region_paddrs[BLK_DRIVER_MAX_REGIONS] = {
    &blk_region_paddr_0,  &blk_region_paddr_1,  &blk_region_paddr_2,  &blk_region_paddr_3,
    &blk_region_paddr_4,  &blk_region_paddr_5,  &blk_region_paddr_6,  &blk_region_paddr_7,
    &blk_region_paddr_8,  &blk_region_paddr_9,  &blk_region_paddr_10, &blk_region_paddr_11,
    &blk_region_paddr_12, &blk_region_paddr_13, &blk_region_paddr_14, &blk_region_paddr_15,
    &blk_region_paddr_16,
};

static struct blk_driver driver;
static struct timer_client alarm;
static bool ready;
static bool irq_unacknowledged;

static uint32_t read(void *context, uint32_t offset)
{
    return *(volatile uint32_t *)((uintptr_t)context + offset);
}

static void write(void *context, uint32_t offset, uint32_t value)
{
    /* The device sees what was written to memory before. */
    __asm__ volatile("dmb sy" ::: "memory");
    *(volatile uint32_t *)((uintptr_t)context + offset) = value;
}

static void run(void)
{
    if (blk_driver_run(&driver, clock_ticks())) {
        microkit_notify(blk_driver_config.link.channel);
    }
    timer_client_set(&alarm, blk_driver_deadline(&driver));
}

void init(void)
{
    const struct blk_driver_config *config = &blk_driver_config;
    struct blk_region regions[BLK_DRIVER_MAX_REGIONS];

    if (!config_is_valid(&config->header, BLK_DRIVER_CONFIG_MAGIC, BLK_DRIVER_CONFIG_VERSION,
                         sizeof *config) ||
        config->region_count > BLK_DRIVER_MAX_REGIONS) {
        log_error("no configuration: was this program put into the image by the tool?");
        return;
    }
    for (uint32_t i = 0; i < config->region_count; i++) {
        regions[i] = (struct blk_region){.paddr = *region_paddrs[i], .bytes = config->region_bytes[i]};
    }
    const struct blk_driver_setup setup = {
        .device = blk_device_of_program,
        .device_setup = {.registers = {.read = read, .write = write, .context = (void *)config->registers},
                         .own = (void *)config->own,
                         .own_paddr = blk_own_paddr,
                         .own_bytes = config->own_bytes,
                         .hz = clock_hz()},
        .regions = regions,
        .region_count = config->region_count,
        .timeout = (uint64_t)config->timeout_ms * clock_hz() / 1000,
    };
    timer_client_init(&alarm, config->timer_channel);
    const enum err err = blk_driver_init(&driver, &setup, (void *)config->link.own,
                                         (const void *)config->link.peer, config->link.bytes, clock_ticks());
    if (err != ERR_OK) {
        log_error("configuration: %s", err_text(err));
        return;
    }
    ready = true;
    microkit_notify(config->link.channel);
    run();
}

void notified(microkit_channel channel)
{
    if (!ready) {
        return;
    }
    if (channel == blk_driver_config.timer_channel) {
        timer_client_heard(&alarm);
    }
    irq_unacknowledged = irq_unacknowledged || channel == blk_driver_config.irq_channel;
    run();
    /* A device that doesn't work may hold its line up forever: unacknowledged, that disturbs nobody. */
    if (irq_unacknowledged && blk_driver_is_alive(&driver)) {
        irq_unacknowledged = false;
        microkit_deferred_irq_ack(blk_driver_config.irq_channel);
    }
}
