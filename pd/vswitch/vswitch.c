/* SPDX-License-Identifier: BSD-2-Clause */
#include "pd/vswitch/vswitch.h"

#include <stddef.h>

#include "lib/base/mem.h"
#include "lib/net/frame_meta.h"
#include "lib/net/offload.h"
#include "pd/vswitch/finish.h"

/* 802.1Q: frames to 01:80:c2:00:00:00..0f concern the link itself and are not forwarded. */
#define RESERVED_GROUP UINT64_C(0x0180c2000000)
#define RESERVED_GROUP_MASK UINT64_C(0xfffffffffff0)

/* Ethernet header and VLAN tag: what a frame may have beyond its port's MTU. */
#define MTU_OVERHEAD_BYTES 18u

/* A rate limit lets this much through at once: one longest frame, so that GSO works under any limit. */
#define RATE_BURST_BYTES (2 * (uint64_t)VSWITCH_FRAME_MAX_BYTES)
#define BYTES_PER_KBIT 125u

const char *vswitch_drop_text(enum vswitch_drop cause)
{
    static const char *const texts[VSWITCH_DROP_COUNT] = {
        [VSWITCH_DROP_LENGTH] = "impossible length",
        [VSWITCH_DROP_META] = "bad offload metadata",
        [VSWITCH_DROP_SOURCE] = "source address not its own",
        [VSWITCH_DROP_RATE] = "rate limit",
        [VSWITCH_DROP_RESERVED] = "link-local group address",
        [VSWITCH_DROP_DENIED] = "no destination allowed",
        [VSWITCH_DROP_LOCAL] = "destination on the same port",
        [VSWITCH_DROP_FULL] = "destination full",
        [VSWITCH_DROP_TOO_LONG] = "too long for the destination",
    };
    return (unsigned int)cause < VSWITCH_DROP_COUNT ? texts[cause] : "unknown";
}

static uint32_t bit(uint32_t port)
{
    return UINT32_C(1) << port;
}

static uint32_t port_index(const struct vswitch *vswitch, const struct vswitch_port *port)
{
    return (uint32_t)(port - vswitch->ports);
}

static void count(const struct vswitch *vswitch, enum vswitch_stat stat, uint64_t more)
{
    vswitch->stats->values[stat] += more;
}

static void drop(const struct vswitch *vswitch, struct vswitch_port *port, enum vswitch_drop cause)
{
    port->counters.dropped[cause]++;
    count(vswitch, VSWITCH_STAT_DROPPED, 1);
    /* What rules and addresses forbid is worth a line; the rest is daily life of a network. */
    if (cause == VSWITCH_DROP_SOURCE || cause == VSWITCH_DROP_LENGTH || cause == VSWITCH_DROP_META) {
        log_warn_limited(&port->warnings[cause], "%.*s: dropped a frame: %s", (int)CONFIG_NAME_BYTES,
                         port->config->name, vswitch_drop_text(cause));
    }
}

static void break_port(struct vswitch *vswitch, struct vswitch_port *port, enum err err)
{
    port->broken = true;
    port->held = false;
    vswitch->again = true; /* a frame held for it need not wait any longer */
    mac_table_forget(&vswitch->macs, port_index(vswitch, port));
    log_warn_limited(&port->faults, "%.*s: out of service until it restarts: %s", (int)CONFIG_NAME_BYTES,
                     port->config->name, err_text(err));
}

static bool is_up(const struct vswitch_port *port)
{
    return port->ops != NULL && !port->broken;
}

enum err vswitch_init(struct vswitch *vswitch, const struct vswitch_config *config,
                      struct mac_table_entry *entries, struct finish *finish, uint64_t ticks_per_second,
                      void (*notify)(void *context, uint32_t port), void *notify_context)
{
    if (config->port_count > VSWITCH_CONFIG_MAX_PORTS || ticks_per_second == 0) {
        return ERR_RANGE;
    }
    *vswitch = (struct vswitch){.config = config,
                                .port_count = config->port_count,
                                .finish = finish,
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
        vswitch->ports[i].rate_bytes = RATE_BURST_BYTES;
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
    }
}

bool vswitch_is_patient(const struct vswitch *vswitch, uint32_t port)
{
    return port < vswitch->port_count && vswitch->ports[port].patient;
}

struct vswitch_counters vswitch_port_counters(const struct vswitch *vswitch, uint32_t port)
{
    return port < vswitch->port_count ? vswitch->ports[port].counters : (struct vswitch_counters){0};
}

void vswitch_copy_next(const struct vswitch_frame *frame, struct vswitch_cursor *cursor, uint8_t *to,
                       uint32_t bytes)
{
    const uint32_t first = cursor->offset;
    uint8_t *at = to;
    uint32_t left = bytes;

    cursor->offset += bytes;
    while (left > 0 && cursor->segment < frame->segment_count) {
        const struct vswitch_segment *segment = &frame->segments[cursor->segment];
        const uint32_t rest = segment->bytes - cursor->skip;
        const uint32_t count = rest < left ? rest : left;

        memcpy(at, segment->data + cursor->skip, count);
        at += count;
        left -= count;
        cursor->skip += count;
        if (count == rest) {
            cursor->segment++;
            cursor->skip = 0;
        }
    }
    if (first < VSWITCH_CHECKED_BYTES) {
        const uint32_t checked = VSWITCH_CHECKED_BYTES - first;
        memcpy(to, frame->header + first, checked < bytes ? checked : bytes);
    }
}

void vswitch_copy(const struct vswitch_frame *frame, uint32_t offset, uint8_t *to, uint32_t bytes)
{
    struct vswitch_cursor cursor = {.offset = offset, .skip = offset};

    while (cursor.segment < frame->segment_count && cursor.skip >= frame->segments[cursor.segment].bytes) {
        cursor.skip -= frame->segments[cursor.segment].bytes;
        cursor.segment++;
    }
    vswitch_copy_next(frame, &cursor, to, bytes);
}

static void copy_header(struct vswitch_frame *frame)
{
    uint32_t have = 0;
    memset(frame->header, 0, sizeof frame->header);
    for (uint32_t i = 0; have < VSWITCH_CHECKED_BYTES && i < frame->segment_count; i++) {
        uint32_t left = VSWITCH_CHECKED_BYTES - have;
        uint32_t count = frame->segments[i].bytes < left ? frame->segments[i].bytes : left;
        memcpy(frame->header + have, frame->segments[i].data, count);
        have += count;
    }
}

/* Token bucket. Time that grants less than one kbit is left for later, so that no rate is rounded to zero. */
static bool within_rate(const struct vswitch *vswitch, struct vswitch_port *port, uint32_t length_bytes)
{
    uint64_t kbps = port->config->rate_kbps;
    if (kbps == 0) {
        return true;
    }
    uint64_t elapsed = vswitch->now - port->rate_at;
    if (elapsed >= vswitch->ticks_per_second) {
        elapsed = vswitch->ticks_per_second;
        port->rate_at = vswitch->now - elapsed;
    }
    uint64_t kbits = elapsed * kbps / vswitch->ticks_per_second;
    port->rate_at += kbits * vswitch->ticks_per_second / kbps;
    port->rate_bytes += kbits * BYTES_PER_KBIT;
    if (port->rate_bytes > RATE_BURST_BYTES) {
        port->rate_bytes = RATE_BURST_BYTES;
    }
    if (port->rate_bytes < length_bytes) {
        return false;
    }
    port->rate_bytes -= length_bytes;
    return true;
}

/* May this port send from this address? Learns it if so. */
static bool source_is_allowed(struct vswitch *vswitch, const struct vswitch_port *port, mac_t source)
{
    if (mac_table_is_group(source) || source.bits == 0) {
        return false;
    }
    if ((port->config->flags & VSWITCH_PORT_CHECK_MAC) != 0 && source.bits != port->mac.bits) {
        return false;
    }
    return mac_table_learn(&vswitch->macs, source, port_index(vswitch, port));
}

/* Everything about a frame that does not depend on its destination. Sets *cause if it is to be dropped. */
static bool admit(struct vswitch *vswitch, struct vswitch_port *port, struct vswitch_frame *frame,
                  enum vswitch_drop *cause)
{
    if (frame->length_bytes < VSWITCH_HEADER_BYTES || frame->length_bytes > VSWITCH_FRAME_MAX_BYTES) {
        *cause = VSWITCH_DROP_LENGTH;
        return false;
    }
    frame->needed = 0;
    frame->fields = (struct frame_meta){0};
    if (frame->meta != 0) {
        if (frame_meta_unpack(frame->meta, frame->length_bytes, &frame->fields) != ERR_OK) {
            *cause = VSWITCH_DROP_META;
            return false;
        }
        frame->needed = offload_needed(&frame->fields);
    }
    copy_header(frame);
    if (!source_is_allowed(vswitch, port, mac_table_address(frame->header + 6))) {
        *cause = VSWITCH_DROP_SOURCE;
        return false;
    }
    /* A frame that was held has been paid for. */
    if (!port->held && !within_rate(vswitch, port, frame->length_bytes)) {
        *cause = VSWITCH_DROP_RATE;
        return false;
    }
    return true;
}

static uint32_t ports_up(const struct vswitch *vswitch)
{
    uint32_t up = 0;
    for (uint32_t i = 0; i < vswitch->port_count; i++) {
        up |= is_up(&vswitch->ports[i]) ? bit(i) : 0;
    }
    return up;
}

/* Where a frame goes: a set of ports; 0 with *cause set: nowhere. */
static uint32_t destinations(const struct vswitch *vswitch, struct vswitch_port *port,
                             const struct vswitch_frame *frame, enum vswitch_drop *cause)
{
    mac_t target = mac_table_address(frame->header);
    uint32_t self = port_index(vswitch, port);
    uint32_t candidates = ports_up(vswitch) & ~bit(self);
    if ((target.bits & RESERVED_GROUP_MASK) == RESERVED_GROUP) {
        *cause = VSWITCH_DROP_RESERVED;
        return 0;
    }
    uint32_t home = mac_table_is_group(target) ? MAC_TABLE_NO_PORT : mac_table_find(&vswitch->macs, target);
    if (home == self) {
        *cause = VSWITCH_DROP_LOCAL;
        return 0;
    }
    if (home != MAC_TABLE_NO_PORT) {
        candidates &= bit(home);
    } else if (!port->held) {
        port->counters.flooded++;
    }
    *cause = VSWITCH_DROP_DENIED;
    return candidates & port->config->allow;
}

static bool fits_mtu(const struct vswitch_port *port, const struct vswitch_frame *frame)
{
    if (port->config->mtu == 0 || frame->length_bytes <= port->config->mtu + MTU_OVERHEAD_BYTES) {
        return true;
    }
    return frame->fields.gso_type != FRAME_META_GSO_NONE && frame->fields.gso_size <= port->config->mtu;
}

/* Must a frame be finished before this port can have it? */
static bool is_too_raw(const struct vswitch_port *port, const struct vswitch_frame *frame)
{
    if (frame->needed == 0) {
        return false;
    }
    uint32_t takes = port->ops->capabilities != NULL ? port->ops->capabilities(port->context) : 0;
    return (frame->needed & ~takes) != 0;
}

static enum err send(struct vswitch *vswitch, const struct vswitch_port *port, struct vswitch_frame *frame,
                     bool too_raw)
{
    if (!fits_mtu(port, frame)) {
        return ERR_RANGE;
    }
    if (too_raw) {
        return finish_send(vswitch->finish, port->ops, port->context, frame);
    }
    return port->ops->send(port->context, frame);
}

/* A frame to be finished is copied into working memory first (finish.c), one to be cut once more for each
 * piece. */
static void count_copies(const struct vswitch *vswitch, const struct vswitch_frame *frame, bool too_raw)
{
    uint64_t copies = 1;

    if (too_raw) {
        copies = (frame->needed & ~(uint32_t)OFFLOAD_CSUM) != 0 ? 3 : 2;
        count(vswitch, VSWITCH_STAT_FINISHED, 1);
    }
    count(vswitch, VSWITCH_STAT_COPIES, copies);
    count(vswitch, VSWITCH_STAT_COPIED_BYTES, copies * frame->length_bytes);
}

/* A destination that takes frames at a fair pace, if in batches, does not use up its sender's patience. */
static void restore_patience(const struct vswitch *vswitch, struct vswitch_port *port)
{
    const uint64_t limit = vswitch->ticks_per_second * VSWITCH_PATIENCE_MS / 1000;
    const uint64_t earned = vswitch->ticks_per_second * VSWITCH_PATIENCE_FRAME_US / 1000000;

    port->patience_ticks = limit - port->patience_ticks < earned ? limit : port->patience_ticks + earned;
}

/* Whether the receiver of a frame that was delivered may take its time. */
static void judge_hurry(const struct vswitch *vswitch, struct vswitch_port *source, struct vswitch_port *port,
                        const struct vswitch_frame *frame)
{
    const bool is_bulk = frame->length_bytes >= VSWITCH_BULK_BYTES;
    const uint64_t while_ticks = vswitch->ticks_per_second * VSWITCH_BULK_US / 1000000;
    const bool is_answer = port->sends_bulk && vswitch->now - port->bulk_at < while_ticks;

    if (is_bulk) {
        source->sends_bulk = true;
        source->bulk_at = vswitch->now;
    }
    port->patient = (!port->got || port->patient) && (is_bulk || is_answer);
    port->got = true;
}

/* Returns false if there is no room now; a frame that the port can never take is dropped here. */
static bool deliver(struct vswitch *vswitch, struct vswitch_port *source, struct vswitch_port *port,
                    struct vswitch_frame *frame)
{
    const bool too_raw = is_too_raw(port, frame);
    const enum err err = send(vswitch, port, frame, too_raw);
    switch (err) {
    case ERR_OK:
        judge_hurry(vswitch, source, port, frame);
        port->counters.tx_frames++;
        port->counters.tx_bytes += frame->length_bytes;
        count_copies(vswitch, frame, too_raw);
        vswitch->touched |= bit(port_index(vswitch, port));
        restore_patience(vswitch, source);
        return true;
    case ERR_SPACE:
        return false;
    case ERR_RANGE:
        drop(vswitch, port, VSWITCH_DROP_TOO_LONG);
        return true;
    case ERR_UNSUPPORTED: /* of finish_send() alone: nobody can make sense of the frame */
        drop(vswitch, source, VSWITCH_DROP_META);
        return true;
    default:
        break_port(vswitch, port, err);
        return true;
    }
}

/* Patience runs down while a port is held and recovers as fast while it isn't. */
static bool has_patience(const struct vswitch *vswitch, struct vswitch_port *port)
{
    uint64_t limit = vswitch->ticks_per_second * VSWITCH_PATIENCE_MS / 1000;
    uint64_t elapsed = vswitch->now - port->patience_at;
    port->patience_at = vswitch->now;
    if (port->held) {
        port->patience_ticks -= elapsed < port->patience_ticks ? elapsed : port->patience_ticks;
    } else {
        port->patience_ticks =
            elapsed < limit - port->patience_ticks ? port->patience_ticks + elapsed : limit;
    }
    return port->patience_ticks > 0;
}

static void hold(const struct vswitch *vswitch, struct vswitch_port *source)
{
    if (!source->held) {
        source->held = true;
        source->counters.held++;
        count(vswitch, VSWITCH_STAT_HELD, 1);
    }
}

/* Ask for a notification when there may be room for the frame. Returns true if there may be already. */
static bool request_room(const struct vswitch_port *target, const struct vswitch_frame *frame)
{
    uint32_t length = is_too_raw(target, frame) ? finish_max_bytes(frame) : frame->length_bytes;

    return target->ops->request_space(target->context, length);
}

/*
 * The one destination of a frame is full. Returns false if the frame stays where it is, and the destination
 * is going to notify. Room that came between a try and the request for it may not suffice, and may be all
 * that the request told of: so try and ask again. A peer that gives and takes for ever does not keep us.
 */
static bool wait_for_room(struct vswitch *vswitch, struct vswitch_port *source, struct vswitch_port *target,
                          struct vswitch_frame *frame)
{
    for (uint32_t tries = 0; tries < VSWITCH_ROOM_TRIES && has_patience(vswitch, source); tries++) {
        hold(vswitch, source);
        if (!request_room(target, frame)) {
            return false;
        }
        if (deliver(vswitch, source, target, frame)) {
            return true;
        }
    }
    drop(vswitch, target, VSWITCH_DROP_FULL);
    return true;
}

static bool is_wanted(const struct vswitch_port *port, const struct vswitch_frame *frame)
{
    return port->ops->wants == NULL || port->ops->wants(port->context, frame);
}

/* Returns false if the frame has to stay at its source. */
static bool forward(struct vswitch *vswitch, struct vswitch_port *source, struct vswitch_frame *frame,
                    uint32_t targets)
{
    bool single = (targets & (targets - 1)) == 0;
    for (uint32_t i = 0; i < vswitch->port_count; i++) {
        struct vswitch_port *target = &vswitch->ports[i];
        if (!single) {
            frame->finished = 0;
        }
        if ((targets & bit(i)) == 0 || !is_wanted(target, frame) || deliver(vswitch, source, target, frame)) {
            continue;
        }
        if (!single) {
            drop(vswitch, target, VSWITCH_DROP_FULL);
            continue;
        }
        if (!wait_for_room(vswitch, source, target, frame)) {
            return false;
        }
    }
    return true;
}

/* Move one frame. Returns false if there is none, or none that can move. */
static bool move_frame(struct vswitch *vswitch, struct vswitch_port *port)
{
    struct vswitch_frame frame;
    enum err err = port->ops->peek(port->context, &frame);
    if (err != ERR_OK) {
        if (err != ERR_EMPTY) {
            break_port(vswitch, port, err);
        }
        return false;
    }
    enum vswitch_drop cause = VSWITCH_DROP_COUNT;
    uint32_t targets = 0;
    frame.finished = port->held ? port->finished : 0;
    if (admit(vswitch, port, &frame, &cause)) {
        targets = destinations(vswitch, port, &frame, &cause);
    }
    if (targets == 0) {
        drop(vswitch, port, cause);
    } else if (!forward(vswitch, port, &frame, targets)) {
        port->finished = frame.finished;
        return false;
    }
    (void)has_patience(vswitch, port);
    port->held = false;
    port->counters.rx_frames++;
    count(vswitch, VSWITCH_STAT_FRAMES, 1);
    port->counters.rx_bytes += frame.length_bytes;
    port->ops->release(port->context);
    vswitch->touched |= bit(port_index(vswitch, port));
    return true;
}

static void notify_touched(struct vswitch *vswitch)
{
    uint32_t touched = vswitch->touched;
    vswitch->touched = 0;
    for (uint32_t i = 0; i < vswitch->port_count; i++) {
        struct vswitch_port *port = &vswitch->ports[i];
        if ((touched & bit(i)) != 0 && is_up(port) && port->ops->should_notify(port->context)) {
            count(vswitch, VSWITCH_STAT_NOTIFIED, 1);
            vswitch->notify(vswitch->notify_context, i);
        }
        port->got = false;
        port->patient = false;
    }
}

/* One turn for every port. Returns true if some port may have more. */
static bool run_turn(struct vswitch *vswitch)
{
    bool more = false;
    vswitch->again = false;
    for (uint32_t i = 0; i < vswitch->port_count; i++) {
        struct vswitch_port *port = &vswitch->ports[(vswitch->first + i) % vswitch->port_count];
        uint32_t moved = 0;
        while (is_up(port) && moved < VSWITCH_PORT_BUDGET && move_frame(vswitch, port)) {
            moved++;
        }
        count(vswitch, VSWITCH_STAT_BATCHES, moved != 0 ? 1 : 0);
        more |= moved == VSWITCH_PORT_BUDGET;
    }
    vswitch->first = (vswitch->first + 1) % vswitch->port_count;
    notify_touched(vswitch);
    return more || vswitch->again;
}

/* Ask each port for a notification. Returns true if one has got something to do meanwhile. */
static bool request_all(struct vswitch *vswitch)
{
    bool more = false;
    for (uint32_t i = 0; i < vswitch->port_count; i++) {
        struct vswitch_port *port = &vswitch->ports[i];
        /* At a held port there always is data; what it waits for is its destination. */
        more |= is_up(port) && port->ops->request_data(port->context) && !port->held;
    }
    return more;
}

void vswitch_run(struct vswitch *vswitch, uint64_t now)
{
    vswitch->now = now;
    count(vswitch, VSWITCH_STAT_RUNS, 1);
    if (vswitch->port_count == 0) {
        return;
    }
    for (uint32_t i = 0; i < vswitch->port_count; i++) {
        struct vswitch_port *port = &vswitch->ports[i];
        if (port->ops != NULL && port->ops->sync(port->context)) {
            mac_table_forget(&vswitch->macs, i);
            port->broken = false;
            port->held = false;
            vswitch->touched |= bit(i);
        }
    }
    do {
        while (run_turn(vswitch)) {
        }
    } while (request_all(vswitch));
}

uint64_t vswitch_deadline(const struct vswitch *vswitch)
{
    uint64_t next = VSWITCH_NEVER;

    for (uint32_t i = 0; i < vswitch->port_count; i++) {
        const struct vswitch_port *port = &vswitch->ports[i];
        const uint64_t end = port->patience_at + port->patience_ticks;

        if (is_up(port) && port->held && end < next) {
            next = end;
        }
    }
    return next;
}
