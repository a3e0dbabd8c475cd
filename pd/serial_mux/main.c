/* SPDX-License-Identifier: BSD-2-Clause */
/* The serial multiplexer PD: configuration, links and notifications around serial_mux.c. */
#include <microkit.h>
#include <stddef.h>

#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/config/serial_config.h"
#include "pd/serial_mux/serial_mux.h"

const struct log_sink log_sink = {.name = microkit_name, .write = microkit_dbg_puts};

PD_CONFIG(serial_mux_config, serial_mux_config, SERIAL_MUX_CONFIG_SECTION) = {
    .header = {.magic = SERIAL_MUX_CONFIG_MAGIC,
               .version = SERIAL_MUX_CONFIG_VERSION,
               .size_bytes = sizeof(struct serial_mux_config)},
};

static struct serial_mux mux;

static void notify(void *context, uint32_t channel)
{
    (void)context;
    microkit_notify(channel);
}

void init(void)
{
    if (!config_is_valid(&serial_mux_config.header, SERIAL_MUX_CONFIG_MAGIC, SERIAL_MUX_CONFIG_VERSION,
                         sizeof serial_mux_config)) {
        log_error("no configuration: was this program put into the image by the tool?");
        return;
    }
    enum err err = serial_mux_init(&mux, &serial_mux_config, notify, NULL);
    if (err != ERR_OK) {
        log_error("configuration: %s", err_text(err));
    }
    account_init(&mux.account, account_page(), clock_ticks);
    for (uint32_t i = 0; i < mux.client_count; i++) {
        if (mux.consoles[i].has_link) {
            microkit_notify(serial_mux_config.clients[i].link.channel);
        }
    }
    if (mux.has_driver) {
        microkit_notify(serial_mux_config.driver.channel);
    }
    serial_mux_run(&mux);
}

void notified(microkit_channel channel)
{
    (void)channel; /* any event may let any stream go on */
    serial_mux_run(&mux);
}
