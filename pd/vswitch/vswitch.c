/* SPDX-License-Identifier: BSD-2-Clause */
#include "pd/vswitch/vswitch.h"

#include <stddef.h>

#include "lib/base/mem.h"
#include "pd/vswitch/forward.h"
#include "pd/vswitch/snoop.h"
#include "pd/vswitch/vlan.h"
#include "pd/vswitch/wake.h"

/* What a port's configuration comes to is computed once, not for each frame. */
static void init_port(struct vswitch *vswitch, uint32_t index)
{
    const struct vswitch_port_config *config = &vswitch->config->ports[index];
    struct vswitch_port *port = &vswitch->ports[index];

    port->config = config;
    port->mac = mac_table_address(config->mac);
    port->is_static = (config->flags & VSWITCH_PORT_STATIC_MAC) != 0;
    port->longest_bytes = config->mtu != 0 ? config->mtu + VSWITCH_MTU_OVERHEAD_BYTES : UINT32_MAX;
    rate_init(&port->in, config->rate_kbps, config->burst_bytes, vswitch->ticks_per_second);
    rate_init(&port->out, config->rx_rate_kbps, config->burst_bytes, vswitch->ticks_per_second);
    rate_init_frames(&port->storm, config->storm_pps, vswitch->ticks_per_second);
    port->managed = (config->rate_kbps != 0 ? VSWITCH_RATE_IN : 0u) |
                    (config->rx_rate_kbps != 0 ? VSWITCH_RATE_OUT : 0u) |
                    (config->storm_pps != 0 ? VSWITCH_STORM : 0u) |
                    ((config->flags & VSWITCH_PORT_CHECK_IP) != 0 ? VSWITCH_GUARD : 0u);
    port->patience_ticks = vswitch->patience_limit;
    port->last_version = UINT64_MAX; /* nothing is remembered yet */
}

/* Which ports watch a port, from the side of the one that is watched. */
static void init_mirrors(struct vswitch *vswitch)
{
    for (uint32_t i = 0; i < vswitch->port_count; i++) {
        const uint32_t watched = vswitch->config->ports[i].mirror & ~state_bit(i);

        vswitch->watched |= watched;
        for (uint32_t k = 0; k < vswitch->port_count; k++) {
            vswitch->ports[k].watchers |= (watched & state_bit(k)) != 0 ? state_bit(i) : 0;
        }
    }
}

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
                                .patience_limit = ticks_per_second * VSWITCH_PATIENCE_MS / 1000,
                                .patience_earned = ticks_per_second * VSWITCH_PATIENCE_FRAME_US / 1000000,
                                .bulk_ticks = ticks_per_second * VSWITCH_BULK_US / 1000000,
                                .deaf_ticks = ticks_per_second * VSWITCH_DEAF_MS / 1000,
                                .notify = notify,
                                .notify_context = notify_context};
    vswitch_set_stats(vswitch, &vswitch->own_stats);
    struct mac_table_static statics[VSWITCH_CONFIG_MAX_PORTS];
    uint32_t static_count = 0;
    for (uint32_t i = 0; i < config->port_count; i++) {
        init_port(vswitch, i);
        if (vswitch->ports[i].is_static) {
            statics[static_count++] = (struct mac_table_static){.mac = vswitch->ports[i].mac, .port = i};
        }
    }
    init_mirrors(vswitch);
    if (config->has_vlans != 0) {
        vlan_init(vswitch);
    }
    return mac_table_init(&vswitch->macs, entries, config->mac_table_entries,
                          config->port_count > 0 ? config->port_count : 1, statics, static_count);
}

void vswitch_set_stats(struct vswitch *vswitch, struct vswitch_stats *stats)
{
    memset(stats, 0, sizeof *stats);
    stats->port_count = vswitch->port_count;
    for (uint32_t i = 0; i < vswitch->port_count; i++) {
        memcpy(stats->ports[i].name, vswitch->config->ports[i].name, sizeof stats->ports[i].name);
        vswitch->ports[i].counters = &stats->ports[i].counters;
    }
    vswitch->stats = stats;
}

void vswitch_set_snoop(struct vswitch *vswitch, struct snoop *snoop)
{
    snoop_init(snoop, vswitch->ticks_per_second);
    vswitch->snoop = snoop;
}

void vswitch_attach(struct vswitch *vswitch, uint32_t port, const struct vswitch_port_ops *ops, void *context)
{
    if (port >= vswitch->port_count) {
        return;
    }
    vswitch->ports[port].ops = ops;
    vswitch->ports[port].context = context;
    vswitch->up &= ~state_bit(port);
    if (ops != NULL) {
        vswitch->up |= state_bit(port);
        vswitch_kicked(vswitch, port); /* there may be something already */
    }
}

void vswitch_kicked(struct vswitch *vswitch, uint32_t port)
{
    if (port < vswitch->port_count) {
        vswitch->ports[port].kicked = true;
        vswitch->busy |= state_bit(port);
    }
}

bool vswitch_may_defer(const struct vswitch *vswitch, uint32_t port)
{
    return port < vswitch->port_count && vswitch->ports[port].may_defer;
}

struct vswitch_counters vswitch_port_counters(const struct vswitch *vswitch, uint32_t port)
{
    return port < vswitch->port_count ? *vswitch->ports[port].counters : (struct vswitch_counters){0};
}

/* Index of the first port in a set that is not empty. */
static uint32_t first_of(uint32_t ports)
{
    return (uint32_t)__builtin_ctz(ports);
}

static void notify_touched(struct vswitch *vswitch)
{
    vswitch->spoken_for |= vswitch->touched;
    for (uint32_t left = vswitch->touched; left != 0; left &= left - 1) {
        const uint32_t i = first_of(left);
        struct vswitch_port *port = &vswitch->ports[i];

        if (state_is_up(vswitch, i) && port->ops->should_notify(port->context)) {
            state_count(vswitch, VSWITCH_STAT_NOTIFIED, 1);
            vswitch->notify(vswitch->notify_context, i);
        }
        port->rx_outstanding = false;
        port->may_defer = false;
    }
    vswitch->touched = 0;
}

/* May the port send another frame in this wake-up? */
static bool has_share(struct vswitch *vswitch, struct vswitch_port *port, uint32_t bit)
{
    port->more = port->share == 0 || port->work >= VSWITCH_RUN_WORK;
    vswitch->stuck |= port->more ? bit : 0;
    return !port->more;
}

/* One port's turn. */
static void serve(struct vswitch *vswitch, uint32_t index)
{
    struct vswitch_port *port = &vswitch->ports[index];
    const uint32_t bit = state_bit(index);
    uint32_t moved = 0;

    while (moved < VSWITCH_PORT_BUDGET && has_share(vswitch, port, bit) && forward_next(vswitch, port)) {
        moved++;
    }
    state_count(vswitch, VSWITCH_STAT_BATCHES, moved != 0 ? 1 : 0);
}

/* One turn for every port that can go on, from `first` on. */
static void run_turn(struct vswitch *vswitch)
{
    const uint32_t able = vswitch->busy & ~vswitch->stuck;
    const uint32_t before = state_bit(vswitch->first) - 1;

    for (uint32_t left = able & ~before; left != 0; left &= left - 1) {
        serve(vswitch, first_of(left));
    }
    for (uint32_t left = able & before; left != 0; left &= left - 1) {
        serve(vswitch, first_of(left));
    }
    vswitch->first = vswitch->first + 1 < vswitch->port_count ? vswitch->first + 1 : 0;
    notify_touched(vswitch);
}

void vswitch_run(struct vswitch *vswitch, uint64_t now)
{
    vswitch->now = now;
    vswitch->synced = 0;
    vswitch->stuck = 0;
    vswitch->spoken_for = 0;
    state_count(vswitch, VSWITCH_STAT_RUNS, 1);
    for (uint32_t left = vswitch->busy; left != 0; left &= left - 1) {
        wake_start(vswitch, first_of(left));
    }
    for (uint32_t left = vswitch->busy & ~vswitch->stuck; left != 0; left &= left - 1) {
        if (forward_has_to_wait(vswitch, &vswitch->ports[first_of(left)])) {
            vswitch->stuck |= left & -left;
        }
    }
    while ((vswitch->busy & ~vswitch->stuck) != 0) {
        run_turn(vswitch);
    }
    if (vswitch->touched != 0) { /* restarted, and nothing to move */
        notify_touched(vswitch);
    }
    account_enter(&vswitch->account, ACCOUNT_NOBODY);
}

uint32_t vswitch_spoken_for(const struct vswitch *vswitch)
{
    return vswitch->spoken_for;
}

/* When a port with something to send goes on by itself. */
static uint64_t port_deadline(const struct vswitch *vswitch, const struct vswitch_port *port)
{
    const struct rate *limit = port->held ? &vswitch->ports[port->held_for].out : &port->in;
    uint64_t at = port->held   ? port->patience_at + port->patience_ticks
                  : port->more ? vswitch->resume_at
                               : VSWITCH_NEVER;

    if (limit->waits && rate_ready_at(limit) < at) {
        at = rate_ready_at(limit);
    }
    return at;
}

uint64_t vswitch_deadline(struct vswitch *vswitch, uint64_t now)
{
    uint64_t next = VSWITCH_NEVER;

    if (vswitch->now >= vswitch->resume_at) { /* else some wait for that already */
        vswitch->resume_at = now + (now - vswitch->now);
    }
    for (uint32_t left = vswitch->busy; left != 0; left &= left - 1) {
        const uint64_t at = port_deadline(vswitch, &vswitch->ports[first_of(left)]);
        next = at < next ? at : next;
    }
    return next;
}
