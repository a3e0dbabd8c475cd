# SPDX-License-Identifier: BSD-2-Clause
# PDs of the target tests.
TEST_PDS := forbidden fp hello memory null_deref parent power_off ppc rtc share spin trespass undefined watch_time
PDS += $(TEST_PDS)
# These test our own kernel.
BUNDLED_PDS += $(filter-out hello null_deref,$(TEST_PDS))
$(foreach p,$(TEST_PDS),$(eval $(p)_SRCS := tests/target/pds/$(p).c))
