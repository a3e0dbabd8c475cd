# SPDX-License-Identifier: BSD-2-Clause
# The targets that users call.

.PHONY: build test test-host
build: tool kernel pds
test-host: test-unit fuzz-short
test: test-host
