/* SPDX-License-Identifier: BSD-2-Clause */
/* The whole machine, from its configuration to the guest's exits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "microkit/host/microkit_host.h"
#include "tests/mock/log_record.h"
#include "tests/mock/vm_fixture.h"
#include "vmm/core/vm.h"
#include "vmm/platform_fake.h"

/* Loading. */

static void test_start_loads_the_guest(void **state)
{
    struct vm_fixture *f = *state;

    vm_fixture_start(f);
    assert_memory_equal(f->ram + VM_FIXTURE_TEXT_OFFSET, f->image, sizeof f->image);
    assert_memory_equal(f->ram + 0x800000, f->initrd, sizeof f->initrd);
    assert_memory_equal(f->ram + 0x600000, f->dtb, sizeof f->dtb);
    assert_int_equal(f->ram[0], 0); /* scrubbed */
    assert_int_equal(f->ram[VM_FIXTURE_RAM_BYTES - 1], 0);
    assert_int_equal(f->ram[VM_FIXTURE_TEXT_OFFSET + VM_FIXTURE_IMAGE_BYTES], 0);
    assert_true(platform_fake.vcpus[0].running);
    assert_int_equal(platform_fake.vcpus[0].entry, VM_FIXTURE_RAM + VM_FIXTURE_TEXT_OFFSET);
    assert_int_equal(platform_fake.vcpus[0].context, VM_FIXTURE_RAM + 0x600000);
    assert_int_equal(platform_fake.cleaned_bytes, VM_FIXTURE_RAM_BYTES);
    assert_int_equal(log_record_count(), 0);
}

static void test_old_image_without_a_size(void **state)
{
    struct vm_fixture *f = *state;

    vm_fixture_header(f)->image_size = 0;
    vm_fixture_header(f)->text_offset = 0;
    vm_fixture_start(f);
    assert_int_equal(platform_fake.vcpus[0].entry, VM_FIXTURE_RAM + 0x80000);
}

static void test_initrd_is_optional(void **state)
{
    struct vm_fixture *f = *state;

    f->config.initrd = (struct config_blob){0, 0};
    f->config.initrd_gpa = 0;
    vm_fixture_start(f);
}

static void expect_load_error(struct vm_fixture *f, enum err err, const char *message)
{
    log_record_clear();
    assert_int_equal(vm_init(&f->vm, &f->config), ERR_OK);
    assert_int_equal(vm_start(&f->vm), err);
    assert_false(platform_fake.vcpus[0].running);
    assert_non_null(strstr(log_record_text(), message));
}

static void test_no_image(void **state)
{
    struct vm_fixture *f = *state;

    vm_fixture_header(f)->magic = 0x12345678;
    expect_load_error(f, ERR_FORMAT, "not an arm64 Image");
}

static void test_truncated_image(void **state)
{
    struct vm_fixture *f = *state;

    f->config.kernel.bytes = 63;
    expect_load_error(f, ERR_FORMAT, "too short");
}

static void test_big_endian_image(void **state)
{
    struct vm_fixture *f = *state;

    vm_fixture_header(f)->flags |= 1;
    expect_load_error(f, ERR_FORMAT, "big-endian");
}

static void test_image_that_does_not_fit(void **state)
{
    struct vm_fixture *f = *state;

    vm_fixture_header(f)->image_size = VM_FIXTURE_RAM_BYTES - VM_FIXTURE_TEXT_OFFSET + 1;
    expect_load_error(f, ERR_RANGE, "kernel");
}

static void test_image_with_a_wild_offset(void **state)
{
    struct vm_fixture *f = *state;

    vm_fixture_header(f)->text_offset = UINT64_MAX - 3;
    expect_load_error(f, ERR_RANGE, "text_offset");
}

static void test_parts_that_overlap(void **state)
{
    struct vm_fixture *f = *state;

    f->config.initrd_gpa = VM_FIXTURE_RAM + VM_FIXTURE_TEXT_OFFSET + 0x4000; /* in the kernel's BSS */
    expect_load_error(f, ERR_SPACE, "initrd: overlaps the kernel");
}

static void test_device_tree_in_the_initrd(void **state)
{
    struct vm_fixture *f = *state;

    f->config.dtb_gpa = VM_FIXTURE_RAM + 0x801000;
    expect_load_error(f, ERR_SPACE, "device tree: overlaps the initrd");
}

static void test_parts_outside_ram(void **state)
{
    struct vm_fixture *f = *state;

    f->config.initrd_gpa = VM_FIXTURE_RAM + VM_FIXTURE_RAM_BYTES - 0x1000;
    expect_load_error(f, ERR_RANGE, "initrd");
}

static void test_misaligned_parts(void **state)
{
    struct vm_fixture *f = *state;

    f->config.dtb_gpa += 4;
    expect_load_error(f, ERR_ALIGN, "device tree");
}

/* Configurations. */

static void test_two_devices_in_one_place(void **state)
{
    struct vm_fixture *f = *state;

    f->config.devices[1].gpa = VM_FIXTURE_UART + 0x800;
    assert_int_equal(vm_init(&f->vm, &f->config), ERR_RANGE);
    assert_non_null(strstr(log_record_text(), "net0"));
}

static void test_unknown_device(void **state)
{
    struct vm_fixture *f = *state;

    f->config.devices[1].kind = 99;
    assert_int_equal(vm_init(&f->vm, &f->config), ERR_UNSUPPORTED);
}

static void test_unknown_transport(void **state)
{
    struct vm_fixture *f = *state;

    f->config.devices[1].transport = 99;
    assert_int_equal(vm_init(&f->vm, &f->config), ERR_UNSUPPORTED);
}

static void test_too_many_devices(void **state)
{
    struct vm_fixture *f = *state;

    f->config.device_count = VMM_CONFIG_MAX_DEVICES + 1;
    assert_int_equal(vm_init(&f->vm, &f->config), ERR_RANGE);
}

static void test_bad_ram(void **state)
{
    struct vm_fixture *f = *state;

    f->config.ram_bytes = 0;
    assert_int_equal(vm_init(&f->vm, &f->config), ERR_RANGE);
}

static void test_bad_interrupt_controller(void **state)
{
    struct vm_fixture *f = *state;

    f->config.vcpu_count = 0;
    assert_int_equal(vm_init(&f->vm, &f->config), ERR_RANGE);
}

/* Exits. */

static void test_devices_answer(void **state)
{
    struct vm_fixture *f = *state;
    uint64_t value = 0;

    vm_fixture_start(f);
    assert_int_equal(vm_fixture_access(f, VM_FIXTURE_NET, false, &value), PLATFORM_RESUME_DONE);
    assert_int_equal(value, 0x74726976);
    assert_int_equal(vm_fixture_access(f, VM_FIXTURE_GICD + 4, false, &value), PLATFORM_RESUME_DONE);
    assert_int_equal(value, 2);
    assert_int_equal(vm_fixture_access(f, VM_FIXTURE_UART + 0xfe0, false, &value), PLATFORM_RESUME_DONE);
    assert_int_equal(value, 0x11);
}

static void test_nobody_answers(void **state)
{
    struct vm_fixture *f = *state;
    uint64_t value = 0;

    vm_fixture_start(f);
    for (unsigned int i = 0; i < 1000; i++) {
        assert_int_equal(vm_fixture_access(f, 0x1000, (i & 1) != 0, &value), PLATFORM_RESUME_ABORT);
    }
    assert_in_range(log_record_count(), 1, 20);
    assert_true(platform_fake.vcpus[0].running);
}

static void test_system_register(void **state)
{
    struct vm_fixture *f = *state;
    struct platform_exit exit = {.reason = PLATFORM_EXIT_SYSREG};

    vm_fixture_start(f);
    assert_int_equal(vm_exit(&f->vm, &exit), PLATFORM_RESUME_UNDEF);
}

static void test_power_off(void **state)
{
    struct vm_fixture *f = *state;

    vm_fixture_start(f);
    assert_int_equal(vm_fixture_psci(f, PSCI_SYSTEM_OFF, false), PLATFORM_RESUME_STAY);
    assert_false(platform_fake.vcpus[0].running);
    assert_int_equal(f->vm.state, VM_OFF);
    assert_int_equal(platform_fake.halt_count, 0);
    assert_non_null(strstr(log_record_text(), "vm1 has switched itself off"));
}

static void test_power_off_that_halts(void **state)
{
    struct vm_fixture *f = *state;

    f->config.on_off = VMM_EXIT_HALT;
    vm_fixture_start(f);
    assert_int_equal(vm_fixture_psci(f, PSCI_SYSTEM_OFF, true), PLATFORM_RESUME_STAY);
    assert_int_equal(platform_fake.halt_count, 1);
}

static void test_reboot(void **state)
{
    struct vm_fixture *f = *state;
    uint64_t value = 1;

    vm_fixture_start(f);
    assert_int_equal(vm_fixture_access(f, VM_FIXTURE_GICD, true, &value), PLATFORM_RESUME_DONE);
    assert_int_equal(vm_fixture_access(f, VM_FIXTURE_UART + 0x38, true, &value), PLATFORM_RESUME_DONE);
    assert_int_equal(vm_fixture_access(f, VM_FIXTURE_NET + 0x70, true, &value), PLATFORM_RESUME_DONE);
    f->ram[0x900000] = 0x77;
    f->ram[VM_FIXTURE_TEXT_OFFSET] = 0x77;
    assert_int_equal(vm_fixture_psci(f, PSCI_SYSTEM_RESET, false), PLATFORM_RESUME_STAY);
    assert_true(platform_fake.vcpus[0].running);
    assert_int_equal(platform_fake.vcpus[0].start_count, 2);
    assert_int_equal(f->ram[0x900000], 0);
    assert_memory_equal(f->ram + VM_FIXTURE_TEXT_OFFSET, f->image, sizeof f->image);
    assert_int_equal(vm_fixture_access(f, VM_FIXTURE_GICD, false, &value), PLATFORM_RESUME_DONE);
    assert_int_equal(value, 0);
    assert_int_equal(vm_fixture_access(f, VM_FIXTURE_UART + 0x38, false, &value), PLATFORM_RESUME_DONE);
    assert_int_equal(value, 0);
    assert_int_equal(vm_fixture_access(f, VM_FIXTURE_NET + 0x70, false, &value), PLATFORM_RESUME_DONE);
    assert_int_equal(value, 0);
}

static void test_reboot_that_cannot_load(void **state)
{
    struct vm_fixture *f = *state;

    vm_fixture_start(f);
    vm_fixture_header(f)->magic = 0;
    assert_int_equal(vm_fixture_psci(f, PSCI_SYSTEM_RESET, false), PLATFORM_RESUME_STAY);
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
    struct vm_fixture *f = *state;

    vm_fixture_start(f);
    for (uint64_t i = 0; i < 100; i++) {
        struct platform_exit exit = crash_exit(0x92000000, 4 * i);
        assert_int_equal(vm_exit(&f->vm, &exit), PLATFORM_RESUME_ABORT);
    }
    assert_true(platform_fake.vcpus[0].running);
    assert_in_range(log_record_count(), 1, 20);
}

/* Its vectors are not in memory: each abort leads to the next. */
static enum platform_resume abort_for_ever(struct vm_fixture *f)
{
    enum platform_resume resume = PLATFORM_RESUME_ABORT;

    for (unsigned int i = 0; i < 100 && resume == PLATFORM_RESUME_ABORT; i++) {
        struct platform_exit exit = crash_exit(0x82000000, 0x200);
        resume = vm_exit(&f->vm, &exit);
    }
    return resume;
}

/* What is there and what is not are told apart in the log; the guest gets an abort for either. */
static void test_stores_to_nothing_and_to_read_only_memory(void **state)
{
    struct vm_fixture *f = *state;
    struct platform_exit exit = {.reason = PLATFORM_EXIT_MMIO,
                                 .syndrome = 0x93800047, /* translation fault, level 3 */
                                 .u.mmio = {.gpa = 0xdead0000, .width_bytes = 4, .is_write = true}};

    vm_fixture_start(f);
    assert_int_equal(vm_exit(&f->vm, &exit), PLATFORM_RESUME_ABORT);
    assert_non_null(strstr(log_record_text(), "no device at 0xdead0000 (store of 4 bytes"));
    log_record_clear();
    exit.syndrome = 0x9380004f; /* permission fault, level 3 */
    assert_int_equal(vm_exit(&f->vm, &exit), PLATFORM_RESUME_ABORT);
    assert_non_null(strstr(log_record_text(), "read-only memory at 0xdead0000 (store of 4 bytes"));
}

static void test_crash(void **state)
{
    struct vm_fixture *f = *state;

    vm_fixture_start(f);
    assert_int_equal(abort_for_ever(f), PLATFORM_RESUME_STAY);
    assert_false(platform_fake.vcpus[0].running);
    assert_non_null(strstr(log_record_text(), "0x00000000dead0000"));
    assert_non_null(strstr(log_record_text(), "instruction fetch"));
    assert_non_null(strstr(log_record_text(), "x29 0x000000000000001d"));
}

/* Not its end: a program that tries one gets a signal. */
static void test_undefined_instructions_are_the_guests(void **state)
{
    struct vm_fixture *f = *state;

    vm_fixture_start(f);
    for (uint64_t i = 0; i < 100; i++) {
        struct platform_exit exit = {.reason = PLATFORM_EXIT_UNDEFINED, .syndrome = 0x24000000, .pc = 0x1000};

        assert_int_equal(vm_exit(&f->vm, &exit), PLATFORM_RESUME_UNDEF);
    }
    assert_true(platform_fake.vcpus[0].running);
    assert_non_null(strstr(log_record_text(), "instruction not there (esr 0x24000000"));
    assert_in_range(log_record_count(), 1, 20);
}

static void test_crash_of_an_unknown_kind(void **state)
{
    struct vm_fixture *f = *state;
    struct platform_exit exit = crash_exit(0xbe000000, 0);

    vm_fixture_start(f);
    assert_int_equal(vm_exit(&f->vm, &exit), PLATFORM_RESUME_STAY);
    assert_false(platform_fake.vcpus[0].running);
    assert_non_null(strstr(log_record_text(), "other exception"));
}

static void test_crash_that_restarts(void **state)
{
    struct vm_fixture *f = *state;

    f->config.on_crash = VMM_EXIT_RESTART;
    vm_fixture_start(f);
    assert_int_equal(abort_for_ever(f), PLATFORM_RESUME_STAY);
    assert_int_equal(platform_fake.vcpus[0].start_count, 2);
}

/* Notifications. */

static void test_notifications_find_their_device(void **state)
{
    struct vm_fixture *f = *state;
    struct ring mux;
    uint64_t value = 0x301;

    vm_fixture_start(f);
    assert_int_equal(ring_init(&mux, f->links[1], f->links[0], VM_FIXTURE_LINK_BYTES), ERR_OK);
    assert_int_equal(vm_fixture_access(f, VM_FIXTURE_UART + 0x30, true, &value), PLATFORM_RESUME_DONE);
    assert_int_equal(ring_write(&mux, "k", 1), 1);
    vm_notified(&f->vm, 2);
    vm_notified(&f->vm, 60);
    vm_notified(&f->vm, 1);
    assert_int_equal(vm_fixture_access(f, VM_FIXTURE_UART, false, &value), PLATFORM_RESUME_DONE);
    assert_int_equal(value, 'k');
    vm_notified(&f->vm, 3);
    assert_true(platform_fake.vcpus[0].virqs[34].latch);
    assert_int_equal(microkit_host_count(MICROKIT_HOST_IRQ_ACK, 3), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, vm_fixture_setup, vm_fixture_teardown)

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
        TEST(test_stores_to_nothing_and_to_read_only_memory),
        TEST(test_crash),
        TEST(test_undefined_instructions_are_the_guests),
        TEST(test_crash_of_an_unknown_kind),
        TEST(test_crash_that_restarts),
        TEST(test_notifications_find_their_device),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
