# SPDX-License-Identifier: BSD-2-Clause
ACCOUNT_SRCS := lib/account/account.c
LIB_SRCS += $(ACCOUNT_SRCS)

TESTS += test_account
test_account_SRCS := $(ACCOUNT_SRCS)
