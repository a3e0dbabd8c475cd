/* SPDX-License-Identifier: BSD-2-Clause */
/** TCP echo (RFC 862): each connection gets back what it sends, in as much memory as its window is large. */
#pragma once

#include <stdint.h>

/** Listen at `port`. Returns 0, or -1: lwIP has no room. */
int tcp_echo_listen(uint16_t port);

/** Send back what can be, close what has ended. After frames, and as often as lwIP's timers run. */
void tcp_echo_work(void);
