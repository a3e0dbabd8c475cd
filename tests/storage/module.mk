# SPDX-License-Identifier: BSD-2-Clause
# Disks: scenarios that take too long for `make test`.
STORAGE_GUESTS := storage $(GUEST_DISKS)

# fio, verified, from two guests at once, STORAGE_MIB a job, and the image compared; then a disk that fails in places.
STORAGE_MIB ?= 64
.PHONY: test-storage test-powercut
test-storage: $(STORAGE_GUESTS:%=guest-%)
	$(SUBMAKE) test-target PYTEST_JOBS=1 CAUSEWAY_STORAGE_MIB=$(STORAGE_MIB) \
		PYTEST_ARGS="tests/target/storage.py -k storage"

# The power fails CUTS times; what is random about it comes from SEED.
CUTS ?= 50
SEED ?= 1
test-powercut: $(STORAGE_GUESTS:%=guest-%)
	$(SUBMAKE) test-target PYTEST_JOBS=1 CAUSEWAY_CUTS=$(CUTS) CAUSEWAY_SEED=$(SEED) \
		PYTEST_ARGS="tests/target/storage_powercut.py -k powercut -rP"
