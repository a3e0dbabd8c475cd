/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Answers to what a host is asked by others on its network: ARP (RFC 826), ICMP echo (RFC 792), and UDP echo at port 7 (RFC 862),
 * over IPv4. Everything else is not for us. A frame is copied once and then checked; an answer is made in the copy.
 */
#pragma once

#include <stdint.h>

/** A host's addresses. */
struct echo_host {
    uint8_t mac[6];
    uint8_t ip[4];
};

/**
 * Make the answer to a frame of `bytes` bytes in `frame`, in its place. Returns its length: 0, there is none; never more than
 * `bytes`, or 42 where that is less.
 */
uint32_t echo_answer(const struct echo_host *host, uint8_t *frame, uint32_t bytes);

/** Parse "192.168.1.7/24", or what of a list of addresses is the first of that kind. Returns 0, or -1: there is none. */
int echo_parse_ip(const char *text, uint8_t ip[4]);
