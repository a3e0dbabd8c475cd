/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmm/core/crash.h"

#include <stdint.h>

#include "lib/aarch64/esr.h"
#include "lib/base/log.h"

/* Order of platform_vcpu_registers() behind x0..x30. */
enum { SP_EL1 = 31, PC, PSTATE, ESR_EL1, ELR_EL1, FAR_EL1 };

static const char *exception_class(uint64_t syndrome)
{
    switch (esr_class(syndrome)) {
    case ESR_EC_SYSREG:
        return "system register access";
    case ESR_EC_IABORT:
        return "instruction fetch";
    case ESR_EC_DABORT:
        return "load or store";
    default:
        return "other exception";
    }
}

void crash_report(const char *name, const struct platform_exit *exit, const char *why)
{
    uint64_t r[PLATFORM_REGISTER_COUNT] = {0};

    platform_vcpu_registers(exit->vcpu, r);
    log_error("%s, vCPU %u: %s (%s)", name, exit->vcpu, why, exception_class(exit->syndrome));
    log_error("  gpa 0x%016llx  far 0x%016llx  esr_el2 0x%08llx", (unsigned long long)exit->u.crash.gpa,
              (unsigned long long)exit->u.crash.far, (unsigned long long)exit->syndrome);
    log_error("  pc  0x%016llx  pstate 0x%08llx  sp_el1 0x%016llx", (unsigned long long)r[PC],
              (unsigned long long)r[PSTATE], (unsigned long long)r[SP_EL1]);
    log_error("  esr_el1 0x%08llx  elr_el1 0x%016llx  far_el1 0x%016llx", (unsigned long long)r[ESR_EL1],
              (unsigned long long)r[ELR_EL1], (unsigned long long)r[FAR_EL1]);
    for (unsigned int i = 0; i < 30; i += 3) {
        log_error("  x%-2u 0x%016llx  x%-2u 0x%016llx  x%-2u 0x%016llx", i, (unsigned long long)r[i], i + 1,
                  (unsigned long long)r[i + 1], i + 2, (unsigned long long)r[i + 2]);
    }
    log_error("  x30 0x%016llx", (unsigned long long)r[30]);
}
