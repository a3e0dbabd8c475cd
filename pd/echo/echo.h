/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * A host on a network that sends back what it is sent: UDP (RFC 862) and TCP at port 7, and that answers ARP and ping, over
 * IPv4. The protocols are lwIP's; here is what is around them. There is one in a program, as there is one lwIP.
 */
#pragma once

#include <stdint.h>

/** What it needs of its program. */
struct echo_link {
    /** Room for a frame of `bytes` bytes, or NULL: there is none now, and the frame is dropped. */
    uint8_t *(*frame)(uint32_t bytes);
    /** Send what was put there. */
    void (*send)(uint32_t bytes);
    /** Milliseconds from any beginning, which wrap. */
    uint32_t (*now)(void);
    /** An invariant of lwIP's own does not hold: its state is not to be trusted any more. Never returns. */
    void (*broken)(const char *what);
};

/** An IPv4 address, and how many bits of it are its network's. */
struct echo_address {
    uint8_t ip[4];
    uint8_t prefix;
};

/**
 * Begin, with a link that stays, a hardware address and the largest packet in bytes. Returns 0, or -1: there is no room for
 * lwIP's own objects (a fault of lwipopts.h).
 */
int echo_init(const struct echo_link *link, const uint8_t mac[6], const struct echo_address *address,
              uint16_t mtu);

/** A frame came. It is copied before anything in it is looked at. */
void echo_receive(const uint8_t *frame, uint32_t bytes);

/** Do what time has come for; call it after frames, too. Returns in how many milliseconds there is more of it, UINT32_MAX: never. */
uint32_t echo_work(void);

/** Parse "192.168.1.7/24", or what of a list of addresses is the first of that kind; 24 where none is said. Returns 0, or -1:
 * there is none. */
int echo_address_parse(const char *text, struct echo_address *address);
