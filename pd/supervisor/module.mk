# SPDX-License-Identifier: BSD-2-Clause
PDS += supervisor
supervisor_SRCS := pd/supervisor/main.c pd/supervisor/supervisor.c $(RESTART_SRCS)

TESTS += test_supervisor
test_supervisor_SRCS := pd/supervisor/supervisor.c vmm/core/supervisor_client.c $(RESTART_SRCS) microkit/host/microkit_host.c tests/mock/log_record.c \
	$(LIB_BASE_HOST_SRCS)
