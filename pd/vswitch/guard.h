/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Whether a port may say what it says of itself: the source addresses of IP, and what ARP and neighbour discovery claim. For
 * ports with guard="ip".
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "pd/vswitch/state.h"

/**
 * Is the frame that begins with `bytes` at `data`, at least an Ethernet header, the port's to send? Only what lies within
 * `bytes` is looked at: where the headers end behind that, it is not.
 */
bool guard_allows(const struct vswitch_port *port, const uint8_t *data, uint32_t bytes);
