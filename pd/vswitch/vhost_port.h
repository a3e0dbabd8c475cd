/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * A switch port on a guest's virtqueues: the vhost data path.
 *
 * The guest's VMM negotiates and then hands the two queues over (lib/config/vhost_protocol.h); frames are
 * descriptor chains in the guest's RAM, which the switch has mapped. One copy a frame, made by send()
 * straight from the source's chain into the destination's; no VMM on the way.
 *
 * Interrupts: for received frames at once, when the driver wants one. For used transmit buffers alone late
 * (vhost_port_take_tx_irq()): the driver frees them in passing whenever it sends or receives, so the
 * interrupt would only wake it for nothing, unless many have gathered.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/guestmem/guestmem.h"
#include "lib/net/rx_filter.h"
#include "lib/net/virtio_net_hdr.h"
#include "lib/virtq/virtq.h"
#include "pd/vswitch/vswitch.h"

/** Used transmit buffers that are worth an interrupt of their own. */
#define VHOST_PORT_TX_BATCH 32u

/**
 * Working memory shared by all vhost ports of a switch: one frame is in hand at a time. Large: keep it
 * static.
 */
struct vhost_scratch {
    struct virtq_chain transmit;
    struct virtq_chain receive;
    struct vswitch_segment segments[VIRTQ_MAX_SIZE];
};

/**
 * How a port learns that its guest's vCPU paused: went idle, or used up a slice. A guest that has had no time
 * since it got `window` frames gets no more until then: its sender waits instead of overrunning it.
 */
struct rx_credit_source {
    void *context;
    /** Has the vCPU paused since this was last asked? */
    bool (*take)(void *context);
    /** Notify the data channel at its next pause. */
    void (*arm)(void *context);
};

/** State of one port. Private to vhost_port.c except for its size. */
struct vhost_port {
    struct guestmem mem;
    struct vhost_scratch *scratch;
    uint64_t features;
    uint32_t sends; /**< what the driver may leave to us: enum offload_capability */
    uint32_t takes; /**< what it takes unfinished */
    bool mergeable; /**< it takes a frame in several buffers */
    struct virtq_layout layouts[VIRTIO_NET_QUEUES];
    bool has_layout[VIRTIO_NET_QUEUES];
    struct virtq queues[VIRTIO_NET_QUEUES];
    const struct rx_credit_source *rx_credit; /**< NULL: no flow control by the receiver's pauses */
    uint32_t window;                          /**< frames between two pauses */
    uint32_t credit;                          /**< of these, how many are left */
    int32_t chains_tried;    /**< how many did not suffice for a frame; -1: that was not the reason */
    struct rx_filter filter; /**< which frames the driver wants */
    bool running;
    bool restarted;          /**< for sync() */
    bool in_hand;            /**< the chain last popped from the transmit queue was not released yet */
    uint16_t tx_unsignalled; /**< used transmit buffers since the last interrupt */
    bool separate_tx_irq;    /**< interrupts of the transmit queue are others than the receive queue's */
    bool tx_irq_pending;     /**< the driver waits for a transmit interrupt, which may be late */
    enum err fault;          /**< why the port stands still, ERR_OK: it doesn't */
    bool fault_is_news;      /**< the VMM has not been told yet */
};

/** What a vhost port can do; the context is a struct vhost_port. */
extern const struct vswitch_port_ops vhost_port_ops;

/** Set up on a guest's RAM, stopped. `scratch` must outlive the port. Errors: those of guestmem_init(). */
ERR_CHECKED enum err vhost_port_init(struct vhost_port *port, uint64_t ram_gpa, void *ram, uint64_t ram_bytes,
                                     struct vhost_scratch *scratch);

/** Limit the frames to the guest between two pauses to `window`; `pause` must outlive the port. */
void vhost_port_set_window(struct vhost_port *port, uint32_t window, const struct rx_credit_source *source);

/** Virtio feature bits in force from the next start on. ERR_STATE: running. */
ERR_CHECKED enum err vhost_port_set_features(struct vhost_port *port, uint64_t features);

/** Of the offloads that were negotiated, the driver takes only those in `offloads` (feature bits) from now
 * on. */
void vhost_port_set_offloads(struct vhost_port *port, uint64_t offloads);

/**
 * Where queue `index` lies. ERR_RANGE: no such queue. Checked when started; while running, at once, with the
 * errors of virtq_enable(), and ERR_STATE if the queue is in use.
 */
ERR_CHECKED enum err vhost_port_set_vring(struct vhost_port *port, uint64_t index,
                                          const struct virtq_layout *layout);

/** Touch queue `index` no more, until it is set again. ERR_RANGE: no such queue. ERR_STATE: not running. */
ERR_CHECKED enum err vhost_port_reset_vring(struct vhost_port *port, uint64_t index);

/**
 * Whether the driver has an interrupt of its own for the transmit queue: then that is always told by
 * vhost_port_take_tx_irq(), never together with the receive queue's.
 */
void vhost_port_set_separate_tx_irq(struct vhost_port *port, bool separate);

/** Which frames the driver wants, except for the VLANs, which stay as they are. Everything after each stop.
 */
void vhost_port_set_filter(struct vhost_port *port, const struct rx_filter *filter);

/** The VLANs that it wants, as in struct rx_filter. */
void vhost_port_set_vlans(struct vhost_port *port, const uint64_t vlans[RX_FILTER_VLAN_WORDS]);

/** Serve the queues that were set. Errors: ERR_STATE (running), those of virtq_enable(). */
ERR_CHECKED enum err vhost_port_start(struct vhost_port *port);

/** Touch the guest's memory no more. */
void vhost_port_stop(struct vhost_port *port);

/** What broke the port since it was started, ERR_OK if nothing. */
enum err vhost_port_status(const struct vhost_port *port);

/** True once after the port broke: the VMM must be told. */
bool vhost_port_take_fault(struct vhost_port *port);

/** True once after transmit buffers were used that nobody was told of: a late interrupt will do. */
bool vhost_port_take_tx_irq(struct vhost_port *port);
