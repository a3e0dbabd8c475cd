# SPDX-License-Identifier: BSD-2-Clause
# PDs of the kernel's target tests (tests/target/test_kernel.py).
TEST_PDS := hello null_deref
PDS += $(TEST_PDS)
$(foreach p,$(TEST_PDS),$(eval $(p)_SRCS := tests/target/pds/$(p).c))
