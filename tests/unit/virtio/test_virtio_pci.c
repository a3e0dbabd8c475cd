/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/mock/log_record.h"
#include "tests/mock/pci_machine.h"
#include "vmm/platform_fake.h"

#define BASE 0x40000000ull
#define BYTES 0x100000ull
#define FEATURE_A (1ull << 7)
#define FEATURE_B (1ull << 40)
#define OFFERED (FEATURE_A | FEATURE_B | VIRTIO_F_EVENT_IDX)
#define QUEUES 2u
#define VECTORS 3u
#define QUEUE_SIZE 64u

/* Two devices that count what happens to them, in slots 0 and 1. */
struct fixture {
    struct driver_ram ram;
    struct driver_queue driver[QUEUES];
    struct pci_machine machine;
    struct virtio_device devices[2];
    struct virtio_pci pcis[2];
    uint8_t config[11];
    unsigned int starts, resets, kicks[QUEUES];
    uint32_t routes[QUEUES], route_vcpus[QUEUES];
};

static void on_start(void *context)
{
    ((struct fixture *)context)->starts++;
}

static void on_reset(void *context)
{
    ((struct fixture *)context)->resets++;
}

static void on_kick(void *context, uint16_t index)
{
    assert_in_range(index, 0, QUEUES - 1);
    ((struct fixture *)context)->kicks[index]++;
}

static void on_routed(void *context, uint16_t index, uint32_t vcpu, uint32_t intid)
{
    struct fixture *f = context;

    assert_in_range(index, 0, QUEUES - 1);
    f->routes[index] = intid;
    f->route_vcpus[index] = vcpu;
}

static void on_config_write(void *context, uint32_t offset, const void *from, uint32_t bytes)
{
    struct fixture *f = context;

    assert_true(offset + bytes <= sizeof f->config);
    memcpy(f->config + offset, from, bytes);
}

static const struct virtio_device_ops ops = {.start = on_start,
                                             .reset = on_reset,
                                             .kick = on_kick,
                                             .queue_routed = on_routed,
                                             .config_write = on_config_write};
static const struct virtio_device_ops other_ops = {.start = on_start, .reset = on_reset, .kick = on_kick};

static void add(struct fixture *f, uint32_t index, uint32_t id, uint32_t config_bytes, uint32_t vectors)
{
    const struct virtio_device_setup setup = {
        .name = "dev",
        .id = id,
        .ops = index == 0 ? &ops : &other_ops,
        .context = f,
        .mem = &f->ram.mem,
        .features = OFFERED,
        .config = f->config,
        .config_bytes = config_bytes,
        .queue_count = QUEUES,
        .queue_size = QUEUE_SIZE,
    };

    assert_int_equal(virtio_device_init(&f->devices[index], &setup), ERR_OK);
    pci_machine_add(&f->machine, &f->pcis[index], &f->devices[index], vectors);
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    assert_non_null(f);
    log_record_clear();
    pci_machine_init(&f->machine);
    driver_ram_init(&f->ram, BASE, BYTES);
    for (uint32_t i = 0; i < QUEUES; i++) {
        driver_queue_init(&f->driver[i], &f->ram, 16, true);
    }
    for (uint8_t i = 0; i < sizeof f->config; i++) {
        f->config[i] = (uint8_t)(i + 1);
    }
    add(f, 0, VIRTIO_ID_NET, sizeof f->config, VECTORS);
    add(f, 1, VIRTIO_ID_ENTROPY, 0, 0);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    driver_ram_free(&f->ram);
    free(f);
    return 0;
}

static uint64_t structure(struct fixture *f, uint32_t type)
{
    const uint64_t gpa = pci_machine_structure(&f->machine, 0, type);

    assert_int_not_equal(gpa, PCI_MACHINE_NONE);
    return gpa;
}

static uint64_t common(struct fixture *f, uint32_t offset, uint32_t bytes)
{
    return pci_machine_read(&f->machine, structure(f, VIRTIO_PCI_CAP_COMMON_CFG) + offset, bytes);
}

static void set_common(struct fixture *f, uint32_t offset, uint32_t bytes, uint64_t value)
{
    pci_machine_write(&f->machine, structure(f, VIRTIO_PCI_CAP_COMMON_CFG) + offset, bytes, value);
}

static void bring_up(struct fixture *f)
{
    pci_machine_enable(&f->machine, 0, 0, VECTORS);
    assert_true(
        pci_machine_start(&f->machine, 0, VIRTIO_F_VERSION_1 | VIRTIO_F_EVENT_IDX, f->driver, QUEUES));
}

static uint32_t pended(uint32_t vector)
{
    return platform_fake.vcpus[0].virqs[PCI_MACHINE_SPI + vector].pend_count;
}

static void test_the_bus_is_enumerated(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(pci_machine_config_read(&f->machine, 0, 0, 4), 0x10411af4);
    assert_int_equal(pci_machine_config_read(&f->machine, 0, 8, 4), 0x02000001);
    assert_int_equal(pci_machine_config_read(&f->machine, 1, 0, 4), 0x10441af4);
    for (uint32_t slot = 2; slot < 32; slot++) {
        assert_int_equal(pci_machine_config_read(&f->machine, slot, 0, 4), 0xffffffff);
        assert_int_equal(pci_machine_config_read(&f->machine, slot, 0, 2), 0xffff);
        assert_int_equal(pci_machine_config_read(&f->machine, slot, 0, 1), 0xff);
    }
    for (uint32_t offset = 0x1000; offset < 0x8000; offset += 0x1000) { /* functions 1 to 7 */
        assert_int_equal(pci_machine_config_read(&f->machine, 0, offset, 4), 0xffffffff);
        pci_machine_config_write(&f->machine, 0, offset + 4, 4, 0xffffffff);
    }
    assert_int_equal(pci_machine_config_read(&f->machine, 0, 0x100, 4), 0); /* no extended capability */
    assert_int_equal(pci_machine_config_read(&f->machine, 0, 0xfe, 4), 0);
    assert_int_equal(pci_machine_config_read(&f->machine, 0, 4, 2), 0);
}

static void test_slots_end(void **state)
{
    struct fixture *f = *state;
    struct pci_function function = f->pcis[1].function;

    while (f->machine.host.count < PCI_HOST_SLOTS) {
        assert_int_equal(pci_host_add(&f->machine.host, &function), ERR_OK);
    }
    assert_int_equal(pci_host_add(&f->machine.host, &function), ERR_SPACE);
    assert_int_equal(pci_machine_config_read(&f->machine, 31, 0, 4), 0x10441af4);
}

static void test_capabilities(void **state)
{
    struct fixture *f = *state;
    const uint32_t notify = pci_machine_find(&f->machine, 0, VIRTIO_PCI_CAP_NOTIFY_CFG);
    const uint32_t msix = pci_machine_find_msix(&f->machine, 0);
    const uint64_t bar = PCI_MACHINE_WINDOW;

    assert_int_equal(structure(f, VIRTIO_PCI_CAP_COMMON_CFG), bar);
    assert_int_equal(structure(f, VIRTIO_PCI_CAP_ISR_CFG), bar + VIRTIO_PCI_BAR_ISR);
    assert_int_equal(structure(f, VIRTIO_PCI_CAP_DEVICE_CFG), bar + VIRTIO_PCI_BAR_CONFIG);
    assert_int_equal(structure(f, VIRTIO_PCI_CAP_NOTIFY_CFG), bar + VMM_CONFIG_PCI_NOTIFY_OFFSET);
    assert_int_equal(pci_machine_config_read(&f->machine, 0, notify + 2, 1), 20);
    assert_int_equal(pci_machine_config_read(&f->machine, 0, notify + VIRTIO_PCI_CAP_MULTIPLIER, 4),
                     VMM_CONFIG_PCI_NOTIFY_BYTES);
    assert_int_equal(pci_machine_config_read(&f->machine, 0, msix + 2, 2), VECTORS - 1);
    assert_int_equal(pci_machine_config_read(&f->machine, 0, msix + 4, 4), VIRTIO_PCI_BAR_TABLE);
    assert_int_equal(pci_machine_config_read(&f->machine, 0, msix + 8, 4), VIRTIO_PCI_BAR_PENDING);
    /* The other one has no config space, and no vectors. */
    assert_int_equal(pci_machine_find(&f->machine, 1, VIRTIO_PCI_CAP_DEVICE_CFG), PCI_MACHINE_NONE);
    assert_int_equal(pci_machine_find_msix(&f->machine, 1), PCI_MACHINE_NONE);
    assert_int_not_equal(pci_machine_find(&f->machine, 1, VIRTIO_PCI_CAP_PCI_CFG), PCI_MACHINE_NONE);
}

static void test_decoding_has_to_be_turned_on(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(common(f, VIRTIO_PCI_NUM_QUEUES, 2), 0xffff);
    pci_machine_config_write(&f->machine, 0, PCI_CONFIG_COMMAND, 2, PCI_CONFIG_COMMAND_MEMORY);
    assert_int_equal(common(f, VIRTIO_PCI_NUM_QUEUES, 2), QUEUES);
    assert_int_equal(pci_machine_read(&f->machine, PCI_MACHINE_WINDOW + 2 * VMM_CONFIG_PCI_BAR_BYTES, 8),
                     UINT64_MAX);
}

static void test_the_bar_moves(void **state)
{
    struct fixture *f = *state;
    const uint64_t old = PCI_MACHINE_WINDOW + VIRTIO_PCI_NUM_QUEUES;
    const uint64_t elsewhere = PCI_MACHINE_WINDOW + 0x80000;

    pci_machine_config_write(&f->machine, 0, PCI_CONFIG_COMMAND, 2, PCI_CONFIG_COMMAND_MEMORY);
    pci_machine_config_write(&f->machine, 0, PCI_CONFIG_BAR0, 4, elsewhere);
    assert_int_equal(pci_machine_read(&f->machine, old, 2), 0xffff);
    assert_int_equal(common(f, VIRTIO_PCI_NUM_QUEUES, 2), QUEUES);
    assert_int_equal(structure(f, VIRTIO_PCI_CAP_COMMON_CFG), elsewhere);
    /* Out of the window it answers nowhere. */
    pci_machine_config_write(&f->machine, 0, PCI_CONFIG_BAR0, 4, 0xffffffff);
    assert_int_equal(pci_machine_read(&f->machine, elsewhere + VIRTIO_PCI_NUM_QUEUES, 2), 0xffff);
    virtio_pci_reset(&f->pcis[0]);
    assert_int_equal(structure(f, VIRTIO_PCI_CAP_COMMON_CFG), PCI_MACHINE_WINDOW);
}

static void test_accesses_across_the_end_of_a_bar(void **state)
{
    struct fixture *f = *state;

    pci_machine_config_write(&f->machine, 0, PCI_CONFIG_COMMAND, 2, PCI_CONFIG_COMMAND_MEMORY);
    assert_int_equal(pci_machine_read(&f->machine, PCI_MACHINE_WINDOW + VMM_CONFIG_PCI_BAR_BYTES - 2, 4),
                     0xffffffff);
    pci_machine_write(&f->machine, PCI_MACHINE_WINDOW + VMM_CONFIG_PCI_BAR_BYTES - 4, 8, UINT64_MAX);
    assert_int_equal(pci_machine_read(&f->machine, PCI_MACHINE_WINDOW + VMM_CONFIG_PCI_BAR_BYTES - 4, 4), 0);
}

static void test_bring_up(void **state)
{
    struct fixture *f = *state;

    bring_up(f);
    assert_int_equal(f->starts, 1);
    assert_true(virtio_device_is_running(&f->devices[0]));
    for (uint32_t i = 0; i < QUEUES; i++) {
        set_common(f, VIRTIO_PCI_QUEUE_SELECT, 2, i);
        assert_int_equal(common(f, VIRTIO_PCI_QUEUE_ENABLE, 2), 1);
        assert_int_equal(common(f, VIRTIO_PCI_QUEUE_SIZE, 2), 16);
        assert_int_equal(common(f, VIRTIO_PCI_QUEUE_MSIX_VECTOR, 2), i + 1);
        assert_int_equal(common(f, VIRTIO_PCI_QUEUE_DESC, 8), f->driver[i].desc);
        assert_int_equal(common(f, VIRTIO_PCI_QUEUE_DRIVER + 4, 4), f->driver[i].avail >> 32);
        assert_int_equal(common(f, VIRTIO_PCI_QUEUE_DEVICE, 4), (uint32_t)f->driver[i].used);
        /* It is in use: what it is like cannot be changed. */
        set_common(f, VIRTIO_PCI_QUEUE_DESC, 8, 0);
        set_common(f, VIRTIO_PCI_QUEUE_SIZE, 2, 2);
        set_common(f, VIRTIO_PCI_QUEUE_ENABLE, 2, 0);
        assert_int_equal(common(f, VIRTIO_PCI_QUEUE_DESC, 8), f->driver[i].desc);
        assert_int_equal(common(f, VIRTIO_PCI_QUEUE_SIZE, 2), 16);
        assert_int_equal(common(f, VIRTIO_PCI_QUEUE_ENABLE, 2), 1);
    }
}

static void test_feature_words(void **state)
{
    struct fixture *f = *state;
    const uint64_t offered = OFFERED | VIRTIO_F_VERSION_1;

    pci_machine_config_write(&f->machine, 0, PCI_CONFIG_COMMAND, 2, PCI_CONFIG_COMMAND_MEMORY);
    for (uint32_t word = 0; word < 4; word++) {
        set_common(f, VIRTIO_PCI_DEVICE_FEATURE_SELECT, 4, word);
        set_common(f, VIRTIO_PCI_DRIVER_FEATURE_SELECT, 4, word);
        set_common(f, VIRTIO_PCI_DRIVER_FEATURE, 4, 0x100 + word);
        assert_int_equal(common(f, VIRTIO_PCI_DEVICE_FEATURE_SELECT, 4), word);
        assert_int_equal(common(f, VIRTIO_PCI_DRIVER_FEATURE_SELECT, 4), word);
        assert_int_equal(common(f, VIRTIO_PCI_DEVICE_FEATURE, 4),
                         word > 1 ? 0 : (uint32_t)(offered >> (32 * word)));
        assert_int_equal(common(f, VIRTIO_PCI_DRIVER_FEATURE, 4), word > 1 ? 0 : 0x100 + word);
    }
    assert_false(pci_machine_start(&f->machine, 0, VIRTIO_F_EVENT_IDX, f->driver, QUEUES));
}

static void test_queues_that_are_not_there(void **state)
{
    struct fixture *f = *state;

    bring_up(f);
    set_common(f, VIRTIO_PCI_QUEUE_SELECT, 2, QUEUES);
    assert_int_equal(common(f, VIRTIO_PCI_QUEUE_SIZE, 2), 0);
    assert_int_equal(common(f, VIRTIO_PCI_QUEUE_MSIX_VECTOR, 2), VIRTIO_PCI_NO_VECTOR);
    assert_int_equal(common(f, VIRTIO_PCI_QUEUE_DESC, 8), 0);
    set_common(f, VIRTIO_PCI_QUEUE_SIZE, 2, 4);
    set_common(f, VIRTIO_PCI_QUEUE_MSIX_VECTOR, 2, 1);
    set_common(f, VIRTIO_PCI_QUEUE_DESC, 8, BASE);
    set_common(f, VIRTIO_PCI_QUEUE_ENABLE, 2, 1);
    assert_int_equal(common(f, VIRTIO_PCI_QUEUE_ENABLE, 2), 0);
    assert_true(virtio_device_is_running(&f->devices[0]));
}

static void test_a_vector_that_is_not_there_is_refused(void **state)
{
    struct fixture *f = *state;

    bring_up(f);
    set_common(f, VIRTIO_PCI_CONFIG_MSIX_VECTOR, 2, VECTORS);
    assert_int_equal(common(f, VIRTIO_PCI_CONFIG_MSIX_VECTOR, 2), VIRTIO_PCI_NO_VECTOR);
    set_common(f, VIRTIO_PCI_QUEUE_MSIX_VECTOR, 2, 0xfffe);
    assert_int_equal(common(f, VIRTIO_PCI_QUEUE_MSIX_VECTOR, 2), VIRTIO_PCI_NO_VECTOR);
}

/* Every offset and width: only a register's own width reads as anything, and nothing else is stored. */
static void test_every_width_and_offset(void **state)
{
    struct fixture *f = *state;
    const uint8_t status = VIRTIO_STATUS_ACKNOWLEDGE;

    pci_machine_config_write(&f->machine, 0, PCI_CONFIG_COMMAND, 2, PCI_CONFIG_COMMAND_MEMORY);
    set_common(f, VIRTIO_PCI_DEVICE_STATUS, 1, status);
    for (uint32_t offset = 0; offset < VIRTIO_PCI_BAR_ISR; offset++) {
        for (uint32_t bytes = 1; bytes <= 8; bytes *= 2) {
            const bool is_status = offset == VIRTIO_PCI_DEVICE_STATUS && bytes == 1;
            if (is_status) {
                continue;
            }
            set_common(f, offset, bytes, UINT64_MAX);
            const uint64_t value = common(f, offset, bytes);
            assert_true(bytes == 8 || value >> (8 * bytes) == 0);
            if (offset >= VIRTIO_PCI_COMMON_BYTES) {
                assert_int_equal(value, 0);
            }
        }
    }
    assert_int_equal(common(f, VIRTIO_PCI_DEVICE_STATUS, 1), status);
    assert_int_equal(common(f, VIRTIO_PCI_DEVICE_STATUS, 4), 0);
    assert_int_equal(common(f, VIRTIO_PCI_NUM_QUEUES, 4), 0);
    assert_int_equal(common(f, VIRTIO_PCI_NUM_QUEUES, 2), QUEUES);
    assert_int_equal(common(f, VIRTIO_PCI_QUEUE_SELECT, 2), 0xffff);
}

static void test_notifications_have_a_page_of_their_own(void **state)
{
    struct fixture *f = *state;
    uint64_t page;

    bring_up(f);
    page = structure(f, VIRTIO_PCI_CAP_NOTIFY_CFG);
    for (uint32_t i = 0; i < QUEUES; i++) {
        set_common(f, VIRTIO_PCI_QUEUE_SELECT, 2, i);
        const uint64_t at = page + common(f, VIRTIO_PCI_QUEUE_NOTIFY_OFF, 2) * VMM_CONFIG_PCI_NOTIFY_BYTES;
        pci_machine_write(&f->machine, at, 2, i);
        pci_machine_write(&f->machine, at, 4, i);
        assert_int_equal(f->kicks[i], 2);
        assert_int_equal(pci_machine_read(&f->machine, at, 2), 0);
    }
    for (uint64_t offset = QUEUES * VMM_CONFIG_PCI_NOTIFY_BYTES; offset < 0x1000; offset += 2) {
        pci_machine_write(&f->machine, page + offset, 2, 0);
    }
    assert_int_equal(f->kicks[0] + f->kicks[1], 4);
    assert_true(virtio_device_is_running(&f->devices[0]));
}

static void test_config_space(void **state)
{
    struct fixture *f = *state;
    uint64_t config;

    pci_machine_config_write(&f->machine, 0, PCI_CONFIG_COMMAND, 2, PCI_CONFIG_COMMAND_MEMORY);
    config = structure(f, VIRTIO_PCI_CAP_DEVICE_CFG);
    assert_int_equal(pci_machine_read(&f->machine, config, 1), 1);
    assert_int_equal(pci_machine_read(&f->machine, config + 3, 4), 0x07060504);
    assert_int_equal(pci_machine_read(&f->machine, config + 8, 4), 0); /* across its end */
    pci_machine_write(&f->machine, config + 9, 2, 0xaabb);
    assert_int_equal(f->config[10], 0xaa);
    assert_int_equal(pci_machine_read(&f->machine, config + 0x800, 8), 0);
}

static void test_interrupts_by_vector(void **state)
{
    struct fixture *f = *state;

    bring_up(f);
    f->devices[0].transport_ops->queue_interrupt(f->devices[0].transport, 0);
    assert_int_equal(pended(1), 1);
    f->devices[0].transport_ops->queue_interrupt(f->devices[0].transport, 1);
    assert_int_equal(pended(2), 1);
    virtio_device_config_changed(&f->devices[0]);
    assert_int_equal(pended(0), 1);
    assert_int_equal(common(f, VIRTIO_PCI_CONFIG_GENERATION, 1), 1);
    /* The status shows the change of the configuration only, and forgets it when it is read. */
    assert_int_equal(pci_machine_read(&f->machine, structure(f, VIRTIO_PCI_CAP_ISR_CFG), 1),
                     VIRTIO_PCI_ISR_CONFIG);
    assert_int_equal(pci_machine_read(&f->machine, structure(f, VIRTIO_PCI_CAP_ISR_CFG), 1), 0);
}

static void test_a_late_interrupt_by_vector(void **state)
{
    struct fixture *f = *state;
    const struct platform_fake_virq *virq = &platform_fake.vcpus[0].virqs[PCI_MACHINE_SPI + 2];

    bring_up(f);
    f->devices[0].transport_ops->queue_interrupt_deferred(f->devices[0].transport, 1, 200);
    assert_int_equal(virq->deferred_count, 1);
    assert_int_equal(virq->deferred_us, 200);
    assert_int_equal(pended(2), 0);
}

static void test_without_msix_the_status_tells_who_polls(void **state)
{
    struct fixture *f = *state;
    uint64_t isr;

    pci_machine_config_write(&f->machine, 0, PCI_CONFIG_COMMAND, 2, PCI_CONFIG_COMMAND_MEMORY);
    isr = structure(f, VIRTIO_PCI_CAP_ISR_CFG);
    f->devices[0].transport_ops->queue_interrupt_deferred(f->devices[0].transport, 0, 200);
    f->devices[0].transport_ops->config_interrupt(f->devices[0].transport);
    pci_machine_write(&f->machine, isr, 1, 0);
    assert_int_equal(pci_machine_read(&f->machine, isr, 1), VIRTIO_PCI_ISR_QUEUE | VIRTIO_PCI_ISR_CONFIG);
    assert_int_equal(pci_machine_read(&f->machine, isr, 1), 0);
    for (uint32_t i = 0; i < PCI_MACHINE_SPIS; i++) {
        assert_int_equal(pended(i), 0);
    }
}

static void test_no_bus_master_no_messages(void **state)
{
    struct fixture *f = *state;

    bring_up(f);
    pci_machine_config_write(&f->machine, 0, PCI_CONFIG_COMMAND, 2, PCI_CONFIG_COMMAND_MEMORY);
    assert_int_equal(f->routes[0], 0);
    f->devices[0].transport_ops->queue_interrupt(f->devices[0].transport, 0);
    assert_int_equal(pended(1), 0);
    pci_machine_config_write(&f->machine, 0, PCI_CONFIG_COMMAND, 2,
                             PCI_CONFIG_COMMAND_MEMORY | PCI_CONFIG_COMMAND_MASTER);
    assert_int_equal(pended(1), 1);
    assert_int_equal(f->routes[0], PCI_MACHINE_SPI + 1);
}

static void test_routes_follow_masks_and_vectors(void **state)
{
    struct fixture *f = *state;
    const uint64_t table = PCI_MACHINE_WINDOW + VIRTIO_PCI_BAR_TABLE;
    const uint32_t msix = pci_machine_find_msix(&f->machine, 0);

    bring_up(f);
    assert_int_equal(f->routes[0], PCI_MACHINE_SPI + 1);
    assert_int_equal(f->routes[1], PCI_MACHINE_SPI + 2);
    pci_machine_write(&f->machine, table + 16 + 12, 4, 1); /* the vector is masked */
    assert_int_equal(f->routes[0], 0);
    f->devices[0].transport_ops->queue_interrupt(f->devices[0].transport, 0);
    assert_int_equal(pended(1), 0);
    pci_machine_write(&f->machine, table + 16 + 8, 4, PCI_MACHINE_SPI + 9); /* and sent elsewhere */
    pci_machine_write(&f->machine, table + 16 + 12, 4, 0);
    assert_int_equal(f->routes[0], PCI_MACHINE_SPI + 9);
    assert_int_equal(pended(9), 1);
    pci_machine_config_write(&f->machine, 0, msix + 2, 2, MSIX_CONTROL_ENABLE | MSIX_CONTROL_MASK);
    assert_int_equal(f->routes[0] + f->routes[1], 0);
    pci_machine_config_write(&f->machine, 0, msix + 2, 2, MSIX_CONTROL_ENABLE);
    assert_int_equal(f->routes[1], PCI_MACHINE_SPI + 2);
    set_common(f, VIRTIO_PCI_QUEUE_SELECT, 2, 1);
    set_common(f, VIRTIO_PCI_QUEUE_MSIX_VECTOR, 2, VIRTIO_PCI_NO_VECTOR);
    assert_int_equal(f->routes[1], 0);
    set_common(f, VIRTIO_PCI_QUEUE_MSIX_VECTOR, 2, 1); /* both on one */
    assert_int_equal(f->routes[1], PCI_MACHINE_SPI + 9);
}

static void test_routes_follow_the_distributor(void **state)
{
    struct fixture *f = *state;
    struct mmio_access target = {
        .offset = 0x800 + PCI_MACHINE_SPI + 1, .value = 2, .width_bytes = 1, .is_write = true};

    const uint32_t msix = pci_machine_find_msix(&f->machine, 0);

    bring_up(f);
    assert_int_equal(f->route_vcpus[0], 0);
    assert_int_equal(vgic_access(&f->machine.vgic, &target), MMIO_DONE);
    pci_machine_config_write(&f->machine, 0, msix + 2, 2, MSIX_CONTROL_ENABLE | MSIX_CONTROL_MASK);
    pci_machine_config_write(&f->machine, 0, msix + 2, 2, MSIX_CONTROL_ENABLE);
    assert_int_equal(f->route_vcpus[0], 1);
    assert_int_equal(f->routes[0], PCI_MACHINE_SPI + 1);
}

static void test_reset_forgets_vectors_but_not_the_function(void **state)
{
    struct fixture *f = *state;
    const unsigned int resets = f->resets;

    bring_up(f);
    set_common(f, VIRTIO_PCI_DEVICE_STATUS, 1, 0);
    assert_true(f->resets > resets);
    assert_int_equal(f->routes[0] + f->routes[1], 0);
    assert_int_equal(common(f, VIRTIO_PCI_DEVICE_STATUS, 1), 0);
    assert_int_equal(common(f, VIRTIO_PCI_CONFIG_MSIX_VECTOR, 2), VIRTIO_PCI_NO_VECTOR);
    assert_int_equal(common(f, VIRTIO_PCI_QUEUE_MSIX_VECTOR, 2), VIRTIO_PCI_NO_VECTOR);
    assert_int_equal(common(f, VIRTIO_PCI_QUEUE_SELECT, 2), 0);
    assert_int_equal(common(f, VIRTIO_PCI_QUEUE_SIZE, 2), QUEUE_SIZE);
    assert_true(f->pcis[0].msix.enabled);
    assert_true(pci_machine_start(&f->machine, 0, VIRTIO_F_VERSION_1, f->driver, QUEUES));
    virtio_pci_reset(&f->pcis[0]);
    assert_false(f->pcis[0].msix.enabled);
    assert_int_equal(pci_machine_config_read(&f->machine, 0, PCI_CONFIG_COMMAND, 2), 0);
}

/* Through the capability for drivers that cannot map a BAR. */
static void test_access_through_the_configuration_space(void **state)
{
    struct fixture *f = *state;
    struct pci_machine *m = &f->machine;
    const uint32_t at = pci_machine_find(m, 0, VIRTIO_PCI_CAP_PCI_CFG);
    const uint32_t lengths[] = {0, 3, 8, UINT32_MAX};

    pci_machine_config_write(m, 0, at + VIRTIO_PCI_CAP_OFFSET, 4, VIRTIO_PCI_NUM_QUEUES);
    pci_machine_config_write(m, 0, at + VIRTIO_PCI_CAP_LENGTH, 4, 2);
    assert_int_equal(pci_machine_config_read(m, 0, at + VIRTIO_PCI_CAP_DATA, 2), QUEUES);
    assert_int_equal(pci_machine_config_read(m, 0, at + VIRTIO_PCI_CAP_DATA, 4), 0);
    pci_machine_config_write(m, 0, at + VIRTIO_PCI_CAP_OFFSET, 4, VIRTIO_PCI_DEVICE_STATUS);
    pci_machine_config_write(m, 0, at + VIRTIO_PCI_CAP_LENGTH, 4, 1);
    pci_machine_config_write(m, 0, at + VIRTIO_PCI_CAP_DATA, 1, VIRTIO_STATUS_ACKNOWLEDGE);
    assert_int_equal(f->devices[0].status, VIRTIO_STATUS_ACKNOWLEDGE);
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        pci_machine_config_write(m, 0, at + VIRTIO_PCI_CAP_LENGTH, 4, lengths[i]);
        pci_machine_config_write(m, 0, at + VIRTIO_PCI_CAP_DATA, 4, 0);
        assert_int_equal(pci_machine_config_read(m, 0, at + VIRTIO_PCI_CAP_DATA, 4), 0);
    }
    pci_machine_config_write(m, 0, at + VIRTIO_PCI_CAP_LENGTH, 4, 1);
    pci_machine_config_write(m, 0, at + VIRTIO_PCI_CAP_BAR, 1, 1); /* a BAR that is not there */
    pci_machine_config_write(m, 0, at + VIRTIO_PCI_CAP_DATA, 1, 0);
    pci_machine_config_write(m, 0, at + VIRTIO_PCI_CAP_BAR, 1, 0);
    pci_machine_config_write(m, 0, at + VIRTIO_PCI_CAP_OFFSET, 4, VMM_CONFIG_PCI_BAR_BYTES);
    pci_machine_config_write(m, 0, at + VIRTIO_PCI_CAP_DATA, 1, 0);
    assert_int_equal(f->devices[0].status, VIRTIO_STATUS_ACKNOWLEDGE);
}

static void test_rows_that_cannot_be(void **state)
{
    struct fixture *f = *state;
    struct virtio_pci pci;
    const struct vmm_device_config rows[] = {
        {.gpa = PCI_MACHINE_WINDOW, .vectors = MSIX_MAX_VECTORS + 1},
        {.gpa = PCI_MACHINE_WINDOW + 0x1000, .vectors = 1},
        {.gpa = 1ull << 32, .vectors = 1},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(virtio_pci_init(&pci, &f->devices[0], &rows[i], &f->machine.frame), ERR_RANGE);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_the_bus_is_enumerated),
        TEST(test_slots_end),
        TEST(test_capabilities),
        TEST(test_decoding_has_to_be_turned_on),
        TEST(test_the_bar_moves),
        TEST(test_accesses_across_the_end_of_a_bar),
        TEST(test_bring_up),
        TEST(test_feature_words),
        TEST(test_queues_that_are_not_there),
        TEST(test_a_vector_that_is_not_there_is_refused),
        TEST(test_every_width_and_offset),
        TEST(test_notifications_have_a_page_of_their_own),
        TEST(test_config_space),
        TEST(test_interrupts_by_vector),
        TEST(test_a_late_interrupt_by_vector),
        TEST(test_without_msix_the_status_tells_who_polls),
        TEST(test_no_bus_master_no_messages),
        TEST(test_routes_follow_masks_and_vectors),
        TEST(test_routes_follow_the_distributor),
        TEST(test_reset_forgets_vectors_but_not_the_function),
        TEST(test_access_through_the_configuration_space),
        TEST(test_rows_that_cannot_be),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
