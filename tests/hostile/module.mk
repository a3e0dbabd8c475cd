# SPDX-License-Identifier: BSD-2-Clause
# `make test-hostile`: every attack of the hostile guest, and a table of what it did. HOSTILE_CASES picks some. The
# neighbours are on one data path each unless NEIGHBOUR_DATAPATH says ring or vhost for the second one, too.
.PHONY: test-hostile
test-hostile:
	$(Q)scripts/setup run
	$(SUBMAKE) image SYSTEM=hostile.system
	$(Q)$(PYTHON) tests/hostile/hostile.py --table $(B)/hostile.txt $(HOSTILE_CASES:%=--cases %) -- \
		$(QEMU_RUN) -chardev stdio$(comma)id=terminal$(comma)signal=off -serial chardev:terminal -kernel $(B)/hostile.elf
