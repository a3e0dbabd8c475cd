# SPDX-License-Identifier: BSD-2-Clause
PDS += timer
timer_SRCS := pd/timer/main.c pd/timer/timer.c pd/timer/cntp.c
SEL4_ONLY_PDS += timer_guard
timer_guard_SRCS := pd/timer/guard.c
TESTS += test_timer
test_timer_SRCS := pd/timer/timer.c
TESTS += test_timer_client
test_timer_client_SRCS := lib/timer_client/timer_client.c microkit/host/microkit_host.c
