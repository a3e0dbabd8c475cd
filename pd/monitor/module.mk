# SPDX-License-Identifier: BSD-2-Clause
PDS += monitor
monitor_SRCS := pd/monitor/main.c pd/monitor/monitor.c pd/monitor/platform_counters_bundled.c
monitor_SEL4_SRCS := pd/monitor/main.c pd/monitor/monitor.c pd/monitor/platform_counters_sel4.c

TESTS += test_monitor
test_monitor_SRCS := pd/monitor/monitor.c lib/base/format.c
