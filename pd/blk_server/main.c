/* SPDX-License-Identifier: BSD-2-Clause */
/* The block server PD: configuration and notifications around blk_server.c. */
#include <microkit.h>
#include <stddef.h>

#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/config/blk_config.h"
#include "lib/timer_client/timer_client.h"
#include "pd/blk_server/blk_server.h"

const struct log_sink log_sink = {.name = microkit_name, .write = microkit_dbg_puts};

PD_CONFIG(blk_server_config, blk_server_config, BLK_SERVER_CONFIG_SECTION) = {
    .header = {.magic = BLK_SERVER_CONFIG_MAGIC,
               .version = BLK_SERVER_CONFIG_VERSION,
               .size_bytes = sizeof(struct blk_server_config)},
};

static struct blk_server server;
static struct timer_client alarm;
static bool ready;

static void notify(void *context, uint32_t channel)
{
    (void)context;
    microkit_notify(channel);
}

static void run(void)
{
    blk_server_run(&server, clock_ticks());
    if (blk_server_config.has_limits != 0) {
        timer_client_set(&alarm, blk_server_deadline(&server));
    }
}

void init(void)
{
    if (!config_is_valid(&blk_server_config.header, BLK_SERVER_CONFIG_MAGIC, BLK_SERVER_CONFIG_VERSION,
                         sizeof blk_server_config)) {
        log_error("no configuration: was this program put into the image by the tool?");
        return;
    }
    const enum err err = blk_server_init(&server, &blk_server_config, clock_hz(), notify, NULL);
    if (err != ERR_OK) {
        log_error("configuration: %s", err_text(err));
        return;
    }
    account_init(&server.account, account_page(), clock_ticks);
    timer_client_init(&alarm, blk_server_config.timer_channel);
    ready = true;
    run();
}

void notified(microkit_channel channel)
{
    if (!ready) {
        return;
    }
    if (channel == blk_server_config.timer_channel) {
        timer_client_heard(&alarm);
    }
    run(); /* any client's event may let any other go on */
}
