/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * How a VMM hands a device's virtqueues to a service PD that has the guest's RAM mapped: vhost's vocabulary,
 * carried by protected procedure calls on the control channel, so that each step is done when the call
 * returns.
 *
 *     VMM (front)                         service PD (back)
 *     VHOST_SET_FEATURES                  what driver and device agreed on
 *     VHOST_SET_VRING, one a queue        layout, checked once more by the back
 *     VHOST_START                         from now on the back works on the queues
 *     VHOST_STOP                          when this returns, the back touches them no more
 *     VHOST_GET_STATUS                    asked when the back has notified the control channel: which queue
 * broke
 *
 * A guest's kick is a notification of the data channel, by the guest itself (doorbell) or by its VMM; the
 * back's notification of the data channel is an interrupt of the guest, posted by the kernel or raised by the
 * VMM. The lazy channel, where there is one, is an interrupt that may be late by the delay its row grants.
 */
#pragma once

#include <stdint.h>

/** Labels of calls. Message words in brackets; unused ones are absent. */
enum vhost_call {
    VHOST_SET_FEATURES = 0x100, /**< [features]: virtio feature bits */
    VHOST_SET_VRING = 0x101,    /**< [index, size, desc, avail, used]: addresses are guest-physical */
    VHOST_START = 0x102,        /**< [] */
    VHOST_STOP = 0x103,         /**< []: also undoes SET_VRING and SET_FEATURES. Never fails */
    VHOST_GET_STATUS = 0x104    /**< []: replies [enum err of the port, 0: well] */
};

/** Labels of replies. */
enum vhost_reply {
    VHOST_OK = 0,
    VHOST_INVALID = 1, /**< no such call, wrong word count, no such queue, bad layout */
    VHOST_STATE = 2    /**< not allowed now: started already, or not started */
};
