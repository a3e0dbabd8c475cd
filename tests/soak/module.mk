# SPDX-License-Identifier: BSD-2-Clause
# `make test-soak`: mixed load for MINUTES minutes, and nothing grows that should not.
MINUTES ?= 60
.PHONY: test-soak run-soak
test-soak:
	$(Q)scripts/setup run
	$(Q)mkdir -p $(B)
	$(Q)$(PYTHON) -c 'import sys; sys.path.insert(0, "tests/soak"); import soak; print(soak.system_text())' >$(B)/soak.system
	$(SUBMAKE) run-soak SYSTEM=$(B)/soak.system
run-soak: image
	$(Q)$(PYTHON) tests/soak/soak.py --minutes $(MINUTES) --table $(B)/soak$(REPORT_SUFFIX).txt -- $(QEMU_CONSOLES)
