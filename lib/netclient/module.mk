# SPDX-License-Identifier: BSD-2-Clause
TESTS += test_netclient
test_netclient_SRCS := lib/netclient/netclient.c lib/ring/ring.c microkit/host/microkit_host.c
