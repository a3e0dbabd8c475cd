# SPDX-License-Identifier: BSD-2-Clause
# The targets that users call.

.PHONY: build test test-host test-target
build: image

# In sub-makes, so that setup is done before anything is compiled.
test:
	$(Q)scripts/setup all
	$(SUBMAKE) test-host
	$(SUBMAKE) test-verify-short
	$(SUBMAKE) test-sdk
	$(SUBMAKE) test-target

test-host: test-entry test-unit test-bridge test-models

# A copy of the sources, built from scratch in another place, gives the same bytes.
AGAIN := $(abspath $(B))/again
AGAIN_SOURCES := Makefile VERSION bench boards console guest kernel lib microkit mk pd scripts systems tests tool verify vmm
.PHONY: test-reproducible
test-reproducible: image-bundled
	$(call say,AGAIN,$(notdir $(IMAGE)))
	$(Q)rm -rf $(AGAIN) && mkdir -p $(AGAIN)/sources
	$(Q)tar -c $(AGAIN_SOURCES) | tar -x -C $(AGAIN)/sources
	$(Q)+CCACHE_DISABLE=1 $(MAKE) -s -C $(AGAIN)/sources BUILD_DIR=$(AGAIN)/build kernel pds >$(AGAIN)/log || { cat $(AGAIN)/log; exit 1; }
	$(Q)cp $(TOOL) $(BOARD_DTB) $(AGAIN)/build && ln -s $(abspath $(GUEST_DIR)) $(AGAIN)/build/guest
	$(Q)cd / && $(AGAIN)/build/causeway build $(AGAIN)/sources/$(patsubst $(CURDIR)/%,%,$(SYSTEM_FILE)) -o $(AGAIN)/$(notdir $(IMAGE)) \
		--board-dtb $(AGAIN)/build/$(notdir $(BOARD_DTB))
	$(Q)cmp $(IMAGE) $(AGAIN)/$(notdir $(IMAGE))
	$(Q)rm -rf $(AGAIN)

# Scenarios in QEMU, a few machines at a time. PYTEST_ARGS picks some, however long: make test-target PYTEST_ARGS="-k ping".
PYTEST_JOBS ?= $(shell nproc)
.PHONY: test-target-parts
test-target-parts: image $(TEST_TARGET_GUESTS:%=guest-%) $(ONDEMAND_PDS:%=$(if $(filter sel4,$(PLATFORM)),$(S),$(B))/pd/%.elf)
test-target: export CAUSEWAY_TESTS ?= $(if $(findstring -k,$(PYTEST_ARGS)),all)
test-target:
	$(SUBMAKE) test-target-parts
	$(Q)CAUSEWAY_BUILD_DIR=$(abspath $(B)) CAUSEWAY_BOARD_DTB=$(abspath $(BOARD_DTB)) CAUSEWAY_QEMU="$(QEMU_RUN)" \
		CAUSEWAY_BOARD=$(BOARD) CAUSEWAY_KERNEL=$(abspath $(KERNEL)) \
		CAUSEWAY_GUEST_DIR=$(abspath $(GUEST_DIR)) $(TEST_TARGET_ENVIRONMENT) $(PYTHON) -B -m pytest -p no:cacheprovider -n $(PYTEST_JOBS) --dist loadfile \
		tests/target $(PYTEST_ARGS)

# As many jobs as there are processors, if the user hasn't said how many.
SUBMAKE = $(Q)+$(MAKE) --no-print-directory $(if $(filter -j%,$(MAKEFLAGS)),,-j$(shell nproc))

# What `make test` has no time for: CI runs it as well.
.PHONY: test-more
test-more: export CAUSEWAY_TESTS := more
test-more:
	$(SUBMAKE) fuzz-short
	$(SUBMAKE) test-reproducible
	$(SUBMAKE) test-target

# All scenarios, those that CI has no time for among them.
.PHONY: test-long
test-long: export CAUSEWAY_TESTS := all
test-long:
	$(SUBMAKE) test-target

# Each feature of the network cards off, on either data path and transport.
.PHONY: test-net-features
test-net-features: export CAUSEWAY_NET_FEATURES := all
test-net-features:
	$(SUBMAKE) test-target PYTEST_ARGS="-k net_features" PYTEST_JOBS=1 CAUSEWAY_NET_FEATURES_TRANSPORT=mmio
	$(SUBMAKE) test-target PYTEST_ARGS="-k net_features" PYTEST_JOBS=1 CAUSEWAY_NET_FEATURES_TRANSPORT=pci
