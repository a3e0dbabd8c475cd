# SPDX-License-Identifier: BSD-2-Clause
# Two builds in one BUILD_DIR wait for each other: what builds, and nothing else, for what runs or measures a system may
# take hours, and does its building in sub-makes. A make in a make that holds the lock needs none.

LOCKED_GOALS := all build image image-% tool kernel pds guest guest-% flat sdcard install deb clean clean-disks test-unit \
	test-target-parts
ifneq ($(filter $(LOCKED_GOALS),$(or $(MAKECMDGOALS),all)),)
ifeq ($(findstring n,$(filter-out --%,$(firstword -$(MAKEFLAGS)))),)
ifneq ($(CAUSEWAY_LOCKED),$(abspath $(B)))
LOCK_SAYS := $(shell $(PYTHON) -B scripts/build_lock.py $(B) $$PPID)
export CAUSEWAY_LOCKED := $(abspath $(B))
endif
endif
endif
