# SPDX-License-Identifier: BSD-2-Clause
# `make test-hostile`: first that the harness notices what it is there to notice, then every attack of the hostile guest,
# and tables of what it did, with its devices behind virtio-mmio and behind virtio-pci. HOSTILE_CASES picks some of them,
# HOSTILE_TRANSPORT is for `make test-attacks` alone. The neighbours are on one data path each unless NEIGHBOUR_DATAPATH
# says ring or vhost for the second one, too.
HOSTILE_TRANSPORT ?= mmio
HOSTILE_QEMU = $(QEMU_RUN) -chardev stdio$(comma)id=terminal$(comma)signal=off -serial chardev:terminal \
	-readconfig $(B)/$(1).qemu -kernel $(B)/$(1).elf

.PHONY: test-hostile test-sabotage test-attacks
test-hostile:
	$(Q)scripts/setup run
	$(SUBMAKE) test-sabotage
	$(SUBMAKE) test-attacks HOSTILE_TRANSPORT=mmio
	$(SUBMAKE) test-attacks HOSTILE_TRANSPORT=pci

test-sabotage:
	$(SUBMAKE) image SYSTEM=tests/hostile/sabotage.system
	$(Q)$(PYTHON) tests/hostile/sabotage.py $(call HOSTILE_QEMU,sabotage)

test-attacks:
	$(SUBMAKE) image SYSTEM=hostile.system HOSTILE_TRANSPORT=$(HOSTILE_TRANSPORT)
	$(Q)$(PYTHON) tests/hostile/hostile.py --table $(B)/hostile$(filter-out -mmio,-$(HOSTILE_TRANSPORT)).txt $(HOSTILE_CASES:%=--cases %) -- $(call HOSTILE_QEMU,hostile)
