# SPDX-License-Identifier: BSD-2-Clause
PDS += uart_driver
uart_driver_SRCS := pd/uart_driver/main.c pd/uart_driver/uart_driver.c

TESTS += test_uart_driver
test_uart_driver_SRCS := pd/uart_driver/uart_driver.c lib/ring/ring.c
