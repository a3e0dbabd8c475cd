/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmm/sel4/libmicrokit_reinit.h"

#include <stdbool.h>
#include <stddef.h>

#include <microkit.h>

#include "lib/base/mem.h"
#include "lib/config/vmm_config.h"
#include "vmm/sel4/irq_ack_on_eoi.h"

/* Up to Microkit 2.2 the linker script has this symbol; from 2.3 on the buffer is the last page that a PD may
 * have. */
extern seL4_IPCBuffer __sel4_ipc_buffer_obj __attribute__((weak));
#define BUFFER_AFTER_2_3 (seL4_UserTop & ~(seL4_Word)0xfff)

/* In no header: whether the PD gives its time back once it has started, which a VMM never does. */
extern bool microkit_passive;

/* Where the guest's name is, as the PD's is lost (vmm/core/main.c). */
extern struct vmm_config vmm_config;
_Static_assert(sizeof vmm_config.name < MICROKIT_PD_NAME_LENGTH, "a guest's name fits");

void libmicrokit_reinit(void)
{
    seL4_IPCBuffer *named = &__sel4_ipc_buffer_obj;

    __sel4_ipc_buffer = named != NULL ? named : (seL4_IPCBuffer *)BUFFER_AFTER_2_3;
    /* They only save calls on channels that are none of ours, which we don't make: the kernel refuses them
     * anyway. */
    microkit_pps = ~(seL4_Word)0;
    microkit_notifications = ~(seL4_Word)0;
    /* From 2.1 on libmicrokit acknowledges all of these as it starts. */
    microkit_irqs = irq_ack_on_eoi_channels(&vmm_config);
    microkit_have_signal = seL4_False;
    microkit_passive = false;
    memcpy(microkit_name, vmm_config.name, sizeof vmm_config.name);
    microkit_name[sizeof vmm_config.name] = 0;
}
