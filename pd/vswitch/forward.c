/* SPDX-License-Identifier: BSD-2-Clause */
/* The policy of vswitch.h, for one frame at a time. */
#include "pd/vswitch/forward.h"

#include "lib/base/mem.h"
#include "lib/net/frame_meta.h"
#include "lib/net/offload.h"
#include "pd/vswitch/guard.h"
#include "pd/vswitch/snoop.h"
#include "pd/vswitch/soft_offload.h"
#include "pd/vswitch/vlan.h"
#include "pd/vswitch/wake.h"

/* 802.1Q: frames to 01:80:c2:00:00:00..0f concern the link itself. */
#define RESERVED_GROUP UINT64_C(0x0180c2000000)
#define RESERVED_GROUP_MASK UINT64_C(0xfffffffffff0)
#define RESERVED_GROUP_STP RESERVED_GROUP
#define RESERVED_GROUP_PAUSE (RESERVED_GROUP + 1)

static void drop(const struct vswitch *vswitch, struct vswitch_port *port, enum vswitch_drop cause)
{
    port->counters->dropped[cause]++;
    state_count(vswitch, VSWITCH_STAT_DROPPED, 1);
    /* What rules and addresses forbid is worth a line; the rest is daily life of a network. */
    if (cause == VSWITCH_DROP_SOURCE || cause == VSWITCH_DROP_LENGTH || cause == VSWITCH_DROP_META ||
        cause == VSWITCH_DROP_VLAN || cause == VSWITCH_DROP_GUARD) {
        log_warn_limited(&port->warnings[cause], "%.*s: dropped a frame: %s", (int)CONFIG_NAME_BYTES,
                         port->config->name, drop_text(cause));
    }
}

/* A frame that is held for a port that broke need not wait any longer. */
static void release_those_held(struct vswitch *vswitch, uint32_t target)
{
    for (uint32_t i = 0; i < vswitch->port_count; i++) {
        const struct vswitch_port *port = &vswitch->ports[i];
        if (port->held && port->held_for == target) {
            vswitch->stuck &= ~state_bit(i);
        }
    }
}

static void break_port(struct vswitch *vswitch, struct vswitch_port *port, enum err err)
{
    const uint32_t index = state_index(vswitch, port);

    port->held = false;
    vswitch->up &= ~state_bit(index);
    vswitch->busy &= ~state_bit(index);
    vswitch->touched |= state_bit(index);
    release_those_held(vswitch, index);
    wake_forget(vswitch, index);
    log_warn_limited(&port->faults, "%.*s: out of service until it restarts: %s", (int)CONFIG_NAME_BYTES,
                     port->config->name, err_text(err));
}

/* An address in a VLAN. Those of ports are in all: they are entered without one. */
static mac_t in_vlan(mac_t mac, uint16_t vid)
{
    return (mac_t){mac.bits | (uint64_t)vid << 48};
}

/* Learn an address in its VLAN, unless it is another port's. */
static bool learn_in_vlan(struct vswitch *vswitch, mac_t source, uint16_t vid, uint32_t self)
{
    const uint32_t owner = vid != 0 ? mac_table_find(&vswitch->macs, source) : MAC_TABLE_NO_PORT;

    return (owner == MAC_TABLE_NO_PORT || owner == self) &&
           mac_table_learn(&vswitch->macs, in_vlan(source, vid), self);
}

/* May this port send from this address? Learns it if so. */
static bool source_is_allowed(struct vswitch *vswitch, const struct vswitch_port *port, mac_t source,
                              uint16_t vid)
{
    if (port->is_static && source.bits == port->mac.bits) {
        return true; /* as good as every time */
    }
    if (mac_table_is_group(source) || source.bits == 0) {
        return false;
    }
    if ((port->config->flags & VSWITCH_PORT_CHECK_MAC) != 0 && source.bits != port->mac.bits) {
        return false;
    }
    return learn_in_vlan(vswitch, source, vid, state_index(vswitch, port));
}

/* What only some ports have: VLANs, and checks of what is behind the header. */
static bool managed_admit(const struct vswitch *vswitch, struct vswitch_port *port,
                          struct vswitch_frame *frame, enum vswitch_drop *cause)
{
    if ((port->managed & VSWITCH_VLAN) != 0 && !vlan_admit(port, frame, cause)) {
        return false;
    }
    if ((port->managed & VSWITCH_GUARD) != 0) {
        struct edit *pin = &vswitch->offload->pin;
        const uint32_t bytes = edit_pin(pin, frame);

        *cause = VSWITCH_DROP_GUARD;
        return guard_allows(port, pin->prefix, bytes);
    }
    return true;
}

/* Everything about a frame that does not depend on its destination. Sets *cause if it must be dropped. */
static bool admit(struct vswitch *vswitch, struct vswitch_port *port, struct vswitch_frame *frame,
                  enum vswitch_drop *cause)
{
    if (frame->length_bytes < VSWITCH_HEADER_BYTES || frame->length_bytes > VSWITCH_FRAME_MAX_BYTES) {
        *cause = VSWITCH_DROP_LENGTH;
        return false;
    }
    if (frame->needed == VSWITCH_NEEDS_UNKNOWN) {
        *cause = VSWITCH_DROP_META;
        return false;
    }
    frame_read_header(frame);
    if ((port->managed & (VSWITCH_VLAN | VSWITCH_GUARD)) != 0 &&
        !managed_admit(vswitch, port, frame, cause)) {
        return false;
    }
    if (!source_is_allowed(vswitch, port, mac_table_address(frame->header + 6), frame->vid)) {
        *cause = VSWITCH_DROP_SOURCE;
        return false;
    }
    return true;
}

static uint32_t find_home(const struct vswitch *vswitch, mac_t target, uint16_t vid)
{
    const uint32_t home = mac_table_find(&vswitch->macs, in_vlan(target, vid));

    return home == MAC_TABLE_NO_PORT && vid != 0 ? mac_table_find(&vswitch->macs, target) : home;
}

/* The port of a unicast address. A port's frames mostly go where its last one went. */
static uint32_t home_of(const struct vswitch *vswitch, struct vswitch_port *port, mac_t target, uint16_t vid)
{
    const mac_t key = in_vlan(target, vid);

    if (port->last_target.bits != key.bits || port->last_version != vswitch->macs.version) {
        port->last_home = find_home(vswitch, target, vid);
        port->last_target = key;
        port->last_version = vswitch->macs.version;
    }
    return port->last_home;
}

/* May frames to this group of the link pass? Pause frames are between a card and its neighbour in any case.
 */
static bool passes_reserved(const struct vswitch *vswitch, mac_t group)
{
    switch (vswitch->config->reserved_groups) {
    case VSWITCH_RESERVED_STP:
        return group.bits == RESERVED_GROUP_STP;
    case VSWITCH_RESERVED_FORWARD:
        return group.bits != RESERVED_GROUP_PAUSE;
    default:
        return false;
    }
}

/* May the port send another frame to all? */
static bool passes_storm(const struct vswitch *vswitch, struct vswitch_port *port)
{
    if ((port->managed & VSWITCH_STORM) == 0 || port->held) { /* a held one was counted */
        return true;
    }
    if (!rate_allows(&port->storm, vswitch->now)) {
        return false;
    }
    rate_charge(&port->storm, 1);
    return true;
}

/* Where a frame goes: a set of ports; 0 with *cause set: nowhere. */
static uint32_t destinations(struct vswitch *vswitch, struct vswitch_port *port,
                             const struct vswitch_frame *frame, enum vswitch_drop *cause)
{
    const mac_t target = mac_table_address(frame->header);
    const uint32_t self = state_index(vswitch, port);
    uint32_t candidates = vswitch->up & port->config->allow & ~state_bit(self);
    uint32_t home = MAC_TABLE_NO_PORT;

    *cause = VSWITCH_DROP_DENIED;
    if (frame->vid != 0) {
        candidates &= vlan_members(vswitch, frame->vid);
    }
    if (!mac_table_is_group(target)) {
        home = home_of(vswitch, port, target, frame->vid);
    } else if ((target.bits & RESERVED_GROUP_MASK) == RESERVED_GROUP && !passes_reserved(vswitch, target)) {
        *cause = VSWITCH_DROP_RESERVED;
        return 0;
    }
    if (home == self) {
        *cause = VSWITCH_DROP_LOCAL;
        return 0;
    }
    if (home != MAC_TABLE_NO_PORT) {
        return candidates & state_bit(home);
    }
    if (!passes_storm(vswitch, port)) {
        *cause = VSWITCH_DROP_STORM;
        return 0;
    }
    port->counters->flooded += port->held ? 0 : 1;
    if (vswitch->snoop != NULL && mac_table_is_group(target)) {
        *cause = candidates != 0 ? VSWITCH_DROP_NOBODY : VSWITCH_DROP_DENIED;
        candidates = snoop_narrow(vswitch->snoop, frame, self, vswitch->now, candidates);
    }
    return candidates;
}

static bool fits_mtu(const struct vswitch_port *port, const struct vswitch_frame *frame)
{
    if (frame->length_bytes <= port->longest_bytes) {
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
        return soft_offload_send(vswitch->offload, port->ops, port->context, frame);
    }
    return port->ops->send(port->context, frame);
}

/* A frame to be finished is copied into working memory first (soft_offload.c), one to be cut once more for
 * each piece. */
static void count_copies(const struct vswitch *vswitch, const struct vswitch_frame *frame, bool too_raw)
{
    uint64_t copies = 1;

    if (too_raw) {
        copies = (frame->needed & ~(uint32_t)OFFLOAD_CSUM) != 0 ? 3 : 2;
        state_count(vswitch, VSWITCH_STAT_SOFT_OFFLOADS, 1);
    }
    state_count(vswitch, VSWITCH_STAT_COPIES, copies);
    state_count(vswitch, VSWITCH_STAT_COPIED_BYTES, copies * frame->length_bytes);
    *frame->work += copies * frame->length_bytes;
}

/* A destination that takes frames at a fair pace, if in batches, does not use up its sender's patience. */
static void restore_patience(const struct vswitch *vswitch, struct vswitch_port *port)
{
    const uint64_t limit = vswitch->patience_limit;
    const uint64_t patience = port->patience_ticks + vswitch->patience_earned;

    port->patience_ticks = patience < limit ? patience : limit;
}

/* Whether the receiver of a frame that was delivered may take its time. */
static void classify_bulk(const struct vswitch *vswitch, struct vswitch_port *source,
                          struct vswitch_port *port, const struct vswitch_frame *frame)
{
    const bool is_bulk = frame->length_bytes >= VSWITCH_BULK_BYTES;
    const bool is_answer = port->sends_bulk && vswitch->now - port->bulk_at < vswitch->bulk_ticks;

    if (is_bulk) {
        source->sends_bulk = true;
        source->bulk_at = vswitch->now;
    }
    port->may_defer = (!port->rx_outstanding || port->may_defer) && (is_bulk || is_answer);
    port->rx_outstanding = true;
}

/* Returns false if there is no room now; a frame that the port can never take is dropped here. */
static bool deliver(struct vswitch *vswitch, struct vswitch_port *source, struct vswitch_port *port,
                    struct vswitch_frame *frame)
{
    const bool too_raw = is_too_raw(port, frame);
    const enum err err = send(vswitch, port, frame, too_raw);
    switch (err) {
    case ERR_OK:
        classify_bulk(vswitch, source, port, frame);
        port->counters->tx_frames++;
        port->counters->tx_bytes += frame->length_bytes;
        count_copies(vswitch, frame, too_raw);
        vswitch->touched |= state_bit(state_index(vswitch, port));
        restore_patience(vswitch, source);
        port->is_full = false;
        if ((port->managed & VSWITCH_RATE_OUT) != 0) {
            rate_charge(&port->out, frame->length_bytes);
        }
        return true;
    case ERR_SPACE:
        port->full_at = port->is_full ? port->full_at : vswitch->now;
        port->is_full = true;
        return false;
    case ERR_RANGE:
        drop(vswitch, port, VSWITCH_DROP_TOO_LONG);
        return true;
    case ERR_UNSUPPORTED: /* of soft_offload_send() alone: nobody can make sense of the frame */
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
    const uint64_t limit = vswitch->patience_limit;
    const uint64_t elapsed = vswitch->now - port->patience_at;

    port->patience_at = vswitch->now;
    if (port->held) {
        port->patience_ticks -= elapsed < port->patience_ticks ? elapsed : port->patience_ticks;
    } else {
        port->patience_ticks =
            elapsed < limit - port->patience_ticks ? port->patience_ticks + elapsed : limit;
    }
    return port->patience_ticks > 0;
}

static void hold(const struct vswitch *vswitch, struct vswitch_port *source,
                 const struct vswitch_port *target, uint32_t bytes)
{
    source->held_for = state_index(vswitch, target);
    source->held_bytes = bytes;
    if (!source->held) {
        source->held = true;
        source->counters->held++;
        state_count(vswitch, VSWITCH_STAT_HELD, 1);
    }
}

/* The longest piece of the frame that the port has to take at once. */
static uint32_t piece_bytes(const struct vswitch_port *target, const struct vswitch_frame *frame)
{
    return is_too_raw(target, frame) ? soft_offload_max_bytes(frame) : frame->length_bytes;
}

/* Does the port's limit let it have another frame now? */
static bool is_within_rate(const struct vswitch *vswitch, struct vswitch_port *target)
{
    return (target->managed & VSWITCH_RATE_OUT) == 0 || rate_allows(&target->out, vswitch->now);
}

/* Ask a destination to notify us of room for `bytes`. True if it may have that already. */
static bool request_room(const struct vswitch *vswitch, struct vswitch_port *target, uint32_t bytes)
{
    return is_within_rate(vswitch, target) && target->ops->request_space(target->context, bytes);
}

/* Nobody waits for a port that has taken nothing for so long: its interface may be down. */
static bool is_deaf(const struct vswitch *vswitch, const struct vswitch_port *target)
{
    return target->is_full && vswitch->now - target->full_at >= vswitch->deaf_ticks;
}

/*
 * The one destination of a frame is full. Returns false if the frame stays where it is, and the destination
 * is going to notify. Room that came between the try and the request for it is tried once; if it does not
 * suffice, the request stands.
 */
static bool wait_for_room(struct vswitch *vswitch, struct vswitch_port *source, struct vswitch_port *target,
                          struct vswitch_frame *frame)
{
    const uint32_t bytes = piece_bytes(target, frame);

    if (is_deaf(vswitch, target) || !has_patience(vswitch, source)) {
        drop(vswitch, target, VSWITCH_DROP_FULL);
        return true;
    }
    hold(vswitch, source, target, bytes);
    return request_room(vswitch, target, bytes) && deliver(vswitch, source, target, frame);
}

bool forward_has_to_wait(struct vswitch *vswitch, struct vswitch_port *source)
{
    struct vswitch_port *target = &vswitch->ports[source->held_for];

    if (!source->held || !state_is_up(vswitch, source->held_for) || is_deaf(vswitch, target)) {
        return false;
    }
    wake_sync(vswitch, source->held_for);
    return has_patience(vswitch, source) && !request_room(vswitch, target, source->held_bytes);
}

static bool is_wanted(const struct vswitch_port *port, const struct vswitch_frame *frame)
{
    return port->ops->wants == NULL || port->ops->wants(port->context, frame);
}

/* What the port gets of the frame: *out if that is another one. NULL: it can't have it, which is counted. */
static struct vswitch_frame *view_of(struct vswitch *vswitch, struct vswitch_port *source,
                                     const struct vswitch_port *target, struct vswitch_frame *frame,
                                     struct vswitch_frame *out)
{
    struct vswitch_frame *seen = frame;

    if ((target->managed & VSWITCH_VLAN) != 0) {
        seen = vlan_view(&vswitch->offload->tag, target, frame, out);
        if (seen == NULL) {
            drop(vswitch, source, VSWITCH_DROP_META);
        }
    }
    return seen;
}

/* Returns false if the frame has to stay at its source. */
static bool offer(struct vswitch *vswitch, struct vswitch_port *source, struct vswitch_port *target,
                  struct vswitch_frame *seen)
{
    if (!is_wanted(target, seen)) {
        return true;
    }
    if (is_deaf(vswitch, target) && !request_room(vswitch, target, piece_bytes(target, seen))) {
        drop(vswitch, target, VSWITCH_DROP_FULL);
        return true;
    }
    return (is_within_rate(vswitch, target) && deliver(vswitch, source, target, seen)) ||
           wait_for_room(vswitch, source, target, seen);
}

/* To a port that is the frame's only destination. Returns false if it has to stay at its source. */
static bool forward_to_one(struct vswitch *vswitch, struct vswitch_port *source, struct vswitch_frame *frame,
                           uint32_t index)
{
    struct vswitch_port *target = &vswitch->ports[index];
    struct vswitch_frame edited, *seen;

    wake_sync(vswitch, index);
    seen = view_of(vswitch, source, target, frame, &edited);
    if (seen == NULL || offer(vswitch, source, target, seen)) {
        return true;
    }
    frame->segments_sent = seen->segments_sent;
    return false;
}

/* To one of several: if it has room. */
static void offer_once(struct vswitch *vswitch, struct vswitch_port *source, struct vswitch_port *target,
                       struct vswitch_frame *seen)
{
    if (!is_wanted(target, seen)) {
        return;
    }
    if (!is_within_rate(vswitch, target)) {
        drop(vswitch, target, VSWITCH_DROP_RATE);
    } else if (!deliver(vswitch, source, target, seen)) {
        drop(vswitch, target, VSWITCH_DROP_FULL);
    }
}

/* To each port that wants it, and has room. */
static void forward_to_all(struct vswitch *vswitch, struct vswitch_port *source, struct vswitch_frame *frame,
                           uint32_t targets)
{
    for (uint32_t left = targets; left != 0; left &= left - 1) {
        const uint32_t index = (uint32_t)__builtin_ctz(left);
        struct vswitch_port *target = &vswitch->ports[index];
        struct vswitch_frame edited, *seen;

        wake_sync(vswitch, index);
        frame->segments_sent = 0;
        seen = view_of(vswitch, source, target, frame, &edited);
        if (seen != NULL) {
            offer_once(vswitch, source, target, seen);
        }
    }
}

/*
 * Copies for the ports that watch the source, or a port that the frame went to, of what its sender sent. Nobody
 * waits for them.
 */
static void mirror(struct vswitch *vswitch, struct vswitch_port *source, struct vswitch_frame *frame,
                   uint32_t targets)
{
    uint32_t watchers = source->watchers;

    for (uint32_t left = targets & vswitch->watched; left != 0; left &= left - 1) {
        watchers |= vswitch->ports[__builtin_ctz(left)].watchers;
    }
    watchers &= vswitch->up & ~targets & ~state_bit(state_index(vswitch, source));
    for (; watchers != 0; watchers &= watchers - 1) {
        struct vswitch_port *watcher = &vswitch->ports[__builtin_ctz(watchers)];
        const uint64_t before = watcher->counters->tx_frames;

        wake_sync(vswitch, state_index(vswitch, watcher));
        frame->segments_sent = 0;
        offer_once(vswitch, source, watcher, frame);
        watcher->counters->mirrored += watcher->counters->tx_frames - before;
    }
}

/* Returns false if the frame has to stay at its source. */
static bool forward(struct vswitch *vswitch, struct vswitch_port *source, struct vswitch_frame *frame,
                    uint32_t targets)
{
    if ((targets & (targets - 1)) == 0) {
        return forward_to_one(vswitch, source, frame, (uint32_t)__builtin_ctz(targets));
    }
    forward_to_all(vswitch, source, frame, targets);
    return true;
}

/* A query of groups' members: the ports that it reached have been asked. */
static bool forward_query(struct vswitch *vswitch, struct vswitch_port *source, struct vswitch_frame *frame,
                          uint32_t targets)
{
    const uint32_t touched = vswitch->touched;

    vswitch->touched = 0;
    const bool done = forward(vswitch, source, frame, targets);
    snoop_asked(vswitch->snoop, vswitch->touched & targets);
    vswitch->touched |= touched;
    return done;
}

static bool move(struct vswitch *vswitch, struct vswitch_port *source, struct vswitch_frame *frame,
                 uint32_t targets)
{
    return vswitch->snoop != NULL && snoop_is_query(vswitch->snoop)
               ? forward_query(vswitch, source, frame, targets)
               : forward(vswitch, source, frame, targets);
}

/* The oldest frame of those that were seen at the last look; if there are none, and the peer has notified us
 * since then, we look. */
static enum err next_frame(struct vswitch_port *port, struct vswitch_frame *frame)
{
    enum err err = port->ops->peek(port->context, frame);
    if (err == ERR_EMPTY && port->kicked) {
        port->kicked = false;
        port->ops->look(port->context);
        err = port->ops->peek(port->context, frame);
    }
    return err;
}

/* The frame has left its source's buffers. */
static void finish(struct vswitch *vswitch, struct vswitch_port *port, uint32_t length_bytes)
{
    if (port->held) {
        (void)has_patience(vswitch, port);
        port->held = false;
    }
    if ((port->managed & VSWITCH_RATE_IN) != 0) {
        rate_charge(&port->in, length_bytes);
    }
    port->share--;
    port->counters->rx_frames++;
    port->counters->rx_bytes += length_bytes;
    state_count(vswitch, VSWITCH_STAT_FRAMES, 1);
    port->ops->release(port->context);
    vswitch->touched |= state_bit(state_index(vswitch, port));
}

bool forward_next(struct vswitch *vswitch, struct vswitch_port *port)
{
    enum vswitch_drop cause = VSWITCH_DROP_COUNT;
    struct vswitch_frame frame; /* peek() and frame_read_header() fill it */
    uint32_t targets = 0;

    if ((port->managed & VSWITCH_RATE_IN) != 0 && !rate_allows(&port->in, vswitch->now)) {
        vswitch->stuck |= state_bit(state_index(vswitch, port)); /* its frames wait in its queue */
        return false;
    }
    const enum err err = next_frame(port, &frame);
    if (err != ERR_OK) {
        vswitch->busy &= ~state_bit(state_index(vswitch, port));
        if (err != ERR_EMPTY) {
            break_port(vswitch, port, err);
        }
        return false;
    }
    account_enter(&vswitch->account, port->config->link.channel);
    port->work += VSWITCH_FRAME_WORK + (uint64_t)frame.segment_count * VSWITCH_SEGMENT_WORK;
    frame.work = &port->work;
    frame.vid = 0;
    frame.segments_sent = port->held ? port->segments_sent : 0;
    const bool admitted = admit(vswitch, port, &frame, &cause);
    if (admitted) {
        targets = destinations(vswitch, port, &frame, &cause);
    }
    if (targets == 0) {
        drop(vswitch, port, cause);
    } else if (!move(vswitch, port, &frame, targets)) {
        port->segments_sent = frame.segments_sent;
        vswitch->stuck |= state_bit(state_index(vswitch, port));
        return false;
    }
    if (admitted && (vswitch->watched & (targets | state_bit(state_index(vswitch, port)))) != 0) {
        mirror(vswitch, port, &frame, targets);
    }
    finish(vswitch, port, frame.length_bytes);
    return true;
}
