/* SPDX-License-Identifier: BSD-2-Clause */
/* The vswitch PD: configuration, links and notifications around vswitch.c. */
#include <microkit.h>
#include <stddef.h>

#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/config/vswitch_config.h"
#include "pd/vswitch/ring_port.h"
#include "pd/vswitch/vswitch.h"

const struct log_sink log_sink = {.name = microkit_name, .write = microkit_dbg_puts};

__attribute__((section(VSWITCH_CONFIG_SECTION), used)) struct vswitch_config vswitch_config = {
    .header = {.magic = VSWITCH_CONFIG_MAGIC,
               .version = VSWITCH_CONFIG_VERSION,
               .size_bytes = sizeof(struct vswitch_config)},
};

static struct vswitch vswitch;
static struct ring_port ring_ports[VSWITCH_CONFIG_MAX_PORTS];
static struct mac_table_entry mac_entries[MAC_TABLE_MAX_ENTRIES];

static void notify(void *context, uint32_t port)
{
    (void)context;
    microkit_notify(vswitch_config.ports[port].link.channel);
}

static void attach(uint32_t index)
{
    const struct vswitch_port_config *port = &vswitch_config.ports[index];
    const struct config_link *link = &port->link;
    if (port->kind != VSWITCH_PORT_RING) {
        return;
    }
    enum err err =
        ring_port_init(&ring_ports[index], (void *)link->own, (const void *)link->peer, link->bytes);
    if (err != ERR_OK) {
        log_error("port %u (%.*s): link: %s", index, (int)CONFIG_NAME_BYTES, port->name, err_text(err));
        return;
    }
    vswitch_attach(&vswitch, index, &ring_port_ops, &ring_ports[index]);
    microkit_notify(link->channel);
}

void init(void)
{
    if (!config_is_valid(&vswitch_config.header, VSWITCH_CONFIG_MAGIC, VSWITCH_CONFIG_VERSION,
                         sizeof vswitch_config)) {
        log_error("no configuration: was this program put into the image by the tool?");
        return;
    }
    enum err err = vswitch_init(&vswitch, &vswitch_config, mac_entries, clock_hz(), notify, NULL);
    if (err != ERR_OK) {
        log_error("configuration: %s", err_text(err));
        return;
    }
    for (uint32_t i = 0; i < vswitch_config.port_count; i++) {
        attach(i);
    }
    vswitch_run(&vswitch, clock_ticks());
}

void notified(microkit_channel channel)
{
    (void)channel; /* any port's event may let any other port go on */
    vswitch_run(&vswitch, clock_ticks());
}
