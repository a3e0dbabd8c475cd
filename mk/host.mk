# SPDX-License-Identifier: BSD-2-Clause
# Host programs: the tool, unit tests, fuzzers.
#
# A unit test NAME (in TESTS) is tests/unit/NAME.c plus the sources in NAME_SRCS, built with ASan and UBSan and
# linked with cmocka and NAME_LIBS. It sees microkit/host in front of microkit/include.
# A fuzzer NAME (in FUZZERS) is tests/fuzz/NAME.c plus NAME_SRCS, built by clang with libFuzzer.

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

$(TOOL): $(TOOL_OBJS)
	$(call say,HOSTLD,$@)
	$(Q)$(CC) $(TOOL_OBJS) -o $@ $(TOOL_LIBS)

.PHONY: tool
tool: $(if $(TOOL_SRCS),$(TOOL))

# Unit tests.
$(B)/san/%.o: %.c
	$(call say,SANCC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(HOST_CFLAGS) $(HOST_SANITIZE) $(TOOL_CFLAGS) $(HOST_INCLUDES) -DUNIT_TEST=1 -c $< -o $@

define test_rules
$(B)/tests/$(1): $$(call objs,$(B)/san,tests/unit/$(1).c $$($(1)_SRCS))
	$$(call say,TESTLD,$(1))
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $$(HOST_SANITIZE) $$^ -o $$@ -lcmocka $$($(1)_LIBS)
TEST_OBJS += $$(call objs,$(B)/san,tests/unit/$(1).c $$($(1)_SRCS))
endef
$(foreach t,$(TESTS),$(eval $(call test_rules,$(t))))
TEST_PROGRAMS := $(TESTS:%=$(B)/tests/%)

.PHONY: test-unit
test-unit: $(TEST_PROGRAMS)
	$(Q)for t in $(TEST_PROGRAMS); do $$t || exit 1; done

# Fuzzers: `make fuzz TIME=600` runs each so many seconds; `make fuzz-NAME` one of them.
$(B)/fuzz/%.o: %.c
	$(call say,FUZZCC,$<)
	@mkdir -p $(@D)
	$(Q)$(FUZZ_CC) $(HOST_CFLAGS) $(HOST_SANITIZE) -fsanitize=fuzzer-no-link $(TOOL_CFLAGS) $(HOST_INCLUDES) \
		-DUNIT_TEST=1 -c $< -o $@

define fuzz_rules
$(B)/fuzzers/$(1): $$(call objs,$(B)/fuzz,tests/fuzz/$(1).c $$($(1)_SRCS))
	$$(call say,FUZZLD,$(1))
	@mkdir -p $$(@D)
	$$(Q)$$(FUZZ_CC) $$(HOST_SANITIZE) -fsanitize=fuzzer $$^ -o $$@ $$($(1)_LIBS)
TEST_OBJS += $$(call objs,$(B)/fuzz,tests/fuzz/$(1).c $$($(1)_SRCS))
.PHONY: $(subst _,-,$(1))
$(subst _,-,$(1)): $(B)/fuzzers/$(1)
	@mkdir -p $(B)/corpus/$(1)
	$$(Q)cd $(B) && fuzzers/$(1) -max_total_time=$$(TIME) -print_final_stats=1 -verbosity=0 \
		-artifact_prefix=corpus/$(1)- corpus/$(1) $$(wildcard $(CURDIR)/tests/fuzz/corpus/$(1))
endef
TIME ?= 60
$(foreach f,$(FUZZERS),$(eval $(call fuzz_rules,$(f))))

.PHONY: fuzz fuzz-short
fuzz: $(foreach f,$(FUZZERS),$(subst _,-,$(f)))
# The bounded run of `make test`: a fixed number of inputs, so that it doesn't depend on the clock. What it finds
# goes into the first folder it is given, and never into the tree.
FUZZ_RUNS ?= 20000
fuzz-short: $(FUZZERS:%=$(B)/fuzzers/%)
	$(Q)for f in $(FUZZERS); do echo "fuzz $$f: $(FUZZ_RUNS) runs"; \
		rm -rf $(B)/corpus/short && mkdir -p $(B)/corpus/short; \
		(cd $(B) && fuzzers/$$f -runs=$(FUZZ_RUNS) -seed=1 -timeout=10 -verbosity=0 corpus/short \
		$$(test -d $(CURDIR)/tests/fuzz/corpus/$$f && echo $(CURDIR)/tests/fuzz/corpus/$$f)) || exit 1; done

-include $(TOOL_OBJS:.o=.d) $(TEST_OBJS:.o=.d)
