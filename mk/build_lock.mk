# SPDX-License-Identifier: BSD-2-Clause
# Two builds in one BUILD_DIR wait for each other. What only runs a system, or does its work in sub-makes, holds no lock, and
# nor does a make in a make that does.

UNLOCKED_GOALS := help setup boards show-consoles run run-plain run-terminal run-tmux run-sockets gdb demo test
LOCKED_GOALS := $(filter-out $(UNLOCKED_GOALS),$(or $(MAKECMDGOALS),all))
ifneq ($(LOCKED_GOALS),)
ifeq ($(findstring n,$(filter-out --%,$(firstword -$(MAKEFLAGS)))),)
ifneq ($(CAUSEWAY_LOCKED),$(abspath $(B)))
LOCK_SAYS := $(shell $(PYTHON) -B scripts/build_lock.py $(B) $$PPID)
export CAUSEWAY_LOCKED := $(abspath $(B))
endif
endif
endif
