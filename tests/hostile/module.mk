# SPDX-License-Identifier: BSD-2-Clause
# `make test-hostile`: first that the harness notices what it is there to notice, then every attack of the hostile guest,
# and tables of what it did, with its devices behind virtio-mmio and behind virtio-pci. HOSTILE_CASES picks some of them,
# HOSTILE_TRANSPORT is for `make test-attacks` alone. The neighbours are on one data path each unless NEIGHBOUR_DATAPATH
# says ring or vhost for the second one, too.
HOSTILE_TRANSPORT ?= mmio
# Microkit's kernels leave the PMU to guests (docs/sel4.md).
HOSTILE_OPEN := $(if $(MICROKIT_SDK),sysreg-pmu)

.PHONY: test-hostile test-sabotage run-sabotage test-attacks run-attacks
test-hostile:
	$(Q)scripts/setup run
	$(if $(MICROKIT_SDK),,$(SUBMAKE) test-sabotage)
	$(SUBMAKE) test-attacks HOSTILE_TRANSPORT=mmio
	$(SUBMAKE) test-attacks HOSTILE_TRANSPORT=pci

test-sabotage:
	$(SUBMAKE) run-sabotage SYSTEM=tests/hostile/sabotage.system
run-sabotage: image
	$(Q)$(PYTHON) tests/hostile/sabotage.py $(QEMU_CONSOLES)

test-attacks:
	$(SUBMAKE) run-attacks SYSTEM=hostile.system HOSTILE_TRANSPORT=$(HOSTILE_TRANSPORT)
run-attacks: image
	$(Q)$(PYTHON) tests/hostile/hostile.py --table $(B)/hostile$(filter-out -mmio,-$(HOSTILE_TRANSPORT))$(REPORT_SUFFIX).txt \
		$(HOSTILE_CASES:%=--cases %) $(HOSTILE_OPEN:%=--open %) -- $(QEMU_CONSOLES)
