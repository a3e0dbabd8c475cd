# SPDX-License-Identifier: BSD-2-Clause
GUESTMEM_SRCS := lib/guestmem/guestmem.c

TESTS += test_guestmem
test_guestmem_SRCS := $(GUESTMEM_SRCS)
