# SPDX-License-Identifier: BSD-2-Clause
# The kernel's first instructions over a model of caches.
.PHONY: test-entry
test-entry: kernel
	$(Q)CAUSEWAY_BUILD_DIR=$(abspath $(B)) $(PYTHON) -B -m pytest -q -p no:cacheprovider tests/entry
