# SPDX-License-Identifier: BSD-2-Clause
# `make test-restart`: a guest dies CYCLES times, and its VMM as often, beside two that talk to each other.
CYCLES ?= 10
.PHONY: test-restart run-restart
test-restart:
	$(Q)scripts/setup run
	$(SUBMAKE) run-restart SYSTEM=tests/restart/restart.system
run-restart: image
	$(Q)$(PYTHON) tests/restart/restart.py --cycles $(CYCLES) --table $(B)/restart$(REPORT_SUFFIX).txt -- $(QEMU_CONSOLES)
