/* SPDX-License-Identifier: BSD-2-Clause */
/** What QEMU is told of a system's disks and network cards. */
#pragma once

#include "lib/base/err.h"
#include "tool/model/model.h"

/**
 * Write QEMU's configuration file (-readconfig) beside `output`, as OUTPUT.qemu (.elf is replaced); one
 * without devices if there are none. What such a file cannot say is in OUTPUT.qemu_arguments, for its command line;
 * mostly nothing.
 *
 * `uplinks`: what network cards are joined to, instead of QEMU's user network, for each "[NAME=]user",
 * "tap:INTERFACE", "socket:listen:PORT", "socket:connect:PORT" (of 127.0.0.1) or "none"; without NAME for
 * all. `uplink_count` of them; the last one that fits counts. Reports and returns ERR_IO, or ERR_FORMAT for
 * such a text.
 */
ERR_CHECKED enum err qemu_config_write(const struct model *model, const char *output,
                                       const char *const *uplinks, size_t uplink_count, struct diag *diag);
