/* SPDX-License-Identifier: BSD-2-Clause */
/* A network card's driver PD: configuration, registers and notifications around net_driver.c. */
#include <microkit.h>
#include <stddef.h>

#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/config/net_config.h"
#include "lib/timer_client/timer_client.h"
#include "pd/net_driver/net_driver.h"

/* An Ethernet header and two VLAN tags. */
#define FRAME_OVERHEAD_BYTES 22u

const struct log_sink log_sink = {.name = microkit_name, .write = microkit_dbg_puts};

__attribute__((section(NET_DRIVER_CONFIG_SECTION), used)) struct net_driver_config net_driver_config = {
    .header = {.magic = NET_DRIVER_CONFIG_MAGIC,
               .version = NET_DRIVER_CONFIG_VERSION,
               .size_bytes = sizeof(struct net_driver_config)},
};

/*
 * Physical addresses, set by the tool through their symbols. In .data, since not every platform's loader can
 * set what the ELF file has no bytes for; not static, so that the compiler doesn't know the values.
 */
#define PADDR(name) __attribute__((section(".data"), used)) uint64_t name
PADDR(net_own_paddr);
PADDR(net_rx_paddr);
PADDR(net_tx_paddr);

static struct net_driver driver;
static struct timer_client alarm;
static bool ready;
static bool irq_unacknowledged;

static uint32_t read(void *context, uint32_t offset)
{
    return *(volatile uint32_t *)((uintptr_t)context + offset);
}

static void write(void *context, uint32_t offset, uint32_t value)
{
    /* The card sees what was written to memory before. */
    __asm__ volatile("dmb sy" ::: "memory");
    *(volatile uint32_t *)((uintptr_t)context + offset) = value;
}

static void run(void)
{
    if (net_driver_run(&driver, clock_ticks())) {
        microkit_notify(net_driver_config.link.channel);
    }
    timer_client_set(&alarm, net_driver_deadline(&driver));
}

static enum err start(const struct net_driver_config *config)
{
    const struct net_driver_setup setup = {
        .nic = nic_of_board,
        .card = {.registers = {.read = read, .write = write, .context = (void *)config->registers},
                 .own = (void *)config->own,
                 .own_paddr = net_own_paddr,
                 .own_bytes = config->own_bytes,
                 .frame_bytes = config->mtu + FRAME_OVERHEAD_BYTES},
        .link_own = (void *)config->link.own,
        .link_peer = (const void *)config->link.peer,
        .link_own_paddr = net_rx_paddr,
        .link_peer_paddr = net_tx_paddr,
        .link_bytes = config->link.bytes,
        .timeout = (uint64_t)config->timeout_ms * clock_hz() / 1000,
        .moderation = (uint64_t)config->interrupt_gap_us * clock_hz() / 1000000,
    };

    return net_driver_init(&driver, &setup, clock_ticks());
}

void init(void)
{
    const struct net_driver_config *config = &net_driver_config;

    if (!config_is_valid(&config->header, NET_DRIVER_CONFIG_MAGIC, NET_DRIVER_CONFIG_VERSION,
                         sizeof *config)) {
        log_error("no configuration: was this program put into the image by the tool?");
        return;
    }
    timer_client_init(&alarm, config->timer_channel);
    const enum err err = start(config);
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
    if (channel == net_driver_config.timer_channel) {
        timer_client_heard(&alarm);
    }
    irq_unacknowledged = irq_unacknowledged || channel == net_driver_config.irq_channel;
    run();
    /* A card that doesn't work may hold its line up forever: unacknowledged, that disturbs nobody. */
    if (irq_unacknowledged && net_driver_is_alive(&driver)) {
        irq_unacknowledged = false;
        microkit_deferred_irq_ack(net_driver_config.irq_channel);
    }
}
