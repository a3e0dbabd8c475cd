/* SPDX-License-Identifier: BSD-2-Clause */
/* The VMM's half of the vhost data path; the test plays driver and switch. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/config/vhost_protocol.h"
#include "microkit/host/microkit_host.h"
#include "tests/mock/log_record.h"
#include "tests/mock/virtio_driver.h"
#include "vmm/platform_fake.h"
#include "vmm/virtio/vhost_net.h"

#define BASE 0x40000000ull
#define SPI 40u
#define CHANNEL 3u
#define MAX_CALLS 64u

struct call {
    uint64_t label, words[64], count;
};

struct fixture {
    struct driver_ram ram;
    struct driver_queue rx, tx;
    struct vgic vgic;
    struct irq_line line;
    struct vmm_device_config config;
    struct vhost_net net;
    struct virtq_chain scratch;
    struct virtio_mmio mmio;
    uint32_t page[1024]; /* virtio_driver_read() compares it */
    struct call calls[MAX_CALLS];
    unsigned int call_count;
    uint64_t refuse;            /* label of the call that the switch refuses */
    struct vhost_status status; /* its page */
};

/* The switch. */
static microkit_msginfo answer(void *context, microkit_channel channel, microkit_msginfo msginfo)
{
    struct fixture *f = context;
    struct call *call = &f->calls[f->call_count++];

    assert_int_equal(channel, CHANNEL);
    assert_in_range(f->call_count, 1, MAX_CALLS);
    call->label = microkit_msginfo_get_label(msginfo);
    call->count = microkit_msginfo_get_count(msginfo);
    for (seL4_Uint8 i = 0; i < 64; i++) {
        call->words[i] = microkit_mr_get(i);
    }
    if (call->label == VHOST_STOP) {
        f->status.fault = ERR_OK;
    }
    return microkit_msginfo_new(call->label == f->refuse ? VHOST_INVALID : VHOST_OK, 0);
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    f->config = (struct vmm_device_config){
        .kind = VMM_DEVICE_NET,
        .name = "net0",
        .queue_size = 256,
        .link = {.channel = CHANNEL},
        .u.net = {.mac = {2, 0, 0, 0, 0, 1}, .datapath = VMM_DATAPATH_VHOST, .status = (uintptr_t)&f->status},
    };
    platform_fake_reset();
    microkit_host_reset();
    microkit_host_set_ppc(answer, f);
    log_record_clear();
    driver_ram_init(&f->ram, BASE, 0x100000);
    assert_int_equal(vgic_init(&f->vgic, 1, 32), ERR_OK);
    f->line = (struct irq_line){.vgic = &f->vgic, .intid = SPI};
    assert_int_equal(vhost_net_init(&f->net, &f->config, &f->ram.mem, &f->scratch), ERR_OK);
    virtio_mmio_init(&f->mmio, &f->net.device, &f->line, f->page);
    /* An earlier start of this VMM may have left the switch at work, and this one cannot know. */
    virtio_mmio_reset(&f->mmio);
    assert_int_equal(f->call_count, 1);
    assert_int_equal(f->calls[0].label, VHOST_STOP);
    f->call_count = 0;
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

static void start_with(struct fixture *f, uint64_t features)
{
    driver_queue_init(&f->rx, &f->ram, 16, true);
    driver_queue_init(&f->tx, &f->ram, 32, true);
    assert_true(virtio_driver_negotiate(&f->mmio, VIRTIO_F_VERSION_1 | features));
    assert_true(virtio_driver_add_queue(&f->mmio, VIRTIO_NET_RX, &f->rx));
    assert_true(virtio_driver_add_queue(&f->mmio, VIRTIO_NET_TX, &f->tx));
    f->call_count = 0;
    virtio_driver_go(&f->mmio);
}

static void start(struct fixture *f)
{
    start_with(f, VIRTIO_NET_F_CSUM);
}

static bool is_broken(struct fixture *f)
{
    return (virtio_driver_read(&f->mmio, VIRTIO_MMIO_STATUS) & VIRTIO_STATUS_NEEDS_RESET) != 0;
}

static void expect_call(const struct fixture *f, unsigned int index, uint64_t label, uint64_t count)
{
    assert_true(index < f->call_count);
    assert_int_equal(f->calls[index].label, label);
    assert_int_equal(f->calls[index].count, count);
}

/* The call behind the first `index` + 1 hands over `queue` as number `number`. */
static void expect_vring(const struct fixture *f, unsigned int index, const struct driver_queue *queue,
                         unsigned int number)
{
    const struct call *call = &f->calls[1 + index];

    expect_call(f, 1 + index, VHOST_SET_VRING, 5);
    assert_int_equal(call->words[0], number);
    assert_int_equal(call->words[1], queue->size);
    assert_int_equal(call->words[2], queue->desc);
    assert_int_equal(call->words[3], queue->avail);
    assert_int_equal(call->words[4], queue->used);
}

static void test_start_hands_the_queues_over(void **state)
{
    struct fixture *f = *state;

    start(f);
    assert_int_equal(f->call_count, 4);
    expect_call(f, 0, VHOST_SET_FEATURES, 1);
    assert_int_equal(f->calls[0].words[0], VIRTIO_F_VERSION_1 | VIRTIO_NET_F_CSUM);
    expect_vring(f, 0, &f->rx, VIRTIO_NET_RX);
    expect_vring(f, 1, &f->tx, VIRTIO_NET_TX);
    expect_call(f, 3, VHOST_START, 0);
    assert_false(is_broken(f));
    assert_int_equal(virtio_driver_read(&f->mmio, VIRTIO_MMIO_INTERRUPT_STATUS), VIRTIO_MMIO_INTERRUPT_QUEUE);
}

static void test_reset_stops_the_switch(void **state)
{
    struct fixture *f = *state;

    start(f);
    virtio_driver_write(&f->mmio, VIRTIO_MMIO_STATUS, 0);
    assert_int_equal(f->call_count, 5);
    expect_call(f, 4, VHOST_STOP, 0);
    assert_int_equal(virtio_driver_read(&f->mmio, VIRTIO_MMIO_INTERRUPT_STATUS), 0);
    virtio_driver_write(&f->mmio, VIRTIO_MMIO_STATUS, 0); /* once is enough */
    assert_int_equal(f->call_count, 5);
    start(f);
    assert_int_equal(f->call_count, 4);
}

static void expect_refusal(struct fixture *f, uint64_t label)
{
    f->refuse = label;
    start(f);
    assert_true(is_broken(f));
    expect_call(f, f->call_count - 1, VHOST_STOP, 0);
    f->refuse = 0;
    start(f);
    assert_false(is_broken(f));
}

static void test_refusals_break_the_device(void **state)
{
    expect_refusal(*state, VHOST_SET_FEATURES);
    expect_refusal(*state, VHOST_SET_VRING);
    expect_refusal(*state, VHOST_START);
}

static void test_one_queue_is_enough(void **state)
{
    struct fixture *f = *state;

    driver_queue_init(&f->tx, &f->ram, 32, false);
    assert_true(virtio_driver_negotiate(&f->mmio, VIRTIO_F_VERSION_1));
    assert_true(virtio_driver_add_queue(&f->mmio, VIRTIO_NET_TX, &f->tx));
    virtio_driver_go(&f->mmio);
    assert_int_equal(f->call_count, 3);
    assert_int_equal(f->calls[1].words[0], VIRTIO_NET_TX);
}

static void test_kick_goes_to_the_switch(void **state)
{
    struct fixture *f = *state;

    virtio_driver_write(&f->mmio, VIRTIO_MMIO_QUEUE_NOTIFY, VIRTIO_NET_TX); /* not running */
    start(f);
    virtio_driver_write(&f->mmio, VIRTIO_MMIO_QUEUE_NOTIFY, VIRTIO_NET_TX);
    assert_int_equal(microkit_host_count(MICROKIT_HOST_NOTIFY, CHANNEL), 1);
    virtio_driver_write(&f->mmio, VIRTIO_MMIO_STATUS, 0);
    virtio_driver_write(&f->mmio, VIRTIO_MMIO_QUEUE_NOTIFY, VIRTIO_NET_TX);
    assert_int_equal(microkit_host_count(MICROKIT_HOST_NOTIFY, CHANNEL), 1);
}

/* The switch uses a buffer of `queue`. */
static void use(struct fixture *f, const struct driver_queue *queue)
{
    struct virtq_used *used = driver_at(&f->ram, queue->used, sizeof *used);

    used->idx++;
}

static void test_interrupts_that_nobody_posts(void **state)
{
    struct fixture *f = *state;

    vhost_net_notified(&f->net); /* left over from an earlier run */
    assert_false(platform_fake.vcpus[0].virqs[SPI].level);
    start(f);
    use(f, &f->rx);
    f->call_count = 0;
    vhost_net_notified(&f->net);
    assert_true(platform_fake.vcpus[0].virqs[SPI].level);
    (void)virtio_driver_take_interrupt(&f->mmio);
    assert_false(platform_fake.vcpus[0].virqs[SPI].level);
    vhost_net_notified(&f->net); /* nothing new */
    assert_false(platform_fake.vcpus[0].virqs[SPI].level);
    use(f, &f->tx);
    vhost_net_notified(&f->net);
    assert_true(platform_fake.vcpus[0].virqs[SPI].level);
    assert_int_equal(f->call_count, 0); /* an interrupt costs no call */
}

static void test_interrupts_that_the_driver_does_not_want(void **state)
{
    struct fixture *f = *state;

    start(f);
    driver_set_no_interrupt(&f->tx, true);
    use(f, &f->tx);
    vhost_net_notified(&f->net);
    assert_false(platform_fake.vcpus[0].virqs[SPI].level);
    driver_set_no_interrupt(&f->tx, false);
    use(f, &f->tx);
    vhost_net_notified(&f->net);
    assert_true(platform_fake.vcpus[0].virqs[SPI].level);
}

static unsigned int interrupts[VIRTIO_NET_QUEUES];

static void count_interrupt(void *transport, uint16_t index)
{
    (void)transport;
    interrupts[index]++;
}

static void ignore_config(void *transport)
{
    (void)transport;
}

static void test_shared_interrupt_comes_once(void **state)
{
    static const struct virtio_transport_ops counting = {.queue_interrupt = count_interrupt,
                                                         .config_interrupt = ignore_config};
    struct fixture *f = *state;

    start(f);
    virtio_device_attach(&f->net.device, &counting, NULL);
    interrupts[0] = interrupts[1] = 0;
    use(f, &f->rx);
    use(f, &f->tx);
    vhost_net_notified(&f->net);
    assert_int_equal(interrupts[VIRTIO_NET_RX], 1);
    assert_int_equal(interrupts[VIRTIO_NET_TX], 0);
    vhost_net_notified(&f->net); /* the driver has seen both */
    assert_int_equal(interrupts[VIRTIO_NET_RX] + interrupts[VIRTIO_NET_TX], 1);
    f->net.separate_tx_irq = true;
    use(f, &f->rx);
    use(f, &f->tx);
    vhost_net_notified(&f->net);
    assert_int_equal(interrupts[VIRTIO_NET_RX], 2);
    assert_int_equal(interrupts[VIRTIO_NET_TX], 1);
}

/* On PCI the guest says which interrupts are posted. */
static void test_routes_reach_platform_and_switch(void **state)
{
    struct fixture *f = *state;
    const struct virtio_device_ops *ops = f->net.device.setup.ops;

    ops->queue_routed(&f->net, VIRTIO_NET_RX, 0, 130);
    ops->queue_routed(&f->net, VIRTIO_NET_TX, 0, 131);
    assert_int_equal(f->call_count, 0); /* told when it starts */
    assert_int_equal(platform_fake.posts[0].channel, CHANNEL);
    assert_int_equal(platform_fake.posts[0].intid, 130);
    assert_int_equal(platform_fake.posts[1].intid, 131);
    start(f);
    expect_call(f, 1, VHOST_SET_APART, 1);
    assert_int_equal(f->calls[1].words[0], 1);
    f->call_count = 0;
    ops->queue_routed(&f->net, VIRTIO_NET_TX, 0, 130);
    expect_call(f, 0, VHOST_SET_APART, 1);
    assert_int_equal(f->calls[0].words[0], 0);
    ops->queue_routed(&f->net, VIRTIO_NET_TX, 0, 0); /* masked */
    assert_int_equal(platform_fake.posts[1].intid, 0);
    ops->queue_routed(&f->net, VIRTIO_NET_QUEUES, 0, 99); /* no queue of the switch's */
    assert_int_equal(platform_fake.posts[1].intid, 0);
    assert_int_equal(f->call_count, 2);
}

static void test_fault_in_the_switch(void **state)
{
    struct fixture *f = *state;

    f->status.fault = ERR_LOOP;
    vhost_net_notified(&f->net); /* not started: whatever it is, it does not concern this driver */
    assert_false(is_broken(f));
    f->status.fault = ERR_OK;
    start(f);
    f->status.fault = ERR_LOOP;
    vhost_net_notified(&f->net);
    assert_true(is_broken(f));
    assert_non_null(strstr(log_record_text(), err_text(ERR_LOOP)));
    start(f);
    assert_false(is_broken(f));
    vhost_net_notified(&f->net); /* late news of what is mended */
    assert_false(is_broken(f));
}

static void test_nonsense_from_the_switch(void **state)
{
    struct fixture *f = *state;

    start(f);
    f->status.fault = UINT32_MAX;
    vhost_net_notified(&f->net);
    assert_true(is_broken(f));
}

static void test_queue_taken_away(void **state)
{
    struct fixture *f = *state;

    start(f);
    virtio_driver_write(&f->mmio, VIRTIO_MMIO_QUEUE_SEL, VIRTIO_NET_RX);
    virtio_driver_write(&f->mmio, VIRTIO_MMIO_QUEUE_READY, 0);
    expect_call(f, f->call_count - 1, VHOST_STOP, 0);
    virtio_driver_write(&f->mmio, VIRTIO_MMIO_QUEUE_NOTIFY, VIRTIO_NET_TX);
    assert_int_equal(microkit_host_count(MICROKIT_HOST_NOTIFY, CHANNEL), 0);
}

static void reset_queue(struct fixture *f, uint32_t index)
{
    virtio_driver_write(&f->mmio, VIRTIO_MMIO_QUEUE_SEL, index);
    virtio_driver_write(&f->mmio, VIRTIO_MMIO_QUEUE_RESET, 1);
}

static void test_one_queue_reset(void **state)
{
    struct fixture *f = *state;

    start_with(f, VIRTIO_F_RING_RESET);
    f->call_count = 0;
    reset_queue(f, VIRTIO_NET_TX);
    assert_int_equal(f->call_count, 1);
    expect_call(f, 0, VHOST_RESET_VRING, 1);
    assert_int_equal(f->calls[0].words[0], VIRTIO_NET_TX);
    driver_queue_init(&f->tx, &f->ram, 8, true);
    assert_true(virtio_driver_add_queue(&f->mmio, VIRTIO_NET_TX, &f->tx));
    assert_int_equal(f->call_count, 2);
    expect_vring(f, 0, &f->tx, VIRTIO_NET_TX);
    assert_false(is_broken(f));
}

static void test_a_switch_that_refuses_to_reset_a_queue(void **state)
{
    struct fixture *f = *state;

    start_with(f, VIRTIO_F_RING_RESET);
    f->refuse = VHOST_RESET_VRING;
    reset_queue(f, VIRTIO_NET_RX);
    assert_true(is_broken(f));
    f->refuse = 0;
    start_with(f, VIRTIO_F_RING_RESET);
    reset_queue(f, VIRTIO_NET_RX);
    assert_false(is_broken(f));
    f->refuse = VHOST_SET_VRING;
    assert_true(virtio_driver_add_queue(&f->mmio, VIRTIO_NET_RX, &f->rx));
    assert_true(is_broken(f));
}

/* The switch forgot where the guest is: the guest is asked to announce itself, and its answer needs no
 * switch. */
static void test_announcement(void **state)
{
    struct fixture *f = *state;
    const struct driver_buffer command[] = {{driver_alloc(&f->ram, 2, 8), 2, false},
                                            {driver_alloc(&f->ram, 1, 8), 1, true}};
    struct driver_queue control;

    net_control_announce(&f->net.control); /* nobody there yet */
    driver_queue_init(&control, &f->ram, 16, false);
    driver_queue_init(&f->tx, &f->ram, 32, false);
    assert_true(virtio_driver_negotiate(&f->mmio, VIRTIO_F_VERSION_1 | VIRTIO_NET_F_CTRL_VQ |
                                                      VIRTIO_NET_F_STATUS | VIRTIO_NET_F_GUEST_ANNOUNCE));
    assert_true(virtio_driver_add_queue(&f->mmio, VIRTIO_NET_CONTROL, &control));
    assert_true(virtio_driver_add_queue(&f->mmio, VIRTIO_NET_TX, &f->tx));
    virtio_driver_go(&f->mmio);
    assert_int_equal(f->net.control.config.status, VIRTIO_NET_S_LINK_UP | VIRTIO_NET_S_ANNOUNCE);
    assert_int_equal(virtio_driver_read(&f->mmio, VIRTIO_MMIO_INTERRUPT_STATUS) &
                         VIRTIO_MMIO_INTERRUPT_CONFIG,
                     VIRTIO_MMIO_INTERRUPT_CONFIG);
    memcpy(driver_at(&f->ram, command[0].address, 2), (const uint8_t[]){3, 0}, 2); /* ANNOUNCE_ACK */
    *(uint8_t *)driver_at(&f->ram, command[1].address, 1) = 0xff;
    assert_true(driver_add(&control, command, 2) >= 0);
    f->call_count = 0;
    virtio_driver_write(&f->mmio, VIRTIO_MMIO_QUEUE_NOTIFY, VIRTIO_NET_CONTROL);
    assert_int_equal(*(uint8_t *)driver_at(&f->ram, command[1].address, 1), 0);
    assert_int_equal(f->net.control.config.status, VIRTIO_NET_S_LINK_UP);
    net_control_announce(&f->net.control); /* while it runs: at once */
    assert_int_equal(f->net.control.config.status, VIRTIO_NET_S_LINK_UP | VIRTIO_NET_S_ANNOUNCE);
}

static void test_features_that_need_others(void **state)
{
    struct fixture *f = *state;

    assert_false(virtio_driver_negotiate(&f->mmio, VIRTIO_F_VERSION_1 | VIRTIO_NET_F_HOST_TSO4));
    assert_true(
        virtio_driver_negotiate(&f->mmio, VIRTIO_F_VERSION_1 | VIRTIO_NET_F_CSUM | VIRTIO_NET_F_HOST_TSO4));
}

/* The driver leaves promiscuous mode and takes VLAN 3. */
static void send_commands(struct fixture *f)
{
    struct driver_queue control;
    const uint64_t at = driver_alloc(&f->ram, 16, 16);
    const struct driver_buffer mode[] = {{at, 3, false}, {at + 15, 1, true}};
    const struct driver_buffer vlan[] = {{at + 4, 4, false}, {at + 14, 1, true}};

    driver_queue_init(&f->rx, &f->ram, 16, false);
    driver_queue_init(&f->tx, &f->ram, 32, false);
    driver_queue_init(&control, &f->ram, 8, false);
    assert_true(virtio_driver_negotiate(&f->mmio, VIRTIO_F_VERSION_1 | VIRTIO_NET_F_CTRL_VQ |
                                                      VIRTIO_NET_F_CTRL_RX | VIRTIO_NET_F_CTRL_VLAN));
    assert_true(virtio_driver_add_queue(&f->mmio, VIRTIO_NET_RX, &f->rx));
    assert_true(virtio_driver_add_queue(&f->mmio, VIRTIO_NET_TX, &f->tx));
    assert_true(virtio_driver_add_queue(&f->mmio, VIRTIO_NET_CONTROL, &control));
    virtio_driver_go(&f->mmio);
    memcpy(driver_at(&f->ram, at, 8), (const uint8_t[8]){0, 0, 0, 0, 2, 0, 3, 0}, 8);
    (void)driver_add(&control, mode, 2);
    (void)driver_add(&control, vlan, 2);
    f->call_count = 0;
    virtio_driver_write(&f->mmio, VIRTIO_MMIO_QUEUE_NOTIFY, VIRTIO_NET_CONTROL);
    assert_memory_equal(driver_at(&f->ram, at + 14, 2), ((const uint8_t[2]){0, 0}), 2);
}

static void test_filter_goes_to_the_switch(void **state)
{
    struct fixture *f = *state;

    send_commands(f);
    assert_int_equal(f->call_count, 3);
    expect_call(f, 0, VHOST_SET_RX_FILTER, 4);
    assert_int_equal(f->calls[0].words[0], RX_FILTER_VLANS);
    assert_int_equal(f->calls[0].words[1], 2ull | 1ull << 40);
    expect_call(f, 1, VHOST_SET_VLANS, 64);
    assert_int_equal(f->calls[1].words[0], 1 << 3);
    expect_call(f, 2, VHOST_SET_OFFLOADS, 1);
    assert_int_equal(f->calls[2].words[0], f->net.device.features);
    assert_int_equal(microkit_host_count(MICROKIT_HOST_NOTIFY, CHANNEL),
                     0); /* nobody kicked the data queues */
    assert_false(is_broken(f));
    virtio_driver_write(&f->mmio, VIRTIO_MMIO_QUEUE_SEL, VIRTIO_NET_CONTROL);
    virtio_driver_write(&f->mmio, VIRTIO_MMIO_QUEUE_READY, 0);
    assert_int_equal(f->call_count, 3); /* the data queues go on without it */
}

static void test_filter_that_the_switch_refuses(void **state)
{
    struct fixture *f = *state;

    f->refuse = VHOST_SET_VLANS;
    send_commands(f);
    assert_true(is_broken(f));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_start_hands_the_queues_over),
        TEST(test_reset_stops_the_switch),
        TEST(test_refusals_break_the_device),
        TEST(test_one_queue_is_enough),
        TEST(test_kick_goes_to_the_switch),
        TEST(test_interrupts_that_nobody_posts),
        TEST(test_interrupts_that_the_driver_does_not_want),
        TEST(test_shared_interrupt_comes_once),
        TEST(test_routes_reach_platform_and_switch),
        TEST(test_fault_in_the_switch),
        TEST(test_nonsense_from_the_switch),
        TEST(test_queue_taken_away),
        TEST(test_one_queue_reset),
        TEST(test_a_switch_that_refuses_to_reset_a_queue),
        TEST(test_announcement),
        TEST(test_features_that_need_others),
        TEST(test_filter_goes_to_the_switch),
        TEST(test_filter_that_the_switch_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
