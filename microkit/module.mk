# SPDX-License-Identifier: BSD-2-Clause
# The bundled provider of microkit.h, linked into every PD, and the test of the host provider.
MICROKIT_SRCS += microkit/bundled/crt0.S microkit/bundled/restart.S microkit/bundled/libmicrokit.c microkit/bundled/debug.c

TESTS += test_microkit_host
test_microkit_host_SRCS := microkit/host/microkit_host.c
