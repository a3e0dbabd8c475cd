/* SPDX-License-Identifier: BSD-2-Clause */
/** A debugged guest goes and stops: what there is of a debugger below gdb's words. */
#pragma once

#include "lib/config/vmm_config.h"
#include "lib/ring/ring.h"
#include "vmm/debug/debug_points.h"
#include "vmm/debug/debug_registers.h"
#include "vmm/debug/hold.h"
#include "vmm/debug/rsp.h"
#include "vmm/platform.h"

/** What a vCPU does when the guest goes on. */
enum debug_action { DEBUG_STAY = 0, DEBUG_GO, DEBUG_STEP };

/** Why it stopped, for gdb. */
struct debug_stop {
    uint32_t vcpu;
    uint8_t signal;
    const char *reason; /**< a word for it that gdb knows, or NULL */
    bool has_address;
    uint64_t address; /**< of a watchpoint */
};

/** A debugger at a guest. Large: part of the static struct vm. */
struct debugger {
    const struct vmm_config *config;
    const struct guestmem *mem;
    struct hold *hold;
    const bool *is_on;       /**< which vCPUs are on (PSCI) */
    const uint32_t *irqs_on; /**< not 0: the guest's distributor forwards interrupts */
    struct ring link;
    bool has_link;
    uint32_t connection; /**< of the tool at the other end, 0: none */
    bool is_attached;
    bool is_running; /**< while attached: gdb waits for a stop */
    bool steps[VMM_CONFIG_MAX_VCPUS];
    uint32_t selected; /**< whose registers and addresses gdb means */
    struct debug_stop stop;
    struct debug_points points;
    struct rsp rsp;
    struct rsp_reply reply;
    struct debug_registers scratch;
    char description[DEBUG_REGISTERS_XML_BYTES];
    size_t description_bytes;
    uint8_t copy[RSP_PACKET_BYTES / 2]; /**< of memory, on its way out or in */
};

/** gdb's signals. */
#define DEBUG_SIGNAL_INT 2u
#define DEBUG_SIGNAL_TRAP 5u

/** Take hold of the guest: it stops where it is. */
void debug_control_attach(struct debugger *debugger);

/** Let vCPUs go as they are asked to. */
void debug_control_go(struct debugger *debugger, const enum debug_action actions[VMM_CONFIG_MAX_VCPUS]);

/** Hold all vCPUs. */
void debug_control_stop(struct debugger *debugger);

/** Let go of the guest, with its code and debug registers as they were. */
void debug_control_detach(struct debugger *debugger);

/** Copy `bytes` of memory, up to a page's end at most, between `copy` and the address `va` of the selected vCPU.
 * Returns how many; 0: there is no memory. */
uint64_t debug_control_read(const struct debugger *debugger, uint64_t va, uint8_t *copy, uint64_t bytes);
uint64_t debug_control_write(struct debugger *debugger, uint64_t va, const uint8_t *copy, uint64_t bytes);
