# SPDX-License-Identifier: BSD-2-Clause
# `make setup`: the host's packages.

.PHONY: setup
setup:
	$(Q)scripts/setup all
