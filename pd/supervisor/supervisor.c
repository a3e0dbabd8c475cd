/* SPDX-License-Identifier: BSD-2-Clause */
#include "pd/supervisor/supervisor.h"

#include <stddef.h>

#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/config/vmm_config.h"

/* A VMM that faults as soon as it is up would take the processor from all guests forever: a description
   without a limit gets this one. */
#define DEFAULT_LIMIT 16u

enum err supervisor_init(struct supervisor *supervisor, const struct supervisor_config *config)
{
    memset(supervisor, 0, sizeof *supervisor);
    supervisor->config = config;
    return config->child_count <= SUPERVISOR_MAX_CHILDREN ? ERR_OK : ERR_RANGE;
}

microkit_msginfo supervisor_call(struct supervisor *supervisor, microkit_channel channel,
                                 microkit_msginfo msginfo)
{
    for (uint32_t i = 0; i < supervisor->config->child_count; i++) {
        struct supervisor_child *child = &supervisor->children[i];

        if (supervisor->config->children[i].channel != channel) {
            continue;
        }
        if (microkit_msginfo_get_label(msginfo) != SUPERVISOR_GREET ||
            microkit_msginfo_get_count(msginfo) != 1) {
            break;
        }
        child->entry = child->entry != 0 ? child->entry : microkit_mr_get(0);
        microkit_mr_set(0, child->order);
        microkit_mr_set(1, child->wait_ms);
        return microkit_msginfo_new(SUPERVISOR_OK, 2);
    }
    return microkit_msginfo_new(SUPERVISOR_INVALID, 0);
}

static void report(const char *name, microkit_msginfo msginfo)
{
    const uint64_t label = microkit_msginfo_get_label(msginfo);

    switch (label) {
    case seL4_Fault_VMFault:
        log_error("%s_vmm has faulted: %s at 0x%llx (pc 0x%llx, esr 0x%llx)", name,
                  microkit_mr_get(seL4_VMFault_PrefetchFault) != 0 ? "instruction fetch" : "data access",
                  (unsigned long long)microkit_mr_get(seL4_VMFault_Addr),
                  (unsigned long long)microkit_mr_get(seL4_VMFault_IP),
                  (unsigned long long)microkit_mr_get(seL4_VMFault_FSR));
        break;
    case seL4_Fault_UserException:
        log_error("%s_vmm has faulted: exception (pc 0x%llx, sp 0x%llx, code 0x%llx)", name,
                  (unsigned long long)microkit_mr_get(seL4_UserException_FaultIP),
                  (unsigned long long)microkit_mr_get(seL4_UserException_SP),
                  (unsigned long long)microkit_mr_get(seL4_UserException_Code));
        break;
    case seL4_Fault_UnknownSyscall:
        log_error("%s_vmm has faulted: unknown system call (pc 0x%llx)", name,
                  (unsigned long long)microkit_mr_get(seL4_UnknownSyscall_FaultIP));
        break;
    default:
        log_error("%s_vmm has faulted: fault %llu", name, (unsigned long long)label);
        break;
    }
}

/* Takes one restart out of the VMM's budget. False: it is used up. */
static bool may_restart(const struct supervisor_child_config *config, struct supervisor_child *child,
                        uint64_t now_ms)
{
    struct restart_policy policy = config->restart;

    policy.limit = policy.limit != 0 ? policy.limit : DEFAULT_LIMIT;
    if (restart_take(&child->restart, &policy, now_ms, &child->wait_ms) == ERR_OK) {
        return true;
    }
    log_error("%s_vmm has been restarted %u times within %u ms", config->name, child->restart.count,
              policy.window_ms);
    return false;
}

static void restart(const struct supervisor_child_config *config, struct supervisor_child *child,
                    uint64_t now_ms)
{
    /* It has faulted although it has no guest: there is nothing more to be tried. */
    if (child->entry == 0 || child->order != SUPERVISOR_START) {
        log_error("%s_vmm cannot be restarted; it is stopped", config->name);
        child->dead = true;
        microkit_pd_stop(config->child);
        return;
    }
    if (config->on_crash == VMM_EXIT_RESTART && may_restart(config, child, now_ms)) {
        log_info("%s_vmm is restarted, and then its guest", config->name);
    } else {
        child->order = config->on_crash == VMM_EXIT_HALT ? SUPERVISOR_HALT : SUPERVISOR_STOP;
        log_info("%s_vmm is restarted; its guest stays off", config->name);
    }
    microkit_pd_restart(config->child, child->entry);
}

void supervisor_fault(struct supervisor *supervisor, microkit_child child, microkit_msginfo msginfo,
                      uint64_t now_ms)
{
    for (uint32_t i = 0; i < supervisor->config->child_count; i++) {
        const struct supervisor_child_config *config = &supervisor->config->children[i];

        if (config->child != child || supervisor->children[i].dead) {
            continue;
        }
        report(config->name, msginfo);
        restart(config, &supervisor->children[i], now_ms);
    }
}
