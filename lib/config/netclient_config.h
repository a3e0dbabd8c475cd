/* SPDX-License-Identifier: BSD-2-Clause */
/** Configuration of a program of the user's at a switch's port, or that asks the timer PD. See config.h for
 * the rules. */
#pragma once

#include "lib/config/config.h"

#define NETCLIENT_CONFIG_MAGIC 0x434e4343u /* "CCNC" */
#define NETCLIENT_CONFIG_VERSION 1u
#define NETCLIENT_CONFIG_SECTION ".netclient_config"

/** What `<port>` and `<timer>` give a program. */
struct netclient_config {
    struct config_header header;
    struct config_link link; /**< to the switch; bytes 0: it is at no port */
    uint32_t has_timer;      /**< 1: it may ask the timer PD (lib/config/timer_config.h) */
    uint32_t timer_channel;  /**< to that one */
    uint8_t mac[6];          /**< the port's address */
    uint16_t mtu;            /**< of the port */
    char
        ip[CONFIG_NAME_BYTES]; /**< addresses as the description has them, for the program to use; "": none */
};
