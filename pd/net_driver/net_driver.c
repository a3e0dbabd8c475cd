/* SPDX-License-Identifier: BSD-2-Clause */
/* A network card's frames between the card and the link to the switch. */
#include "pd/net_driver/net_driver.h"

#include "lib/net/virtio_net_hdr.h"

/* With at least so many buffers for large frames in the link, the card may send us such. */
#define LARGE_BUFFERS_MIN 32u

/* How often we look again at once. */
#define TURNS_MAX 4u

static uint32_t modulo(uint32_t number)
{
    return number & (NET_DRIVER_MAX_FRAMES - 1);
}

static uint32_t in_flight(const struct net_driver *driver)
{
    return driver->next_frame - driver->first_frame;
}

/* The card. */

static void report_link(struct net_driver *driver)
{
    const struct nic *nic = &driver->setup.nic;
    const bool has_link = driver->alive && nic->ops->has_link(nic->card);

    uint32_t dropped;

    if (has_link != driver->had_link) {
        if (log_limit_allows(&driver->links, &dropped)) {
            log_info("the link is %s", has_link ? "up" : "down");
        }
        driver->had_link = has_link;
    }
}

/* The card gets the slots that are out, as many as it takes. */
static void give_buffers(struct net_driver *driver)
{
    const struct net_driver_setup *setup = &driver->setup;

    while (driver->next_given != driver->next_buffer &&
           driver->next_given - driver->first_buffer < driver->traits.buffers) {
        uint8_t *at = driver->buffers[modulo(driver->next_given)].data - driver->traits.prefix_bytes;
        const struct nic_memory buffer = {
            .at = at,
            .paddr = setup->link_own_paddr + (uint64_t)(at - (uint8_t *)setup->link_own),
            .bytes = driver->traits.prefix_bytes + driver->traits.buffer_bytes,
        };

        setup->nic.ops->add_buffer(setup->nic.card, &buffer);
        driver->next_given++;
    }
}

/* Frames that the card had are lost. The slots stay as they are, unless the switch has begun again. */
static void forget(struct net_driver *driver, bool link_too)
{
    if (in_flight(driver) != 0 && !link_too) {
        ring_give_back(&driver->link, driver->ends[modulo(driver->next_frame - 1)]);
    }
    driver->counters.lost += in_flight(driver);
    driver->first_frame = driver->next_frame;
    if (link_too) {
        driver->first_buffer = driver->next_buffer;
        driver->next_given = driver->next_buffer;
        ring_slots_init(&driver->slots, &driver->link);
    }
}

static void start(struct net_driver *driver)
{
    const struct nic *nic = &driver->setup.nic;
    struct nic_traits traits;

    driver->restarted_at = driver->now;
    driver->restart_at = driver->now + driver->setup.timeout;
    driver->sent_at = driver->now;
    driver->poll_at = NET_DRIVER_NEVER;
    const enum err err = nic->ops->start(nic->card, &driver->setup.card, &traits);
    driver->alive = err == ERR_OK;
    if (!driver->alive) {
        ring_offer(&driver->link, 0);
        log_warn_limited(&driver->failures, "the network card cannot be used: %s", err_text(err));
        return;
    }
    /* The slots that are out have the length that the card had at its first start. */
    if (driver->traits.buffer_bytes != 0 && traits.buffer_bytes > driver->traits.buffer_bytes) {
        traits.buffer_bytes = driver->traits.buffer_bytes;
    }
    driver->setup.card.large_frames = traits.buffer_bytes >= VIRTIO_NET_FRAME_MAX;
    driver->traits = traits;
    ring_offer(&driver->link, traits.offload);
    driver->next_given = driver->first_buffer;
    give_buffers(driver);
}

static void fail(struct net_driver *driver, const char *why)
{
    const struct nic *nic = &driver->setup.nic;

    log_warn_limited(&driver->failures, "the network card has failed, and is reset: %s", why);
    nic->ops->stop(nic->card);
    driver->alive = false;
    driver->counters.resets++;
    forget(driver, false);
    if (driver->now - driver->restarted_at >= driver->setup.timeout) {
        start(driver);
    } else {
        driver->restart_at = driver->restarted_at + driver->setup.timeout;
    }
}

/* The switch's start is another: it knows nothing of the records that the card has. */
static void begin_again(struct net_driver *driver)
{
    const struct nic *nic = &driver->setup.nic;

    nic->ops->stop(nic->card);
    forget(driver, true);
    start(driver);
}

/* Frames that come. */

static void commit(struct net_driver *driver, const struct nic_frame *frame)
{
    const struct ring_slot *slot = &driver->buffers[modulo(driver->first_buffer)];
    const bool spoilt = frame->bytes == 0 || frame->bytes > slot->length_bytes;

    /* A slot cannot be left out: what was spoilt goes on too short for a frame, and is dropped there. */
    driver->first_buffer++;
    driver->counters.spoilt += spoilt ? 1 : 0;
    driver->counters.received += spoilt ? 0 : 1;
    driver->counters.received_bytes += spoilt ? 0 : frame->bytes;
    ring_slots_commit(&driver->slots, slot, spoilt ? 1 : frame->bytes, spoilt ? 0 : frame->meta);
}

/* Returns how many came. */
static uint32_t receive(struct net_driver *driver)
{
    const struct nic *nic = &driver->setup.nic;
    uint32_t count = 0;
    enum err err = ERR_EMPTY;

    while (count < driver->traits.buffers && driver->first_buffer != driver->next_given) {
        struct nic_frame frame;

        err = nic->ops->take_frame(nic->card, &frame);
        if (err != ERR_OK) {
            break;
        }
        commit(driver, &frame);
        count++;
    }
    if (err != ERR_OK && err != ERR_EMPTY) {
        fail(driver, err_text(err));
    }
    return count;
}

static void refill(struct net_driver *driver)
{
    while (driver->next_buffer - driver->first_buffer < driver->traits.buffers &&
           ring_slots_add(&driver->slots, driver->traits.buffer_bytes,
                          &driver->buffers[modulo(driver->next_buffer)]) == ERR_OK) {
        driver->next_buffer++;
    }
    give_buffers(driver);
}

/* Frames to send. */

static void take_back(struct net_driver *driver)
{
    const struct nic *nic = &driver->setup.nic;
    const uint32_t before = driver->first_frame;
    enum err err = ERR_EMPTY;

    while (in_flight(driver) != 0 && (err = nic->ops->take_sent(nic->card)) == ERR_OK) {
        driver->first_frame++;
    }
    if (driver->first_frame != before) {
        ring_give_back(&driver->link, driver->ends[modulo(driver->first_frame - 1)]);
        driver->sent_at = driver->now;
    }
    if (err != ERR_OK && err != ERR_EMPTY) {
        fail(driver, err_text(err));
    }
}

/* Give the card a record's bytes. False if it refuses them. */
static bool send(struct net_driver *driver, const struct ring_record *record, const uint8_t *data)
{
    const struct net_driver_setup *setup = &driver->setup;
    const struct nic_memory frame = {
        .at = data,
        .paddr = setup->link_peer_paddr + (uint64_t)(data - (const uint8_t *)setup->link_peer),
        .bytes = record->length_bytes,
    };
    enum err err = ERR_RANGE;

    if (record->length_bytes >= VIRTIO_NET_FRAME_MIN && record->length_bytes <= VIRTIO_NET_FRAME_MAX) {
        err = setup->nic.ops->send(setup->nic.card, &frame, record->meta);
    }
    if (err != ERR_OK) {
        driver->counters.refused++;
        log_warn_limited(&driver->refusals, "a frame of %u bytes cannot be sent: %s", record->length_bytes,
                         err_text(err));
        return false;
    }
    driver->counters.sent++;
    driver->counters.sent_bytes += record->length_bytes;
    return true;
}

static bool has_room(const struct net_driver *driver)
{
    return in_flight(driver) < driver->traits.frames;
}

static void transmit(struct net_driver *driver)
{
    struct ring_record record;
    const uint8_t *data;
    uint32_t end;

    while (has_room(driver) && ring_take(&driver->link, &record, &data, &end) == ERR_OK) {
        if (in_flight(driver) == 0) {
            driver->sent_at = driver->now;
        }
        if (send(driver, &record, data)) {
            driver->ends[modulo(driver->next_frame)] = end;
            driver->next_frame++;
        } else if (in_flight(driver) == 0) {
            ring_give_back(&driver->link, end);
        } else { /* goes back with the one before it */
            driver->ends[modulo(driver->next_frame - 1)] = end;
        }
    }
}

/* Without a card nobody keeps what others send: the switch would wait for room. */
static void lose(struct net_driver *driver)
{
    struct ring_record record;
    const uint8_t *data;
    uint32_t end;

    while (ring_take(&driver->link, &record, &data, &end) == ERR_OK) {
        ring_give_back(&driver->link, end);
        driver->counters.lost++;
    }
}

/* Everything. */

static uint32_t affordable_large_buffers(uint32_t link_bytes)
{
    return link_bytes / (VIRTIO_NET_FRAME_MAX + 2 * RING_RECORD_HEADER_BYTES);
}

enum err net_driver_init(struct net_driver *driver, const struct net_driver_setup *setup, uint64_t now)
{
    const struct nic *nic = &setup->nic;
    struct nic_traits traits;

    if (setup->card.own_bytes < nic->ops->own_bytes || setup->timeout == 0) {
        return ERR_RANGE;
    }
    *driver = (struct net_driver){.setup = *setup, .now = now, .poll_at = NET_DRIVER_NEVER};
    driver->setup.card.large_frames = affordable_large_buffers(setup->link_bytes) >= LARGE_BUFFERS_MIN;
    /* One that was at work for our predecessor still writes to the link. */
    if (nic->ops->start(nic->card, &driver->setup.card, &traits) == ERR_OK) {
        nic->ops->stop(nic->card);
    }
    const enum err err = ring_init(&driver->link, setup->link_own, setup->link_peer, setup->link_bytes);
    if (err != ERR_OK) {
        return err;
    }
    ring_slots_init(&driver->slots, &driver->link);
    start(driver);
    if (driver->alive && driver->traits.buffer_bytes > ring_record_limit(&driver->link)) {
        return ERR_RANGE;
    }
    return ERR_OK;
}

static void check_time(struct net_driver *driver)
{
    if (!driver->alive && driver->now >= driver->restart_at) {
        start(driver);
    } else if (driver->alive && in_flight(driver) != 0 &&
               driver->now - driver->sent_at >= driver->setup.timeout) {
        fail(driver, "it sends nothing");
    }
}

/* Whether to look again at once: something came before we could ask for an interrupt. */
static bool await(struct net_driver *driver, uint32_t received)
{
    const struct nic *nic = &driver->setup.nic;
    const bool was_polled = driver->poll_at != NET_DRIVER_NEVER;
    const bool is_busy = received != 0 && (was_polled || driver->now < driver->quiet_until);
    bool again = false;

    if (received != 0) {
        driver->quiet_until = driver->now + driver->setup.moderation;
    }
    if (is_busy && driver->setup.moderation != 0) {
        driver->poll_at = driver->now + driver->setup.moderation;
    } else if (!was_polled || driver->now >= driver->poll_at) { /* else it is not yet time to give up */
        driver->poll_at = NET_DRIVER_NEVER;
        again = nic->ops->await_frame(nic->card) && driver->first_buffer != driver->next_buffer;
    }
    if (in_flight(driver) != 0) {
        again = nic->ops->await_sent(nic->card, in_flight(driver)) || again;
    }
    /* With every buffer at the switch no interrupt comes: its space is waited for. */
    if (driver->first_buffer == driver->next_buffer) {
        again = ring_slots_request_space(&driver->slots, driver->traits.buffer_bytes) || again;
    }
    return again;
}

static uint32_t move(struct net_driver *driver)
{
    const struct nic *nic = &driver->setup.nic;
    const uint32_t received = receive(driver);

    if (driver->alive) {
        take_back(driver);
    }
    if (driver->alive) {
        refill(driver);
        transmit(driver);
        nic->ops->kick(nic->card);
    } else {
        lose(driver);
    }
    return received;
}

bool net_driver_run(struct net_driver *driver, uint64_t now)
{
    const struct nic *nic = &driver->setup.nic;
    uint32_t received = 0;

    driver->now = now;
    if (ring_sync(&driver->link)) {
        begin_again(driver);
    }
    if (driver->alive && nic->ops->interrupts(nic->card) != ERR_OK) {
        fail(driver, "it asks for a reset");
    }
    (void)ring_look(&driver->link);
    if (driver->alive) {
        received = move(driver);
        check_time(driver);
        for (uint32_t turns = 0; driver->alive && await(driver, received); turns++) {
            if (turns == TURNS_MAX) { /* others first */
                driver->poll_at = now;
                break;
            }
            received = move(driver);
        }
    } else {
        lose(driver);
        check_time(driver);
    }
    report_link(driver);
    const bool data = ring_should_signal_data(&driver->link);
    const bool space = ring_should_signal_space(&driver->link);
    return data || space;
}

uint64_t net_driver_deadline(const struct net_driver *driver)
{
    if (!driver->alive) {
        return driver->restart_at;
    }
    const uint64_t stall =
        in_flight(driver) != 0 ? driver->sent_at + driver->setup.timeout : NET_DRIVER_NEVER;
    return stall < driver->poll_at ? stall : driver->poll_at;
}

bool net_driver_is_alive(const struct net_driver *driver)
{
    return driver->alive;
}
