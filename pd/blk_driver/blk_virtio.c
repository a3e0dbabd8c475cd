/* SPDX-License-Identifier: BSD-2-Clause */
/* Registers and queue of a virtio block device. */
#include "pd/blk_driver/blk_virtio.h"

#include <stddef.h>

#include "lib/base/mem.h"

_Static_assert(offsetof(struct blk_virtio_dma, table) % VIRTQ_DESC_ALIGN == 0, "virtio 1.2, 2.7");
_Static_assert(sizeof(struct blk_virtio_dma) % VIRTQ_DESC_ALIGN == 0, "they lie one behind the other");

/* The device overwrites it; one that doesn't has not done its work. */
#define STATUS_NONE 0xffu

#define HEADER_BYTES 16u
#define RANGE_BYTES 16u

/* Memory shared with the device: the queue, and what belongs to each slot. */
#define QUEUE_BYTES 0x2000u
#define OWN_BYTES (QUEUE_BYTES + BLK_DRIVER_SLOTS * sizeof(struct blk_virtio_dma))
_Static_assert(6 + sizeof(struct virtq_desc) * VIRTQ_DRIVER_MAX_SIZE + 2 * (VIRTQ_DRIVER_MAX_SIZE + 3) +
                       sizeof(struct virtq_used_elem) * VIRTQ_DRIVER_MAX_SIZE + 2 * VIRTQ_DESC_ALIGN <=
                   QUEUE_BYTES,
               "the longest queue");

#define WANTED_FEATURES                                                                                      \
    (VIRTIO_BLK_F_SIZE_MAX | VIRTIO_BLK_F_SEG_MAX | VIRTIO_BLK_F_RO | VIRTIO_BLK_F_BLK_SIZE |                \
     VIRTIO_BLK_F_FLUSH | VIRTIO_BLK_F_TOPOLOGY | VIRTIO_BLK_F_DISCARD | VIRTIO_BLK_F_WRITE_ZEROES |         \
     VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX | VIRTIO_F_VERSION_1)

/* Config space is read a 32-bit word at a time. */
#define CONFIG(field) ((uint32_t)offsetof(struct virtio_blk_config, field))

/* A device whose config space never stands still is no use. */
#define MAX_READS 100u

static uint32_t read(const struct blk_virtio *card, uint32_t offset)
{
    return card->registers.read(card->registers.context, offset);
}

static bool has(const struct blk_virtio *card, uint64_t feature)
{
    return (card->features & feature) != 0;
}

static uint32_t config(const struct blk_virtio *card, uint32_t offset)
{
    return read(card, MMIO_TRANSPORT_CONFIG + offset);
}

static uint32_t smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* Limits that the device gives; 0 means none, or that we know better. */
static void read_limits(const struct blk_virtio *card, struct blk_info *info)
{
    info->block_bytes = has(card, VIRTIO_BLK_F_BLK_SIZE) ? config(card, CONFIG(blk_size)) : 0;
    info->max_segment_bytes = has(card, VIRTIO_BLK_F_SIZE_MAX) ? config(card, CONFIG(size_max)) : 0;
    info->max_segments = has(card, VIRTIO_BLK_F_SEG_MAX) ? config(card, CONFIG(seg_max)) : 0;
    if (info->block_bytes < BLK_SECTOR_BYTES || (info->block_bytes & (info->block_bytes - 1)) != 0) {
        info->block_bytes = BLK_SECTOR_BYTES;
    }
    if (info->max_segment_bytes < info->block_bytes || info->max_segment_bytes > BLK_MAX_BYTES) {
        info->max_segment_bytes = BLK_MAX_BYTES;
    }
    /* Header and status take a descriptor each. Without indirect ones, leave some for other requests. */
    const uint32_t room = card->indirect ? card->queue.size : card->queue.size / 2u;
    const uint32_t own_limit = smaller(room > 3 ? room - 2 : 1, BLK_MAX_SEGMENTS);
    info->max_segments = info->max_segments == 0 ? 1 : smaller(info->max_segments, own_limit);
}

static void read_topology(const struct blk_virtio *card, struct blk_info *info)
{
    const uint32_t word = config(card, CONFIG(physical_block_exp));

    info->physical_exponent = (uint8_t)smaller(word & 0xff, 16);
    info->alignment_offset = (uint8_t)(word >> 8);
    info->min_io_blocks = (uint16_t)(word >> 16);
    info->optimal_io_blocks = config(card, CONFIG(opt_io_size));
}

static struct blk_info read_info_once(const struct blk_virtio *card)
{
    struct blk_info info = {.flags = BLK_INFO_ALIVE};

    info.sector_count = config(card, CONFIG(capacity));
    info.sector_count |= (uint64_t)config(card, CONFIG(capacity) + 4) << 32;
    if (info.sector_count > UINT64_MAX / BLK_SECTOR_BYTES) {
        info.sector_count = UINT64_MAX / BLK_SECTOR_BYTES;
    }
    read_limits(card, &info);
    if (has(card, VIRTIO_BLK_F_TOPOLOGY)) {
        read_topology(card, &info);
    }
    info.flags |= has(card, VIRTIO_BLK_F_RO) ? BLK_INFO_READ_ONLY : 0u;
    info.flags |= has(card, VIRTIO_BLK_F_FLUSH) ? BLK_INFO_FLUSH : 0u;
    if (has(card, VIRTIO_BLK_F_DISCARD)) {
        info.max_discard = config(card, CONFIG(max_discard_sectors));
        info.discard_align = config(card, CONFIG(discard_sector_alignment));
        info.flags |= info.max_discard != 0 ? BLK_INFO_DISCARD : 0u;
    }
    if (has(card, VIRTIO_BLK_F_WRITE_ZEROES)) {
        info.max_write_zeroes = config(card, CONFIG(max_write_zeroes_sectors));
        info.flags |= info.max_write_zeroes != 0 ? BLK_INFO_WRITE_ZEROES : 0u;
        info.flags |= (config(card, CONFIG(write_zeroes_may_unmap)) & 0xff) != 0 ? BLK_INFO_MAY_UNMAP : 0u;
    }
    return info;
}

/* Section 2.5.1: again, if it changed while it was read. */
static void read_info(const struct blk_virtio *card, struct blk_info *info)
{
    uint32_t generation = read(card, MMIO_TRANSPORT_CONFIG_GENERATION);

    for (unsigned int i = 0; i < MAX_READS; i++) {
        const uint32_t before = generation;

        *info = read_info_once(card);
        generation = read(card, MMIO_TRANSPORT_CONFIG_GENERATION);
        if (generation == before) {
            break;
        }
    }
}

static enum err start(void *context, const struct blk_device_setup *setup, uint64_t now,
                      struct blk_info *info)
{
    struct blk_virtio *card = context;

    (void)now;
    *card = (struct blk_virtio){
        .registers = setup->registers,
        .dma = (struct blk_virtio_dma *)(void *)((uint8_t *)setup->own + QUEUE_BYTES),
        .dma_paddr = setup->own_paddr + QUEUE_BYTES,
    };
    enum err err = mmio_transport_reset(&card->registers, VIRTIO_ID_BLOCK);
    if (err == ERR_UNSUPPORTED) {
        return err;
    }
    if (err == ERR_OK) {
        err = mmio_transport_negotiate(&card->registers, WANTED_FEATURES, &card->features);
    }
    if (err == ERR_OK) {
        card->indirect = has(card, VIRTIO_F_INDIRECT_DESC);
        err = mmio_transport_add_queue(&card->registers, 0, setup->own, setup->own_paddr,
                                       has(card, VIRTIO_F_EVENT_IDX), &card->queue);
    }
    if (err != ERR_OK) {
        mmio_transport_give_up(&card->registers);
        return err;
    }
    read_info(card, info);
    mmio_transport_go(&card->registers);
    return ERR_OK;
}

static void stop(void *context)
{
    const struct blk_virtio *card = context;

    mmio_transport_stop(&card->registers);
}

static enum err interrupts(void *context, uint64_t now, struct blk_info *info, bool *changed)
{
    struct blk_virtio *card = context;

    (void)now;
    *changed = (mmio_transport_interrupts(&card->registers) & MMIO_TRANSPORT_INTERRUPT_CONFIG) != 0;
    if (*changed) {
        if (mmio_transport_needs_reset(&card->registers)) {
            return ERR_IO;
        }
        read_info(card, info);
    }
    return ERR_OK;
}

static uint32_t type_of(uint32_t op)
{
    static const uint32_t types[] = {
        [BLK_READ] = VIRTIO_BLK_T_IN,
        [BLK_WRITE] = VIRTIO_BLK_T_OUT,
        [BLK_FLUSH] = VIRTIO_BLK_T_FLUSH,
        [BLK_DISCARD] = VIRTIO_BLK_T_DISCARD,
        [BLK_WRITE_ZEROES] = VIRTIO_BLK_T_WRITE_ZEROES,
    };

    return types[op];
}

static enum err add_chain(struct blk_virtio *card, const struct virtq_driver_buffer *buffers, uint16_t count,
                          uint16_t slot)
{
    struct blk_virtio_dma *dma = &card->dma[slot];
    const uint64_t table_paddr =
        card->dma_paddr + slot * sizeof *dma + offsetof(struct blk_virtio_dma, table);
    uint16_t head;

    const enum err err = card->indirect ? virtq_driver_add_indirect(&card->queue, buffers, count, dma->table,
                                                                    table_paddr, &head)
                                        : virtq_driver_add(&card->queue, buffers, count, &head);
    if (err == ERR_OK) {
        card->slot_of[head] = slot;
    }
    return err;
}

static enum err submit(void *context, const struct blk_device_request *order, uint64_t now)
{
    struct blk_virtio *card = context;
    const struct blk_request *request = order->request;
    struct virtq_driver_buffer buffers[BLK_MAX_SEGMENTS + 2];
    struct blk_virtio_dma *dma = &card->dma[order->slot];
    const uint64_t paddr = card->dma_paddr + order->slot * sizeof *dma;
    const bool has_range = request->op == BLK_DISCARD || request->op == BLK_WRITE_ZEROES;
    uint16_t count = 0;

    (void)now;
    dma->type = type_of(request->op);
    dma->sector = has_range ? 0 : request->sector;
    dma->range_sector = request->sector;
    dma->range_sectors = request->sector_count;
    /* DISCARD must not have the flag (section 5.2.6.1). */
    dma->range_flags = request->op == BLK_WRITE_ZEROES && (request->flags & BLK_UNMAP) != 0 ? 1 : 0;
    dma->status = STATUS_NONE;
    buffers[count++] =
        (struct virtq_driver_buffer){.paddr = paddr, .bytes = HEADER_BYTES + (has_range ? RANGE_BYTES : 0)};
    for (uint32_t i = 0; i < request->segment_count; i++) {
        buffers[count++] = (struct virtq_driver_buffer){.paddr = order->pieces[i].paddr,
                                                        .bytes = order->pieces[i].bytes,
                                                        .writable = request->op == BLK_READ};
    }
    buffers[count++] = (struct virtq_driver_buffer){
        .paddr = paddr + offsetof(struct blk_virtio_dma, status), .bytes = 1, .writable = true};
    return add_chain(card, buffers, count, order->slot);
}

static uint32_t status_of(uint8_t untrusted_status)
{
    if (untrusted_status == VIRTIO_BLK_S_OK) {
        return BLK_DONE;
    }
    return untrusted_status == VIRTIO_BLK_S_UNSUPP ? BLK_UNSUPPORTED : BLK_FAILED;
}

static enum err take(void *context, uint16_t *slot, uint32_t *status)
{
    struct blk_virtio *card = context;
    uint16_t head;
    uint32_t written;
    const enum err err = virtq_driver_take(&card->queue, &head, &written);

    if (err == ERR_OK) {
        *slot = card->slot_of[head];
        *status = status_of(*(volatile uint8_t *)&card->dma[*slot].status);
    }
    return err;
}

static void kick(void *context)
{
    struct blk_virtio *card = context;

    if (virtq_driver_publish(&card->queue)) {
        mmio_transport_kick(&card->registers, 0);
    }
}

static bool await(void *context)
{
    struct blk_virtio *card = context;

    return virtq_driver_request_interrupt(&card->queue);
}

static uint64_t deadline(const void *context)
{
    (void)context;
    return BLK_DRIVER_NEVER;
}

const struct blk_device_ops blk_virtio_ops = {
    .own_bytes = OWN_BYTES,
    .start = start,
    .stop = stop,
    .interrupts = interrupts,
    .submit = submit,
    .take = take,
    .kick = kick,
    .await = await,
    .deadline = deadline,
};
