# SPDX-License-Identifier: BSD-2-Clause
# `make coverage`: which lines unit tests and the fuzzers' corpora reach, and that it is enough of the code that meets
# hostile input. Everything is built once more with gcc's --coverage; a fuzzer is linked with a main() that feeds it files.

COVERAGE_MINIMUM ?= 95
# Groups of sources. Each of them, and each file in it, has to reach the minimum. What only runs on the target, main.c
# above all, or at an address of the target, is not here.
COVERAGE_GROUPS := vmm/core vmm/pci vmm/vgic vmm/virtio lib/blk lib/fdt lib/guestmem lib/net lib/restart lib/ring lib/virtq lib/virtq_driver \
	pd/blk_driver pd/blk_server pd/entropy pd/stats pd/serial_mux pd/supervisor pd/uart_driver pd/vswitch
COVERAGE_SRCS := $(filter-out %/main.c %/cntp.c pd/stats/platform_% pd/vswitch/vcpu_idle_kernel.c,$(wildcard $(COVERAGE_GROUPS:%=%/*.c)))

$(B)/cov/%.o: %.c
	$(call say,COVCC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(filter-out -O1,$(HOST_CFLAGS)) -O0 --coverage $(TOOL_CFLAGS) $(HOST_INCLUDES) -DUNIT_TEST=1 -c $< -o $@

define coverage_rules
$(B)/coverage/$(1): $$(call objs,$(B)/cov,$(2) $$($(1)_SRCS))
	$$(call say,COVLD,$(1))
	@mkdir -p $$(@D)
	$$(Q)$$(CC) --coverage $$^ -o $$@ -lcmocka $$($(1)_LIBS)
COV_OBJS += $$(call objs,$(B)/cov,$(2) $$($(1)_SRCS))
endef
# Only programs that have a source of these groups in them.
coverage_of = $(foreach p,$(1),$(if $(filter $(COVERAGE_SRCS),$($(p)_SRCS)),$(p)))
COVERAGE_TESTS := $(call coverage_of,$(TESTS))
COVERAGE_FUZZERS := $(call coverage_of,$(FUZZERS))
$(foreach t,$(COVERAGE_TESTS),$(eval $(call coverage_rules,$(t),$(call unit_source,$(t)))))
$(foreach f,$(COVERAGE_FUZZERS),$(eval $(call coverage_rules,$(f),tests/fuzz/$(f).c tests/fuzz/replay.c)))
# As in vmm/module.mk: these see the recorder of libsel4's calls first.
$(call objs,$(B)/cov,tests/unit/vmm/test_platform_sel4.c tests/unit/vmm/test_platform_sel4_idle.c $(SEL4_TEST_SRCS)): \
	HOST_INCLUDES := -Itests/libsel4 -Imicrokit/host -Imicrokit/include -Ikernel/include

.PHONY: coverage
coverage: $(COVERAGE_TESTS:%=$(B)/coverage/%) $(COVERAGE_FUZZERS:%=$(B)/coverage/%)
	$(Q)find $(B)/cov -name '*.gcda' -delete
	$(Q)for t in $(COVERAGE_TESTS:%=$(B)/coverage/%); do $$t >$(B)/coverage/log 2>&1 || { cat $(B)/coverage/log; exit 1; }; done
	$(Q)for f in $(COVERAGE_FUZZERS); do $(B)/coverage/$$f tests/corpus/$$f $(B)/corpus/$$f || exit 1; done
	$(Q)$(PYTHON) scripts/coverage.py --objects $(B)/cov --minimum $(COVERAGE_MINIMUM) --table $(B)/coverage.txt $(COVERAGE_SRCS)

-include $(COV_OBJS:.o=.d)
