# SPDX-License-Identifier: BSD-2-Clause
# PDs of the target tests.
TEST_PDS := hello memory null_deref trespass spin watch_time
PDS += $(TEST_PDS)
$(foreach p,$(TEST_PDS),$(eval $(p)_SRCS := tests/target/pds/$(p).c))
