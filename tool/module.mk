# SPDX-License-Identifier: BSD-2-Clause
# The host tool. TOOL_MODEL_SRCS is what its unit tests share.
TOOL_MODEL_SRCS := tool/mem.c tool/diag.c tool/model.c

TESTS += test_diag test_model test_xml
test_diag_SRCS := tool/mem.c tool/diag.c
test_model_SRCS := $(TOOL_MODEL_SRCS)
test_xml_SRCS := $(TOOL_MODEL_SRCS) tool/xml.c
test_xml_LIBS := $(shell $(PKG_CONFIG) --libs libxml-2.0)

TOOL_FDT_SRCS := tool/fdt_guest.c tool/fdt_guest_check.c
TESTS += test_fdt_guest
test_fdt_guest_SRCS := $(TOOL_FDT_SRCS)
test_fdt_guest_LIBS := -lfdt

# The back end for the bundled kernel: model -> image.
TOOL_IMAGE_SRCS := tool/file.c tool/elf_program.c tool/layout.c tool/stage2.c tool/space.c tool/prefill.c \
	tool/pd_program.c tool/descriptor.c tool/descriptor_check.c tool/image.c tool/image_kernel.c \
	tool/image_memory.c tool/image_write.c tool/intent_write.c
TOOL_REPORT_SRCS := tool/report.c tool/report_reach.c
TESTS += test_elf_program test_layout test_stage2 test_image test_image_errors test_report
test_elf_program_SRCS := tests/mock/mock_elf.c tool/mem.c tool/diag.c tool/file.c tool/elf_program.c
test_elf_program_LIBS := -lelf
test_layout_SRCS := tool/mem.c tool/diag.c tool/layout.c
test_stage2_SRCS := tool/mem.c tool/stage2.c
test_image_SRCS := tests/mock/mock_elf.c tests/mock/mock_system.c $(TOOL_MODEL_SRCS) $(TOOL_IMAGE_SRCS)
test_image_errors_SRCS := $(test_image_SRCS)
test_report_SRCS := $(test_image_SRCS) $(TOOL_REPORT_SRCS)
test_report_LIBS := -lelf
test_image_LIBS := -lelf
test_image_errors_LIBS := -lelf

include $(sort $(wildcard tool/*/module.mk))
