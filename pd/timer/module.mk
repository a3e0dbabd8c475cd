# SPDX-License-Identifier: BSD-2-Clause
PDS += timer
timer_SRCS := pd/timer/main.c pd/timer/timer.c pd/timer/cntp.c
TESTS += test_timer
test_timer_SRCS := pd/timer/timer.c
TESTS += test_alarm
test_alarm_SRCS := pd/alarm/alarm.c microkit/host/microkit_host.c
