# SPDX-License-Identifier: BSD-2-Clause
# What the user gave make: wrong values are said at once, and what there is, before anything is compiled.


comma := ,
# Make's lists end at spaces, and so do the names of all files in them.
no_spaces = $(if $(word 2,$($(1))),$(error $(1)="$($(1))": make cannot handle a path with spaces; $(2)))
$(call no_spaces,CURDIR,move the source tree)
$(call no_spaces,BUILD_DIR,give another one)
$(call no_spaces,SYSTEM,rename it$(comma) or use the tool itself: build/causeway build "FILE" ...)

one_of = $(if $(filter $($(1)),$(2)),,$(error $(1)="$($(1))": there is $(2)))
CONSOLES ?= terminal
$(call one_of,CONSOLES,terminal tmux sockets plain)

# A path, or a name in systems/; .system may be left out.
SYSTEM_FILE := $(firstword $(wildcard $(SYSTEM) $(SYSTEM).system systems/$(SYSTEM) systems/$(SYSTEM).system))
# Those that build or run a system, and what `make` does by itself.
SYSTEM_GOALS := all build image run run-% flat gdb
SYSTEM_NAMES := $(basename $(notdir $(wildcard systems/*.system)))
$(if $(filter $(SYSTEM_GOALS),$(or $(MAKECMDGOALS),all)),$(if $(SYSTEM_FILE),,\
	$(error there is no system "$(SYSTEM)", nor systems/$(SYSTEM): there is $(SYSTEM_NAMES))))

