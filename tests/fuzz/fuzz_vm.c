/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Everything that a vCPU can make its VMM do, on a machine with a device of each kind: loads and stores
 * anywhere, calls of firmware, traps, and whatever it writes into its RAM meanwhile; beside it peers that
 * scribble over their regions and answer nonsense. The machine is to end where the description says: running,
 * or stopped by its own wish.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tests/mock/fuzz_input.h"
#include "tests/mock/vm_machine.h"
#include "vmm/platform_fake.h"

/* Each loads the image again, which is slow. */
#define MAX_STARTS 3u
/* Queues are set up here, so that few bytes of input make chains. */
#define QUEUES_OFFSET 0x1000u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t pick_address(struct fuzz_input *input, uint8_t op)
{
    const uint16_t low = fuzz_input_u16(input);

    switch (op >> 5 & 3) {
    case 0: /* a 32-bit register of a virtio device */
        return VM_MACHINE_VIRTIO + 0x1000ull * (low >> 12) + (low & 0x1fcu);
    case 1: /* any byte of any device */
        return VM_MACHINE_VIRTIO + low;
    case 2:
        return ((low & 0x8000) != 0   ? VM_MACHINE_GICD
                : (low & 0x4000) != 0 ? VM_MACHINE_UART
                : (low & 0x2000) != 0 ? VM_MACHINE_ECAM
                                      : VM_MACHINE_WINDOW) +
               (low & ((low & 0xe000) != 0 ? 0x1fffu : 0x3fffu));
    default:
        return fuzz_input_u64(input);
    }
}

static void access_memory(struct vm_machine *machine, struct fuzz_input *input, uint8_t op)
{
    const uint64_t gpa = pick_address(input, op);
    uint64_t value = fuzz_input_u32(input);

    if ((value & 0x80000000) != 0) { /* likely to be an address */
        value = VM_MACHINE_RAM + QUEUES_OFFSET + (value & 0x3ff0);
    }
    const enum platform_resume resume =
        vm_machine_access(machine, gpa, 1u << (op & 3), (op & 4) != 0, &value);
    if (resume != PLATFORM_RESUME_DONE && resume != PLATFORM_RESUME_ABORT) {
        abort();
    }
}

static void make_call(struct vm_machine *machine, struct fuzz_input *input)
{
    static const uint32_t bases[] = {0x84000000, 0xc4000000, 0x80000000, 0};
    struct platform_exit exit = {.reason = PLATFORM_EXIT_CALL};
    const uint8_t shape = fuzz_input_u8(input);

    exit.vcpu = shape >> 2 & 1;
    exit.u.call.args[0] = bases[shape & 3] + fuzz_input_u8(input);
    for (uint32_t i = 1; i < 4; i++) {
        exit.u.call.args[i] = (shape & 8) != 0 ? fuzz_input_u64(input) : fuzz_input_u8(input);
    }
    (void)vm_exit(&machine->vm, &exit);
}

static void trap(struct vm_machine *machine, struct fuzz_input *input)
{
    struct platform_exit exit = {.reason = PLATFORM_EXIT_SYSREG, .vcpu = 0};
    const uint8_t shape = fuzz_input_u8(input);

    exit.reason = (shape & 1) != 0   ? PLATFORM_EXIT_CRASH
                  : (shape & 2) != 0 ? PLATFORM_EXIT_UNDEFINED
                                     : PLATFORM_EXIT_SYSREG;
    exit.syndrome = (uint64_t)(shape >> 1) << 26;
    exit.pc = fuzz_input_u8(input);
    (void)vm_exit(&machine->vm, &exit);
}

static void write_ram(struct vm_machine *machine, struct fuzz_input *input)
{
    uint8_t *at = machine->ram + QUEUES_OFFSET + (fuzz_input_u16(input) & 0x3fff);
    const uint64_t value = fuzz_input_u64(input);

    memcpy(at, &value, 1u + (value & 7));
}

/* A descriptor that is likely to be good, and the index that offers it. */
static void write_chain(struct vm_machine *machine, struct fuzz_input *input)
{
    const uint16_t at = fuzz_input_u16(input) & 0x3ff0;
    const struct virtq_desc desc = {VM_MACHINE_RAM + QUEUES_OFFSET + fuzz_input_u16(input),
                                    fuzz_input_u16(input), fuzz_input_u8(input) & 7,
                                    fuzz_input_u8(input) & 3};

    memcpy(machine->ram + QUEUES_OFFSET + at, &desc, sizeof desc);
}

static void peer_step(struct vm_machine *machine, struct fuzz_input *input)
{
    const uint8_t shape = fuzz_input_u8(input);
    const uint32_t link = (shape & 7) % VM_MACHINE_LINKS;
    uint8_t *region = machine->regions[link][1];
    uint32_t value = fuzz_input_u16(input);
    static const uint8_t typed[1024];

    switch (shape >> 3 & 3) {
    case 0: /* the header, or anything */
        memcpy(region + (fuzz_input_u16(input) & ((shape & 0x20) != 0 ? 0x3ffcu : 0xfcu)), &value,
               sizeof value);
        break;
    case 1:
        if (ring_init(&machine->peers[link], region, machine->regions[link][0], VM_MACHINE_LINK_BYTES) !=
            ERR_OK) {
            abort();
        }
        break;
    case 2:
        machine->vhost_reply = value & 3;
        machine->vhost_status.fault = value >> 2 & 15;
        machine->entropy_reply = value >> 6 & 3;
        machine->block_status = value >> 8 & 7;
        break;
    default:
        (void)ring_write(&machine->peers[link < 2 ? link : 0], typed, value % sizeof typed);
        break;
    }
    vm_notified(&machine->vm, shape & 0x40 ? fuzz_input_u8(input) & 31u : 1 + link);
}

static void step(struct vm_machine *machine, struct fuzz_input *input)
{
    const uint8_t op = fuzz_input_u8(input);

    if (op < 128) {
        access_memory(machine, input, op);
    } else if (op < 160) {
        write_ram(machine, input);
    } else if (op < 192) {
        write_chain(machine, input);
    } else if (op < 208) {
        make_call(machine, input);
    } else if (op < 216) {
        trap(machine, input);
    } else if (op < 240) {
        peer_step(machine, input);
    } else {
        vm_machine_run_peers(machine);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {data, size};
    struct vm_machine *machine = vm_machine_new();

    while (input.bytes > 0 && platform_fake.vcpus[0].start_count <= MAX_STARTS) {
        step(machine, &input);
        if (machine->vm.state == VM_OFF) {
            break;
        }
    }
    /* Peers that behave again, and a machine that is started again, are as good as new. */
    for (uint32_t link = 0; link < VM_MACHINE_LINKS; link++) {
        memset(machine->regions[link][1], 0, VM_MACHINE_LINK_BYTES);
        if (ring_init(&machine->peers[link], machine->regions[link][1], machine->regions[link][0],
                      VM_MACHINE_LINK_BYTES) != ERR_OK) {
            abort();
        }
        vm_notified(&machine->vm, 1 + link);
    }
    machine->block_status = 0;
    machine->vhost_reply = 0;
    machine->vhost_status.fault = 0;
    vm_machine_run_peers(machine);
    if (vm_start(&machine->vm) != ERR_OK) {
        abort();
    }
    vm_machine_tell_disks(machine);
    if (machine->vm.state != VM_RUNNING) {
        abort();
    }
    vm_machine_free(machine);
    return 0;
}
