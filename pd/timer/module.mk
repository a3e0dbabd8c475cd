# SPDX-License-Identifier: BSD-2-Clause
# The timer PD exists on seL4 only.
SEL4_ONLY_PDS += timer
timer_SRCS := pd/timer/main.c pd/timer/timer.c pd/timer/cntp.c
TESTS += test_timer
test_timer_SRCS := pd/timer/timer.c
