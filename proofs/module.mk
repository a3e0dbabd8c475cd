# SPDX-License-Identifier: BSD-2-Clause
# `make prove`: CBMC over the harnesses of this folder (README.md). CBMC comes from Debian 13, whatever the host's release
# is: its packages are fetched as guests' are, and it is started with the C library that comes along.

PROOFS_DIR := $(B)/proofs
CBMC_SUITE := trixie
CBMC_PACKAGES := cbmc minisat libc6 libstdc++6 libgcc-s1
CBMC_DEBS := $(CBMC_PACKAGES:%=$(PROOFS_DIR)/packages/%.deb)
# Modules, or MODULE/RUN; all if empty. How many runs at a time. 1: also those whose result is in the build folder.
# Not in it: sched and virq, which do not go through yet on the kernel of several cores (README.md). PROVE=all has them.
PROVE ?= blk_check boot budget esr frame_meta guestmem list offload ring syscall virtq
PROVE_JOBS ?= 2
PROVE_ALL ?=
PROVE_RUN := $(PYTHON) proofs/prove.py --cbmc $(PROOFS_DIR)/cbmc --build $(PROOFS_DIR) --jobs $(PROVE_JOBS) \
    $(if $(PROVE_ALL),--all)

$(PROOFS_DIR)/cbmc.stamp: proofs/module.mk
	$(Q)$(PYTHON) guest/fetch.py --suite $(CBMC_SUITE) --architecture host $(PROOFS_DIR)/apt $(PROOFS_DIR)/packages $(CBMC_PACKAGES)
	$(call say,UNPACK,cbmc)
	$(Q)rm -rf $(PROOFS_DIR)/cbmc && for deb in $(CBMC_DEBS); do dpkg-deb -x $$deb $(PROOFS_DIR)/cbmc || exit 1; done && touch $@

.PHONY: prove prove-trace
prove: $(PROOFS_DIR)/cbmc.stamp
	$(Q)$(PROVE_RUN) $(filter-out all,$(PROVE))
prove-trace: $(PROOFS_DIR)/cbmc.stamp
	$(Q)$(PROVE_RUN) --trace $(PROVE)
