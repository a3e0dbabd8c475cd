/* SPDX-License-Identifier: BSD-2-Clause */
/* A machine with a device of each kind: what a guest reaches through its registers, and what notifications
 * reach. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <libfdt.h>

#include "lib/config/entropy_config.h"
#include "microkit/host/microkit_host.h"
#include "tests/mock/log_record.h"
#include "tests/mock/vm_machine.h"
#include "vmm/core/vm_devices.h"
#include "vmm/platform_fake.h"

#define QUEUE 8u
#define QUEUE_AT (VM_MACHINE_RAM + 0x1000)
#define DATA_AT (VM_MACHINE_RAM + 0x8000)

static uint32_t read32(struct vm_machine *machine, enum vm_machine_device device, uint32_t offset)
{
    uint64_t value = 0;

    assert_int_equal(vm_machine_access(machine, vm_machine_register(device, offset), 4, false, &value),
                     PLATFORM_RESUME_DONE);
    return (uint32_t)value;
}

static void write32(struct vm_machine *machine, enum vm_machine_device device, uint32_t offset,
                    uint64_t value)
{
    assert_int_equal(vm_machine_access(machine, vm_machine_register(device, offset), 4, true, &value),
                     PLATFORM_RESUME_DONE);
}

static void *at(struct vm_machine *machine, uint64_t gpa)
{
    return machine->ram + (gpa - VM_MACHINE_RAM);
}

/* Where queue `index` of the device under test is: descriptors, avail ring, used ring in a page of their own.
 */
static uint64_t queue_at(uint32_t index)
{
    return QUEUE_AT + 0x1000ull * index;
}

static void start_device(struct vm_machine *machine, enum vm_machine_device device, uint32_t queues)
{
    write32(machine, device, VIRTIO_MMIO_STATUS, 0);
    write32(machine, device, VIRTIO_MMIO_STATUS, VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER);
    write32(machine, device, VIRTIO_MMIO_DRIVER_FEATURES_SEL, 1);
    write32(machine, device, VIRTIO_MMIO_DRIVER_FEATURES, 1); /* VERSION_1 */
    write32(machine, device, VIRTIO_MMIO_STATUS, 11);
    for (uint32_t i = 0; i < queues; i++) {
        memset(at(machine, queue_at(i)), 0, 0x1000);
        write32(machine, device, VIRTIO_MMIO_QUEUE_SEL, i);
        write32(machine, device, VIRTIO_MMIO_QUEUE_NUM, QUEUE);
        write32(machine, device, VIRTIO_MMIO_QUEUE_DESC_LOW, queue_at(i));
        write32(machine, device, VIRTIO_MMIO_QUEUE_DRIVER_LOW, queue_at(i) + 0x400);
        write32(machine, device, VIRTIO_MMIO_QUEUE_DEVICE_LOW, queue_at(i) + 0x800);
        write32(machine, device, VIRTIO_MMIO_QUEUE_READY, 1);
    }
    write32(machine, device, VIRTIO_MMIO_STATUS, 15);
    assert_int_equal(read32(machine, device, VIRTIO_MMIO_STATUS), 15);
}

/* Offer the chain that begins at descriptor 0, and notify. */
static void offer(struct vm_machine *machine, enum vm_machine_device device, uint32_t queue,
                  const struct virtq_desc *descs, uint32_t count)
{
    uint16_t *avail = at(machine, queue_at(queue) + 0x400);

    memcpy(at(machine, queue_at(queue)), descs, count * sizeof *descs);
    avail[2 + avail[1] % QUEUE] = 0;
    avail[1]++;
    write32(machine, device, VIRTIO_MMIO_QUEUE_NOTIFY, queue);
}

static uint16_t used(struct vm_machine *machine, uint32_t queue)
{
    return ((const uint16_t *)at(machine, queue_at(queue) + 0x800))[1];
}

static void test_every_device_is_there(void **state)
{
    static const uint32_t ids[VM_MACHINE_DEVICES] = {
        [VM_MACHINE_CONSOLE] = VIRTIO_ID_CONSOLE,    [VM_MACHINE_NET] = VIRTIO_ID_NET,
        [VM_MACHINE_VHOST] = VIRTIO_ID_NET,          [VM_MACHINE_BLOCK_COPY] = VIRTIO_ID_BLOCK,
        [VM_MACHINE_BLOCK_SHARED] = VIRTIO_ID_BLOCK, [VM_MACHINE_RNG] = VIRTIO_ID_ENTROPY,
    };
    struct vm_machine *machine = vm_machine_new();

    (void)state;
    for (uint32_t i = 0; i < VM_MACHINE_DEVICES; i++) {
        if (ids[i] != 0) {
            assert_int_equal(read32(machine, i, VIRTIO_MMIO_DEVICE_ID), ids[i]);
        }
    }
    assert_int_equal(read32(machine, VM_MACHINE_PL011, 0xfe0), 0x11);
    vm_machine_free(machine);
}

static void test_disks_answer(void **state)
{
    static const struct virtq_desc chain[] = {
        {DATA_AT, 16, VIRTQ_DESC_F_NEXT, 1},
        {DATA_AT + 0x1000, 512, VIRTQ_DESC_F_NEXT | VIRTQ_DESC_F_WRITE, 2},
        {DATA_AT + 0x20, 1, VIRTQ_DESC_F_WRITE, 0}};
    struct vm_machine *machine = vm_machine_new();

    (void)state;
    for (uint32_t device = VM_MACHINE_BLOCK_COPY; device <= VM_MACHINE_BLOCK_SHARED; device++) {
        start_device(machine, device, 1);
        *(uint8_t *)at(machine, DATA_AT + 0x20) = 0xff;
        offer(machine, device, 0, chain, 3);
        assert_int_equal(used(machine, 0), 0);
        vm_machine_run_peers(machine);
        assert_int_equal(used(machine, 0), 1);
        assert_int_equal(*(uint8_t *)at(machine, DATA_AT + 0x20), 0);
        /* And what is in flight when the driver resets the device comes back to nobody. */
        offer(machine, device, 0, chain, 3);
        write32(machine, device, VIRTIO_MMIO_STATUS, 0);
        vm_machine_run_peers(machine);
        assert_int_equal(used(machine, 0), 1);
    }
    vm_machine_free(machine);
}

static void test_entropy_device_answers(void **state)
{
    static const struct virtq_desc chain = {DATA_AT, 16, VIRTQ_DESC_F_WRITE, 0};
    struct vm_machine *machine = vm_machine_new();

    (void)state;
    start_device(machine, VM_MACHINE_RNG, 1);
    offer(machine, VM_MACHINE_RNG, 0, &chain, 1);
    assert_int_equal(used(machine, 0), 1);
    assert_int_equal(*(uint64_t *)at(machine, DATA_AT), 0x0123456789abcdef);
    vm_machine_free(machine);
}

static void test_console_and_uart_share_a_link(void **state)
{
    static const struct virtq_desc chain = {DATA_AT, 5, 0, 0};
    struct vm_machine *machine = vm_machine_new();
    uint8_t bytes[16] = {0};

    (void)state;
    write32(machine, VM_MACHINE_PL011, 0, 'u');
    start_device(machine, VM_MACHINE_CONSOLE, 2);
    memcpy(at(machine, DATA_AT), "virt\n", 5);
    offer(machine, VM_MACHINE_CONSOLE, 1, &chain, 1);
    assert_int_equal(used(machine, 1), 1);
    (void)ring_sync(&machine->peers[0]);
    assert_int_equal(ring_read(&machine->peers[0], bytes, sizeof bytes), 6);
    assert_string_equal((char *)bytes, "uvirt\n");
    /* Input goes to the virtio console only. */
    assert_int_equal(ring_write(&machine->peers[0], "x", 1), 1);
    vm_notified(&machine->vm, 1);
    assert_true((read32(machine, VM_MACHINE_PL011, 0x018) & 0x10) != 0);
    vm_machine_free(machine);
}

static void test_vhost_card_hands_its_queues_over(void **state)
{
    struct vm_machine *machine = vm_machine_new();

    (void)state;
    start_device(machine, VM_MACHINE_VHOST, 2);
    write32(machine, VM_MACHINE_VHOST, VIRTIO_MMIO_QUEUE_NOTIFY, 1);
    assert_true(microkit_host_count(MICROKIT_HOST_NOTIFY, VM_MACHINE_VHOST_CHANNEL) > 0);
    vm_notified(&machine->vm, VM_MACHINE_VHOST_CHANNEL);
    assert_int_not_equal(read32(machine, VM_MACHINE_VHOST, VIRTIO_MMIO_INTERRUPT_STATUS), 0);
    /* The switch says that the queues are broken. */
    machine->vhost_status.fault = ERR_LOOP;
    vm_notified(&machine->vm, VM_MACHINE_VHOST_CHANNEL);
    assert_true((read32(machine, VM_MACHINE_VHOST, VIRTIO_MMIO_STATUS) & VIRTIO_STATUS_NEEDS_RESET) != 0);
    vm_machine_free(machine);
}

static void test_interrupt_of_a_passed_through_device(void **state)
{
    struct vm_machine *machine = vm_machine_new();

    (void)state;
    vm_notified(&machine->vm, VM_MACHINE_IRQ);
    assert_true(platform_fake.vcpus[0].virqs[40 + VM_MACHINE_PASSTHROUGH].latch);
    vm_machine_free(machine);
}

static void call(struct vm_machine *machine, uint64_t args[8])
{
    struct platform_exit exit = {.reason = PLATFORM_EXIT_CALL};

    memcpy(exit.u.call.args, args, sizeof exit.u.call.args);
    assert_int_equal(vm_exit(&machine->vm, &exit), PLATFORM_RESUME_DONE);
    memcpy(args, exit.u.call.args, sizeof exit.u.call.args);
}

static void test_calls_for_randomness(void **state)
{
    struct vm_machine *machine = vm_machine_new();
    uint64_t version[8] = {0x84000050}, features[8] = {0x84000051, 0xc4000053},
             none[8] = {0x84000051, 0x84000099}, uuid[8] = {0x84000052}, small[8] = {0x84000053, 40},
             large[8] = {0xc4000053, 192}, too_many[8] = {0xc4000053, 193}, zero[8] = {0x84000053, 0},
             dry[8] = {0xc4000053, 64};

    (void)state;
    call(machine, version);
    assert_int_equal(version[0], 0x10000);
    call(machine, features);
    assert_int_equal(features[0], 0);
    call(machine, none);
    assert_int_equal((int64_t)none[0], -1);
    call(machine, uuid);
    assert_int_not_equal(uuid[0], 0x84000052);
    call(machine, small);
    assert_int_equal(small[0], 0);
    assert_int_equal(small[1], 0);
    assert_in_range(small[2], 1, 0xff);
    assert_int_not_equal(small[3], 0);
    call(machine, large);
    assert_int_equal(large[0], 0);
    assert_int_equal(large[3], 0x0123456789abcdef);
    call(machine, too_many);
    assert_int_equal((int64_t)too_many[0], -2);
    call(machine, zero);
    assert_int_equal((int64_t)zero[0], -2);
    machine->entropy_reply = ENTROPY_UNSEEDED;
    call(machine, dry);
    assert_int_equal((int64_t)dry[0], -3);
    vm_machine_free(machine);
}

/* A device tree with room for a seed of 32 bytes, and for one of the kernel's place in memory. */
static void make_tree(struct vm_machine *machine)
{
    static const uint8_t empty[32];

    assert_int_equal(fdt_create_empty_tree(machine->dtb, sizeof machine->dtb), 0);
    const int chosen = fdt_add_subnode(machine->dtb, 0, "chosen");
    assert_true(chosen >= 0);
    assert_int_equal(fdt_setprop(machine->dtb, chosen, "rng-seed", empty, sizeof empty), 0);
    assert_int_equal(fdt_setprop(machine->dtb, chosen, "kaslr-seed", empty, 8), 0);
}

static const void *seed_of(struct vm_machine *machine, const char *name, int *bytes)
{
    const void *tree = at(machine, machine->config.dtb_gpa);

    return fdt_getprop(tree, fdt_path_offset(tree, "/chosen"), name, bytes);
}

static void test_guest_starts_with_a_seed(void **state)
{
    struct vm_machine *machine = vm_machine_new();
    uint64_t seed;
    int bytes = 0;

    (void)state;
    make_tree(machine);
    assert_int_equal(vm_start(&machine->vm), ERR_OK);
    const void *found = seed_of(machine, "rng-seed", &bytes);
    assert_int_equal(bytes, 32);
    memcpy(&seed, found, sizeof seed);
    assert_int_equal(seed, 0x0123456789abcdef);
    found = seed_of(machine, "kaslr-seed", &bytes);
    assert_int_equal(bytes, 8);
    memcpy(&seed, found, sizeof seed);
    assert_int_equal(seed, 0x0123456789abcdef);
    /* None rather than one that everybody knows. */
    machine->entropy_reply = ENTROPY_UNSEEDED;
    assert_int_equal(vm_start(&machine->vm), ERR_OK);
    assert_null(seed_of(machine, "rng-seed", &bytes));
    assert_null(seed_of(machine, "kaslr-seed", &bytes));
    assert_int_equal(fdt_check_full(at(machine, machine->config.dtb_gpa), sizeof machine->dtb), 0);
    vm_machine_free(machine);
}

/* The server starts again, and has lost what it was asked. */
static void test_requests_that_the_server_lost_have_failed(void **state)
{
    static const struct virtq_desc chain[] = {
        {DATA_AT, 16, VIRTQ_DESC_F_NEXT, 1},
        {DATA_AT + 0x1000, 512, VIRTQ_DESC_F_NEXT | VIRTQ_DESC_F_WRITE, 2},
        {DATA_AT + 0x20, 1, VIRTQ_DESC_F_WRITE, 0}};
    struct vm_machine *machine = vm_machine_new();

    (void)state;
    start_device(machine, VM_MACHINE_BLOCK_COPY, 1);
    offer(machine, VM_MACHINE_BLOCK_COPY, 0, chain, 3);
    assert_int_equal(
        ring_init(&machine->peers[3], machine->regions[3][1], machine->regions[3][0], VM_MACHINE_LINK_BYTES),
        ERR_OK);
    vm_notified(&machine->vm, 4);
    assert_int_equal(used(machine, 0), 1);
    assert_int_equal(*(uint8_t *)at(machine, DATA_AT + 0x20), VIRTIO_BLK_S_IOERR);
    vm_machine_free(machine);
}

/* The driver takes a queue away that has a request in flight: the answer is nobody's. */
static void test_queue_that_goes_away_gets_no_answers(void **state)
{
    static const struct virtq_desc chain[] = {
        {DATA_AT, 16, VIRTQ_DESC_F_NEXT, 1},
        {DATA_AT + 0x1000, 512, VIRTQ_DESC_F_NEXT | VIRTQ_DESC_F_WRITE, 2},
        {DATA_AT + 0x20, 1, VIRTQ_DESC_F_WRITE, 0}};
    struct vm_machine *machine = vm_machine_new();

    (void)state;
    start_device(machine, VM_MACHINE_BLOCK_COPY, 1);
    *(uint8_t *)at(machine, DATA_AT + 0x20) = 0xff;
    offer(machine, VM_MACHINE_BLOCK_COPY, 0, chain, 3);
    write32(machine, VM_MACHINE_BLOCK_COPY, VIRTIO_MMIO_QUEUE_READY, 0);
    vm_machine_run_peers(machine);
    assert_int_equal(used(machine, 0), 0);
    assert_int_equal(*(uint8_t *)at(machine, DATA_AT + 0x20), 0xff);
    /* Half a message of the console's likewise. */
    start_device(machine, VM_MACHINE_CONSOLE, 2);
    write32(machine, VM_MACHINE_CONSOLE, VIRTIO_MMIO_QUEUE_SEL, 1);
    write32(machine, VM_MACHINE_CONSOLE, VIRTIO_MMIO_QUEUE_READY, 0);
    assert_int_equal(read32(machine, VM_MACHINE_CONSOLE, VIRTIO_MMIO_QUEUE_READY), 0);
    vm_machine_free(machine);
}

static void test_emergency_write_reaches_the_terminal(void **state)
{
    struct vm_machine *machine = vm_machine_new();
    uint8_t byte = 0;

    (void)state;
    write32(machine, VM_MACHINE_CONSOLE, VIRTIO_MMIO_CONFIG + 8, 'e');
    (void)ring_sync(&machine->peers[0]);
    assert_int_equal(ring_read(&machine->peers[0], &byte, 1), 1);
    assert_int_equal(byte, 'e');
    vm_machine_free(machine);
}

static void test_crash_reports_say_what_it_was(void **state)
{
    static const struct {
        uint64_t class;
        const char *says;
    } cases[] = {{0x18, "system register access"},
                 {0x20, "instruction fetch"},
                 {0x24, "load or store"},
                 {0x3c, "other"}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct vm_machine *machine = vm_machine_new();
        struct platform_exit exit = {.reason = PLATFORM_EXIT_CRASH, .syndrome = cases[i].class << 26};
        uint32_t tries = 0;

        while (vm_exit(&machine->vm, &exit) != PLATFORM_RESUME_STAY) {
            assert_true(tries++ < 100);
        }
        assert_non_null(strstr(log_record_text(), cases[i].says));
        vm_machine_free(machine);
    }
}

static void test_exit_that_is_none_goes_on(void **state)
{
    struct vm_machine *machine = vm_machine_new();
    struct platform_exit exit = {.reason = PLATFORM_EXIT_NONE};

    (void)state;
    assert_int_equal(vm_exit(&machine->vm, &exit), PLATFORM_RESUME_DONE);
    vm_machine_free(machine);
}

/* Nothing is started over a disk that is still writing into the guest's RAM. */
static void test_restart_waits_for_what_the_shared_disk_has_in_flight(void **state)
{
    static const struct virtq_desc chain[] = {
        {DATA_AT, 16, VIRTQ_DESC_F_NEXT, 1},
        {DATA_AT + 0x1000, 512, VIRTQ_DESC_F_NEXT | VIRTQ_DESC_F_WRITE, 2},
        {DATA_AT + 0x20, 1, VIRTQ_DESC_F_WRITE, 0}};
    struct vm_machine *machine = vm_machine_new();
    struct platform_exit exit = {.reason = PLATFORM_EXIT_CALL, .u.call.args = {0x84000009}};

    (void)state;
    start_device(machine, VM_MACHINE_BLOCK_SHARED, 1);
    offer(machine, VM_MACHINE_BLOCK_SHARED, 0, chain, 3);
    assert_int_equal(vm_exit(&machine->vm, &exit), PLATFORM_RESUME_STAY);
    assert_int_equal(machine->vm.state, VM_START_DUE);
    vm_machine_run_peers(machine);
    assert_int_equal(machine->vm.state, VM_RUNNING);
    vm_machine_free(machine);
}

static uint64_t access_at(struct vm_machine *machine, uint64_t gpa, uint32_t width, bool is_write,
                          uint64_t value)
{
    assert_int_equal(vm_machine_access(machine, gpa, width, is_write, &value), PLATFORM_RESUME_DONE);
    return value;
}

static void test_function_behind_the_bridge(void **state)
{
    struct vm_machine *machine = vm_machine_new();
    uint64_t targets = 2;

    (void)state;
    assert_int_equal(access_at(machine, VM_MACHINE_ECAM, 4, false, 0), 0x10441af4);
    assert_int_equal(access_at(machine, VM_MACHINE_ECAM + 0x8000, 4, false, 0), 0xffffffff);
    /* Decoding is off after a reset. */
    assert_int_equal(access_at(machine, VM_MACHINE_WINDOW + VIRTIO_PCI_NUM_QUEUES, 2, false, 0), 0xffff);
    (void)access_at(machine, VM_MACHINE_ECAM + PCI_CONFIG_COMMAND, 2, true,
                    PCI_CONFIG_COMMAND_MEMORY | PCI_CONFIG_COMMAND_MASTER);
    assert_int_equal(access_at(machine, VM_MACHINE_WINDOW + VIRTIO_PCI_NUM_QUEUES, 2, false, 0), 1);
    /* A store to the frame pends an SPI of its own; SPIs may move to the other vCPU. */
    (void)access_at(machine, VM_MACHINE_GICD + 0x800 + VM_MACHINE_MSI_FIRST, 1, true, targets);
    (void)access_at(machine, VM_MACHINE_MSI + 0x40, 4, true, VM_MACHINE_MSI_FIRST);
    assert_true(platform_fake.vcpus[1].virqs[VM_MACHINE_MSI_FIRST].latch);
    assert_false(platform_fake.vcpus[0].virqs[VM_MACHINE_MSI_FIRST].latch);
    /* A restart takes it all back. */
    assert_int_equal(vm_start(&machine->vm), ERR_OK);
    assert_int_equal(access_at(machine, VM_MACHINE_WINDOW + VIRTIO_PCI_NUM_QUEUES, 2, false, 0), 0xffff);
    vm_machine_free(machine);
}

static void test_unknown_kinds_and_transports_are_refused(void **state)
{
    struct vm_machine *machine = vm_machine_new();
    struct vm_device device = {0};
    struct vmm_device_config config = machine->config.devices[VM_MACHINE_RNG];

    (void)state;
    config.kind = 99;
    assert_int_equal(vm_devices_add(&machine->vm, &device, &config), ERR_UNSUPPORTED);
    config = machine->config.devices[VM_MACHINE_RNG];
    config.transport = VMM_TRANSPORT_NONE;
    assert_int_equal(vm_devices_add(&machine->vm, &device, &config), ERR_UNSUPPORTED);
    config = machine->config.devices[VM_MACHINE_NET];
    config.u.net.datapath = 99;
    assert_int_equal(vm_devices_add(&machine->vm, &device, &config), ERR_UNSUPPORTED);
    vm_machine_free(machine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_device_is_there),
        cmocka_unit_test(test_disks_answer),
        cmocka_unit_test(test_entropy_device_answers),
        cmocka_unit_test(test_console_and_uart_share_a_link),
        cmocka_unit_test(test_vhost_card_hands_its_queues_over),
        cmocka_unit_test(test_interrupt_of_a_passed_through_device),
        cmocka_unit_test(test_calls_for_randomness),
        cmocka_unit_test(test_guest_starts_with_a_seed),
        cmocka_unit_test(test_requests_that_the_server_lost_have_failed),
        cmocka_unit_test(test_queue_that_goes_away_gets_no_answers),
        cmocka_unit_test(test_emergency_write_reaches_the_terminal),
        cmocka_unit_test(test_crash_reports_say_what_it_was),
        cmocka_unit_test(test_exit_that_is_none_goes_on),
        cmocka_unit_test(test_restart_waits_for_what_the_shared_disk_has_in_flight),
        cmocka_unit_test(test_function_behind_the_bridge),
        cmocka_unit_test(test_unknown_kinds_and_transports_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
