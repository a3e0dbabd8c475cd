# SPDX-License-Identifier: BSD-2-Clause
PDS += monitor
monitor_SRCS := pd/monitor/main.c pd/monitor/monitor.c pd/monitor/platform_counters_bundled.c
monitor_SEL4_SRCS := pd/monitor/main.c pd/monitor/monitor.c \
	pd/monitor/platform_counters_sel4$(if $(filter benchmark,$(MICROKIT_CONFIG)),_benchmark).c

TESTS += test_monitor
test_monitor_SRCS := pd/monitor/monitor.c lib/base/format.c
TESTS += test_platform_counters_sel4
test_platform_counters_sel4_SRCS := pd/monitor/platform_counters_sel4_benchmark.c microkit/host/microkit_host.c
$(call objs,$(B)/san,tests/unit/test_platform_counters_sel4.c pd/monitor/platform_counters_sel4_benchmark.c): \
	HOST_INCLUDES := -Itests/libsel4 -Imicrokit/host -Imicrokit/include -Ikernel/include
FUZZERS += fuzz_monitor
fuzz_monitor_SRCS := $(test_monitor_SRCS)
