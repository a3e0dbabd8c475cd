/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The VMM protection domain: glue between Microkit's entry points and one virtual machine.
 */
#include <microkit.h>

#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/config/vmm_config.h"
#include "vmm/core/supervisor_client.h"
#include "vmm/core/vm.h"

/* The tool overwrites this section in its copy of the ELF. Not static: the compiler must not know the value.
 */
PD_CONFIG(vmm_config, vmm_config, VMM_CONFIG_SECTION) = {
    .header = {VMM_CONFIG_MAGIC, VMM_CONFIG_VERSION, 0, sizeof(struct vmm_config), 0},
};

const struct log_sink log_sink = {microkit_name, microkit_dbg_puts};

static struct vm vm;
static bool usable;

/* Where this program can be started again, whatever it has done to itself: crt0, or vmm/sel4/restart.S. */
extern void pd_restart(void);

static void begin(void)
{
    uint32_t wait_ms;

    switch (supervisor_register(&vmm_config, (uintptr_t)pd_restart, &wait_ms)) {
    case SUPERVISOR_START:
        vm_start_later(&vm, wait_ms);
        break;
    case SUPERVISOR_HALT:
        vm_stay_off(&vm);
        platform_halt();
        break;
    case SUPERVISOR_STOP:
    default:
        vm_stay_off(&vm);
        break;
    }
}

void init(void)
{
    /* Not at its first start: a supervisor may start this program again. */
    memset(&vm, 0, sizeof vm);
    usable = false;
    if (!config_is_valid(&vmm_config.header, VMM_CONFIG_MAGIC, VMM_CONFIG_VERSION, sizeof vmm_config)) {
        log_error("no valid configuration: build the image with `causeway build`");
        return;
    }
    if (vm_init(&vm, &vmm_config) != ERR_OK) {
        log_error("%s is not started", vmm_config.name);
        return;
    }
    usable = true;
    begin();
}

void notified(microkit_channel ch)
{
    if (!usable) {
        return;
    }
    if (platform_notified(ch)) {
        vm_alarm(&vm);
    } else {
        vm_notified(&vm, ch);
    }
}

seL4_Bool fault(microkit_child child, microkit_msginfo msginfo, microkit_msginfo *reply_msginfo)
{
    struct platform_exit exit;

    if (!usable || platform_exit_read(child, msginfo, &exit) != ERR_OK) {
        log_warn("fault of child %u, which is no vCPU of this machine", child);
        return seL4_False;
    }
    const enum platform_resume resume = vm_exit(&vm, &exit);
    return platform_exit_finish(&exit, resume, reply_msginfo) ? seL4_True : seL4_False;
}
