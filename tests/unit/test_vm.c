/* SPDX-License-Identifier: BSD-2-Clause */
/* The whole machine, from its configuration to the guest's exits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "microkit/host/microkit_host.h"
#include "tests/mock/log_record.h"
#include "vmm/core/vm.h"
#include "vmm/platform_fake.h"

#define RAM 0x40000000ull
#define RAM_BYTES 0x1000000ull
#define GICD 0x08000000ull
#define UART 0x09000000ull
#define NET 0x0a000000ull
#define TEXT_OFFSET 0x80000ull
#define IMAGE_BYTES 0x3000u
#define LINK_BYTES 0x8000u

/* The start of an arm64 Image: what Linux' booting.rst says. */
struct header {
    uint32_t code[2];
    uint64_t text_offset, image_size, flags, reserved[3];
    uint32_t magic, reserved2;
};

struct fixture {
    struct vm vm;
    struct vmm_config config;
    uint8_t *ram;
    _Alignas(8) uint8_t image[IMAGE_BYTES];
    uint8_t initrd[0x1234];
    uint8_t dtb[100];
    void *links[4];
};

static struct header *header_of(struct fixture *f)
{
    return (struct header *)(void *)f->image;
}

static void make_devices(struct fixture *f)
{
    for (unsigned int i = 0; i < 4; i++) {
        f->links[i] = aligned_alloc(64, LINK_BYTES);
        assert_non_null(f->links[i]);
        memset(f->links[i], 0, LINK_BYTES);
    }
    f->config.device_count = 3;
    f->config.devices[0] = (struct vmm_device_config){
        .kind = VMM_DEVICE_PL011,
        .name = "uart0",
        .gpa = UART,
        .bytes = 0x1000,
        .virq = 33,
        .link = {(uint64_t)(uintptr_t)f->links[0], (uint64_t)(uintptr_t)f->links[1], LINK_BYTES, 1},
    };
    f->config.devices[1] = (struct vmm_device_config){
        .kind = VMM_DEVICE_NET,
        .transport = VMM_TRANSPORT_MMIO,
        .name = "net0",
        .gpa = NET,
        .bytes = 0x200,
        .virq = 48,
        .queue_size = 256,
        .link = {(uint64_t)(uintptr_t)f->links[2], (uint64_t)(uintptr_t)f->links[3], LINK_BYTES, 2},
        .u.net = {.mac = {2, 0, 0, 0, 0, 1}},
    };
    f->config.devices[2] =
        (struct vmm_device_config){.kind = VMM_DEVICE_PASSTHROUGH, .name = "rtc", .virq = 34, .channel = 3};
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    assert_non_null(f);
    platform_fake_reset();
    microkit_host_reset();
    log_record_clear();
    f->ram = aligned_alloc(4096, RAM_BYTES);
    assert_non_null(f->ram);
    memset(f->ram, 0xcc, RAM_BYTES);
    memset(f->image, 0x11, sizeof f->image);
    memset(f->initrd, 0x22, sizeof f->initrd);
    memset(f->dtb, 0x33, sizeof f->dtb);
    *header_of(f) =
        (struct header){.text_offset = TEXT_OFFSET, .image_size = 0x5000, .flags = 2, .magic = 0x644d5241};
    f->config = (struct vmm_config){
        .name = "vm1",
        .ram_gpa = RAM,
        .ram_vaddr = (uint64_t)(uintptr_t)f->ram,
        .ram_bytes = RAM_BYTES,
        .kernel = {(uint64_t)(uintptr_t)f->image, sizeof f->image},
        .initrd = {(uint64_t)(uintptr_t)f->initrd, sizeof f->initrd},
        .dtb = {(uint64_t)(uintptr_t)f->dtb, sizeof f->dtb},
        .initrd_gpa = RAM + 0x800000,
        .dtb_gpa = RAM + 0x600000,
        .vcpu_count = 1,
        .vcpu_child = {4},
        .gicd_gpa = GICD,
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

static int teardown(void **state)
{
    struct fixture *f = *state;

    for (unsigned int i = 0; i < 4; i++) {
        free(f->links[i]);
    }
    free(f->ram);
    free(f);
    return 0;
}

static void start(struct fixture *f)
{
    assert_int_equal(vm_init(&f->vm, &f->config), ERR_OK);
    assert_int_equal(vm_start(&f->vm), ERR_OK);
}

static enum platform_resume access_word(struct fixture *f, uint64_t gpa, bool is_write, uint64_t *value)
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

static enum platform_resume psci(struct fixture *f, uint64_t function, bool is_smc)
{
    struct platform_exit exit = {.reason = PLATFORM_EXIT_CALL};

    exit.u.call.args[0] = function;
    exit.u.call.is_smc = is_smc;
    return vm_exit(&f->vm, &exit);
}

/* Loading. */

static void test_start_loads_the_guest(void **state)
{
    struct fixture *f = *state;

    start(f);
    assert_memory_equal(f->ram + TEXT_OFFSET, f->image, sizeof f->image);
    assert_memory_equal(f->ram + 0x800000, f->initrd, sizeof f->initrd);
    assert_memory_equal(f->ram + 0x600000, f->dtb, sizeof f->dtb);
    assert_int_equal(f->ram[0], 0); /* scrubbed */
    assert_int_equal(f->ram[RAM_BYTES - 1], 0);
    assert_int_equal(f->ram[TEXT_OFFSET + IMAGE_BYTES], 0);
    assert_true(platform_fake.vcpus[0].running);
    assert_int_equal(platform_fake.vcpus[0].entry, RAM + TEXT_OFFSET);
    assert_int_equal(platform_fake.vcpus[0].context, RAM + 0x600000);
    assert_int_equal(platform_fake.cleaned_bytes, RAM_BYTES);
    assert_int_equal(log_record_count(), 0);
}

static void test_old_image_without_a_size(void **state)
{
    struct fixture *f = *state;

    header_of(f)->image_size = 0;
    header_of(f)->text_offset = 0;
    start(f);
    assert_int_equal(platform_fake.vcpus[0].entry, RAM + 0x80000);
}

static void test_initrd_is_optional(void **state)
{
    struct fixture *f = *state;

    f->config.initrd = (struct config_blob){0, 0};
    f->config.initrd_gpa = 0;
    start(f);
}

static void expect_load_error(struct fixture *f, enum err err, const char *message)
{
    log_record_clear();
    assert_int_equal(vm_init(&f->vm, &f->config), ERR_OK);
    assert_int_equal(vm_start(&f->vm), err);
    assert_false(platform_fake.vcpus[0].running);
    assert_non_null(strstr(log_record_text(), message));
}

static void test_no_image(void **state)
{
    struct fixture *f = *state;

    header_of(f)->magic = 0x12345678;
    expect_load_error(f, ERR_FORMAT, "not an arm64 Image");
}

static void test_truncated_image(void **state)
{
    struct fixture *f = *state;

    f->config.kernel.bytes = 63;
    expect_load_error(f, ERR_FORMAT, "too short");
}

static void test_big_endian_image(void **state)
{
    struct fixture *f = *state;

    header_of(f)->flags |= 1;
    expect_load_error(f, ERR_FORMAT, "big-endian");
}

static void test_image_that_does_not_fit(void **state)
{
    struct fixture *f = *state;

    header_of(f)->image_size = RAM_BYTES - TEXT_OFFSET + 1;
    expect_load_error(f, ERR_RANGE, "kernel");
}

static void test_image_with_a_wild_offset(void **state)
{
    struct fixture *f = *state;

    header_of(f)->text_offset = UINT64_MAX - 3;
    expect_load_error(f, ERR_RANGE, "text_offset");
}

static void test_parts_that_overlap(void **state)
{
    struct fixture *f = *state;

    f->config.initrd_gpa = RAM + TEXT_OFFSET + 0x4000; /* in the kernel's BSS */
    expect_load_error(f, ERR_SPACE, "initrd: overlaps the kernel");
}

static void test_device_tree_in_the_initrd(void **state)
{
    struct fixture *f = *state;

    f->config.dtb_gpa = RAM + 0x801000;
    expect_load_error(f, ERR_SPACE, "device tree: overlaps the initrd");
}

static void test_parts_outside_ram(void **state)
{
    struct fixture *f = *state;

    f->config.initrd_gpa = RAM + RAM_BYTES - 0x1000;
    expect_load_error(f, ERR_RANGE, "initrd");
}

static void test_misaligned_parts(void **state)
{
    struct fixture *f = *state;

    f->config.dtb_gpa += 4;
    expect_load_error(f, ERR_ALIGN, "device tree");
}

/* Configurations. */

static void test_two_devices_in_one_place(void **state)
{
    struct fixture *f = *state;

    f->config.devices[1].gpa = UART + 0x800;
    assert_int_equal(vm_init(&f->vm, &f->config), ERR_RANGE);
    assert_non_null(strstr(log_record_text(), "net0"));
}

static void test_unknown_device(void **state)
{
    struct fixture *f = *state;

    f->config.devices[1].kind = 99;
    assert_int_equal(vm_init(&f->vm, &f->config), ERR_UNSUPPORTED);
}

static void test_unknown_transport(void **state)
{
    struct fixture *f = *state;

    f->config.devices[1].transport = 99;
    assert_int_equal(vm_init(&f->vm, &f->config), ERR_UNSUPPORTED);
}

static void test_too_many_devices(void **state)
{
    struct fixture *f = *state;

    f->config.device_count = VMM_CONFIG_MAX_DEVICES + 1;
    assert_int_equal(vm_init(&f->vm, &f->config), ERR_RANGE);
}

static void test_bad_ram(void **state)
{
    struct fixture *f = *state;

    f->config.ram_bytes = 0;
    assert_int_equal(vm_init(&f->vm, &f->config), ERR_RANGE);
}

static void test_bad_interrupt_controller(void **state)
{
    struct fixture *f = *state;

    f->config.vcpu_count = 0;
    assert_int_equal(vm_init(&f->vm, &f->config), ERR_RANGE);
}

/* Exits. */

static void test_devices_answer(void **state)
{
    struct fixture *f = *state;
    uint64_t value = 0;

    start(f);
    assert_int_equal(access_word(f, NET, false, &value), PLATFORM_RESUME_DONE);
    assert_int_equal(value, 0x74726976);
    assert_int_equal(access_word(f, GICD + 4, false, &value), PLATFORM_RESUME_DONE);
    assert_int_equal(value, 2);
    assert_int_equal(access_word(f, UART + 0xfe0, false, &value), PLATFORM_RESUME_DONE);
    assert_int_equal(value, 0x11);
}

static void test_nobody_answers(void **state)
{
    struct fixture *f = *state;
    uint64_t value = 0;

    start(f);
    for (unsigned int i = 0; i < 1000; i++) {
        assert_int_equal(access_word(f, 0x1000, (i & 1) != 0, &value), PLATFORM_RESUME_ABORT);
    }
    assert_in_range(log_record_count(), 1, 20);
    assert_true(platform_fake.vcpus[0].running);
}

static void test_system_register(void **state)
{
    struct fixture *f = *state;
    struct platform_exit exit = {.reason = PLATFORM_EXIT_SYSREG};

    start(f);
    assert_int_equal(vm_exit(&f->vm, &exit), PLATFORM_RESUME_UNDEF);
}

static void test_power_off(void **state)
{
    struct fixture *f = *state;

    start(f);
    assert_int_equal(psci(f, PSCI_SYSTEM_OFF, false), PLATFORM_RESUME_STAY);
    assert_false(platform_fake.vcpus[0].running);
    assert_false(f->vm.running);
    assert_int_equal(platform_fake.halt_count, 0);
    assert_non_null(strstr(log_record_text(), "vm1 has switched itself off"));
}

static void test_power_off_that_halts(void **state)
{
    struct fixture *f = *state;

    f->config.on_off = VMM_EXIT_HALT;
    start(f);
    assert_int_equal(psci(f, PSCI_SYSTEM_OFF, true), PLATFORM_RESUME_STAY);
    assert_int_equal(platform_fake.halt_count, 1);
}

static void test_reboot(void **state)
{
    struct fixture *f = *state;
    uint64_t value = 1;

    start(f);
    assert_int_equal(access_word(f, GICD, true, &value), PLATFORM_RESUME_DONE);
    assert_int_equal(access_word(f, UART + 0x38, true, &value), PLATFORM_RESUME_DONE);
    assert_int_equal(access_word(f, NET + 0x70, true, &value), PLATFORM_RESUME_DONE);
    f->ram[0x900000] = 0x77;
    f->ram[TEXT_OFFSET] = 0x77;
    assert_int_equal(psci(f, PSCI_SYSTEM_RESET, false), PLATFORM_RESUME_STAY);
    assert_true(platform_fake.vcpus[0].running);
    assert_int_equal(platform_fake.vcpus[0].start_count, 2);
    assert_int_equal(f->ram[0x900000], 0);
    assert_memory_equal(f->ram + TEXT_OFFSET, f->image, sizeof f->image);
    assert_int_equal(access_word(f, GICD, false, &value), PLATFORM_RESUME_DONE);
    assert_int_equal(value, 0);
    assert_int_equal(access_word(f, UART + 0x38, false, &value), PLATFORM_RESUME_DONE);
    assert_int_equal(value, 0);
    assert_int_equal(access_word(f, NET + 0x70, false, &value), PLATFORM_RESUME_DONE);
    assert_int_equal(value, 0);
}

static void test_reboot_that_cannot_load(void **state)
{
    struct fixture *f = *state;

    start(f);
    header_of(f)->magic = 0;
    assert_int_equal(psci(f, PSCI_SYSTEM_RESET, false), PLATFORM_RESUME_STAY);
    assert_false(platform_fake.vcpus[0].running);
    assert_non_null(strstr(log_record_text(), "stays off"));
}

static struct platform_exit crash_exit(uint64_t syndrome, uint64_t pc)
{
    struct platform_exit exit = {.reason = PLATFORM_EXIT_CRASH, .syndrome = syndrome, .pc = pc};

    exit.u.crash.gpa = 0xdead0000;
    return exit;
}

static void test_access_that_cannot_be_emulated(void **state)
{
    struct fixture *f = *state;

    start(f);
    for (uint64_t i = 0; i < 100; i++) {
        struct platform_exit exit = crash_exit(0x92000000, 4 * i);
        assert_int_equal(vm_exit(&f->vm, &exit), PLATFORM_RESUME_ABORT);
    }
    assert_true(platform_fake.vcpus[0].running);
    assert_in_range(log_record_count(), 1, 20);
}

/* Its vectors are not in memory: each abort leads to the next. */
static enum platform_resume abort_for_ever(struct fixture *f)
{
    enum platform_resume resume = PLATFORM_RESUME_ABORT;

    for (unsigned int i = 0; i < 100 && resume == PLATFORM_RESUME_ABORT; i++) {
        struct platform_exit exit = crash_exit(0x82000000, 0x200);
        resume = vm_exit(&f->vm, &exit);
    }
    return resume;
}

static void test_crash(void **state)
{
    struct fixture *f = *state;

    start(f);
    assert_int_equal(abort_for_ever(f), PLATFORM_RESUME_STAY);
    assert_false(platform_fake.vcpus[0].running);
    assert_non_null(strstr(log_record_text(), "0x00000000dead0000"));
    assert_non_null(strstr(log_record_text(), "instruction fetch"));
    assert_non_null(strstr(log_record_text(), "x29 0x000000000000001d"));
}

static void test_crash_of_an_unknown_kind(void **state)
{
    struct fixture *f = *state;
    struct platform_exit exit = crash_exit(0xbe000000, 0);

    start(f);
    assert_int_equal(vm_exit(&f->vm, &exit), PLATFORM_RESUME_STAY);
    assert_false(platform_fake.vcpus[0].running);
    assert_non_null(strstr(log_record_text(), "other exception"));
}

static void test_crash_that_restarts(void **state)
{
    struct fixture *f = *state;

    f->config.on_crash = VMM_EXIT_RESTART;
    start(f);
    assert_int_equal(abort_for_ever(f), PLATFORM_RESUME_STAY);
    assert_int_equal(platform_fake.vcpus[0].start_count, 2);
}

static void test_restarts_are_limited(void **state)
{
    struct fixture *f = *state;
    struct platform_exit exit = {.reason = PLATFORM_EXIT_CRASH};

    f->config.on_crash = VMM_EXIT_RESTART;
    f->config.restart_limit = 2;
    f->config.restart_window_ms = 1000;
    start(f);
    for (uint32_t i = 0; i < 2; i++) {
        platform_fake.milliseconds = 5000 + i;
        assert_int_equal(vm_exit(&f->vm, &exit), PLATFORM_RESUME_STAY);
        assert_true(platform_fake.vcpus[0].running);
    }
    /* The window is over: two more. */
    for (uint32_t i = 0; i < 2; i++) {
        platform_fake.milliseconds = 6000 + i;
        assert_int_equal(vm_exit(&f->vm, &exit), PLATFORM_RESUME_STAY);
        assert_true(platform_fake.vcpus[0].running);
    }
    platform_fake.milliseconds = 6999;
    assert_int_equal(vm_exit(&f->vm, &exit), PLATFORM_RESUME_STAY);
    assert_false(platform_fake.vcpus[0].running);
    assert_int_equal(platform_fake.vcpus[0].start_count, 5);
    assert_non_null(strstr(log_record_text(), "2 times within 1000 ms"));
}

/* Notifications. */

static void test_notifications_find_their_device(void **state)
{
    struct fixture *f = *state;
    struct ring mux;
    uint64_t value = 0x301;

    start(f);
    assert_int_equal(ring_init(&mux, f->links[1], f->links[0], LINK_BYTES), ERR_OK);
    assert_int_equal(access_word(f, UART + 0x30, true, &value), PLATFORM_RESUME_DONE);
    assert_int_equal(ring_write(&mux, "k", 1), 1);
    vm_notified(&f->vm, 2);
    vm_notified(&f->vm, 60);
    vm_notified(&f->vm, 1);
    assert_int_equal(access_word(f, UART, false, &value), PLATFORM_RESUME_DONE);
    assert_int_equal(value, 'k');
    vm_notified(&f->vm, 3);
    assert_true(platform_fake.vcpus[0].virqs[34].latch);
    assert_int_equal(microkit_host_count(MICROKIT_HOST_IRQ_ACK, 3), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_start_loads_the_guest),
        TEST(test_old_image_without_a_size),
        TEST(test_initrd_is_optional),
        TEST(test_no_image),
        TEST(test_truncated_image),
        TEST(test_big_endian_image),
        TEST(test_image_that_does_not_fit),
        TEST(test_image_with_a_wild_offset),
        TEST(test_parts_that_overlap),
        TEST(test_device_tree_in_the_initrd),
        TEST(test_parts_outside_ram),
        TEST(test_misaligned_parts),
        TEST(test_two_devices_in_one_place),
        TEST(test_unknown_device),
        TEST(test_unknown_transport),
        TEST(test_too_many_devices),
        TEST(test_bad_ram),
        TEST(test_bad_interrupt_controller),
        TEST(test_devices_answer),
        TEST(test_nobody_answers),
        TEST(test_system_register),
        TEST(test_power_off),
        TEST(test_power_off_that_halts),
        TEST(test_reboot),
        TEST(test_reboot_that_cannot_load),
        TEST(test_access_that_cannot_be_emulated),
        TEST(test_crash),
        TEST(test_crash_of_an_unknown_kind),
        TEST(test_crash_that_restarts),
        TEST(test_restarts_are_limited),
        TEST(test_notifications_find_their_device),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
