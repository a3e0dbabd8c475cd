/* SPDX-License-Identifier: BSD-2-Clause */
/* A network card's driver between a Cadence GEM and the link to a switch. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/net/checksum.h"
#include "lib/net/frame_meta.h"
#include "lib/net/offload.h"
#include "pd/net_driver/net_driver.h"
#include "pd/net_driver/nic_gem.h"
#include "tests/mock/gem.h"
#include "tests/mock/log_record.h"

#define MEMORY_PADDR 0x10000000ull
#define MEMORY_BYTES 0x100000u
#define OWN_BYTES 0x9000u
#define LINK_BYTES 0x41000u
#define RX_AT 0x10000u
#define TX_AT 0x60000u
#define TIMEOUT 1000u

struct fixture {
    struct net_driver driver;
    struct nic_gem nic;
    struct gem_mock card;
    struct net_driver_setup setup;
    struct ring lan; /* the switch's side */
    uint64_t now;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    assert_non_null(f);
    log_record_clear();
    f->card.memory = aligned_alloc(4096, MEMORY_BYTES);
    assert_non_null(f->card.memory);
    memset(f->card.memory, 0, MEMORY_BYTES);
    f->card.memory_paddr = MEMORY_PADDR;
    f->card.memory_bytes = MEMORY_BYTES;
    f->card.has_link = true;
    f->setup = (struct net_driver_setup){
        .nic = {.ops = &nic_gem_ops, .card = &f->nic},
        .card = {.registers = {gem_mock_read, gem_mock_write, &f->card},
                 .own = f->card.memory,
                 .own_paddr = MEMORY_PADDR,
                 .own_bytes = OWN_BYTES,
                 .frame_bytes = 1522},
        .link_own = f->card.memory + RX_AT,
        .link_peer = f->card.memory + TX_AT,
        .link_own_paddr = MEMORY_PADDR + RX_AT,
        .link_peer_paddr = MEMORY_PADDR + TX_AT,
        .link_bytes = LINK_BYTES,
        .timeout = TIMEOUT,
        .moderation = 50,
    };
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    free(f->card.memory);
    free(f);
    return 0;
}

static void run(struct fixture *f)
{
    (void)net_driver_run(&f->driver, f->now);
    gem_mock_run(&f->card);
    (void)net_driver_run(&f->driver, f->now);
    (void)ring_sync(&f->lan);
}

static void start(struct fixture *f)
{
    assert_int_equal(net_driver_init(&f->driver, &f->setup, f->now), ERR_OK);
    assert_int_equal(ring_init(&f->lan, f->card.memory + TX_AT, f->card.memory + RX_AT, LINK_BYTES), ERR_OK);
    run(f);
}

static void lan_sends(struct fixture *f, const uint8_t *frame, uint32_t bytes, uint64_t meta)
{
    uint8_t *data;

    assert_int_equal(ring_reserve(&f->lan, bytes, &data), ERR_OK);
    memcpy(data, frame, bytes);
    ring_commit(&f->lan, bytes, meta);
    run(f);
}

/* Length of what the switch gets next; 0: nothing. */
static uint32_t lan_takes(struct fixture *f, uint8_t *frame)
{
    struct ring_record record;
    const uint8_t *data;

    if (ring_peek(&f->lan, &record, &data) != ERR_OK) {
        return 0;
    }
    memcpy(frame, data, record.length_bytes);
    ring_release(&f->lan);
    return record.length_bytes;
}

static const struct gem_mock_frame *last_sent(const struct fixture *f)
{
    assert_true(f->card.sent_count > 0);
    return &f->card.sent[(f->card.sent_count - 1) % GEM_MOCK_KEPT];
}

static void test_frames_pass_in_both_directions(void **state)
{
    struct fixture *f = *state;
    uint8_t frame[2048], got[2048];

    start(f);
    assert_true(net_driver_is_alive(&f->driver));
    assert_non_null(strstr(log_record_text(), "the link is up"));
    assert_int_equal(f->card.registers[1] & GEM_CONFIG_1000, GEM_CONFIG_1000);
    for (uint32_t i = 0; i < 1000; i++) {
        const uint32_t bytes = 14 + i * 7 % 1500;

        memset(frame, (int)i, sizeof frame);
        assert_true(gem_mock_receive(&f->card, frame, bytes, 1));
        run(f);
        assert_int_equal(lan_takes(f, got), bytes);
        assert_memory_equal(got, frame, bytes);
        memset(frame, (int)~i, sizeof frame);
        lan_sends(f, frame, bytes, 0);
        assert_int_equal(f->card.sent_count, i + 1);
        assert_int_equal(last_sent(f)->bytes, bytes);
        assert_int_equal(last_sent(f)->pieces, 1);
        assert_memory_equal(last_sent(f)->data, frame, bytes);
        f->now += 7;
    }
    assert_int_equal(f->driver.counters.spoilt + f->driver.counters.refused + f->driver.counters.lost, 0);
}

static void test_bursts_wait_for_buffers(void **state)
{
    struct fixture *f = *state;
    const uint8_t frame[1000] = {1};
    uint8_t got[2048];
    uint32_t held = 0;

    start(f);
    while (gem_mock_receive(&f->card, frame, sizeof frame, 1)) {
        held++;
    }
    assert_int_equal(held, NIC_GEM_FRAMES);
    run(f);
    for (uint32_t i = 0; i < held; i++) {
        assert_int_equal(lan_takes(f, got), sizeof frame);
    }
    run(f);
    assert_true(gem_mock_receive(&f->card, frame, sizeof frame, 1));
}

static void test_frame_in_two_buffers_is_spoilt(void **state)
{
    struct fixture *f = *state;
    const uint8_t frame[100] = {0};
    uint8_t got[2048];

    start(f);
    assert_true(gem_mock_receive(&f->card, frame, sizeof frame, 2));
    run(f);
    assert_int_equal(lan_takes(f, got), 1); /* too short for a frame: the switch drops it */
    assert_int_equal(lan_takes(f, got), 1);
    assert_int_equal(f->driver.counters.spoilt, 2);
}

/* A frame of UDP or TCP over IPv4 or IPv6 with `payload` bytes; the checksum's field has the pseudo-header's part. */
static uint32_t make_packet(uint8_t *frame, bool ipv6, bool udp, uint32_t payload, struct frame_meta *meta)
{
    const uint32_t l4 = ipv6 ? 54 : 34;
    const uint32_t l4_bytes = (udp ? 8 : 20) + payload;

    memset(frame, 0, l4 + l4_bytes);
    frame[12] = ipv6 ? 0x86 : 0x08;
    frame[13] = ipv6 ? 0xdd : 0x00;
    frame[14] = ipv6 ? 0x60 : 0x45;
    frame[ipv6 ? 20 : 23] = udp ? 17 : 6;
    for (uint32_t i = l4; i < l4 + l4_bytes; i++) {
        frame[i] = (uint8_t)(i * 3);
    }
    *meta = (struct frame_meta){
        .flags = FRAME_META_NEEDS_CSUM, .csum_start = (uint16_t)l4, .csum_offset = udp ? 6 : 16};
    frame[l4 + meta->csum_offset] = 0x12;
    frame[l4 + meta->csum_offset + 1] = 0x34;
    return l4 + l4_bytes;
}

static void test_checksums_are_the_cards_or_computed(void **state)
{
    struct fixture *f = *state;
    uint8_t frame[1600];
    struct frame_meta meta;

    start(f);
    assert_int_equal(f->driver.traits.offload, OFFLOAD_CSUM);
    assert_int_equal(f->card.registers[GEM_DMA / 4] & GEM_DMA_CSUM, GEM_DMA_CSUM);
    for (uint32_t kind = 0; kind < 4; kind++) {
        for (uint32_t payload = 0; payload < 1400; payload += 233) {
            const uint32_t bytes = make_packet(frame, (kind & 1) != 0, (kind & 2) != 0, payload, &meta);
            const uint32_t at = meta.csum_start + (uint32_t)meta.csum_offset;

            lan_sends(f, frame, bytes, frame_meta_pack(&meta));
            if ((kind & 1) != 0) { /* the card may not know IPv6 */
                offload_finish_checksum(frame, bytes, &meta);
            } else { /* the card wants to see nothing there */
                frame[at] = frame[at + 1] = 0;
            }
            assert_int_equal(last_sent(f)->bytes, bytes);
            assert_memory_equal(last_sent(f)->data, frame, bytes);
        }
    }
}

static void test_fragments_and_options_are_computed(void **state)
{
    struct fixture *f = *state;
    uint8_t frame[1600];
    struct frame_meta meta;

    start(f);
    uint32_t bytes = make_packet(frame, false, true, 100, &meta);
    frame[20] = 0x20; /* more fragments */
    lan_sends(f, frame, bytes, frame_meta_pack(&meta));
    offload_finish_checksum(frame, bytes, &meta);
    assert_memory_equal(last_sent(f)->data, frame, bytes);
    bytes = make_packet(frame, false, false, 100, &meta);
    meta.csum_offset = 2; /* no TCP checksum */
    lan_sends(f, frame, bytes, frame_meta_pack(&meta));
    offload_finish_checksum(frame, bytes, &meta);
    assert_memory_equal(last_sent(f)->data, frame, bytes);
    meta = (struct frame_meta){.flags = FRAME_META_NEEDS_CSUM, .csum_start = 14, .csum_offset = 2};
    lan_sends(f, frame, 18, frame_meta_pack(&meta)); /* the field is its end: one piece */
    assert_int_equal(last_sent(f)->pieces, 1);
    assert_int_equal(last_sent(f)->bytes, 18);
}

static void test_checksum_that_would_be_none_is_ones(void **state)
{
    struct fixture *f = *state;
    uint8_t frame[64] = {0};
    const struct frame_meta meta = {.flags = FRAME_META_NEEDS_CSUM, .csum_start = 20, .csum_offset = 6};

    start(f);
    frame[30] = 0xff;
    frame[31] = 0xff;
    lan_sends(f, frame, sizeof frame, frame_meta_pack(&meta));
    assert_int_equal(last_sent(f)->data[26], 0xff);
    assert_int_equal(last_sent(f)->data[27], 0xff);
}

static void test_what_cannot_be_sent_is_refused(void **state)
{
    struct fixture *f = *state;
    static const uint8_t frame[4000];
    struct frame_meta meta = {.flags = FRAME_META_NEEDS_CSUM,
                              .gso_type = FRAME_META_GSO_TCPV4,
                              .gso_size = 100,
                              .csum_start = 34,
                              .csum_offset = 16};

    start(f);
    lan_sends(f, frame, 1000, frame_meta_pack(&meta));
    meta = (struct frame_meta){.flags = FRAME_META_NEEDS_CSUM, .csum_start = 190, .csum_offset = 2};
    lan_sends(f, frame, 1000, frame_meta_pack(&meta));
    lan_sends(f, frame, 1537, 0);
    lan_sends(f, frame, 100, ~0ull);
    assert_int_equal(f->driver.counters.refused, 4);
    assert_int_equal(f->card.sent_count, 0);
    lan_sends(f, frame, 1000, 0);
    assert_int_equal(f->card.sent_count, 1);
}

static void test_card_that_stalls_is_reset(void **state)
{
    struct fixture *f = *state;
    static const uint8_t frame[100];

    start(f);
    f->card.holds = true;
    for (uint32_t i = 0; i < 200; i++) { /* more than the card takes */
        lan_sends(f, frame, sizeof frame, 0);
    }
    f->now += TIMEOUT + 1;
    run(f);
    assert_int_equal(f->driver.counters.resets, 1);
    assert_true(f->driver.counters.lost > 0);
    f->card.holds = false;
    f->now += TIMEOUT;
    run(f);
    const uint32_t before = f->card.sent_count;
    lan_sends(f, frame, sizeof frame, 0);
    assert_true(f->card.sent_count > before);
}

static void test_errors_reset_the_card(void **state)
{
    struct fixture *f = *state;
    static const uint8_t frame[100];

    start(f);
    f->card.send_error = 1u << 27;
    f->now += 2 * TIMEOUT;
    lan_sends(f, frame, sizeof frame, 0);
    run(f);
    assert_int_equal(f->driver.counters.resets, 1);
    f->now += 2 * TIMEOUT;
    f->card.registers[GEM_INTERRUPTS / 4] = GEM_INTERRUPT_BUS;
    run(f);
    assert_int_equal(f->driver.counters.resets, 2);
    f->now += 2 * TIMEOUT;
    lan_sends(f, frame, sizeof frame, 0);
    assert_int_equal(last_sent(f)->bytes, sizeof frame);
}

static void test_interrupts_come_only_when_asked_for(void **state)
{
    struct fixture *f = *state;
    const uint8_t frame[100] = {0};

    start(f);
    assert_int_equal(f->card.enabled & GEM_INTERRUPT_RX, GEM_INTERRUPT_RX);
    assert_true(gem_mock_receive(&f->card, frame, sizeof frame, 1));
    assert_true(gem_mock_interrupts(&f->card));
    (void)net_driver_run(&f->driver, f->now);
    assert_false(gem_mock_interrupts(&f->card));
    for (uint32_t i = 0; i < 4;
         i++) { /* frames one behind the other: it is looked at, and does not interrupt */
        assert_true(gem_mock_receive(&f->card, frame, sizeof frame, 1));
        (void)net_driver_run(&f->driver, f->now);
    }
    assert_true(net_driver_deadline(&f->driver) <= f->now + 50);
    assert_int_equal(f->card.enabled & GEM_INTERRUPT_RX, 0);
}

static void test_link_goes_and_comes_with_another_speed(void **state)
{
    struct fixture *f = *state;

    start(f);
    f->card.has_link = false;
    for (uint32_t i = 0; i < 200; i++) {
        run(f);
    }
    assert_non_null(strstr(log_record_text(), "the link is down"));
    f->card.has_link = true;
    f->card.is_slow = true;
    for (uint32_t i = 0; i < 200; i++) {
        run(f);
    }
    assert_int_equal(f->card.registers[1] & (GEM_CONFIG_1000 | GEM_CONFIG_100), GEM_CONFIG_100);
}

static void test_cards_without_a_phy_count_as_linked(void **state)
{
    struct fixture *f = *state;

    f->card.has_no_phy = true;
    start(f);
    assert_true(f->nic.has_link);
    f->card.has_no_phy = false;
    f->card.phy_never_idle = true;
    start(f);
    assert_true(f->nic.has_link);
}

static void test_what_is_no_card_is_not_used(void **state)
{
    struct fixture *f = *state;

    f->card.is_absent = true;
    start(f);
    assert_false(net_driver_is_alive(&f->driver));
    f->card.is_absent = false;
    f->setup.card.own_paddr = 0x100000000ull;
    start(f);
    assert_false(net_driver_is_alive(&f->driver));
    f->setup.card.own_paddr = MEMORY_PADDR;
    f->setup.card.frame_bytes = 20000;
    start(f);
    assert_false(net_driver_is_alive(&f->driver));
}

static void test_jumbo_frames(void **state)
{
    struct fixture *f = *state;

    f->setup.card.frame_bytes = 4000;
    start(f);
    assert_int_equal(f->driver.traits.buffer_bytes, 4032);
    assert_int_equal(f->card.registers[1] & GEM_CONFIG_JUMBO, GEM_CONFIG_JUMBO);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_frames_pass_in_both_directions),
        TEST(test_bursts_wait_for_buffers),
        TEST(test_frame_in_two_buffers_is_spoilt),
        TEST(test_checksums_are_the_cards_or_computed),
        TEST(test_fragments_and_options_are_computed),
        TEST(test_checksum_that_would_be_none_is_ones),
        TEST(test_what_cannot_be_sent_is_refused),
        TEST(test_card_that_stalls_is_reset),
        TEST(test_errors_reset_the_card),
        TEST(test_interrupts_come_only_when_asked_for),
        TEST(test_link_goes_and_comes_with_another_speed),
        TEST(test_cards_without_a_phy_count_as_linked),
        TEST(test_what_is_no_card_is_not_used),
        TEST(test_jumbo_frames),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
