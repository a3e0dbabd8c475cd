/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmm/pci/msix.h"

/* Words of an entry. */
enum { WORD_ADDRESS_LOW = 0, WORD_ADDRESS_HIGH = 1, WORD_DATA = 2, WORD_CONTROL = 3, WORDS = 4 };
#define CONTROL_MASK 1u

void msix_init(struct msix *msix, uint32_t count, const struct gicv2m *frame)
{
    *msix = (struct msix){.count = count < MSIX_MAX_VECTORS ? count : MSIX_MAX_VECTORS, .frame = frame};
    msix_reset(msix);
}

void msix_reset(struct msix *msix)
{
    msix->enabled = false;
    msix->masked = false;
    msix->pending = 0;
    msix->deferred = 0;
    for (uint32_t i = 0; i < MSIX_MAX_VECTORS; i++) {
        msix->entries[i] = (struct msix_entry){.masked = true};
    }
}

static bool is_open(const struct msix *msix, uint32_t vector)
{
    return msix->enabled && !msix->masked && !msix->entries[vector].masked;
}

static void send(struct msix *msix, uint32_t vector)
{
    const struct msix_entry *entry = &msix->entries[vector];

    msix->pending &= ~(1u << vector);
    msix->deferred &= ~(1u << vector);
    gicv2m_send(msix->frame, entry->address, entry->data);
}

/* Send what is pending and no longer masked. */
static void flush(struct msix *msix)
{
    for (uint32_t i = 0; i < msix->count && msix->pending != 0; i++) {
        if ((msix->pending >> i & 1) != 0 && is_open(msix, i)) {
            send(msix, i);
        }
    }
}

/* Before a vector is masked or goes elsewhere: what is late must not come afterwards, so it comes now. */
static void send_deferred(struct msix *msix, uint32_t vector)
{
    if ((msix->deferred >> vector & 1) != 0 && is_open(msix, vector)) {
        send(msix, vector);
    }
}

void msix_set_control(struct msix *msix, bool enabled, bool masked)
{
    for (uint32_t i = 0; i < msix->count && msix->deferred != 0 && (!enabled || masked); i++) {
        send_deferred(msix, i);
    }
    msix->enabled = enabled;
    msix->masked = masked;
    msix->pending = enabled ? msix->pending : 0;
    flush(msix);
}

void msix_notify(struct msix *msix, uint32_t vector)
{
    if (vector < msix->count && msix->enabled) {
        msix->pending |= 1u << vector;
        flush(msix);
    }
}

void msix_notify_deferred(struct msix *msix, uint32_t vector, uint32_t delay_us)
{
    if (vector >= msix->count || !is_open(msix, vector)) {
        msix_notify(msix, vector);
        return;
    }
    const struct msix_entry *entry = &msix->entries[vector];
    msix->deferred |= 1u << vector;
    gicv2m_send_deferred(msix->frame, entry->address, entry->data, delay_us);
}

uint32_t msix_spi(const struct msix *msix, uint32_t vector)
{
    if (vector >= msix->count || !is_open(msix, vector)) {
        return GICV2M_NONE;
    }
    return gicv2m_spi(msix->frame, msix->entries[vector].address, msix->entries[vector].data);
}

static uint32_t read_word(const struct msix *msix, uint32_t word)
{
    const struct msix_entry *entry = &msix->entries[word / WORDS];

    switch (word % WORDS) {
    case WORD_ADDRESS_LOW:
        return (uint32_t)entry->address;
    case WORD_ADDRESS_HIGH:
        return (uint32_t)(entry->address >> 32);
    case WORD_DATA:
        return entry->data;
    default:
        return entry->masked ? CONTROL_MASK : 0;
    }
}

static void write_word(struct msix *msix, uint32_t word, uint32_t value)
{
    struct msix_entry *entry = &msix->entries[word / WORDS];

    send_deferred(msix, word / WORDS);
    switch (word % WORDS) {
    case WORD_ADDRESS_LOW:
        entry->address = (entry->address & ~0xffffffffull) | value;
        break;
    case WORD_ADDRESS_HIGH:
        entry->address = (entry->address & 0xffffffffu) | (uint64_t)value << 32;
        break;
    case WORD_DATA:
        entry->data = value;
        break;
    default:
        entry->masked = (value & CONTROL_MASK) != 0;
        break;
    }
}

void msix_access_table(struct msix *msix, struct mmio_access *access)
{
    const uint64_t bytes = (uint64_t)msix->count * MSIX_ENTRY_BYTES;
    const uint32_t width = access->width_bytes;
    const bool valid = (width == 4 || width == 8) && access->offset % width == 0 && access->offset < bytes;
    const uint32_t word = valid ? (uint32_t)access->offset / 4 : 0;

    if (!access->is_write) {
        access->value = valid ? read_word(msix, word) : 0;
        if (valid && width == 8) {
            access->value |= (uint64_t)read_word(msix, word + 1) << 32;
        }
    } else if (valid) {
        write_word(msix, word, (uint32_t)access->value);
        if (width == 8) {
            write_word(msix, word + 1, (uint32_t)(access->value >> 32));
        }
        flush(msix);
    }
}

void msix_access_pending(const struct msix *msix, struct mmio_access *access)
{
    const bool valid = access->width_bytes >= 4 && access->offset % access->width_bytes == 0;

    if (!access->is_write) {
        /* Up to 32 vectors: all bits are in the first word. */
        access->value = valid && access->offset == 0 ? msix->pending : 0;
    }
}
