# SPDX-License-Identifier: BSD-2-Clause
# `make test-restart`: a guest dies CYCLES times, and its monitor as often, beside two that talk to each other.
CYCLES ?= 10
.PHONY: test-restart
test-restart:
	$(Q)scripts/setup run
	$(SUBMAKE) image SYSTEM=tests/restart/restart.system
	$(Q)$(PYTHON) tests/restart/restart.py --cycles $(CYCLES) --table $(B)/restart.txt -- \
		$(QEMU_RUN) -chardev stdio$(comma)id=terminal$(comma)signal=off -serial chardev:terminal -kernel $(B)/restart.elf \
		-readconfig $(B)/restart.qemu
