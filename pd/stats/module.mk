# SPDX-License-Identifier: BSD-2-Clause
PDS += stats
STATS_TRACE := pd/stats/recorder.c pd/stats/trace_ring.c pd/stats/tracer.c
STATS_TRACE_SRCS = $(STATS_TRACE) $(LIB_TRACE_SRCS) lib/blk/crc32.c
STATS_LOGIC = pd/stats/names.c pd/stats/stats.c pd/stats/top.c $(STATS_TRACE_SRCS)
stats_SRCS = pd/stats/main.c $(STATS_LOGIC) pd/stats/platform_counters_bundled.c pd/stats/platform_threads_bundled.c pd/stats/platform_trace_bundled.c
stats_SEL4_SRCS = pd/stats/main.c $(STATS_LOGIC) pd/stats/platform_threads_sel4.c pd/stats/platform_trace_sel4.c \
	pd/stats/platform_counters_sel4$(if $(filter benchmark,$(MICROKIT_CONFIG)),_benchmark).c

TESTS += test_stats
test_stats_SRCS := pd/stats/stats.c pd/stats/names.c lib/base/format.c
TESTS += test_top_answer
test_top_answer_SRCS := pd/stats/top.c pd/stats/names.c lib/base/format.c
TESTS += test_tracer test_recorder
test_tracer_SRCS = $(STATS_TRACE_SRCS) lib/base/format.c
test_recorder_SRCS = $(test_tracer_SRCS)
TESTS += test_platform_counters_sel4
test_platform_counters_sel4_SRCS := pd/stats/platform_counters_sel4_benchmark.c microkit/host/microkit_host.c
$(call objs,$(B)/san,tests/unit/pd/test_platform_counters_sel4.c pd/stats/platform_counters_sel4_benchmark.c): \
	HOST_INCLUDES := -Itests/libsel4 -Imicrokit/host -Imicrokit/include -Ikernel/include
FUZZERS += fuzz_stats
fuzz_stats_SRCS := $(test_stats_SRCS) pd/stats/top.c
