# SPDX-License-Identifier: BSD-2-Clause
# The host tool. TOOL_MODEL_SRCS is what its unit tests share.
TOOL_MODEL_SRCS := tool/base/mem.c tool/base/diag.c tool/model/model.c

TESTS += test_diag test_model test_xml
test_diag_SRCS := tool/base/mem.c tool/base/diag.c
test_model_SRCS := $(TOOL_MODEL_SRCS)
test_xml_SRCS := $(TOOL_MODEL_SRCS) tool/language/xml.c
test_xml_LIBS = $(TOOL_LIBS)

TOOL_FDT_SRCS := tool/fdt/fdt_board.c tool/fdt/fdt_custom.c tool/fdt/fdt_custom_check.c tool/fdt/fdt_dma.c \
	tool/fdt/fdt_guest.c tool/fdt/fdt_guest_check.c tool/fdt/fdt_new_board.c tool/fdt/fdt_passthrough.c
TESTS += test_fdt_guest test_fdt_passthrough test_fdt_custom
# Which devices have drivers.
TOOL_BOARD_SRCS := boards/board.c $(wildcard boards/*/board_*.c)
test_fdt_guest_SRCS := tests/mock/dts.c $(TOOL_FDT_SRCS) $(TOOL_BOARD_SRCS)
TESTS += test_fdt_new_board
test_fdt_new_board_SRCS := $(test_fdt_guest_SRCS)
test_fdt_new_board_LIBS := -lfdt
test_fdt_passthrough_SRCS := $(test_fdt_guest_SRCS)
test_fdt_custom_SRCS := $(test_fdt_guest_SRCS)
test_fdt_guest_LIBS := -lfdt
test_fdt_passthrough_LIBS := -lfdt
test_fdt_custom_LIBS := -lfdt

# The back end for the bundled kernel: model -> image.
TOOL_IMAGE_SRCS := tool/base/file.c tool/image/elf_program.c tool/image/layout.c tool/image/stage2.c tool/image/space.c tool/image/prefill.c \
	tool/image/pd_program.c tool/image/descriptor.c tool/image/image.c tool/image/image_kernel.c \
	tool/image/image_memory.c tool/image/image_write.c tool/image/intent_write.c
TOOL_REPORT_SRCS := tool/show/report.c tool/show/report_reach.c
TESTS += test_elf_program test_layout test_stage2 test_image test_image_errors test_check_wiring test_report
test_elf_program_SRCS := tests/mock/mock_elf.c tool/base/mem.c tool/base/diag.c tool/base/file.c tool/image/elf_program.c
test_elf_program_LIBS := -lelf
test_layout_SRCS := tool/base/mem.c tool/base/diag.c tool/image/layout.c
test_stage2_SRCS := tool/base/mem.c tool/image/stage2.c
test_image_SRCS := tests/mock/mock_elf.c tests/mock/mock_system.c $(TOOL_MODEL_SRCS) $(TOOL_IMAGE_SRCS)
test_image_errors_SRCS := $(test_image_SRCS)
test_check_wiring_SRCS := $(test_image_SRCS) tool/model/check_wiring.c
test_check_wiring_LIBS := -lelf
test_report_SRCS := $(test_image_SRCS) $(TOOL_REPORT_SRCS)
test_report_LIBS := -lelf
test_image_LIBS := -lelf
test_image_errors_LIBS := -lelf

# The back end for the Microkit SDK.
TOOL_SDF_SRCS := tool/microkit/elf_save.c tool/microkit/sdf_version.c tool/microkit/sdf_emit.c tool/microkit/sdf_emit_print.c tool/microkit/sdf_region.c
TESTS += test_sdf_emit
FUZZERS += fuzz_elf_program
fuzz_elf_program_SRCS := tests/mock/mock_elf.c tool/base/mem.c tool/base/diag.c tool/base/file.c tool/image/elf_program.c tool/microkit/elf_save.c
fuzz_elf_program_LIBS := -lelf
test_sdf_emit_SRCS := tests/mock/mock_elf.c tests/mock/mock_system.c $(TOOL_MODEL_SRCS) $(TOOL_IMAGE_SRCS) \
	$(TOOL_SDF_SRCS)
test_sdf_emit_LIBS := -lelf $(shell $(PKG_CONFIG) --libs libxml-2.0)

# The front end: system description -> model.
TOOL_FRONT_SRCS := tool/language/xml.c tool/language/vars.c tool/language/source.c tool/base/suggest.c tool/base/ip.c tool/base/size_text.c tool/language/attr.c tool/language/node.c \
	tool/language/spec/lang.c tool/language/spec/lang_sdf.c tool/language/spec/lang_guest.c tool/language/spec/lang_disk.c tool/language/spec/lang_net.c \
	tool/expand/expand_disk.c tool/disk/disk_name.c tool/expand/expand_block.c tool/expand/expand.c tool/expand/expand_parts.c tool/expand/expand_sdf.c tool/model/firmware_calls.c tool/expand/expand_serial.c tool/expand/expand_entropy.c tool/expand/expand_stats.c tool/expand/expand_switch.c tool/expand/expand_slot.c tool/expand/expand_uplink.c tool/expand/expand_pd_port.c tool/expand/expand_port.c tool/expand/expand_timer.c tool/expand/expand_supervisor.c \
	tool/expand/expand_guest.c tool/expand/expand_guest_devices.c tool/expand/expand_reserved.c tool/expand/expand_console.c tool/expand/expand_vhost.c tool/expand/expand_features.c tool/expand/expand_passthrough.c tool/expand/expand_realtime.c tool/expand/expand_dtb.c tool/expand/expand_linux.c \
	tool/expand/expand_image.c \
	tool/model/check.c tool/model/check_names.c tool/model/check_ids.c tool/model/check_symbols.c tool/model/check_sched.c tool/model/check_regions.c \
	tool/model/check_maps.c tool/model/check_wiring.c tool/expand/frontend.c tool/language/spec/schema.c tool/show/graph.c $(TOOL_BOARD_SRCS)
# What guests start with, as files.
TOOL_FRONT_SRCS += tool/expand/expand_firmware.c tool/base/firmware_file.c tool/base/initrd_file.c tool/base/kernel_file.c \
	tool/base/unpack.c
TOOL_DISK_SRCS := tool/base/progress.c tool/disk/disk_image.c tool/disk/disk_contents.c tool/disk/disk_check.c tool/disk/disk_gpt.c lib/blk/blk_table.c lib/blk/crc32.c
TOOL_CMD_SRCS := $(TOOL_DISK_SRCS) tool/disk/qemu_config.c tool/cmd/main.c tool/cmd/cmd.c tool/cmd/cmd_beside.c tool/cmd/cmd_board_new.c tool/cmd/cmd_new.c tool/cmd/cmd_build.c tool/cmd/cmd_check.c tool/cmd/cmd_dts.c tool/cmd/cmd_flat.c tool/image/flat.c tool/cmd/cmd_sdf.c \
	tool/cmd/cmd_graph.c tool/cmd/cmd_help.c
TOOL_SRCS += $(TOOL_MODEL_SRCS) $(TOOL_FDT_SRCS) $(TOOL_IMAGE_SRCS) $(TOOL_REPORT_SRCS) $(TOOL_SDF_SRCS) $(TOOL_FRONT_SRCS) \
	$(TOOL_CMD_SRCS)

TESTS += test_flat
test_flat_SRCS := tool/image/flat.c tool/base/file.c tool/base/mem.c tool/base/diag.c

TESTS += test_disk_image test_disk_check
test_disk_check_SRCS = $(test_disk_image_SRCS)
test_disk_image_SRCS := $(TOOL_MODEL_SRCS) $(TOOL_DISK_SRCS) tool/disk/qemu_config.c tool/disk/disk_name.c tool/base/file.c

TESTS += test_attr test_vars test_schema
test_attr_SRCS := tool/base/mem.c tool/base/suggest.c tool/base/ip.c tool/base/size_text.c tool/language/attr.c
test_vars_SRCS := tool/base/mem.c tool/base/diag.c tool/language/vars.c
test_schema_SRCS := tool/base/mem.c tool/base/suggest.c tool/base/ip.c tool/base/size_text.c tool/language/attr.c tool/language/spec/lang.c tool/language/spec/lang_sdf.c \
	tool/language/spec/lang_guest.c tool/language/spec/lang_disk.c tool/language/spec/lang_net.c tool/language/spec/schema.c
test_schema_LIBS = $(TOOL_LIBS)

TESTS += test_fixtures test_expand test_expand_clock test_expand_sel4 test_expand_pci
test_fixtures_SRCS := tests/mock/dts.c tool/base/file.c $(TOOL_MODEL_SRCS) $(TOOL_FDT_SRCS) $(TOOL_FRONT_SRCS)
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

TESTS += test_kernel_file test_initrd_file
test_initrd_file_SRCS := tool/base/initrd_file.c tool/base/unpack.c tool/base/file.c tool/base/mem.c tool/base/diag.c
test_kernel_file_SRCS := tool/base/kernel_file.c tool/base/unpack.c tool/base/file.c tool/base/mem.c tool/base/diag.c
TESTS += test_cmd
test_cmd_SRCS := $(test_expand_SRCS) tool/cmd/cmd.c tool/cmd/cmd_check.c tool/cmd/cmd_dts.c tool/cmd/cmd_graph.c tool/cmd/cmd_help.c
test_cmd_LIBS = $(TOOL_LIBS)

FUZZERS += fuzz_language
fuzz_language_SRCS := $(TOOL_MODEL_SRCS) $(TOOL_FDT_SRCS) $(TOOL_FRONT_SRCS) $(TOOL_IMAGE_SRCS) $(TOOL_REPORT_SRCS) \
	$(TOOL_SDF_SRCS)
fuzz_language_LIBS = $(TOOL_LIBS)
fuzz_language_FILES := $(B)/fuzz_language.dict $(B)/fuzz_board.dtb

# Every element, attribute and choice, as the reference has them.
$(B)/fuzz_language.dict: docs/reference.md
	@mkdir -p $(@D)
	$(Q)grep -oE '`[^`]+`|^\| `[^|]*\| [a-z0-9, ]+' $< | tr -d '`<>|' | tr ', ' '\n' | sort -u | sed '/^$$/d; s/["\\]//g; s/.*/"&"/' > $@

# Without the megabyte of room that QEMU leaves in it.
$(B)/fuzz_board.dtb: $(B)/$(BOARD).dtb
	$(Q)dtc -q -I dtb -O dtb -o $@ $<
