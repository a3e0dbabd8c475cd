/* SPDX-License-Identifier: BSD-2-Clause */
/** Why the switch drops frames. */
#pragma once

/** Why a frame was dropped. All but FULL and TOO_LONG count at the source port. */
enum vswitch_drop {
    VSWITCH_DROP_LENGTH = 0, /**< shorter than an Ethernet header or longer than any frame */
    VSWITCH_DROP_META,       /**< offload metadata does not fit the frame */
    VSWITCH_DROP_SOURCE,     /**< source address not the port's to use */
    VSWITCH_DROP_RATE,       /**< above the port's rate limit */
    VSWITCH_DROP_RESERVED,   /**< link-local group address */
    VSWITCH_DROP_DENIED,     /**< the rules allow no destination */
    VSWITCH_DROP_LOCAL,      /**< the address lives behind the port it came from */
    VSWITCH_DROP_FULL,       /**< destination took it not in time */
    VSWITCH_DROP_TOO_LONG,   /**< destination cannot take frames of this length */
    VSWITCH_DROP_VLAN,       /**< of a VLAN that the port is not in */
    VSWITCH_DROP_GUARD,      /**< speaks for an IP address that is not the port's */
    VSWITCH_DROP_STORM,      /**< more frames to all than the port may send */
    VSWITCH_DROP_COUNT
};

/** Short English name of a cause, static. */
const char *drop_text(enum vswitch_drop cause);
