# SPDX-License-Identifier: BSD-2-Clause
# Scenarios in QEMU. What their descriptions name as kernel or initrd, beside what every build has.
TEST_TARGET_GUESTS := debian-6.12 demo-6.12 probe hostile storage gateway $(GUEST_FIRMWARES) $(GUEST_DISKS)

# Debian on every core that QEMU has and the kernel takes; `make test` has one of them. CPUS="max" picks some.
CPUS ?= cortex-a53 cortex-a57 cortex-a72 cortex-a76 neoverse-n1 a64fx max
.PHONY: test-cpus
test-cpus:
	$(SUBMAKE) test-target CAUSEWAY_CPUS="$(CPUS)" PYTEST_ARGS="-k test_cpus"

# The page of `causeway web` in a browser.
.PHONY: test-web
test-web: export CAUSEWAY_BROWSER := 1
test-web:
	$(Q)scripts/setup web
	$(SUBMAKE) test-target PYTEST_ARGS="-k test_page" PYTEST_JOBS=1

# Its stand-in for a system.
test-target: $(B)/tests/test_hub
