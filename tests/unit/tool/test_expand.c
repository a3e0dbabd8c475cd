/* SPDX-License-Identifier: BSD-2-Clause */
/* What descriptions expand to: PDs, regions, channels and the structs that PDs read at start-up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <libfdt.h>

#include "lib/config/stats_config.h"
#include "tests/mock/load_model.h"
#include "tool/expand/frontend.h"
#include "tool/model/guest_machine.h"

#define LINUX "<linux kernel='k'/>"
#define RING " datapath='ring'"

static struct model *load(const char *text)
{
    return load_model_for(text, false);
}

static const struct vmm_config *vmm_config_of(const struct model *model, const char *pd)
{
    const struct vmm_config *config = load_model_config(model, pd, VMM_CONFIG_SECTION, sizeof(*config));

    assert_true(config_is_valid(&config->header, VMM_CONFIG_MAGIC, VMM_CONFIG_VERSION, sizeof(*config)));
    return config;
}

static const struct vswitch_config *switch_config_of(const struct model *model, const char *pd)
{
    const struct vswitch_config *config =
        load_model_config(model, pd, VSWITCH_CONFIG_SECTION, sizeof(*config));

    assert_true(
        config_is_valid(&config->header, VSWITCH_CONFIG_MAGIC, VSWITCH_CONFIG_VERSION, sizeof(*config)));
    return config;
}

static const struct model_map *map_at(const struct model *model, const char *pd_name, uint64_t vaddr)
{
    const struct model_pd *pd = model_find_pd(model, pd_name);

    for (size_t i = 0; i < pd->map_count; i++) {
        if (pd->maps[i].vaddr == vaddr) {
            return &pd->maps[i];
        }
    }
    fail_msg("%s maps nothing at 0x%llx", pd_name, (unsigned long long)vaddr);
    return NULL;
}

/* Both sides of a link see each other's regions, each its own writable, on one channel. */
static void assert_linked(const struct model *model, const char *a_name, const struct config_link *a,
                          const char *b_name, const struct config_link *b)
{
    const struct model_map *a_own = map_at(model, a_name, a->own);
    const struct model_map *b_own = map_at(model, b_name, b->own);
    bool found = false;

    assert_ptr_equal(a_own->mr, map_at(model, b_name, b->peer)->mr);
    assert_ptr_equal(b_own->mr, map_at(model, a_name, a->peer)->mr);
    assert_ptr_not_equal(a_own->mr, b_own->mr);
    assert_int_equal(a_own->perms, MODEL_READ | MODEL_WRITE);
    assert_int_equal(map_at(model, a_name, a->peer)->perms, MODEL_READ);
    assert_int_equal(a->bytes, a_own->mr->size_bytes);
    assert_int_equal(b->bytes, b_own->mr->size_bytes);
    for (size_t i = 0; i < model->channel_count; i++) {
        const struct model_channel_end *ends = model->channels[i].ends;

        found = found || (ends[0].pd == model_find_pd(model, a_name) && ends[0].id == a->channel &&
                          ends[1].pd == model_find_pd(model, b_name) && ends[1].id == b->channel);
    }
    assert_true(found);
}

static void test_two_guests_and_a_switch(void **state)
{
    (void)state;
    struct model *model = load(
        "<system><serial/><switch name='lan'/>"
        "<guest name='a' ram='64M'>" LINUX "<console/><net switch='lan'" RING
        " mac='52:54:00:00:00:07' mtu='9000' queue_size='64' ring_bytes='64K'/></guest>"
        "<guest name='b' ram='32M' on_off='restart'>" LINUX "<console/><net switch='lan'" RING "/></guest>"
        "</system>");
    const struct vmm_config *a = vmm_config_of(model, "a_vmm");
    const struct vmm_config *b = vmm_config_of(model, "b_vmm");
    const struct vswitch_config *lan = switch_config_of(model, "lan");
    const struct serial_mux_config *mux =
        load_model_config(model, "serial_mux", SERIAL_MUX_CONFIG_SECTION, sizeof(*mux));
    const struct uart_config *uart =
        load_model_config(model, "uart_driver", UART_CONFIG_SECTION, sizeof(*uart));

    assert_string_equal(model->name, "demo");
    assert_string_equal(a->name, "a");
    assert_int_equal(a->ram_bytes, 64 << 20);
    assert_int_equal(a->vcpu_count, 1);
    assert_int_equal(b->on_off, VMM_EXIT_RESTART);
    assert_int_equal(a->device_count, 4);
    assert_int_equal(a->devices[2].kind, VMM_DEVICE_ENTROPY);
    assert_int_equal(a->devices[3].kind, VMM_DEVICE_RTC);
    assert_int_equal(a->devices[0].kind, VMM_DEVICE_PL011);
    assert_int_equal(a->devices[1].kind, VMM_DEVICE_NET);
    assert_int_equal(a->devices[1].queue_size, 64);
    assert_int_equal(a->devices[1].u.net.mtu, 9000);
    assert_int_equal(a->devices[1].link.bytes, (64 << 10) + 4096);
    assert_int_equal(lan->port_count, 2);
    assert_string_equal(lan->ports[1].name, "b");
    assert_memory_equal(lan->ports[0].mac, "\x52\x54\x00\x00\x00\x07", 6);
    assert_memory_equal(a->devices[1].u.net.mac, lan->ports[0].mac, 6);
    assert_memory_equal(b->devices[1].u.net.mac, lan->ports[1].mac, 6);
    assert_memory_not_equal(lan->ports[0].mac, lan->ports[1].mac, 6);
    assert_int_equal(lan->ports[0].allow, 2);
    assert_int_equal(lan->ports[1].allow, 1);
    assert_linked(model, "a_vmm", &a->devices[1].link, "lan", &lan->ports[0].link);
    assert_linked(model, "b_vmm", &b->devices[1].link, "lan", &lan->ports[1].link);
    assert_int_equal(mux->client_count, 2);
    assert_linked(model, "b_vmm", &b->devices[0].link, "serial_mux", &mux->clients[1].link);
    assert_linked(model, "uart_driver", &uart->link, "serial_mux", &mux->driver);
    assert_false(map_at(model, "uart_driver", uart->registers)->cached);
    assert_int_equal(map_at(model, "serial_mux", mux->klog)->mr->kind, MODEL_MR_KLOG);
    assert_int_equal(model_find_pd(model, "serial_mux")->klog_channel, mux->klog_channel);
    model_free(model);
}

static void test_guest_memory(void **state)
{
    (void)state;
    struct model *model =
        load("<system><guest name='a' ram='64M' ram_base='0x80000000' vcpus='2'>" LINUX "</guest></system>");
    const struct vmm_config *a = vmm_config_of(model, "a_vmm");
    const struct model_vm *vm = model_find_pd(model, "a_vmm")->vm;

    assert_int_equal(a->ram_gpa, 0x80000000);
    assert_int_equal(a->ram_vaddr, 0x80000000);
    assert_int_equal(a->dtb_gpa, 0x80000000 + (64 << 20) - GUEST_MACHINE_DTB_BYTES);
    assert_int_equal(vm->vcpu_count, 2);
    assert_int_equal(vm->vcpus[1].vmpidr, 1);
    assert_int_equal(a->vcpu_child[1], vm->vcpus[1].id);
    assert_int_equal(vm->gicc_gpa, GUEST_MACHINE_GICC_GPA);
    assert_int_equal(vm->maps[0].vaddr, a->ram_gpa);
    assert_int_equal(vm->maps[0].mr->kind, MODEL_MR_GUEST_RAM);
    assert_ptr_equal(map_at(model, "a_vmm", a->ram_vaddr)->mr, vm->maps[0].mr);
    assert_int_equal(a->gicd_gpa, GUEST_MACHINE_GICD_GPA);
    assert_int_equal(a->spi_count % 32, 0);
    model_free(model);
}

/* A kernel or initramfs of one's own may take long: its user sees what it does. */
static void test_only_our_guests_are_quiet(void **state)
{
    static const struct {
        const char *linux_text;
        const char *bootargs;
    } rows[] = {
        {"<linux kernel='k' initrd='i'/>", "quiet causeway.hostname=a"},
        {"<linux kernel='./k' initrd='i'/>", "causeway.hostname=a"},
        {"<linux kernel='k' initrd='./i'/>", "causeway.hostname=a"},
        {"<linux kernel='k' initrd='i' bootargs='ro root=/dev/vda'/>",
         "causeway.hostname=a ro root=/dev/vda"},
        {"<linux kernel='k' initrd='i' bootargs='no_root=1'/>", "quiet causeway.hostname=a no_root=1"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[200];

        snprintf(text, sizeof(text), "<system><guest name='a' ram='64M'>%s</guest></system>",
                 rows[i].linux_text);
        struct model *model = load(text);
        const void *fdt = map_at(model, "a_vmm", vmm_config_of(model, "a_vmm")->dtb.vaddr)->mr->prefill_data;

        assert_string_equal(fdt_getprop(fdt, fdt_path_offset(fdt, "/chosen"), "bootargs", NULL),
                            rows[i].bootargs);
        model_free(model);
    }
}

static void test_device_tree_says_what_the_vmm_emulates(void **state)
{
    (void)state;
    struct model *model = load("<system><serial/><switch name='lan'/><guest name='a' ram='64M' hostname='h'>"
                               "<linux kernel='k' bootargs='x=y'/><console/>"
                               "<net switch='lan' ip='10.0.0.1/8 fd00::1/64' gateway='10.0.0.2'/>"
                               "<net switch='lan'/></guest></system>");
    const struct vmm_config *a = vmm_config_of(model, "a_vmm");
    const void *fdt = map_at(model, "a_vmm", a->dtb.vaddr)->mr->prefill_data;

    assert_int_equal(fdt_check_header(fdt), 0);
    assert_int_equal(fdt_totalsize(fdt), a->dtb.bytes);
    assert_string_equal(fdt_getprop(fdt, fdt_path_offset(fdt, "/chosen"), "bootargs", NULL),
                        "console=ttyAMA0 earlycon=pl011,0x9000000 quiet causeway.hostname=h "
                        "causeway.ip0=10.0.0.1/8,fd00::1/64 causeway.gateway=10.0.0.2 x=y");
    assert_int_equal(a->devices[4].gpa, GUEST_MACHINE_RTC_GPA);
    assert_true(fdt_path_offset(fdt, "/rtc@9010000") > 0);
    for (uint32_t i = 1; i < 4; i++) {
        char path[64];

        snprintf(path, sizeof(path), "/virtio@%llx", (unsigned long long)a->devices[i].gpa);
        assert_true(fdt_path_offset(fdt, path) > 0);
        assert_int_equal(a->devices[i].virq, GUEST_MACHINE_VIRTIO_INTID + i - 1);
    }
    assert_int_equal(a->device_count, 5);
    model_free(model);
}

static void test_virtio_console_shares_its_link_with_a_uart(void **state)
{
    (void)state;
    struct model *model =
        load("<system><serial/><guest name='a' ram='64M' rng='false' rtc='false'><linux kernel='k'/>"
             "<console type='virtio' cols='80'><port name='p'/><port name='q' label='Q'/></console>"
             "</guest></system>");
    const struct vmm_config *a = vmm_config_of(model, "a_vmm");
    const struct serial_mux_config *mux =
        load_model_config(model, "serial_mux", SERIAL_MUX_CONFIG_SECTION, sizeof(*mux));
    const struct vmm_console_config *console = &a->devices[0].u.console;
    const void *fdt = map_at(model, "a_vmm", a->dtb.vaddr)->mr->prefill_data;

    assert_int_equal(a->device_count, 2);
    assert_int_equal(a->devices[0].kind, VMM_DEVICE_CONSOLE);
    assert_int_equal(a->devices[1].kind, VMM_DEVICE_PL011);
    assert_int_equal(a->devices[0].link.own, a->devices[1].link.own);
    assert_int_equal(console->cols, 80);
    assert_int_equal(console->port_count, 2);
    assert_string_equal(console->ports[1].name, "q");
    assert_int_equal(mux->client_count, 3);
    assert_string_equal(mux->clients[1].name, "a_p");
    assert_string_equal(mux->clients[2].name, "Q");
    assert_linked(model, "a_vmm", &console->ports[1].link, "serial_mux", &mux->clients[2].link);
    assert_non_null(strstr(fdt_getprop(fdt, fdt_path_offset(fdt, "/chosen"), "bootargs", NULL),
                           "console=hvc0 earlycon=pl011,0x9000000"));
    model_free(model);
}

/* As many guests as a switch has ports, each with the default data path. */
static struct model *load_full_switch(bool microkit)
{
    char text[8192] = "<system><switch name='lan'/>";
    size_t bytes = strlen(text);

    for (unsigned int i = 0; i < VSWITCH_CONFIG_MAX_PORTS; i++) {
        bytes += (size_t)snprintf(text + bytes, sizeof(text) - bytes,
                                  "<guest name='g%u' ram='16M'>" LINUX "<net switch='lan'/></guest>", i);
    }
    (void)snprintf(text + bytes, sizeof(text) - bytes, "</system>");
    return load_model_for(text, microkit);
}

static void assert_same_page(const struct model *model, const char *vmm, const struct vmm_net_config *net,
                             const struct vswitch_port_config *port)
{
    const struct model_map *read = map_at(model, vmm, net->status);
    const struct model_map *written = map_at(model, "lan", port->status);

    assert_ptr_equal(read->mr, written->mr);
    assert_int_equal(read->perms, MODEL_READ);
    assert_int_equal(written->perms, MODEL_READ | MODEL_WRITE);
}

static void assert_posted(const struct model_pd *lan, uint32_t id, uint32_t virq, uint32_t channel)
{
    assert_in_range(id, MODEL_POST_BASE, MODEL_POST_BASE + lan->post_count - 1);
    assert_int_equal(lan->posts[id - MODEL_POST_BASE].virq, virq);
    assert_int_equal(lan->posts[id - MODEL_POST_BASE].channel, channel);
}

static void test_a_switch_has_channels_for_all_its_ports(void **state)
{
    (void)state;
    for (unsigned int microkit = 0; microkit < 2; microkit++) {
        struct model *model = load_full_switch(microkit != 0);
        const struct vswitch_config *config = switch_config_of(model, "lan");
        const struct model_pd *lan = model_find_pd(model, "lan");

        assert_int_equal(config->port_count, VSWITCH_CONFIG_MAX_PORTS);
        assert_int_equal(lan->post_count, microkit != 0 ? 0 : 2 * VSWITCH_CONFIG_MAX_PORTS);
        /* One more, to the timer PD. */
        assert_int_equal(model_free_channel_id(model, lan), VSWITCH_CONFIG_MAX_PORTS + 1);
        for (unsigned int i = 0; i < VSWITCH_CONFIG_MAX_PORTS; i++) {
            const struct vswitch_port_config *port = &config->ports[i];
            char vmm[16];

            (void)snprintf(vmm, sizeof(vmm), "g%u_vmm", i);
            const struct vmm_device_config *device = &vmm_config_of(model, vmm)->devices[0];
            assert_int_equal(port->kind, VSWITCH_PORT_VHOST);
            assert_same_page(model, vmm, &device->u.net, port);
            if (microkit != 0) {
                assert_int_equal(port->interrupt, port->link.channel);
                assert_int_equal(port->deferred_interrupt, port->link.channel);
            } else {
                assert_posted(lan, port->interrupt, device->virq, port->link.channel);
                assert_posted(lan, port->deferred_interrupt, device->virq, port->link.channel);
                assert_int_not_equal(port->interrupt, port->deferred_interrupt);
            }
        }
        model_free(model);
    }
}

static void test_interrupts_that_may_be_late(void **state)
{
    (void)state;
    struct model *model =
        load("<system><switch name='lan'/><guest name='a' ram='16M'>" LINUX
             "<net switch='lan' tx_delay_us='70'/><net switch='lan' tx_delay_us='0'/></guest></system>");
    const struct vswitch_config *config = switch_config_of(model, "lan");
    const struct model_pd *lan = model_find_pd(model, "lan");

    assert_int_equal(lan->post_count, 3);
    assert_int_equal(lan->posts[config->ports[0].interrupt - MODEL_POST_BASE].delay_us, 0);
    assert_int_equal(lan->posts[config->ports[0].deferred_interrupt - MODEL_POST_BASE].delay_us, 70);
    assert_int_equal(config->ports[1].deferred_interrupt, config->ports[1].interrupt);
    assert_int_equal(lan->posts[2].delay_us, 0);
    model_free(model);
}

static void test_features_off(void **state)
{
    (void)state;
    struct model *model = load("<system><switch name='lan'/><guest name='a' ram='32M'>" LINUX
                               "<net switch='lan' features_off='event_idx, mrg_rxbuf'/><net switch='lan'/>"
                               "</guest></system>");
    const struct vmm_config *a = vmm_config_of(model, "a_vmm");

    assert_int_equal(a->devices[0].u.net.features_off, 1ull << 29 | 1ull << 15);
    /* Receive buffers of 68 KiB each: a sixteenth of the guest's RAM may go into them. */
    assert_int_equal(a->devices[0].queue_size, 16);
    assert_int_equal(a->devices[1].queue_size, 256);
    assert_int_equal(a->devices[1].u.net.features_off, 0);
    model_free(model);
}

static uint32_t allowed(const struct vswitch_config *config, uint32_t from, uint32_t to)
{
    return config->ports[from].allow >> to & 1u;
}

#define THREE_GUESTS                                                                                         \
    "<guest name='a' ram='32M'>" LINUX "<net switch='lan'" RING "/></guest>"                                 \
    "<guest name='b' ram='32M'>" LINUX "<net switch='lan'" RING "/></guest>"                                 \
    "<guest name='c' ram='32M'>" LINUX "<net switch='lan'" RING "/></guest></system>"

static size_t count_doorbells(const struct model_vm *vm, const struct model_pd *pd, uint32_t channel,
                              uint64_t gpa)
{
    size_t count = 0;

    for (size_t i = 0; i < vm->doorbell_count; i++) {
        const struct model_doorbell *doorbell = &vm->doorbells[i];

        count += doorbell->pd == pd && doorbell->gpa == gpa && doorbell->channel == channel &&
                 (doorbell->idle || doorbell->match_value);
    }
    return count;
}

/* Kicks of the data queues and pauses go to whoever serves the queues: the VMM, or the switch. */
static void test_who_hears_a_card(void **state)
{
    struct model *model = load("<system><switch name='lan'/><guest name='a' ram='64M'>" LINUX
                               "<net switch='lan' datapath='ring' rx_window='9' tx_delay_us='77'/>"
                               "<net switch='lan' datapath='vhost'/></guest></system>");
    const struct vmm_config *config = vmm_config_of(model, "a_vmm");
    const struct vmm_device_config *ring = &config->devices[0], *vhost = &config->devices[1];
    const struct model_pd *vmm = model_find_pd(model, "a_vmm"), *lan = model_find_pd(model, "lan");
    const uint32_t lan_channel = switch_config_of(model, "lan")->ports[1].link.channel;

    (void)state;
    assert_int_equal(ring->u.net.window, 9);
    assert_int_equal(ring->u.net.tx_delay_us, 77);
    assert_true(ring->registers != 0);
    assert_int_equal(count_doorbells(vmm->vm, vmm, config->kick_channel, ring->gpa + 0x50), 2);
    assert_int_equal(count_doorbells(vmm->vm, vmm, ring->link.channel, UINT64_MAX), 1);
    assert_int_equal(count_doorbells(vmm->vm, lan, lan_channel, vhost->gpa + 0x50), 2);
    assert_int_equal(count_doorbells(vmm->vm, lan, lan_channel, UINT64_MAX), 1);
    model_free(model);
}

static void test_stats_reads_what_switches_count(void **state)
{
    struct model *model = load("<system><serial/><switch name='lan'/><switch name='wan'/>"
                               "<stats><console/></stats></system>");
    const struct stats_config *config =
        load_model_config(model, "stats", STATS_CONFIG_SECTION, sizeof(*config));
    const struct model_map *written = map_at(model, "wan", switch_config_of(model, "wan")->stats);
    const struct model_map *read = map_at(model, "stats", config->switches[1].stats);

    (void)state;
    assert_int_equal(config->switch_count, 2);
    assert_string_equal(config->switches[0].name, "lan");
    assert_string_equal(config->switches[1].name, "wan");
    assert_ptr_equal(written->mr, read->mr);
    assert_int_equal(written->perms, MODEL_READ | MODEL_WRITE);
    assert_int_equal(read->perms, MODEL_READ);
    model_free(model);
    model = load("<system><switch name='lan'/></system>");
    assert_int_equal(switch_config_of(model, "lan")->stats, 0);
    model_free(model);
}

static void test_rules(void **state)
{
    (void)state;
    struct model *model = load("<system><switch name='lan'><deny from='b' to='c'/></switch>" THREE_GUESTS);
    const struct vswitch_config *lan = switch_config_of(model, "lan");

    assert_true(allowed(lan, 0, 1) && allowed(lan, 0, 2) && allowed(lan, 1, 0) && allowed(lan, 2, 0));
    assert_false(allowed(lan, 1, 2) || allowed(lan, 2, 1) || allowed(lan, 0, 0));
    model_free(model);
    model = load("<system><switch name='lan' policy='deny'><allow from='a' to='*' both='false'/>"
                 "<deny from='a' to='b' both='false'/></switch>" THREE_GUESTS);
    lan = switch_config_of(model, "lan");
    assert_true(allowed(lan, 0, 2));
    assert_false(allowed(lan, 0, 1) || allowed(lan, 1, 0) || allowed(lan, 2, 0) || allowed(lan, 1, 2));
    model_free(model);
}

static void test_generated_macs_are_stable_and_unique(void **state)
{
    (void)state;
    struct model *first = load("<system><switch name='lan'/>" THREE_GUESTS);
    struct model *again = load("<system><switch name='lan'/>" THREE_GUESTS);
    struct model *other = load("<system name='x'><switch name='lan'/>" THREE_GUESTS);
    const struct vswitch_config *lan = switch_config_of(first, "lan");

    assert_memory_equal(lan, switch_config_of(again, "lan"), sizeof(*lan));
    assert_memory_not_equal(lan->ports[0].mac, switch_config_of(other, "lan")->ports[0].mac, 6);
    assert_memory_not_equal(lan->ports[0].mac, lan->ports[1].mac, 6);
    assert_memory_not_equal(lan->ports[1].mac, lan->ports[2].mac, 6);
    assert_int_equal(lan->ports[0].mac[0] & 3, 2); /* unicast, locally administered */
    model_free(first);
    model_free(again);
    model_free(other);
}

static void test_images_are_shared(void **state)
{
    (void)state;
    char path[] = "/tmp/causeway-image-XXXXXX";
    int file = mkstemp(path);
    uint8_t header[64] = {0};
    char text[1024];

    memcpy(&header[56], "ARM\x64", 4);
    assert_int_equal(write(file, header, sizeof(header)), sizeof(header));
    snprintf(text, sizeof(text),
             "<system><guest name='a' ram='32M'><linux kernel='%s'/></guest>"
             "<guest name='b' ram='32M'><linux kernel='%s' initrd='%s'/></guest></system>",
             path, path, path);

    struct model *model = load(text);
    const struct vmm_config *a = vmm_config_of(model, "a_vmm");
    const struct vmm_config *b = vmm_config_of(model, "b_vmm");
    const struct model_map *kernel = map_at(model, "a_vmm", a->kernel.vaddr);

    assert_ptr_equal(kernel->mr, map_at(model, "b_vmm", b->kernel.vaddr)->mr);
    assert_int_equal(kernel->perms, MODEL_READ);
    assert_int_equal(a->kernel.bytes, sizeof(header));
    assert_int_equal(a->initrd.bytes, 0);
    assert_int_equal(b->initrd.bytes, sizeof(header));
    assert_int_equal(b->initrd_gpa, b->dtb_gpa - 4096);
    model_free(model);
    unlink(path);
    close(file);
}

static void test_page_sizes_follow_alignment(void **state)
{
    (void)state;
    struct model *model =
        load("<system><memory_region name='m' size='2M'/><memory_region name='n' size='2M'/>"
             "<memory_region name='o' size='0x201000'/>"
             "<protection_domain name='p'><program_image path='p.elf'/>"
             "<map mr='m' vaddr='0x40000000'/><map mr='n' vaddr='0x50001000'/>"
             "</protection_domain></system>");

    assert_int_equal(model_find_mr(model, "m")->page_size_bytes, MODEL_LARGE_PAGE_BYTES);
    assert_int_equal(model_find_mr(model, "n")->page_size_bytes, MODEL_PAGE_BYTES);
    assert_int_equal(model_find_mr(model, "o")->page_size_bytes, MODEL_PAGE_BYTES);
    model_free(model);
}

static void test_sdf_maps_may_name_generated_regions(void **state)
{
    (void)state;
    struct model *model = load("<system><protection_domain name='p' priority='3' budget='5'>"
                               "<program_image path='p.elf'/><map mr='a_ram' vaddr='0x40000000' perms='r'/>"
                               "<setvar symbol='s' region_paddr='a_ram'/></protection_domain>"
                               "<guest name='a' ram='32M'>" LINUX "</guest></system>");
    const struct model_pd *pd = model_find_pd(model, "p");

    assert_int_equal(pd->maps[0].mr->kind, MODEL_MR_GUEST_RAM);
    assert_ptr_equal(pd->setvars[0].region_paddr, pd->maps[0].mr);
    assert_int_equal(pd->period_us, 5);
    assert_int_equal(pd->stack_bytes, 8192);
    assert_true(pd->fpu);
    model_free(model);
}

static void test_input_and_colours(void **state)
{
    (void)state;
    struct model *model = load(
        "<system><serial input='second' escape='0x1d' colours='false'/>"
        "<guest name='a' ram='32M'>" LINUX "<console colour='none'/></guest>"
        "<guest name='b' ram='32M'>" LINUX "<console name='second' colour='red' overflow='drop'/></guest>"
        "<guest name='c' ram='32M'>" LINUX "<console silent='true'/></guest></system>");
    const struct serial_mux_config *mux =
        load_model_config(model, "serial_mux", SERIAL_MUX_CONFIG_SECTION, sizeof(*mux));

    assert_int_equal(mux->focus, 1);
    assert_int_equal(mux->escape, 0x1d);
    assert_int_equal(mux->clients[0].colour, 0);
    assert_int_equal(mux->clients[1].colour, 31);
    assert_true(mux->clients[2].colour >= 31);
    assert_int_equal(mux->flags, SERIAL_MUX_NO_COLOURS);
    assert_int_equal(mux->clients[0].flags, 0);
    assert_int_equal(mux->clients[1].flags, SERIAL_MUX_CLIENT_DROP);
    assert_int_equal(mux->clients[2].flags, SERIAL_MUX_CLIENT_SILENT);
    model_free(model);
}

static void test_supervisor_is_the_parent_of_those_that_restart(void **state)
{
    (void)state;
    struct model *model = load(
        "<system><guest name='a' ram='32M' on_crash='restart' restart_limit='3' restart_backoff_ms='7'>" LINUX
        "</guest><guest name='b' ram='32M'>" LINUX "</guest>"
        "<guest name='c' ram='32M' supervised='true'>" LINUX "</guest>"
        "<guest name='d' ram='32M' on_crash='restart' supervised='false'>" LINUX "</guest></system>");
    const struct model_pd *supervisor = model_find_pd(model, "supervisor");
    const struct supervisor_config *config =
        load_model_config(model, "supervisor", SUPERVISOR_CONFIG_SECTION, sizeof(*config));
    const struct vmm_config *vmm = load_model_config(model, "c_vmm", VMM_CONFIG_SECTION, sizeof(*vmm));

    assert_non_null(supervisor);
    assert_int_equal(config->child_count, 2);
    assert_string_equal(config->children[0].name, "a");
    assert_int_equal(config->children[0].on_crash, VMM_EXIT_RESTART);
    assert_int_equal(config->children[0].restart.limit, 3);
    assert_int_equal(config->children[0].restart.backoff_ms, 7);
    assert_string_equal(config->children[1].name, "c");
    assert_int_equal(config->children[1].on_crash, VMM_EXIT_STOP);
    assert_int_equal(vmm->has_supervisor, 1);
    assert_ptr_equal(model_find_pd(model, "a_vmm")->parent, supervisor);
    assert_ptr_equal(model_find_pd(model, "c_vmm")->parent, supervisor);
    assert_null(model_find_pd(model, "b_vmm")->parent);
    assert_null(model_find_pd(model, "d_vmm")->parent);
    model_free(model);
}

static void test_watchdog(void **state)
{
    (void)state;
    struct model *model =
        load("<system><guest name='a' ram='32M' watchdog_ms='5000'>" LINUX "</guest></system>");
    const struct vmm_config *vmm = load_model_config(model, "a_vmm", VMM_CONFIG_SECTION, sizeof(*vmm));
    const struct model_pd *pd = model_find_pd(model, "a_vmm");

    assert_int_equal(vmm->devices[0].kind, VMM_DEVICE_WATCHDOG);
    assert_int_equal(vmm->devices[0].u.watchdog.limit_ms, 5000);
    assert_int_equal(vmm->devices[0].u.watchdog.boot_ms, 120000);
    /* The time it waits for comes on a channel that is nobody else's. */
    assert_int_not_equal(model_free_channel_id(model, pd), vmm->timer_channel);
    assert_non_null(model_find_pd(model, "timer"));
    model_free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_guests_and_a_switch),
        cmocka_unit_test(test_guest_memory),
        cmocka_unit_test(test_only_our_guests_are_quiet),
        cmocka_unit_test(test_device_tree_says_what_the_vmm_emulates),
        cmocka_unit_test(test_virtio_console_shares_its_link_with_a_uart),
        cmocka_unit_test(test_a_switch_has_channels_for_all_its_ports),
        cmocka_unit_test(test_interrupts_that_may_be_late),
        cmocka_unit_test(test_features_off),
        cmocka_unit_test(test_who_hears_a_card),
        cmocka_unit_test(test_stats_reads_what_switches_count),
        cmocka_unit_test(test_rules),
        cmocka_unit_test(test_generated_macs_are_stable_and_unique),
        cmocka_unit_test(test_images_are_shared),
        cmocka_unit_test(test_page_sizes_follow_alignment),
        cmocka_unit_test(test_sdf_maps_may_name_generated_regions),
        cmocka_unit_test(test_input_and_colours),
        cmocka_unit_test(test_supervisor_is_the_parent_of_those_that_restart),
        cmocka_unit_test(test_watchdog),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
