# SPDX-License-Identifier: BSD-2-Clause
VIRTQ_SRCS := lib/virtq/virtq.c
MOCK_DRIVER_SRCS := tests/mock/driver.c

TESTS += test_virtq test_virtq_bounds
test_virtq_SRCS := $(VIRTQ_SRCS) lib/guestmem/guestmem.c $(MOCK_DRIVER_SRCS)
test_virtq_bounds_SRCS := $(test_virtq_SRCS)

FUZZERS += fuzz_virtq
fuzz_virtq_SRCS := $(VIRTQ_SRCS) lib/guestmem/guestmem.c $(MOCK_DRIVER_SRCS)
