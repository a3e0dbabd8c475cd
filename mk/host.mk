# SPDX-License-Identifier: BSD-2-Clause
# Host programs: the tool, unit tests, fuzzers.
#
# A unit test NAME (in TESTS) is tests/unit/AREA/NAME.c plus the sources in NAME_SRCS, built with ASan and UBSan and
# linked with cmocka and NAME_LIBS. It sees microkit/host in front of microkit/include.
# A fuzzer NAME (in FUZZERS) is tests/fuzz/NAME.c plus NAME_SRCS, built by clang with libFuzzer. NAME_FILES in $(B) are
# made for it; NAME.dict among them is its dictionary.

TOOL_LIBS := $(shell $(PKG_CONFIG) --libs libxml-2.0 2>/dev/null) -lfdt -lelf
TOOL_CFLAGS := $(shell $(PKG_CONFIG) --cflags libxml-2.0 2>/dev/null)
HOST_INCLUDES := -Imicrokit/host -Imicrokit/include -Ikernel/include

# The tool.
TOOL := $(B)/causeway
TOOL_OBJS := $(call objs,$(B)/host,$(TOOL_SRCS))
$(B)/host/%.o: %.c
	$(call say,HOSTCC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(HOST_CFLAGS) $(TOOL_CFLAGS) $(HOST_INCLUDES) -c $< -o $@

# `causeway --version`.
TOOL_MAIN := $(call objs,$(B)/host,$(filter %/main.c,$(TOOL_SRCS)))
$(TOOL_MAIN): VERSION
$(TOOL_MAIN): TOOL_CFLAGS += -DCAUSEWAY_VERSION='"$(file <VERSION)"'

$(TOOL): $(call objs,$(B)/host,$(TOOL_SRCS))
	$(call say,HOSTLD,$@)
	$(Q)$(CC) $^ -o $@ $(TOOL_LIBS)

# Programs beside it: NAME (in HOST_PROGRAMS) from NAME_SRCS, with NAME_LIBS.
define host_program_rules
$(B)/$(1): $$(call objs,$(B)/host,$$($(1)_SRCS))
	$$(call say,HOSTLD,$$@)
	$$(Q)$$(CC) $$^ -o $$@ $$($(1)_LIBS)
TOOL_OBJS += $$(call objs,$(B)/host,$$($(1)_SRCS))
endef
$(foreach p,$(HOST_PROGRAMS),$(eval $(call host_program_rules,$(p))))

.PHONY: tool
tool: $(if $(TOOL_SRCS),$(TOOL)) $(HOST_PROGRAMS:%=$(B)/%)

# Unit tests: a folder for each part of the system.
unit_source = $(firstword $(wildcard tests/unit/*/$(1).c) tests/unit/$(1).c)

$(B)/san/%.o: %.c
	$(call say,SANCC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(HOST_CFLAGS) $(HOST_SANITIZE) $(TOOL_CFLAGS) $(HOST_INCLUDES) -DUNIT_TEST=1 -c $< -o $@

define test_rules
$(B)/tests/$(1): $$(call objs,$(B)/san,$(call unit_source,$(1)) $$($(1)_SRCS))
	$$(call say,TESTLD,$(1))
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $$(HOST_SANITIZE) $$^ -o $$@ -lcmocka $$($(1)_LIBS)
TEST_OBJS += $$(call objs,$(B)/san,$(call unit_source,$(1)) $$($(1)_SRCS))
endef
$(foreach t,$(TESTS),$(eval $(call test_rules,$(t))))
TEST_PROGRAMS := $(TESTS:%=$(B)/tests/%)

# `make test-unit` runs them, as many at a time as make has jobs; `make test-virtq` runs test_virtq alone and shows what it
# prints. (test_restart is run-test_restart: `make test-restart` is a scenario in QEMU.)
.PHONY: test-unit $(TESTS:%=run-%)
test-unit: $(TESTS:%=run-%)
	@echo "test-unit: $(words $(TESTS)) programs passed"
$(TESTS:%=run-%): run-%: $(B)/tests/%
	$(call say,TEST,$*)
	$(Q)$< >$<.log 2>&1 || { cat $<.log; echo "$< failed"; exit 1; }

define test_alone_rules
.PHONY: $(subst _,-,$(1))
$(subst _,-,$(1)): $(B)/tests/$(1)
	$$(Q)$$<
endef
$(foreach t,$(filter-out test_restart,$(TESTS)),$(eval $(call test_alone_rules,$(t))))

# Fuzzers: `make fuzz TIME=600` runs each so many seconds, FUZZ_JOBS at a time; `make fuzz-NAME` one of them.
$(B)/fuzz/%.o: %.c
	$(call say,FUZZCC,$<)
	@mkdir -p $(@D)
	$(Q)$(FUZZ_CC) $(HOST_CFLAGS) $(HOST_SANITIZE) -fsanitize=fuzzer-no-link $(TOOL_CFLAGS) $(HOST_INCLUDES) \
		-DUNIT_TEST=1 -c $< -o $@

FUZZ_JOBS ?= $(shell nproc)
FUZZ_RUN := $(PYTHON) scripts/fuzz.py --build $(B) --seeds tests/corpus
TIME ?= 60

define fuzz_rules
$(B)/fuzzers/$(1): $$(call objs,$(B)/fuzz,tests/fuzz/$(1).c $$($(1)_SRCS)) | $$($(1)_FILES)
	$$(call say,FUZZLD,$(1))
	@mkdir -p $$(@D)
	$$(Q)$$(FUZZ_CC) $$(HOST_SANITIZE) -fsanitize=fuzzer $$^ -o $$@ $$($(1)_LIBS)
TEST_OBJS += $$(call objs,$(B)/fuzz,tests/fuzz/$(1).c $$($(1)_SRCS))
.PHONY: $(subst _,-,$(1))
$(subst _,-,$(1)): $(B)/fuzzers/$(1)
	$$(Q)$$(FUZZ_RUN) --time $$(TIME) $(1)
endef
$(foreach f,$(FUZZERS),$(eval $(call fuzz_rules,$(f))))
FUZZ_PROGRAMS := $(FUZZERS:%=$(B)/fuzzers/%)

.PHONY: fuzz fuzz-short fuzz-seeds
fuzz: $(FUZZ_PROGRAMS)
	$(Q)$(FUZZ_RUN) --time $(TIME) --jobs $(FUZZ_JOBS) $(FUZZERS)
# The bounded run of `make test-more`: a fixed number of inputs, NAME_RUNS or else FUZZ_RUNS, so that it doesn't depend on the
# clock.
FUZZ_RUNS ?= 2500
fuzz-short: $(FUZZ_PROGRAMS)
	$(Q)$(FUZZ_RUN) --runs $(FUZZ_RUNS) --jobs $(FUZZ_JOBS) $(foreach f,$(FUZZERS),$(f)$(if $($(f)_RUNS),=$($(f)_RUNS)))
# What `make fuzz` has found becomes seeds, which are committed.
FUZZ_SEEDS ?= 24
fuzz-seeds: $(FUZZ_PROGRAMS)
	$(Q)$(FUZZ_RUN) --keep $(FUZZ_SEEDS) $(FUZZERS)

-include $(TOOL_OBJS:.o=.d) $(TEST_OBJS:.o=.d)
