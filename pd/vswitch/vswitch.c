/* SPDX-License-Identifier: BSD-2-Clause */
#include "pd/vswitch/vswitch.h"

#include <stddef.h>

#include "pd/vswitch/forward.h"

enum err vswitch_init(struct vswitch *vswitch, const struct vswitch_config *config,
                      struct mac_table_entry *entries, struct soft_offload *offload,
                      uint64_t ticks_per_second, void (*notify)(void *context, uint32_t port),
                      void *notify_context)
{
    if (config->port_count > VSWITCH_CONFIG_MAX_PORTS || ticks_per_second == 0) {
        return ERR_RANGE;
    }
    *vswitch = (struct vswitch){.config = config,
                                .port_count = config->port_count,
                                .offload = offload,
                                .ticks_per_second = ticks_per_second,
                                .notify = notify,
                                .notify_context = notify_context};
    vswitch->stats = &vswitch->own_stats;
    struct mac_table_static statics[VSWITCH_CONFIG_MAX_PORTS];
    uint32_t static_count = 0;
    for (uint32_t i = 0; i < config->port_count; i++) {
        const struct vswitch_port_config *port = &config->ports[i];
        vswitch->ports[i].config = port;
        vswitch->ports[i].mac = mac_table_address(port->mac);
        vswitch->ports[i].rate_bytes = VSWITCH_RATE_BURST_BYTES;
        vswitch->ports[i].patience_ticks = ticks_per_second * VSWITCH_PATIENCE_MS / 1000;
        if ((port->flags & VSWITCH_PORT_STATIC_MAC) != 0) {
            statics[static_count++] = (struct mac_table_static){.mac = vswitch->ports[i].mac, .port = i};
        }
    }
    return mac_table_init(&vswitch->macs, entries, config->mac_table_entries,
                          config->port_count > 0 ? config->port_count : 1, statics, static_count);
}

void vswitch_set_stats(struct vswitch *vswitch, struct vswitch_stats *stats)
{
    *stats = (struct vswitch_stats){0};
    vswitch->stats = stats;
}

void vswitch_attach(struct vswitch *vswitch, uint32_t port, const struct vswitch_port_ops *ops, void *context)
{
    if (port < vswitch->port_count) {
        vswitch->ports[port].ops = ops;
        vswitch->ports[port].context = context;
        vswitch->ports[port].kicked = true; /* there may be something already */
    }
}

void vswitch_kicked(struct vswitch *vswitch, uint32_t port)
{
    if (port < vswitch->port_count) {
        vswitch->ports[port].kicked = true;
    }
}

bool vswitch_may_defer(const struct vswitch *vswitch, uint32_t port)
{
    return port < vswitch->port_count && vswitch->ports[port].may_defer;
}

struct vswitch_counters vswitch_port_counters(const struct vswitch *vswitch, uint32_t port)
{
    return port < vswitch->port_count ? vswitch->ports[port].counters : (struct vswitch_counters){0};
}

static void notify_touched(struct vswitch *vswitch)
{
    uint32_t touched = vswitch->touched;
    vswitch->touched = 0;
    for (uint32_t i = 0; i < vswitch->port_count; i++) {
        struct vswitch_port *port = &vswitch->ports[i];
        if ((touched & state_bit(i)) != 0 && state_is_up(port) && port->ops->should_notify(port->context)) {
            state_count(vswitch, VSWITCH_STAT_NOTIFIED, 1);
            vswitch->notify(vswitch->notify_context, i);
        }
        port->rx_outstanding = false;
        port->may_defer = false;
    }
}

/* A frame that is held for a port that broke need not wait any longer. */
static void release_those_held(struct vswitch *vswitch)
{
    for (uint32_t i = 0; i < vswitch->port_count; i++) {
        struct vswitch_port *port = &vswitch->ports[i];
        port->stuck = port->stuck && !(port->held && !state_is_up(&vswitch->ports[port->held_for]));
    }
}

/* May the port send another frame in this wake-up? */
static bool has_share(struct vswitch_port *port)
{
    port->more = port->share == 0 || port->work >= VSWITCH_RUN_WORK;
    return !port->more;
}

/* One port's turn. Returns how many frames it moved. */
static uint32_t serve(struct vswitch *vswitch, struct vswitch_port *port)
{
    uint32_t moved = 0;
    while (state_is_up(port) && !port->stuck && moved < VSWITCH_PORT_BUDGET && has_share(port) &&
           forward_next(vswitch, port)) {
        moved++;
    }
    return moved;
}

/* One turn for every port. Returns true if some port may have more. */
static bool run_turn(struct vswitch *vswitch)
{
    bool more = false;
    for (uint32_t i = 0; i < vswitch->port_count; i++) {
        const uint32_t moved = serve(vswitch, &vswitch->ports[(vswitch->first + i) % vswitch->port_count]);
        state_count(vswitch, VSWITCH_STAT_BATCHES, moved != 0 ? 1 : 0);
        more |= moved == VSWITCH_PORT_BUDGET;
    }
    vswitch->first = (vswitch->first + 1) % vswitch->port_count;
    notify_touched(vswitch);
    return more;
}

static void sync_port(struct vswitch *vswitch, struct vswitch_port *port)
{
    if (port->ops != NULL && port->ops->sync(port->context)) {
        mac_table_forget(&vswitch->macs, state_index(vswitch, port));
        port->broken = false;
        port->held = false;
        port->kicked = true;
        vswitch->touched |= state_bit(state_index(vswitch, port));
    }
}

/* What the port may do in this wake-up. One that has had its share of an earlier one waits until it is time,
 * unless its peer, which has run then, notifies us. */
static void grant_share(const struct vswitch *vswitch, struct vswitch_port *port)
{
    const bool waits = port->more && !port->kicked && vswitch->now < vswitch->resume_at;

    port->stuck = waits || !state_is_up(port);
    port->share = port->stuck ? 0 : port->ops->burst(port->context);
    port->work = 0;
}

void vswitch_run(struct vswitch *vswitch, uint64_t now)
{
    vswitch->now = now;
    state_count(vswitch, VSWITCH_STAT_RUNS, 1);
    if (vswitch->port_count == 0) {
        return;
    }
    for (uint32_t i = 0; i < vswitch->port_count; i++) {
        sync_port(vswitch, &vswitch->ports[i]);
        grant_share(vswitch, &vswitch->ports[i]);
    }
    for (uint32_t i = 0; i < vswitch->port_count; i++) {
        struct vswitch_port *port = &vswitch->ports[i];
        port->stuck = port->stuck || forward_has_to_wait(vswitch, port);
    }
    do {
        vswitch->again = false;
        while (run_turn(vswitch)) {
        }
        release_those_held(vswitch);
    } while (vswitch->again);
    account_enter(&vswitch->account, ACCOUNT_NOBODY);
}

/* When a port goes on by itself. */
static uint64_t port_deadline(const struct vswitch *vswitch, const struct vswitch_port *port)
{
    const uint64_t patience_end = port->patience_at + port->patience_ticks;

    if (!state_is_up(port)) {
        return VSWITCH_NEVER;
    }
    return port->held ? patience_end : port->more ? vswitch->resume_at : VSWITCH_NEVER;
}

uint64_t vswitch_deadline(struct vswitch *vswitch, uint64_t now)
{
    uint64_t next = VSWITCH_NEVER;

    if (vswitch->now >= vswitch->resume_at) { /* else some wait for that already */
        vswitch->resume_at = now + (now - vswitch->now);
    }
    for (uint32_t i = 0; i < vswitch->port_count; i++) {
        const uint64_t at = port_deadline(vswitch, &vswitch->ports[i]);
        next = at < next ? at : next;
    }
    return next;
}
