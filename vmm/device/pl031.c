/* SPDX-License-Identifier: BSD-2-Clause */
/* The guest's clock, a PL031. */
#include "vmm/device/pl031.h"

#include <microkit.h>

#include "lib/config/timer_config.h"
#include "vmm/platform.h"

#define MS_PER_SECOND 1000u
#define REGISTER_BYTES 4u
#define ID_COUNT 8u

/* RTCPeriphID and PCellID: part 0x031 of Arm, revision 0. */
static const uint8_t identification[ID_COUNT] = {0x31, 0x10, 0x04, 0x00, 0x0d, 0xf0, 0x05, 0xb1};

static uint64_t ask_time_of_day(const struct vmm_config *config)
{
    const microkit_msginfo reply =
        microkit_ppcall(config->timer_channel, microkit_msginfo_new(TIMER_CLOCK, 0));

    return microkit_msginfo_get_label(reply) == TIMER_OK ? microkit_mr_get(0) : 0;
}

static uint64_t now_ms(const struct pl031 *clock)
{
    return clock->zero_ms + platform_milliseconds();
}

static uint32_t seconds(const struct pl031 *clock)
{
    return (uint32_t)(now_ms(clock) / MS_PER_SECOND);
}

/* The counter reaches MR when as many seconds have begun as lie between; those of 136 years at most. */
static void set_match_time(struct pl031 *clock)
{
    const uint64_t wait = (uint32_t)(clock->match - seconds(clock));
    const uint64_t begun = now_ms(clock) % MS_PER_SECOND;

    clock->match_at = platform_milliseconds() + (wait == 0 ? 0 : wait * MS_PER_SECOND - begun);
}

static void update_line(struct pl031 *clock)
{
    if (clock->match_at <= platform_milliseconds()) {
        clock->match_at = PLATFORM_NEVER;
        clock->has_matched = true;
    }
    irq_line_set(clock->line, clock->has_matched && clock->is_unmasked);
}

void pl031_init(struct pl031 *clock, const struct vmm_config *config, struct irq_line *line)
{
    *clock = (struct pl031){.line = line, .zero_ms = ask_time_of_day(config), .match_at = PLATFORM_NEVER};
    clock->load = seconds(clock);
}

void pl031_reset(struct pl031 *clock)
{
    clock->match = 0;
    clock->match_at = PLATFORM_NEVER;
    clock->is_unmasked = false;
    clock->has_matched = false;
    update_line(clock);
}

uint64_t pl031_due(const struct pl031 *clock)
{
    return clock->is_unmasked ? clock->match_at : PLATFORM_NEVER;
}

void pl031_expire(struct pl031 *clock)
{
    update_line(clock);
}

static uint32_t load(const struct pl031 *clock, uint64_t offset)
{
    switch (offset) {
    case PL031_DR:
        return seconds(clock);
    case PL031_MR:
        return clock->match;
    case PL031_LR:
        return clock->load;
    case PL031_CR:
        return 1; /* it always runs */
    case PL031_IMSC:
        return clock->is_unmasked;
    case PL031_RIS:
        return clock->has_matched;
    case PL031_MIS:
        return clock->has_matched && clock->is_unmasked;
    default:
        return offset >= PL031_ID && (offset - PL031_ID) / REGISTER_BYTES < ID_COUNT
                   ? identification[(offset - PL031_ID) / REGISTER_BYTES]
                   : 0;
    }
}

static void store(struct pl031 *clock, uint64_t offset, uint32_t value)
{
    switch (offset) {
    case PL031_MR:
        clock->match = value;
        set_match_time(clock);
        break;
    case PL031_LR: /* a second begins */
        clock->load = value;
        clock->zero_ms = (uint64_t)value * MS_PER_SECOND - platform_milliseconds();
        if (clock->match_at != PLATFORM_NEVER) {
            set_match_time(clock);
        }
        break;
    case PL031_IMSC:
        clock->is_unmasked = (value & 1) != 0;
        break;
    case PL031_ICR:
        clock->has_matched = clock->has_matched && (value & 1) == 0;
        break;
    default: /* read-only, or CR: it cannot be stopped */
        break;
    }
}

enum mmio_result pl031_access(void *context, struct mmio_access *access)
{
    struct pl031 *clock = context;

    if (access->width_bytes != REGISTER_BYTES || access->offset % REGISTER_BYTES != 0) {
        return MMIO_DONE;
    }
    update_line(clock);
    if (access->is_write) {
        store(clock, access->offset, (uint32_t)access->value);
    } else {
        access->value = load(clock, access->offset);
    }
    update_line(clock);
    return MMIO_DONE;
}
