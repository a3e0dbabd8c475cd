/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * A learning Ethernet switch: the logic of the vswitch PD, without a platform.
 *
 * What a frame is, where its bytes lie and how a peer is told is a port's business (struct vswitch_port_ops);
 * ring_port.c is one kind. The switch reads the first 18 bytes once, decides on that copy, and has each
 * destination copy the frame once out of the source's buffers; the checked copy of the header goes with it,
 * so a sender that rewrites its buffer afterwards cannot slip another address past the rules.
 *
 * Policy:
 * - A frame whose length, offload metadata, source address (own address of the port, no group, no other
 *   port's static address) or rate is not in order is dropped at its source port.
 * - Unicast goes to the port of its address; unknown unicast, broadcast and multicast to all others. Always
 *   only to ports that the source's `allow` mask names. 01:80:c2:00:00:0x stays on the link (802.1Q, 8.6.3).
 * - A port that does not take a frame unfinished (without checksum, or too large) gets it finished in
 * software (soft_offload.h).
 * - Ports are served in turn, VSWITCH_PORT_BUDGET frames each, and each destination is notified once a turn.
 * - No event buys unbounded work. What a port's peer has queued is looked at once for each of its
 * notifications (vswitch_kicked()), and the next one is asked for before that; frames that appear in a queue
 * while the switch works, written by whoever, wait for a notification of their own. In a wake-up a port gets
 * at most one queue size of frames and VSWITCH_RUN_WORK; if more was seen, the switch goes on after it has
 * slept as long as it has worked (vswitch_deadline()).
 * - A full destination: a frame that goes to several ports is dropped for this one. A frame for it alone
 * waits at its source, which keeps TCP free of loss, but the source's patience is bounded: it may be held for
 *   VSWITCH_PATIENCE_MS at a stretch and for half of the time in the long run, then such frames are dropped;
 *   each frame that gets through gives VSWITCH_PATIENCE_FRAME_US back, so a receiver that takes frames in
 * batches (a vhost port's window) loses none. So a port that takes nothing costs its senders that much and
 * other ports nothing. (There is no timer: the patience runs out when next any port has something to do. A
 * sender that is blocked and wants that looked at notifies the switch.)
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "pd/vswitch/state.h"

/**
 * Set up from a configuration, which has to outlive the switch, as have `entries` (of
 * config->mac_table_entries) and `offload`. `notify` tells the peer of a port that there is something for it.
 * Errors: ERR_RANGE (port count, table size), those of mac_table_init().
 */
ERR_CHECKED enum err vswitch_init(struct vswitch *vswitch, const struct vswitch_config *config,
                                  struct mac_table_entry *entries, struct soft_offload *offload,
                                  uint64_t ticks_per_second, void (*notify)(void *context, uint32_t port),
                                  void *notify_context);

/** Count in `stats`, which has to outlive the switch, instead of in the switch's own memory. */
void vswitch_set_stats(struct vswitch *vswitch, struct vswitch_stats *stats);

/** Send frames to groups of IP only to who has joined them. `snoop` has to outlive the switch. */
void vswitch_set_snoop(struct vswitch *vswitch, struct snoop *snoop);

/** Put port `port` into service. `context` is passed to each of `ops`. */
void vswitch_attach(struct vswitch *vswitch, uint32_t port, const struct vswitch_port_ops *ops,
                    void *context);

/** The peer of port `port` has notified us: the next run looks at what it has queued. */
void vswitch_kicked(struct vswitch *vswitch, uint32_t port);

/**
 * Something happened at some port at time `now` (ticks): move frames until every port is empty, held, broken
 * or has had its share. Ports are notified on the way.
 */
void vswitch_run(struct vswitch *vswitch, uint64_t now);

/** After a run: the ports that got or gave a frame in it, or broke: a bit each. Others have nothing new to
 * say. */
uint32_t vswitch_spoken_for(const struct vswitch *vswitch);

#define VSWITCH_NEVER UINT64_MAX
/**
 * After a run, at time `now`: when to call vswitch_run() again, in ticks, even if nothing happens. A source
 * whose frame waits for a destination that is dead runs out of patience then; it may have filled its queue
 * meanwhile, and be waiting for us. Ports that have had their share of the run go on when others had the
 * processor as long as that took. VSWITCH_NEVER: not.
 */
uint64_t vswitch_deadline(struct vswitch *vswitch, uint64_t now);

/**
 * For notify(): may the port's guest handle what it got when the guest that runs has paused? Bulk in one
 * direction is faster so, as every turn costs two switches, and a sender that is let run fills whole windows.
 * A lone packet is never patient.
 */
bool vswitch_may_defer(const struct vswitch *vswitch, uint32_t port);

/** Counters of port `port`; zero for a port that isn't there. */
struct vswitch_counters vswitch_port_counters(const struct vswitch *vswitch, uint32_t port);
