/* SPDX-License-Identifier: BSD-2-Clause */
/** A debugger at a guest of the fake platform, and the tool at the other end of its channel. */
#pragma once

#include "vmm/debug/debugger.h"
#include "vmm/platform_fake.h"

#define DEBUG_MACHINE_RAM 0x40000000ull
#define DEBUG_MACHINE_RAM_BYTES 0x200000ull
#define DEBUG_MACHINE_LINK_BYTES 0x5000u
#define DEBUG_MACHINE_CHANNEL 7u

struct debug_machine {
    struct debugger debugger;
    struct vmm_config config;
    struct guestmem mem;
    struct hold hold;
    bool is_on[VMM_CONFIG_MAX_VCPUS];
    uint32_t irqs_on;
    uint8_t *ram;
    void *regions[2];
    struct ring tool;
    char answer[3 * RSP_PACKET_BYTES]; /**< what has come last, with a NUL behind it */
};

/** Two vCPUs, both on; a tool is connected, and has sent nothing. */
void debug_machine_init(struct debug_machine *machine);
void debug_machine_free(struct debug_machine *machine);

/** Send `count` bytes as they are, and let the stub have them. */
void debug_machine_send(struct debug_machine *machine, const void *bytes, uint32_t count);

/** Send a packet; returns the body of the packet that came back, "" if none did. */
const char *debug_machine_ask(struct debug_machine *machine, const char *body);

/** What has come since the last call. */
const char *debug_machine_receive(struct debug_machine *machine);

/** A vCPU takes a debug exception of `class` at `pc`. */
enum platform_resume debug_machine_exit(struct debug_machine *machine, uint32_t vcpu, uint32_t class,
                                        uint64_t pc, uint64_t far);
