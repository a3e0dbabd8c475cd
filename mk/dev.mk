# SPDX-License-Identifier: BSD-2-Clause
# For editors: where each source is compiled how (.clangd).

.PHONY: compile_commands
compile_commands:
	$(call say,WRITE,$(B)/compile_commands.json)
	@mkdir -p $(B)
	$(Q)$(MAKE) -nB V=1 --no-print-directory kernel pds tool $(TEST_PROGRAMS) $(FUZZ_PROGRAMS) $(GUEST_PROGRAMS:%=guest-%) | \
		$(PYTHON) scripts/compile_commands.py $(CURDIR) >$(B)/compile_commands.json.new
	$(Q)mv $(B)/compile_commands.json.new $(B)/compile_commands.json
