/* SPDX-License-Identifier: BSD-2-Clause */
/* The UART driver PD: configuration, registers and notifications around uart_driver.c. */
#include <microkit.h>
#include <stddef.h>

#include "kernel/include/sysdesc.h"
#include "lib/base/log.h"
#include "lib/config/serial_config.h"
#include "pd/uart_driver/uart_driver.h"

const struct log_sink log_sink = {.name = microkit_name, .write = microkit_dbg_puts};

PD_CONFIG(uart_config, uart_config, UART_CONFIG_SECTION) = {
    .header = {.magic = UART_CONFIG_MAGIC,
               .version = UART_CONFIG_VERSION,
               .size_bytes = sizeof(struct uart_config)},
};

static const struct uart_device *const devices[SYSDESC_UART_KINDS] = {
    [SYSDESC_UART_PL011] = &uart_pl011,
    [SYSDESC_UART_CADENCE] = &uart_cadence,
    [SYSDESC_UART_IMX] = &uart_imx,
};

static struct uart_driver driver;
static bool ready;

static uint32_t read(void *context, uint32_t offset)
{
    return *(volatile uint32_t *)((uintptr_t)context + offset);
}

static void write(void *context, uint32_t offset, uint32_t value)
{
    *(volatile uint32_t *)((uintptr_t)context + offset) = value;
}

static void run(void)
{
    if (uart_driver_run(&driver)) {
        microkit_notify(uart_config.link.channel);
    }
}

void init(void)
{
    if (!config_is_valid(&uart_config.header, UART_CONFIG_MAGIC, UART_CONFIG_VERSION, sizeof uart_config)) {
        log_error("no configuration: was this program put into the image by the tool?");
        return;
    }
    if (uart_config.kind >= SYSDESC_UART_KINDS) {
        log_error("configuration: UART of unknown kind %u; there are %u", uart_config.kind,
                  (unsigned int)SYSDESC_UART_KINDS);
        return;
    }
    const struct uart_registers registers = {
        .read = read, .write = write, .context = (void *)uart_config.registers};
    enum err err =
        uart_driver_init(&driver, devices[uart_config.kind], &registers, (void *)uart_config.link.own,
                         (const void *)uart_config.link.peer, uart_config.link.bytes);
    if (err != ERR_OK) {
        log_error("link: %s", err_text(err));
        return;
    }
    ready = true;
    microkit_notify(uart_config.link.channel);
    run();
}

void notified(microkit_channel channel)
{
    if (!ready) {
        return;
    }
    run();
    if (channel == uart_config.irq_channel) {
        microkit_deferred_irq_ack(channel);
    }
}
