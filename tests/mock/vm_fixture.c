/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/mock/vm_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "microkit/host/microkit_host.h"
#include "tests/mock/log_record.h"
#include "vmm/platform_fake.h"

struct vm_fixture_header *vm_fixture_header(struct vm_fixture *f)
{
    return (struct vm_fixture_header *)(void *)f->image;
}

static void make_devices(struct vm_fixture *f)
{
    for (unsigned int i = 0; i < 4; i++) {
        f->links[i] = aligned_alloc(64, VM_FIXTURE_LINK_BYTES);
        assert_non_null(f->links[i]);
        memset(f->links[i], 0, VM_FIXTURE_LINK_BYTES);
    }
    f->config.device_count = 3;
    f->config.devices[0] = (struct vmm_device_config){
        .kind = VMM_DEVICE_PL011,
        .name = "uart0",
        .gpa = VM_FIXTURE_UART,
        .bytes = 0x1000,
        .virq = 33,
        .link = {(uint64_t)(uintptr_t)f->links[0], (uint64_t)(uintptr_t)f->links[1], VM_FIXTURE_LINK_BYTES,
                 1},
    };
    f->config.devices[1] = (struct vmm_device_config){
        .kind = VMM_DEVICE_NET,
        .transport = VMM_TRANSPORT_MMIO,
        .name = "net0",
        .gpa = VM_FIXTURE_NET,
        .bytes = 0x200,
        .virq = 48,
        .queue_size = 256,
        .link = {(uint64_t)(uintptr_t)f->links[2], (uint64_t)(uintptr_t)f->links[3], VM_FIXTURE_LINK_BYTES,
                 2},
        .u.net = {.mac = {2, 0, 0, 0, 0, 1}},
    };
    f->config.devices[2] =
        (struct vmm_device_config){.kind = VMM_DEVICE_PASSTHROUGH, .name = "rtc", .virq = 34, .channel = 3};
}

int vm_fixture_setup(void **state)
{
    struct vm_fixture *f = calloc(1, sizeof *f);

    assert_non_null(f);
    platform_fake_reset();
    microkit_host_reset();
    log_record_clear();
    f->ram = aligned_alloc(4096, VM_FIXTURE_RAM_BYTES);
    assert_non_null(f->ram);
    memset(f->ram, 0xcc, VM_FIXTURE_RAM_BYTES);
    memset(f->image, 0x11, sizeof f->image);
    memset(f->initrd, 0x22, sizeof f->initrd);
    memset(f->dtb, 0x33, sizeof f->dtb);
    *vm_fixture_header(f) = (struct vm_fixture_header){
        .text_offset = VM_FIXTURE_TEXT_OFFSET, .image_size = 0x5000, .flags = 2, .magic = 0x644d5241};
    f->config = (struct vmm_config){
        .name = "vm1",
        .ram_gpa = VM_FIXTURE_RAM,
        .ram_vaddr = (uint64_t)(uintptr_t)f->ram,
        .ram_bytes = VM_FIXTURE_RAM_BYTES,
        .kernel = {(uint64_t)(uintptr_t)f->image, sizeof f->image},
        .initrd = {(uint64_t)(uintptr_t)f->initrd, sizeof f->initrd},
        .dtb = {(uint64_t)(uintptr_t)f->dtb, sizeof f->dtb},
        .initrd_gpa = VM_FIXTURE_RAM + 0x800000,
        .dtb_gpa = VM_FIXTURE_RAM + 0x600000,
        .vcpu_count = 1,
        .vcpu_child = {4},
        .gicd_gpa = VM_FIXTURE_GICD,
        .gicd_bytes = 0x10000,
        .spi_count = 64,
        .on_off = VMM_EXIT_STOP,
        .on_reset = VMM_EXIT_RESTART,
        .on_crash = VMM_EXIT_STOP,
    };
    make_devices(f);
    *state = f;
    return 0;
}

int vm_fixture_teardown(void **state)
{
    struct vm_fixture *f = *state;

    for (unsigned int i = 0; i < 4; i++) {
        free(f->links[i]);
    }
    free(f->ram);
    free(f);
    return 0;
}

void vm_fixture_start(struct vm_fixture *f)
{
    assert_int_equal(vm_init(&f->vm, &f->config), ERR_OK);
    assert_int_equal(vm_start(&f->vm), ERR_OK);
}

enum platform_resume vm_fixture_access(struct vm_fixture *f, uint64_t gpa, bool is_write, uint64_t *value)
{
    struct platform_exit exit = {.reason = PLATFORM_EXIT_MMIO};

    exit.u.mmio.gpa = gpa;
    exit.u.mmio.width_bytes = 4;
    exit.u.mmio.is_write = is_write;
    exit.u.mmio.value = *value;
    const enum platform_resume resume = vm_exit(&f->vm, &exit);
    *value = exit.u.mmio.value;
    return resume;
}

enum platform_resume vm_fixture_psci(struct vm_fixture *f, uint64_t function, bool is_smc)
{
    struct platform_exit exit = {.reason = PLATFORM_EXIT_CALL};

    exit.u.call.args[0] = function;
    exit.u.call.is_smc = is_smc;
    return vm_exit(&f->vm, &exit);
}
