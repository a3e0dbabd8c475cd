# SPDX-License-Identifier: BSD-2-Clause
PDS += stats
stats_SRCS := pd/stats/main.c pd/stats/stats.c pd/stats/platform_counters_bundled.c
stats_SEL4_SRCS := pd/stats/main.c pd/stats/stats.c \
	pd/stats/platform_counters_sel4$(if $(filter benchmark,$(MICROKIT_CONFIG)),_benchmark).c

TESTS += test_stats
test_stats_SRCS := pd/stats/stats.c lib/base/format.c
TESTS += test_platform_counters_sel4
test_platform_counters_sel4_SRCS := pd/stats/platform_counters_sel4_benchmark.c microkit/host/microkit_host.c
$(call objs,$(B)/san,tests/unit/pd/test_platform_counters_sel4.c pd/stats/platform_counters_sel4_benchmark.c): \
	HOST_INCLUDES := -Itests/libsel4 -Imicrokit/host -Imicrokit/include -Ikernel/include
FUZZERS += fuzz_stats
fuzz_stats_SRCS := $(test_stats_SRCS)
