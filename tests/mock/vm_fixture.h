/* SPDX-License-Identifier: BSD-2-Clause */
/** A whole VMM on the host, with a guest of nothing but an Image's header: UART, NIC, a passed-through
 * interrupt. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "vmm/core/vm.h"

#define VM_FIXTURE_RAM 0x40000000ull
#define VM_FIXTURE_RAM_BYTES 0x1000000ull
#define VM_FIXTURE_GICD 0x08000000ull
#define VM_FIXTURE_UART 0x09000000ull
#define VM_FIXTURE_NET 0x0a000000ull
#define VM_FIXTURE_TEXT_OFFSET 0x80000ull
#define VM_FIXTURE_IMAGE_BYTES 0x3000u
#define VM_FIXTURE_LINK_BYTES 0x8000u

/** The start of an arm64 Image: what Linux' booting.rst says. */
struct vm_fixture_header {
    uint32_t code[2];
    uint64_t text_offset, image_size, flags, reserved[3];
    uint32_t magic, reserved2;
};

/** The machine; the test plays guest and peers. */
struct vm_fixture {
    struct vm vm;
    struct vmm_config config;
    uint8_t *ram;
    _Alignas(8) uint8_t image[VM_FIXTURE_IMAGE_BYTES];
    uint8_t initrd[0x1234];
    uint8_t dtb[100];
    void *links[4];
};

/** cmocka's setup and teardown: *state is a struct vm_fixture that is ready for vm_init(). */
int vm_fixture_setup(void **state);
int vm_fixture_teardown(void **state);

/** The Image's header. */
struct vm_fixture_header *vm_fixture_header(struct vm_fixture *machine);

/** Set up and start; both have to succeed. */
void vm_fixture_start(struct vm_fixture *machine);

/** The guest loads or stores a word. */
enum platform_resume vm_fixture_access(struct vm_fixture *machine, uint64_t gpa, bool is_write,
                                       uint64_t *value);

/** The guest calls PSCI. */
enum platform_resume vm_fixture_psci(struct vm_fixture *machine, uint64_t function, bool is_smc);
