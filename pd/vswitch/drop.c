/* SPDX-License-Identifier: BSD-2-Clause */
/* Names of the causes for which frames are dropped. */
#include "pd/vswitch/drop.h"

const char *drop_text(enum vswitch_drop cause)
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
        [VSWITCH_DROP_VLAN] = "VLAN not the port's",
        [VSWITCH_DROP_GUARD] = "IP address not its own",
        [VSWITCH_DROP_NOBODY] = "nobody is in the group",
        [VSWITCH_DROP_STORM] = "too many frames to all",
    };
    return (unsigned int)cause < VSWITCH_DROP_COUNT ? texts[cause] : "unknown";
}
