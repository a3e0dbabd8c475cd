# SPDX-License-Identifier: BSD-2-Clause
PDS += echo
echo_SRCS := pd/echo/main.c pd/echo/echo.c lib/netclient/netclient.c

TESTS += test_echo
test_echo_SRCS := pd/echo/echo.c
