/* SPDX-License-Identifier: BSD-2-Clause */
/* A machine whose virtio devices are behind a PCI host bridge. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/mock/log_record.h"
#include "tests/mock/vm_machine.h"
#include "vmm/platform_fake.h"

#define ECAM 0x10100000ull
#define WINDOW 0x10000000ull
#define FRAME 0x08020000ull
#define FIRST_SPI 64u
#define GICD_ITARGETSR 0x800u
#define PSCI_SYSTEM_RESET 0x84000009u

static const struct vmm_pci_config bridge = {.ecam_gpa = ECAM,
                                             .ecam_bytes = 0x100000,
                                             .window_gpa = WINDOW,
                                             .window_bytes = 0x100000,
                                             .msi_gpa = FRAME,
                                             .msi_bytes = 0x1000,
                                             .msi_first = FIRST_SPI,
                                             .msi_count = 16};

static int setup(void **state)
{
    *state = vm_machine_new();
    return 0;
}

static int teardown(void **state)
{
    vm_machine_free(*state);
    return 0;
}

/* Build the machine again with its virtio devices on PCI. */
static enum err rebuild(struct vm_machine *machine, const struct vmm_pci_config *pci)
{
    uint32_t slot = 0;

    machine->config.pci = *pci;
    for (uint32_t i = 0; i < machine->config.device_count; i++) {
        struct vmm_device_config *device = &machine->config.devices[i];
        if (device->kind != VMM_DEVICE_PL011 && device->kind != VMM_DEVICE_PASSTHROUGH) {
            device->transport = VMM_TRANSPORT_PCI;
            device->gpa = WINDOW + (uint64_t)VMM_CONFIG_PCI_BAR_BYTES * slot++;
            device->bytes = VMM_CONFIG_PCI_BAR_BYTES;
            device->vectors = 2;
        }
    }
    memset(&machine->vm, 0, sizeof machine->vm);
    return vm_init(&machine->vm, &machine->config);
}

static void start(struct vm_machine *machine)
{
    assert_int_equal(rebuild(machine, &bridge), ERR_OK);
    for (uint32_t i = 0; i < VM_MACHINE_LINKS; i++) { /* new on both sides */
        assert_int_equal(ring_init(&machine->peers[i], machine->regions[i][1], machine->regions[i][0],
                                   VM_MACHINE_LINK_BYTES),
                         ERR_OK);
    }
    assert_int_equal(vm_start(&machine->vm), ERR_OK);
    vm_machine_tell_disks(machine);
    assert_int_equal(machine->vm.state, VM_RUNNING);
}

static uint64_t load(struct vm_machine *machine, uint64_t gpa, uint32_t bytes)
{
    uint64_t value = 0;

    assert_int_equal(vm_machine_access(machine, gpa, bytes, false, &value), PLATFORM_RESUME_DONE);
    return value;
}

static void store(struct vm_machine *machine, uint64_t gpa, uint32_t bytes, uint64_t value)
{
    assert_int_equal(vm_machine_access(machine, gpa, bytes, true, &value), PLATFORM_RESUME_DONE);
}

static uint64_t config_of(uint32_t slot, uint32_t offset)
{
    return ECAM + ((uint64_t)slot << 15) + offset;
}

static void test_all_kinds_are_on_the_bus(void **state)
{
    static const uint16_t ids[] = {0x1043, 0x1041, 0x1041, 0x1042, 0x1042, 0x1044, 0x1044, 0xffff};
    struct vm_machine *machine = *state;

    start(machine);
    for (uint32_t slot = 0; slot < sizeof ids / sizeof ids[0]; slot++) {
        assert_int_equal(load(machine, config_of(slot, PCI_CONFIG_DEVICE_ID), 2), ids[slot]);
    }
    assert_int_equal(load(machine, WINDOW, 4), UINT32_MAX); /* not decoded yet */
    store(machine, config_of(0, PCI_CONFIG_COMMAND), 2, PCI_CONFIG_COMMAND_MEMORY);
    assert_int_not_equal(load(machine, WINDOW + VIRTIO_PCI_NUM_QUEUES, 2), 0xffff);
}

static void test_the_frame_pends_spis(void **state)
{
    struct vm_machine *machine = *state;

    start(machine);
    store(machine, FRAME + GICV2M_SETSPI_NS, 4, FIRST_SPI + 3);
    assert_int_equal(platform_fake.vcpus[0].virqs[FIRST_SPI + 3].pend_count, 1);
}

static void test_doorbells_follow_the_bar_and_a_restart(void **state)
{
    const uint64_t bell = WINDOW + 2 * VMM_CONFIG_PCI_BAR_BYTES + VMM_CONFIG_PCI_NOTIFY_OFFSET;
    struct vm_machine *machine = *state;
    struct platform_exit exit = {.reason = PLATFORM_EXIT_CALL};

    start(machine);
    store(machine, config_of(2, PCI_CONFIG_COMMAND), 2, PCI_CONFIG_COMMAND_MEMORY);
    assert_int_equal(platform_fake.doorbell_described & ~0xffull, bell);
    assert_int_equal(platform_fake.doorbell_gpa, platform_fake.doorbell_described);
    const uint32_t calls = platform_fake.doorbell_count;
    store(machine, config_of(2, PCI_CONFIG_BAR0), 4, WINDOW + 0x80000);
    assert_int_equal(platform_fake.doorbell_gpa - platform_fake.doorbell_described,
                     0x80000 - 2 * VMM_CONFIG_PCI_BAR_BYTES);
    assert_true(platform_fake.doorbell_count > calls);
    exit.u.call.args[0] = PSCI_SYSTEM_RESET;
    assert_int_equal(vm_exit(&machine->vm, &exit), PLATFORM_RESUME_STAY);
    assert_int_equal(load(machine, config_of(2, PCI_CONFIG_COMMAND), 2), 0);
    assert_int_equal(load(machine, config_of(2, PCI_CONFIG_BAR0), 4), WINDOW + 2 * VMM_CONFIG_PCI_BAR_BYTES);
    assert_int_equal(platform_fake.doorbell_gpa, PLATFORM_NOWHERE);
}

static void test_configurations_that_cannot_be(void **state)
{
    struct vm_machine *machine = *state;
    struct vmm_pci_config bad = bridge;

    assert_int_equal(rebuild(machine, &(struct vmm_pci_config){0}), ERR_UNSUPPORTED); /* no bridge */
    bad.window_gpa = VM_MACHINE_GICD;
    assert_int_equal(rebuild(machine, &bad), ERR_RANGE);
    bad = bridge;
    bad.msi_gpa = ECAM;
    assert_int_equal(rebuild(machine, &bad), ERR_RANGE);
    assert_non_null(strstr(log_record_text(), "PCI host bridge"));
}

/* On mmio too what the switch posts follows the SPI to another vCPU. */
static void test_posts_follow_their_spi(void **state)
{
    struct vm_machine *machine = *state;
    const uint32_t virq = machine->config.devices[VM_MACHINE_VHOST].virq;

    for (uint32_t number = 0; number < VIRTIO_NET_QUEUES; number++) {
        platform_fake.posts[number] = (struct platform_fake_post){VM_MACHINE_VHOST_CHANNEL, 0, virq};
    }
    store(machine, VM_MACHINE_GICD + GICD_ITARGETSR + virq, 1, 2);
    for (uint32_t number = 0; number < VIRTIO_NET_QUEUES; number++) {
        assert_int_equal(platform_fake.posts[number].vcpu, 1);
    }
    /* And back with a restart, after which all SPIs are vCPU 0's. */
    assert_int_equal(vm_start(&machine->vm), ERR_OK);
    for (uint32_t number = 0; number < VIRTIO_NET_QUEUES; number++) {
        assert_int_equal(platform_fake.posts[number].vcpu, 0);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_all_kinds_are_on_the_bus),
        TEST(test_the_frame_pends_spis),
        TEST(test_doorbells_follow_the_bar_and_a_restart),
        TEST(test_configurations_that_cannot_be),
        TEST(test_posts_follow_their_spi),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
