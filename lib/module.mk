# SPDX-License-Identifier: BSD-2-Clause
# lib/base is linked into every PD. Host programs have libc instead of mem.c and no use for clock.c.
LIB_BASE_HOST_SRCS := lib/base/err.c lib/base/format.c lib/base/log.c
LIB_SRCS += $(LIB_BASE_HOST_SRCS) lib/base/mem.c lib/base/clock.c

TESTS += test_format test_log test_mem
test_format_SRCS := lib/base/format.c
test_log_SRCS := lib/base/log.c lib/base/format.c tests/mock/log_record.c
