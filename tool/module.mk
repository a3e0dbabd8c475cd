# SPDX-License-Identifier: BSD-2-Clause
# The host tool. TOOL_MODEL_SRCS is what its unit tests share.
TOOL_MODEL_SRCS := tool/mem.c tool/diag.c tool/model.c

TESTS += test_diag test_model
test_diag_SRCS := tool/mem.c tool/diag.c
test_model_SRCS := $(TOOL_MODEL_SRCS)

TOOL_FDT_SRCS := tool/fdt_guest.c tool/fdt_guest_check.c
TESTS += test_fdt_guest
test_fdt_guest_SRCS := $(TOOL_FDT_SRCS)
test_fdt_guest_LIBS := -lfdt

include $(sort $(wildcard tool/*/module.mk))
