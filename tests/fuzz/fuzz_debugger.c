/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes from a tool, any registers and tables of a guest, and any debug exceptions, in any order. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/aarch64/esr.h"
#include "tests/mock/debug_machine.h"
#include "tests/mock/fuzz_input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void send_packet(struct debug_machine *machine, struct fuzz_input *input)
{
    static const char letters[] = "?gGpPmMXZzHTqvcsDk";
    char body[64];
    uint32_t used = 0;
    const uint8_t count = fuzz_input_u8(input) % 48;

    body[used++] = letters[fuzz_input_u8(input) % (sizeof(letters) - 1)];
    for (uint8_t i = 0; i < count; i++) {
        const uint8_t byte = fuzz_input_u8(input);

        if (byte != 0) {
            body[used++] = (char)byte;
        }
    }
    body[used] = '\0';
    (void)debug_machine_ask(machine, body);
}

static void take_exception(struct debug_machine *machine, struct fuzz_input *input)
{
    static const uint32_t classes[] = {ESR_EC_BRK64, ESR_EC_STEP, ESR_EC_BREAKPOINT, ESR_EC_WATCHPOINT};
    const uint8_t what = fuzz_input_u8(input);

    (void)debug_machine_exit(machine, what & 1, classes[what >> 1 & 3],
                             DEBUG_MACHINE_RAM + fuzz_input_u16(input), fuzz_input_u32(input));
    (void)debug_machine_receive(machine);
}

static void change_guest(struct debug_machine *machine, struct fuzz_input *input)
{
    const uint32_t offset = fuzz_input_u32(input) % (DEBUG_MACHINE_RAM_BYTES - 8);
    const uint64_t entry = (fuzz_input_u32(input) & 0x4fffffff) | (uint64_t)fuzz_input_u8(input) << 40;

    memcpy(machine->ram + offset, &entry, sizeof(entry));
    platform_fake.vcpus[fuzz_input_u8(input) & 1].core[32 + fuzz_input_u8(input) % 7] =
        fuzz_input_u32(input) | (uint64_t)fuzz_input_u32(input) << 32;
}

/* Who is held, and who may step, follow from what the stub says of itself. */
static void check(const struct debug_machine *machine)
{
    const struct debugger *debugger = &machine->debugger;

    for (uint32_t i = 0; i < 2; i++) {
        const struct platform_fake_vcpu *vcpu = &platform_fake.vcpus[i];

        if ((debugger->is_attached && !debugger->is_running && !vcpu->paused) ||
            (!debugger->is_attached && (vcpu->paused || vcpu->debugger != 0 || !vcpu->virq_enabled)) ||
            debugger->selected > 1 || debugger->reply.used > RSP_WIRE_BYTES) {
            abort();
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {data, size};
    static struct debug_machine machine; /* large */
    uint32_t connection = 1;

    debug_machine_init(&machine);
    while (input.bytes != 0) {
        const uint8_t op = fuzz_input_u8(&input);
        const uint8_t byte = op >= 0xf0 ? fuzz_input_u8(&input) : 0;

        if (op < 0x80) {
            send_packet(&machine, &input);
        } else if (op < 0xb0) {
            take_exception(&machine, &input);
        } else if (op < 0xe0) {
            change_guest(&machine, &input);
        } else if (op < 0xf0) {
            ring_offer(&machine.tool, ++connection & 3);
            debugger_notified(&machine.debugger);
        } else {
            debug_machine_send(&machine, &byte, 1);
        }
        check(&machine);
    }
    debug_machine_free(&machine);
    return 0;
}
