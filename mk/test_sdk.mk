# SPDX-License-Identifier: BSD-2-Clause
# `make test-sdk`: every system, built for seL4 with a stand-in for each version of the SDK (tests/sdk).
SDK_STANDIN := $(B)/sdk
SDK_STANDIN_VERSIONS := 2.0.1 2.1.0 2.2.0 2.3.0

$(B)/target/tests/sdk/%.o: TARGET_CFLAGS += -Itests/libsel4
$(SDK_STANDIN)/libmicrokit.a: $(call objs,$(B)/target,$(MICROKIT_SRCS) lib/base/mem.c tests/sdk/libsel4.c)
	$(call say,AR,$@)
	@mkdir -p $(@D)
	$(Q)rm -f $@ && $(TARGET_AR) Drcs $@ $^

# The programs are the same for all of them.
.PHONY: test-sdk
test-sdk: tool $(BOARD_DTB) $(SDK_STANDIN)/libmicrokit.a
	$(Q)for v in $(SDK_STANDIN_VERSIONS); do \
		$(PYTHON) tests/sdk/standin.py $(SDK_STANDIN)/$$v $$v $(SDK_STANDIN)/libmicrokit.a || exit 1; done
	$(SUBMAKE) image SYSTEM=virtio_demo.system MICROKIT_SDK=$(SDK_STANDIN)/$(firstword $(SDK_STANDIN_VERSIONS)) \
		S=$(SDK_STANDIN)/build
	$(Q)CAUSEWAY_TOOL=$(abspath $(TOOL)) CAUSEWAY_STANDIN=$(abspath $(SDK_STANDIN)) \
		CAUSEWAY_SDK_PD_DIR=$(abspath $(SDK_STANDIN)/build/pd) CAUSEWAY_BOARD_DTB=$(abspath $(BOARD_DTB)) \
		$(PYTHON) -B -m pytest -q -p no:cacheprovider tests/sdk
