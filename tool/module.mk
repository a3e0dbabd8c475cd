# SPDX-License-Identifier: BSD-2-Clause
# The host tool. TOOL_MODEL_SRCS is what its unit tests share.
TOOL_MODEL_SRCS := tool/mem.c tool/diag.c tool/model.c

TESTS += test_diag test_model
test_diag_SRCS := tool/mem.c tool/diag.c
test_model_SRCS := $(TOOL_MODEL_SRCS)

include $(sort $(wildcard tool/*/module.mk))
