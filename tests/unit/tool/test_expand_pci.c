/* SPDX-License-Identifier: BSD-2-Clause */
/* What transport="pci" expands to: slots, BARs, MSIs, doorbells and posted interrupts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <libfdt.h>

#include "tool/expand/frontend.h"
#include "tool/model/guest_machine.h"

#define GUEST(attributes, devices)                                                                           \
    "<system><serial/><switch name='lan'/><guest name='a' ram='64M' " attributes                             \
    "><linux kernel='k'/>" devices "</guest></system>"

static struct model *model;

static int teardown(void **state)
{
    (void)state;
    model_free(model);
    return 0;
}

/* Load a description; the configuration of the VMM of its guest. */
static const struct vmm_config *load(const char *text)
{
    struct diag *diag = diag_new();
    struct vars vars = {0};
    struct expand_options options = {
        .system_path = "demo.system", .guest_dir = "/nonexistent", .default_board = "qemu_virt_aarch64"};

    model = frontend_load_text(diag, &vars, &options, text, strlen(text));
    if (model == NULL || diag_error_count(diag) > 0) {
        diag_print(diag, stderr);
        fail();
    }
    diag_free(diag);
    return (const void *)model_find_pd(model, "a_vmm")->configs[0].data;
}

static const struct vswitch_port_config *port_of_lan(void)
{
    return &((const struct vswitch_config *)(const void *)model_find_pd(model, "lan")->configs[0].data)
                ->ports[0];
}

/* The guest's device tree, among the regions. */
static const void *device_tree(void)
{
    return model_find_mr(model, "a_dtb")->prefill_data;
}

static void test_a_guest_has_no_bus_unless_it_asks(void **state)
{
    const struct vmm_config *config = load(GUEST("", "<net switch='lan'/>"));

    (void)state;
    assert_int_equal(config->pci.ecam_bytes, 0);
    assert_int_equal(config->devices[0].transport, VMM_TRANSPORT_MMIO);
    assert_true(fdt_node_offset_by_compatible(device_tree(), -1, "pci-host-ecam-generic") < 0);
}

/* The VMM fills them at each start: no image holds a seed. */
static void test_a_guest_has_room_for_seeds(void **state)
{
    static const uint8_t nothing[64];
    int bytes = 0;

    (void)state;
    (void)load(GUEST("", ""));
    const int chosen = fdt_path_offset(device_tree(), "/chosen");
    const void *seed = fdt_getprop(device_tree(), chosen, "rng-seed", &bytes);
    assert_int_equal(bytes, sizeof nothing);
    assert_memory_equal(seed, nothing, sizeof nothing);
    seed = fdt_getprop(device_tree(), chosen, "kaslr-seed", &bytes);
    assert_int_equal(bytes, sizeof(uint64_t));
    assert_memory_equal(seed, nothing, sizeof(uint64_t));
}

static void test_all_devices_of_a_guest(void **state)
{
    const struct vmm_config *config =
        load(GUEST("transport='pci'", "<console type='virtio'/><net switch='lan'/>"));
    uint64_t bar = GUEST_MACHINE_PCI_WINDOW_GPA;
    uint32_t vectors = 0;

    (void)state;
    assert_int_equal(config->device_count, 5); /* with the UART, the rng and the clock */
    for (uint32_t i = 0; i < config->device_count; i++) {
        const struct vmm_device_config *device = &config->devices[i];
        if (device->kind == VMM_DEVICE_PL011 || device->kind == VMM_DEVICE_RTC) {
            continue;
        }
        assert_int_equal(device->transport, VMM_TRANSPORT_PCI);
        assert_int_equal(device->gpa, bar);
        assert_int_equal(device->vectors, 2);
        bar += VMM_CONFIG_PCI_BAR_BYTES;
        vectors += device->vectors;
    }
    assert_int_equal(config->pci.ecam_gpa, GUEST_MACHINE_PCI_ECAM_GPA);
    assert_int_equal(config->pci.window_gpa, GUEST_MACHINE_PCI_WINDOW_GPA);
    assert_int_equal(config->pci.msi_first, GUEST_MACHINE_MSI_INTID);
    assert_int_equal(config->pci.msi_count, vectors);
    assert_true(config->spi_count + 32 >= GUEST_MACHINE_MSI_INTID + vectors);
}

static void test_the_device_tree_describes_the_bus(void **state)
{
    const struct vmm_config *config = load(GUEST("transport='pci'", "<net switch='lan' vectors='3'/>"));
    const void *fdt = device_tree();
    const int bridge = fdt_node_offset_by_compatible(fdt, -1, "pci-host-ecam-generic");
    const int frame = fdt_node_offset_by_compatible(fdt, -1, "arm,gic-v2m-frame");

    (void)state;
    assert_true(bridge > 0 && frame > 0);
    assert_true(fdt_node_offset_by_compatible(fdt, -1, "virtio,mmio") < 0);
    assert_int_equal(fdt32_ld(fdt_getprop(fdt, frame, "arm,msi-base-spi", NULL)), GUEST_MACHINE_MSI_INTID);
    assert_int_equal(fdt32_ld(fdt_getprop(fdt, frame, "arm,msi-num-spis", NULL)), config->pci.msi_count);
    assert_null(fdt_getprop(fdt, bridge, "interrupt-map", NULL)); /* no INTx */
}

static void test_each_device_may_differ(void **state)
{
    const struct vmm_config *config =
        load(GUEST("transport='pci' rng='false'",
                   "<net switch='lan' transport='mmio'/><net switch='lan' transport='pci' vectors='0'/>"));

    (void)state;
    assert_int_equal(config->devices[0].transport, VMM_TRANSPORT_MMIO);
    assert_int_equal(config->devices[1].transport, VMM_TRANSPORT_PCI);
    assert_int_equal(config->devices[1].vectors, 0);
    assert_int_equal(config->pci.msi_count, 0);
    /* A frame without an SPI would be none: it has one that nobody uses. */
    assert_int_equal(fdt32_ld(fdt_getprop(
                         device_tree(), fdt_node_offset_by_compatible(device_tree(), -1, "arm,gic-v2m-frame"),
                         "arm,msi-num-spis", NULL)),
                     1);
}

static void test_doorbells_of_a_vhost_port(void **state)
{
    const struct vmm_config *config = load(GUEST("", "<net switch='lan' transport='pci' rx_window='0'/>"));
    const struct model_vm *vm = model_find_pd(model, "a_vmm")->vm;
    const struct vswitch_port_config *port = port_of_lan();

    (void)state;
    assert_int_equal(vm->doorbell_count, 2);
    for (uint32_t i = 0; i < 2; i++) {
        assert_int_equal(vm->doorbells[i].gpa, config->devices[0].gpa + VMM_CONFIG_PCI_NOTIFY_OFFSET +
                                                   i * VMM_CONFIG_PCI_NOTIFY_BYTES);
        assert_int_equal(vm->doorbells[i].width_bytes, 0);
        assert_ptr_equal(vm->doorbells[i].pd, model_find_pd(model, "lan"));
        assert_int_equal(vm->doorbells[i].channel, port->link.channel);
    }
    assert_int_equal(config->devices[0].registers, 0); /* registers trap: only the slow path reads them */
}

/* Which interrupts is the guest's choice; even without a delay there are two. */
static void test_posted_interrupts_of_a_vhost_port(void **state)
{
    const struct model_pd *lan;
    const struct vswitch_port_config *port;

    (void)state;
    (void)load(GUEST("", "<net switch='lan' transport='pci' tx_delay_us='0'/>"));
    lan = model_find_pd(model, "lan");
    port = port_of_lan();
    assert_int_equal(lan->post_count, 2);
    assert_int_equal(port->interrupt, MODEL_POST_BASE);
    assert_int_equal(port->deferred_interrupt, MODEL_POST_BASE + 1);
    for (uint32_t i = 0; i < 2; i++) {
        assert_int_equal(lan->posts[i].virq, 0);
        assert_int_equal(lan->posts[i].delay_us, 0);
    }
}

static void test_a_full_bus(void **state)
{
    char text[8192] =
        "<system><switch name='lan'/><guest name='a' ram='64M' transport='pci'><linux kernel='k'/>";
    const struct vmm_config *config;

    (void)state;
    for (uint32_t i = 0; i < VMM_CONFIG_MAX_DEVICES; i++) {
        strcat(text, "<net switch='lan' datapath='ring' ring_bytes='4K' vectors='9'/>");
    }
    strcat(text, "</guest></system>");
    config = load(text);
    assert_int_equal(config->device_count, VMM_CONFIG_MAX_DEVICES);
    assert_int_equal(config->pci.msi_count, 9 * VMM_CONFIG_MAX_DEVICES);
    assert_true(config->devices[VMM_CONFIG_MAX_DEVICES - 1].gpa + VMM_CONFIG_PCI_BAR_BYTES <=
                GUEST_MACHINE_PCI_WINDOW_GPA + GUEST_MACHINE_PCI_WINDOW_BYTES);
    assert_true(config->spi_count <= 992);
}

#define TEST(name) cmocka_unit_test_teardown(name, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_guest_has_no_bus_unless_it_asks),
        TEST(test_a_guest_has_room_for_seeds),
        TEST(test_all_devices_of_a_guest),
        TEST(test_the_device_tree_describes_the_bus),
        TEST(test_each_device_may_differ),
        TEST(test_doorbells_of_a_vhost_port),
        TEST(test_posted_interrupts_of_a_vhost_port),
        TEST(test_a_full_bus),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
