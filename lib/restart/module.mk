# SPDX-License-Identifier: BSD-2-Clause
RESTART_SRCS := lib/restart/restart.c

TESTS += test_restart
test_restart_SRCS := $(RESTART_SRCS)
