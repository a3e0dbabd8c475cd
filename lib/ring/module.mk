# SPDX-License-Identifier: BSD-2-Clause
LIB_SRCS += lib/ring/ring.c lib/ring/ring_dma.c

TESTS += test_ring test_ring_threads test_ring_dma
test_ring_dma_SRCS := lib/ring/ring.c lib/ring/ring_dma.c
test_ring_SRCS := lib/ring/ring.c
test_ring_threads_SRCS := lib/ring/ring.c
test_ring_threads_LIBS := -pthread

FUZZERS += fuzz_ring
fuzz_ring_SRCS := lib/ring/ring.c
