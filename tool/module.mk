# SPDX-License-Identifier: BSD-2-Clause
# The host tool. TOOL_MODEL_SRCS is what its unit tests share.
TOOL_MODEL_SRCS := tool/mem.c tool/diag.c tool/model.c

TESTS += test_diag test_model test_xml
test_diag_SRCS := tool/mem.c tool/diag.c
test_model_SRCS := $(TOOL_MODEL_SRCS)
test_xml_SRCS := $(TOOL_MODEL_SRCS) tool/xml.c
test_xml_LIBS = $(TOOL_LIBS)

TOOL_FDT_SRCS := tool/fdt_board.c tool/fdt_custom.c tool/fdt_custom_check.c tool/fdt_guest.c \
	tool/fdt_guest_check.c tool/fdt_passthrough.c
TESTS += test_fdt_guest test_fdt_passthrough test_fdt_custom
test_fdt_guest_SRCS := tests/mock/dts.c $(TOOL_FDT_SRCS)
test_fdt_passthrough_SRCS := $(test_fdt_guest_SRCS)
test_fdt_custom_SRCS := $(test_fdt_guest_SRCS)
test_fdt_guest_LIBS := -lfdt
test_fdt_passthrough_LIBS := -lfdt
test_fdt_custom_LIBS := -lfdt

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

# The back end for the Microkit SDK.
TOOL_SDF_SRCS := tool/elf_save.c tool/sdf_version.c tool/sdf_emit.c tool/sdf_emit_print.c tool/sdf_region.c
TESTS += test_sdf_emit
FUZZERS += fuzz_elf_program
fuzz_elf_program_SRCS := tests/mock/mock_elf.c tool/mem.c tool/diag.c tool/file.c tool/elf_program.c tool/elf_save.c
fuzz_elf_program_LIBS := -lelf
test_sdf_emit_SRCS := tests/mock/mock_elf.c tests/mock/mock_system.c $(TOOL_MODEL_SRCS) $(TOOL_IMAGE_SRCS) \
	$(TOOL_SDF_SRCS)
test_sdf_emit_LIBS := -lelf $(shell $(PKG_CONFIG) --libs libxml-2.0)

# The front end: system description -> model.
TOOL_FRONT_SRCS := tool/xml.c tool/vars.c tool/source.c tool/suggest.c tool/ip.c tool/attr.c tool/node.c \
	tool/sysdesc_spec.c tool/sysdesc_spec_sdf.c tool/sysdesc_spec_guest.c tool/sysdesc_spec_disk.c \
	tool/expand_disk.c tool/disk_name.c tool/expand_block.c tool/expand.c tool/expand_parts.c tool/expand_sdf.c tool/firmware_calls.c tool/expand_serial.c tool/expand_entropy.c tool/expand_monitor.c tool/expand_switch.c tool/expand_timer.c tool/expand_supervisor.c \
	tool/expand_guest.c tool/expand_reserved.c tool/expand_console.c tool/expand_vhost.c tool/expand_features.c tool/expand_passthrough.c tool/expand_dtb.c tool/expand_linux.c \
	tool/expand_image.c \
	tool/check.c tool/check_names.c tool/check_ids.c tool/check_symbols.c tool/check_sched.c tool/check_regions.c \
	tool/check_maps.c tool/frontend.c tool/schema.c tool/graph.c boards/board.c $(wildcard boards/*/board_*.c)
TOOL_DISK_SRCS := tool/disk_image.c tool/disk_check.c tool/disk_gpt.c lib/blk/blk_table.c lib/blk/crc32.c
TOOL_CMD_SRCS := $(TOOL_DISK_SRCS) tool/main.c tool/cmd.c tool/cmd_beside.c tool/cmd_build.c tool/cmd_check.c tool/cmd_dts.c tool/cmd_flat.c tool/flat.c tool/cmd_sdf.c \
	tool/cmd_graph.c tool/cmd_help.c
TOOL_SRCS += $(TOOL_MODEL_SRCS) $(TOOL_FDT_SRCS) $(TOOL_IMAGE_SRCS) $(TOOL_REPORT_SRCS) $(TOOL_SDF_SRCS) $(TOOL_FRONT_SRCS) \
	$(TOOL_CMD_SRCS)

TESTS += test_flat
test_flat_SRCS := tool/flat.c tool/file.c tool/mem.c tool/diag.c

TESTS += test_disk_image test_disk_check
test_disk_check_SRCS = $(test_disk_image_SRCS)
test_disk_image_SRCS := $(TOOL_MODEL_SRCS) $(TOOL_DISK_SRCS) tool/disk_name.c tool/file.c

TESTS += test_attr test_vars test_schema
test_attr_SRCS := tool/mem.c tool/suggest.c tool/ip.c tool/attr.c
test_vars_SRCS := tool/mem.c tool/diag.c tool/vars.c
test_schema_SRCS := tool/mem.c tool/suggest.c tool/ip.c tool/attr.c tool/sysdesc_spec.c tool/sysdesc_spec_sdf.c \
	tool/sysdesc_spec_guest.c tool/sysdesc_spec_disk.c tool/schema.c
test_schema_LIBS = $(TOOL_LIBS)

TESTS += test_fixtures test_expand test_expand_clock test_expand_sel4 test_expand_pci
test_fixtures_SRCS := tests/mock/dts.c tool/file.c $(TOOL_MODEL_SRCS) $(TOOL_FDT_SRCS) $(TOOL_FRONT_SRCS)
test_fixtures_LIBS = $(TOOL_LIBS)
test_expand_SRCS := $(test_fixtures_SRCS) tests/mock/load_model.c
test_expand_LIBS = $(TOOL_LIBS)
test_expand_clock_SRCS := $(test_expand_SRCS)
test_expand_clock_LIBS = $(TOOL_LIBS)
TESTS += test_expand_disk
test_expand_disk_SRCS := $(test_fixtures_SRCS) tests/mock/load_model.c
test_expand_disk_LIBS = $(TOOL_LIBS)
test_expand_sel4_SRCS := $(test_fixtures_SRCS) tests/mock/load_model.c
test_expand_pci_SRCS := $(test_fixtures_SRCS)
test_expand_pci_LIBS = $(TOOL_LIBS)
test_expand_sel4_LIBS = $(TOOL_LIBS)

TESTS += test_cmd
test_cmd_SRCS := $(test_expand_SRCS) tool/cmd.c tool/cmd_check.c tool/cmd_dts.c tool/cmd_graph.c tool/cmd_help.c
test_cmd_LIBS = $(TOOL_LIBS)

FUZZERS += fuzz_sysdesc
fuzz_sysdesc_SRCS := $(TOOL_MODEL_SRCS) $(TOOL_FDT_SRCS) $(TOOL_FRONT_SRCS) $(TOOL_IMAGE_SRCS) $(TOOL_REPORT_SRCS) \
	$(TOOL_SDF_SRCS)
fuzz_sysdesc_LIBS = $(TOOL_LIBS)
fuzz_sysdesc_FILES := $(B)/fuzz_sysdesc.dict $(B)/fuzz_board.dtb

# Every element, attribute and choice, as the reference has them.
$(B)/fuzz_sysdesc.dict: docs/reference.md
	@mkdir -p $(@D)
	$(Q)grep -oE '`[^`]+`|^\| `[^|]*\| [a-z0-9, ]+' $< | tr -d '`<>|' | tr ', ' '\n' | sort -u | sed '/^$$/d; s/["\\]//g; s/.*/"&"/' > $@

# Without the megabyte of room that QEMU leaves in it.
$(B)/fuzz_board.dtb: $(B)/$(BOARD).dtb
	$(Q)dtc -q -I dtb -O dtb -o $@ $<
