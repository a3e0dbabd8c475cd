# SPDX-License-Identifier: BSD-2-Clause
# `causeway verify`: shares no code with the composer.
TOOL_VERIFY_SRCS := tool/verify/check_channels.c tool/verify/check_maps.c tool/verify/check_rows.c \
	tool/verify/check_sharing.c tool/verify/elf64.c tool/verify/facts.c tool/verify/findings.c \
	tool/verify/verify.c tool/verify/walk.c
TOOL_SRCS += $(TOOL_VERIFY_SRCS) tool/verify/cmd_verify.c

TESTS += test_verify
test_verify_SRCS := $(TOOL_VERIFY_SRCS) tests/mock/verify_forge.c tests/mock/breach_memory.c \
	tests/mock/breach_rows.c

FUZZERS += fuzz_verify
fuzz_verify_SRCS := $(TOOL_VERIFY_SRCS) tests/mock/verify_forge.c

TESTS += test_image_verify
test_image_verify_SRCS := $(TOOL_VERIFY_SRCS) $(test_image_SRCS)
test_image_verify_LIBS := -lelf
