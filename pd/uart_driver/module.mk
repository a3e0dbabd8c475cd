# SPDX-License-Identifier: BSD-2-Clause
PDS += uart_driver
UART_DEVICE_SRCS := pd/uart_driver/pl011.c pd/uart_driver/cadence.c pd/uart_driver/imx.c
uart_driver_SRCS := pd/uart_driver/main.c pd/uart_driver/uart_driver.c $(UART_DEVICE_SRCS)

TESTS += test_uart_driver
test_uart_driver_SRCS := pd/uart_driver/uart_driver.c $(UART_DEVICE_SRCS) lib/ring/ring.c
TESTS += test_uart_devices
test_uart_devices_SRCS := $(test_uart_driver_SRCS)
