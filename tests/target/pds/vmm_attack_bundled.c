/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/include/syscall.h"
#include "kernel/include/sysdesc.h"
#include "microkit/bundled/libmicrokit.h"
#include "tests/target/pds/vmm_attack.h"

#define CALLS 500u

/* What might be another's: channels, children and interrupts that the description has not given to this PD.
 */
void vmm_attack_kernel(const struct vmm_config *config, uint64_t (*any)(void))
{
    static const uint8_t numbers[] = {SYSCALL_NOTIFY,        SYSCALL_PPC,        SYSCALL_IRQ_ACK,
                                      SYSCALL_PD_RESTART,    SYSCALL_PD_STOP,    SYSCALL_PD_RESUME,
                                      SYSCALL_YIELD,         SYSCALL_VCPU_START, SYSCALL_VCPU_STOP,
                                      SYSCALL_VIRQ_SET,      SYSCALL_COUNTERS,   SYSCALL_VIRQ_CONFIGURE,
                                      SYSCALL_DOORBELL_MOVE, SYSCALL_POST_ROUTE, SYSCALL_VCPU_READ_REGS};

    for (uint32_t i = 0; i < CALLS; i++) {
        const uint64_t number = numbers[any() % sizeof numbers];
        const uint64_t id = any() % 2 == 0 ? any() : any() % (SYSDESC_MAX_CHANNELS + 32);

        /* Its own guest is to go on, so that this does. */
        if (number != SYSCALL_POST_ROUTE && id != config->vcpu_child[0]) {
            (void)libmicrokit_call(number, id, any() >> any() % 64, any() >> any() % 64, any() >> any() % 64);
        }
    }
}
