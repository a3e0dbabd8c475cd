/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/target/pds/vmm_attack.h"

/* Nothing to try: what a PD has no capability for, it has no name for either. */
void vmm_attack_kernel(const struct vmm_config *config, uint64_t (*any)(void))
{
    (void)config;
    (void)any;
}
