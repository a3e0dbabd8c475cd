# SPDX-License-Identifier: BSD-2-Clause
VIRTQ_SRCS := lib/virtq/virtq.c
MOCK_DRIVER_SRCS := tests/mock/driver.c
# A guest whose memory changes whenever a device looks: tests/mock/refill.h.
REFILL_SRCS := tests/mock/refill.c
REFILL_LIBS := -Wl,--wrap=virtq_look,--wrap=virtq_request_kick,--wrap=virtq_pop,--wrap=virtq_unpop,--wrap=virtq_publish

TESTS += test_virtq test_virtq_bounds
test_virtq_SRCS := $(VIRTQ_SRCS) lib/guestmem/guestmem.c $(MOCK_DRIVER_SRCS)
test_virtq_bounds_SRCS := $(test_virtq_SRCS)

FUZZERS += fuzz_virtq
fuzz_virtq_SRCS := $(VIRTQ_SRCS) lib/guestmem/guestmem.c $(MOCK_DRIVER_SRCS)
