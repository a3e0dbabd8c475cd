# SPDX-License-Identifier: BSD-2-Clause
# PDs of the target tests.
TEST_PDS := forbidden fp hello memory null_deref parent power_off ppc rtc share spin trespass undefined watch_time
PDS += $(TEST_PDS)
# These test our own kernel.
BUNDLED_PDS += $(filter-out hello null_deref,$(TEST_PDS))
$(foreach p,$(TEST_PDS),$(eval $(p)_SRCS := tests/target/pds/$(p).c))

# The VMM, with a way to make it fault, and to turn it on its peers.
TEST_PDS += vmm_faulty
PDS += vmm_faulty
VMM_FAULTY_SRCS := tests/target/pds/vmm_faulty.c tests/target/pds/vmm_attack.c
vmm_faulty_SRCS = $(VMM_FAULTY_SRCS) tests/target/pds/vmm_attack_bundled.c $(vmm_SRCS)
vmm_faulty_SEL4_SRCS = $(VMM_FAULTY_SRCS) tests/target/pds/vmm_attack_sel4.c $(vmm_SEL4_SRCS)
vmm_faulty_LDFLAGS = $(vmm_LDFLAGS) -Wl,--wrap=vm_init
vmm_faulty_SEL4_LDFLAGS = -Wl,--wrap=vm_init -Wl,--defsym=__bss_start=_bss -Wl,--defsym=__bss_end=_bss_end
