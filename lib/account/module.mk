# SPDX-License-Identifier: BSD-2-Clause
# mk/sel4.mk takes account_page_none.c in its place.
LIB_SRCS += lib/account/account_page_kernel.c

TESTS += test_account
test_account_SRCS :=
