# SPDX-License-Identifier: BSD-2-Clause
# Disks, at length: what `make test` has of it is short.

# fio, verified, from two guests at once, STORAGE_MIB (16 at most) for each of four jobs, and the image compared; then a
# disk that fails in places.
STORAGE_MIB ?= 16
.PHONY: test-storage test-powercut
test-storage:
	$(SUBMAKE) test-target PYTEST_JOBS=1 CAUSEWAY_STORAGE_MIB=$(STORAGE_MIB) \
		PYTEST_ARGS="-k test_storage"

# The power fails CUTS times; what is random about it comes from SEED.
CUTS ?= 50
SEED ?= 1
test-powercut:
	$(SUBMAKE) test-target PYTEST_JOBS=1 CAUSEWAY_CUTS=$(CUTS) CAUSEWAY_SEED=$(SEED) \
		PYTEST_ARGS="-k test_powercut -rP"
