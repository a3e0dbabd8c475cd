# SPDX-License-Identifier: BSD-2-Clause
# `make test-verify`: mutants of images that causeway-verify has to refuse, and controls that it has to accept.
# `make test-composer-bugs`: one-line bugs in the composer, each of which the comparison with a policy has to find.
# Devices that only another board has, with that board's kernel and device tree.
VERIFY_BOARD := zcu102
VERIFY_BOARD_SYSTEM := tests/verify/board.system
# Between them they have everything that there is.
VERIFY_SYSTEMS := systems/virtio_demo.system systems/storage.system systems/two_switches.system systems/passthrough.system \
	tests/restart/restart.system systems/hostile.system systems/uplink.system tests/verify/bugs.system tests/verify/trace.system \
	$(VERIFY_BOARD_SYSTEM)
VERIFY_STRIDE ?= 1
VERIFY_FLAGS ?= --all-attacks

.PHONY: test-verify test-verify-short test-composer-bugs
test-verify: $(B)/verify_mutate tool kernel pds $(BOARD_DTB)
	$(if $(filter $(VERIFY_BOARD_SYSTEM),$(VERIFY_SYSTEMS)),$(SUBMAKE) kernel $(B)/$(VERIFY_BOARD).dtb BOARD=$(VERIFY_BOARD))
	$(Q)$(PYTHON) tests/verify/run_mutants.py --build $(B) --stride $(VERIFY_STRIDE) --board-dtb $(BOARD_DTB) $(VERIFY_FLAGS) $(VERIFY_SYSTEMS)
test-verify-short:
	$(SUBMAKE) test-verify VERIFY_STRIDE=29 VERIFY_FLAGS= VERIFY_SYSTEMS="systems/virtio_demo.system systems/storage.system systems/uplink.system tests/verify/trace.system"

# Of the programs for seL4 only what the description of the bugs names; the rest comes with `make test-sdk`.
test-composer-bugs: tool kernel pds $(BOARD_DTB)
	$(SUBMAKE) sel4-pds MICROKIT_SDK=$(SDK_STANDIN)/2.3.0 S=$(SDK_STANDIN)/build
	$(Q)$(PYTHON) tests/verify/composer_bugs.py --build $(B) --board-dtb $(BOARD_DTB) --sdk-pd-dir $(SDK_STANDIN)/build/pd \
		--objects "$(call objs,$(B)/host,$(TOOL_SRCS))" --compile "$(CC) $(HOST_CFLAGS) $(TOOL_CFLAGS) $(HOST_INCLUDES)" \
		--libs "$(TOOL_LIBS)" $(BUGS)
