/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/mock/debug_machine.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "microkit/host/microkit_host.h"

void debug_machine_init(struct debug_machine *machine)
{
    memset(machine, 0, sizeof(*machine));
    platform_fake_reset();
    microkit_host_reset();
    machine->ram = aligned_alloc(4096, DEBUG_MACHINE_RAM_BYTES);
    assert(machine->ram != NULL);
    memset(machine->ram, 0, DEBUG_MACHINE_RAM_BYTES);
    for (int i = 0; i < 2; i++) {
        machine->regions[i] = aligned_alloc(64, DEBUG_MACHINE_LINK_BYTES);
        assert(machine->regions[i] != NULL);
        memset(machine->regions[i], 0, DEBUG_MACHINE_LINK_BYTES);
    }
    machine->config = (struct vmm_config){
        .name = "vm1",
        .vcpu_count = 2,
        .debug = {(uint64_t)(uintptr_t)machine->regions[0], (uint64_t)(uintptr_t)machine->regions[1],
                  DEBUG_MACHINE_LINK_BYTES, DEBUG_MACHINE_CHANNEL},
    };
    platform_init(&machine->config);
    if (guestmem_init(&machine->mem, gpa_of(DEBUG_MACHINE_RAM), machine->ram, DEBUG_MACHINE_RAM_BYTES) !=
            ERR_OK ||
        ring_init(&machine->tool, machine->regions[1], machine->regions[0], DEBUG_MACHINE_LINK_BYTES) !=
            ERR_OK) {
        abort();
    }
    for (uint32_t i = 0; i < 2; i++) {
        machine->is_on[i] = true;
        platform_fake.vcpus[i].core[32] = DEBUG_MACHINE_RAM + 0x1000 * (i + 1);
        platform_fake.vcpus[i].core[38] = 6 | 4 << 8;
        platform_fake.vcpus[i].virq_enabled = true;
    }
    machine->irqs_on = 1;
    hold_init(&machine->hold, 2);
    machine->debugger.config = &machine->config;
    machine->debugger.mem = &machine->mem;
    machine->debugger.hold = &machine->hold;
    machine->debugger.is_on = machine->is_on;
    machine->debugger.irqs_on = &machine->irqs_on;
    debugger_init(&machine->debugger);
    ring_offer(&machine->tool, 1);
    debugger_notified(&machine->debugger);
}

void debug_machine_free(struct debug_machine *machine)
{
    free(machine->ram);
    free(machine->regions[0]);
    free(machine->regions[1]);
}

const char *debug_machine_receive(struct debug_machine *machine)
{
    (void)ring_sync(&machine->tool);
    const uint32_t count = ring_read(&machine->tool, machine->answer, sizeof(machine->answer) - 1);

    machine->answer[count] = '\0';
    return machine->answer;
}

void debug_machine_send(struct debug_machine *machine, const void *bytes, uint32_t count)
{
    const uint8_t *next = bytes;

    (void)ring_sync(&machine->tool);
    while (count > 0) {
        const uint32_t sent = ring_write(&machine->tool, next, count);

        next += sent;
        count -= sent;
        debugger_notified(&machine->debugger);
    }
}

const char *debug_machine_ask(struct debug_machine *machine, const char *body)
{
    uint8_t sum = 0;
    char check[8];
    char *end;

    for (const char *c = body; *c != '\0'; c++) {
        sum = (uint8_t)(sum + (uint8_t)*c);
    }
    debug_machine_send(machine, "$", 1);
    debug_machine_send(machine, body, (uint32_t)strlen(body));
    (void)snprintf(check, sizeof(check), "#%02x", sum);
    debug_machine_send(machine, check, 3);
    (void)debug_machine_receive(machine);
    end = strrchr(machine->answer, '#');
    if (strncmp(machine->answer, "+$", 2) != 0 || end == NULL) {
        return "";
    }
    *end = '\0';
    return machine->answer + 2;
}

enum platform_resume debug_machine_exit(struct debug_machine *machine, uint32_t vcpu, uint32_t class,
                                        uint64_t pc, uint64_t far)
{
    const struct platform_exit exit = {.reason = PLATFORM_EXIT_DEBUG,
                                       .vcpu = vcpu,
                                       .pc = pc,
                                       .syndrome = (uint64_t) class << 26 | 1u << 25,
                                       .u.debug.far = far};

    return debugger_exit(&machine->debugger, &exit);
}
