# SPDX-License-Identifier: BSD-2-Clause
TESTS += test_err
test_err_SRCS := lib/base/err.c
