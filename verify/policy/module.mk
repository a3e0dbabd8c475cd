# SPDX-License-Identifier: BSD-2-Clause
# `causeway-policy`: derives a policy from a description, by an expansion of its own. It shares board data and struct
# headers with the composer, and no code.
HOST_PROGRAMS += causeway-policy
causeway-policy_SRCS := verify/policy/description.c verify/policy/disk.c verify/policy/guest.c verify/policy/guest_device.c verify/policy/main.c \
	verify/policy/microkit.c verify/policy/net.c verify/policy/passthrough.c verify/policy/policy.c \
	verify/policy/services.c verify/policy/slot.c verify/policy/system.c verify/policy/system_charge.c boards/board.c $(wildcard boards/*/board_*.c)
causeway-policy_LIBS = $(shell $(PKG_CONFIG) --libs libxml-2.0) -lfdt
