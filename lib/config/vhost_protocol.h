/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * How a VMM hands a device's virtqueues to a service PD that has the guest's RAM mapped: vhost's vocabulary,
 * carried by protected procedure calls on the control channel, so that each step is done when the call
 * returns.
 *
 *     VMM (front)                         service PD (back)
 *     VHOST_SET_FEATURES                  what driver and device agreed on
 *     VHOST_SET_VRING, one a queue        layout, checked once more by the back
 *     VHOST_SET_RX_FILTER, VHOST_SET_VLANS    which frames the driver wants; at any time, all until then
 *     VHOST_START                         from now on the back works on the queues
 *     VHOST_RESET_VRING                   when this returns, the back touches this one no more; it goes on
 *                                         with the others. VHOST_SET_VRING gives it back
 *     VHOST_STOP                          when this returns, the back touches them no more
 *
 * Front and back share one channel. The front's notification is a guest's kick, as is one by the guest itself
 * (doorbell). The back's notification says: look at the status page, and if nothing is wrong, interrupt the
 * guest. Where the kernel posts the guest's interrupts the back has ids of their own for these, one for
 * interrupts at once and one for those that may be late, and the channel is left for bad news.
 */
#pragma once

#include <stdint.h>

/** The status page: the back writes it, the front only reads it. Zero while all is well. */
struct vhost_status {
    uint32_t fault;      /**< enum err that stopped the back since VHOST_START; VHOST_STOP clears it */
    uint32_t wants_idle; /**< not 0: the front is to notify the back at the guest's next pause */
};

/** The pause page, where the kernel doesn't tell the back of pauses: the front writes it, the back only reads
 * it. */
struct vhost_idle_count {
    uint32_t count; /**< how often a vCPU of the guest has gone idle; wraps */
};

/** Labels of calls. Message words in brackets; unused ones are absent. */
enum vhost_call {
    VHOST_SET_FEATURES = 0x100, /**< [features]: virtio feature bits */
    /** [index, size, desc, avail, used]: addresses are guest-physical. While started: for a queue that was
        reset or never set; it is served from now on */
    VHOST_SET_VRING = 0x101,
    VHOST_START = 0x102, /**< [] */
    VHOST_STOP = 0x103,  /**< []: also undoes the calls that set something. Never fails */
    /** [0 or 1], at any time: whether what is used in the transmit queue is told by the late interrupt only,
        because the driver has another interrupt for it than for the receive queue. 0 after VHOST_STOP */
    VHOST_SET_APART = 0x104,
    /** [mode, mac, uni_count, multi_count, macs...]: a struct rx_filter except for its VLANs. An address is a
       word, its first byte in bits 0..7. */
    VHOST_SET_RX_FILTER = 0x105,
    VHOST_SET_VLANS = 0x106,   /**< [64 words]: bit n of word n / 64: VLAN n is wanted */
    VHOST_RESET_VRING = 0x107, /**< [index], while started */
    VHOST_SET_OFFLOADS = 0x108 /**< [features], at any time: of the offloads that were negotiated, those that
                                  the driver takes now. All of them at VHOST_SET_FEATURES */
};

/** Words of VHOST_SET_RX_FILTER in front of the addresses. */
#define VHOST_RX_FILTER_WORDS 4u

/** Labels of replies. */
enum vhost_reply {
    VHOST_OK = 0,
    VHOST_INVALID = 1, /**< no such call, wrong word count, no such queue, bad layout */
    VHOST_STATE = 2    /**< not allowed now: started already, or not started */
};
