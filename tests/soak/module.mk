# SPDX-License-Identifier: BSD-2-Clause
# `make test-soak`: mixed load for MINUTES minutes, and nothing grows that should not.
MINUTES ?= 60
.PHONY: test-soak
test-soak:
	$(Q)scripts/setup run
	$(Q)mkdir -p $(B)
	$(Q)$(PYTHON) -c 'import sys; sys.path.insert(0, "tests/soak"); import soak; print(soak.system_text())' >$(B)/soak.system
	$(SUBMAKE) image SYSTEM=$(B)/soak.system
	$(Q)$(PYTHON) tests/soak/soak.py --minutes $(MINUTES) --table $(B)/soak.txt -- \
		$(QEMU_RUN) -chardev stdio$(comma)id=terminal$(comma)signal=off -serial chardev:terminal -kernel $(B)/soak.elf \
		-readconfig $(B)/soak.qemu
