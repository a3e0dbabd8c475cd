/* SPDX-License-Identifier: BSD-2-Clause */
#include "pd/blk_driver/blk_device.h"

/* Registers, section 4.2.2. */
#define MAGIC_VALUE 0x000u
#define VERSION 0x004u
#define DEVICE_ID 0x008u
#define DEVICE_FEATURES 0x010u
#define DEVICE_FEATURES_SEL 0x014u
#define DRIVER_FEATURES 0x020u
#define DRIVER_FEATURES_SEL 0x024u
#define QUEUE_SEL 0x030u
#define QUEUE_NUM_MAX 0x034u
#define QUEUE_NUM 0x038u
#define QUEUE_READY 0x044u
#define QUEUE_NOTIFY 0x050u
#define INTERRUPT_STATUS 0x060u
#define INTERRUPT_ACK 0x064u
#define STATUS 0x070u
#define QUEUE_DESC 0x080u
#define QUEUE_DRIVER 0x090u
#define QUEUE_DEVICE 0x0a0u
#define CONFIG_GENERATION 0x0fcu
#define CONFIG 0x100u

#define MAGIC 0x74726976u
#define MODERN 2u
#define ID_BLOCK 2u
#define INTERRUPT_CONFIG 2u

#define STATUS_ACKNOWLEDGE 1u
#define STATUS_DRIVER 2u
#define STATUS_DRIVER_OK 4u
#define STATUS_FEATURES_OK 8u
#define STATUS_NEEDS_RESET 64u
#define STATUS_FAILED 128u

#define F_INDIRECT_DESC (1ull << 28)
#define F_EVENT_IDX (1ull << 29)
#define F_VERSION_1 (1ull << 32)
#define WANTED_FEATURES                                                                                      \
    (VIRTIO_BLK_F_SIZE_MAX | VIRTIO_BLK_F_SEG_MAX | VIRTIO_BLK_F_RO | VIRTIO_BLK_F_BLK_SIZE |                \
     VIRTIO_BLK_F_FLUSH | VIRTIO_BLK_F_TOPOLOGY | VIRTIO_BLK_F_DISCARD | VIRTIO_BLK_F_WRITE_ZEROES |         \
     F_INDIRECT_DESC | F_EVENT_IDX | F_VERSION_1)

/* Config space, section 5.2.4, read a 32-bit word at a time. */
#define CONFIG_CAPACITY 0u
#define CONFIG_SIZE_MAX 8u
#define CONFIG_SEG_MAX 12u
#define CONFIG_BLK_SIZE 20u
#define CONFIG_TOPOLOGY 24u
#define CONFIG_OPT_IO_SIZE 28u
#define CONFIG_MAX_DISCARD_SECTORS 36u
#define CONFIG_DISCARD_ALIGNMENT 44u
#define CONFIG_MAX_WRITE_ZEROES 48u
#define CONFIG_WRITE_ZEROES_MAY_UNMAP 56u

/* A device that resets itself for longer is no use. */
#define MAX_POLLS 10000u
/* A device whose config space never stands still likewise. */
#define MAX_READS 100u

static uint32_t read(const struct blk_driver *driver, uint32_t offset)
{
    return driver->registers.read(driver->registers.context, offset);
}

static void write(const struct blk_driver *driver, uint32_t offset, uint32_t value)
{
    driver->registers.write(driver->registers.context, offset, value);
}

static void write_address(const struct blk_driver *driver, uint32_t offset, uint64_t paddr)
{
    write(driver, offset, (uint32_t)paddr);
    write(driver, offset + 4, (uint32_t)(paddr >> 32));
}

static bool has(const struct blk_driver *driver, uint64_t feature)
{
    return (driver->features & feature) != 0;
}

static uint32_t config(const struct blk_driver *driver, uint32_t offset)
{
    return read(driver, CONFIG + offset);
}

static uint32_t smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* Limits that the device gives; 0 means none, or that we know better. */
static void read_limits(const struct blk_driver *driver, struct blk_info *info)
{
    info->block_bytes = has(driver, VIRTIO_BLK_F_BLK_SIZE) ? config(driver, CONFIG_BLK_SIZE) : 0;
    info->max_segment_bytes = has(driver, VIRTIO_BLK_F_SIZE_MAX) ? config(driver, CONFIG_SIZE_MAX) : 0;
    info->max_segments = has(driver, VIRTIO_BLK_F_SEG_MAX) ? config(driver, CONFIG_SEG_MAX) : 0;
    if (info->block_bytes < BLK_SECTOR_BYTES || (info->block_bytes & (info->block_bytes - 1)) != 0) {
        info->block_bytes = BLK_SECTOR_BYTES;
    }
    if (info->max_segment_bytes < info->block_bytes || info->max_segment_bytes > BLK_MAX_BYTES) {
        info->max_segment_bytes = BLK_MAX_BYTES;
    }
    /* Header and status take a descriptor each. Without indirect ones, leave some for other requests. */
    const uint32_t room = driver->indirect ? driver->queue.size : driver->queue.size / 2u;
    const uint32_t own_limit = smaller(room > 3 ? room - 2 : 1, BLK_MAX_SEGMENTS);
    info->max_segments = info->max_segments == 0 ? 1 : smaller(info->max_segments, own_limit);
}

static void read_topology(const struct blk_driver *driver, struct blk_info *info)
{
    const uint32_t word = config(driver, CONFIG_TOPOLOGY);

    info->physical_exponent = (uint8_t)smaller(word & 0xff, 16);
    info->alignment_offset = (uint8_t)(word >> 8);
    info->min_io_blocks = (uint16_t)(word >> 16);
    info->optimal_io_blocks = config(driver, CONFIG_OPT_IO_SIZE);
}

static struct blk_info read_info_once(const struct blk_driver *driver)
{
    struct blk_info info = {.flags = BLK_INFO_ALIVE};

    info.sector_count = config(driver, CONFIG_CAPACITY);
    info.sector_count |= (uint64_t)config(driver, CONFIG_CAPACITY + 4) << 32;
    if (info.sector_count > UINT64_MAX / BLK_SECTOR_BYTES) {
        info.sector_count = UINT64_MAX / BLK_SECTOR_BYTES;
    }
    read_limits(driver, &info);
    if (has(driver, VIRTIO_BLK_F_TOPOLOGY)) {
        read_topology(driver, &info);
    }
    info.flags |= has(driver, VIRTIO_BLK_F_RO) ? BLK_INFO_READ_ONLY : 0u;
    info.flags |= has(driver, VIRTIO_BLK_F_FLUSH) ? BLK_INFO_FLUSH : 0u;
    if (has(driver, VIRTIO_BLK_F_DISCARD)) {
        info.max_discard = config(driver, CONFIG_MAX_DISCARD_SECTORS);
        info.discard_align = config(driver, CONFIG_DISCARD_ALIGNMENT);
        info.flags |= info.max_discard != 0 ? BLK_INFO_DISCARD : 0u;
    }
    if (has(driver, VIRTIO_BLK_F_WRITE_ZEROES)) {
        info.max_write_zeroes = config(driver, CONFIG_MAX_WRITE_ZEROES);
        info.flags |= info.max_write_zeroes != 0 ? BLK_INFO_WRITE_ZEROES : 0u;
        info.flags |= (config(driver, CONFIG_WRITE_ZEROES_MAY_UNMAP) & 0xff) != 0 ? BLK_INFO_MAY_UNMAP : 0u;
    }
    return info;
}

/* Section 2.5.1: again, if it changed while it was read. */
static void read_info(struct blk_driver *driver)
{
    uint32_t generation = read(driver, CONFIG_GENERATION);

    for (unsigned int i = 0; i < MAX_READS; i++) {
        const uint32_t before = generation;

        driver->info = read_info_once(driver);
        generation = read(driver, CONFIG_GENERATION);
        if (generation == before) {
            break;
        }
    }
}

/* Section 4.2.3.1.1: reset, and wait until it is over. */
static enum err reset(const struct blk_driver *driver)
{
    write(driver, STATUS, 0);
    for (unsigned int i = 0; i < MAX_POLLS; i++) {
        if (read(driver, STATUS) == 0) {
            return ERR_OK;
        }
    }
    return ERR_STATE;
}

static enum err negotiate(struct blk_driver *driver)
{
    const uint32_t status = STATUS_ACKNOWLEDGE | STATUS_DRIVER;

    write(driver, STATUS, STATUS_ACKNOWLEDGE);
    write(driver, STATUS, status);
    write(driver, DEVICE_FEATURES_SEL, 0);
    driver->features = read(driver, DEVICE_FEATURES);
    write(driver, DEVICE_FEATURES_SEL, 1);
    driver->features |= (uint64_t)read(driver, DEVICE_FEATURES) << 32;
    driver->features &= WANTED_FEATURES;
    if (!has(driver, F_VERSION_1)) {
        return ERR_UNSUPPORTED;
    }
    write(driver, DRIVER_FEATURES_SEL, 0);
    write(driver, DRIVER_FEATURES, (uint32_t)driver->features);
    write(driver, DRIVER_FEATURES_SEL, 1);
    write(driver, DRIVER_FEATURES, (uint32_t)(driver->features >> 32));
    write(driver, STATUS, status | STATUS_FEATURES_OK);
    driver->indirect = has(driver, F_INDIRECT_DESC);
    return (read(driver, STATUS) & STATUS_FEATURES_OK) != 0 ? ERR_OK : ERR_STATE;
}

static enum err set_up_queue(struct blk_driver *driver, void *memory, uint64_t paddr)
{
    write(driver, QUEUE_SEL, 0);

    uint32_t size = smaller(read(driver, QUEUE_NUM_MAX), VIRTQ_DRIVER_MAX_SIZE);
    while ((size & (size - 1)) != 0) {
        size &= size - 1;
    }
    if (size < 4 || read(driver, QUEUE_READY) != 0) {
        return ERR_STATE;
    }
    const enum err err =
        virtq_driver_init(&driver->queue, memory, paddr, (uint16_t)size, has(driver, F_EVENT_IDX));
    if (err != ERR_OK) {
        return err;
    }
    write(driver, QUEUE_NUM, size);
    write_address(driver, QUEUE_DESC, driver->queue.places.desc);
    write_address(driver, QUEUE_DRIVER, driver->queue.places.avail);
    write_address(driver, QUEUE_DEVICE, driver->queue.places.used);
    write(driver, QUEUE_READY, 1);
    return ERR_OK;
}

enum err blk_device_start(struct blk_driver *driver, void *memory, uint64_t paddr)
{
    if (read(driver, MAGIC_VALUE) != MAGIC || read(driver, VERSION) != MODERN ||
        read(driver, DEVICE_ID) != ID_BLOCK) {
        return ERR_UNSUPPORTED;
    }
    enum err err = reset(driver);
    if (err == ERR_OK) {
        err = negotiate(driver);
    }
    if (err == ERR_OK) {
        err = set_up_queue(driver, memory, paddr);
    }
    if (err != ERR_OK) {
        write(driver, STATUS, STATUS_FAILED);
        return err;
    }
    read_info(driver);
    write(driver, STATUS, STATUS_ACKNOWLEDGE | STATUS_DRIVER | STATUS_FEATURES_OK | STATUS_DRIVER_OK);
    return ERR_OK;
}

void blk_device_stop(struct blk_driver *driver)
{
    /* The reset takes the memory back; FAILED then says that nobody will come again. */
    (void)reset(driver);
    write(driver, STATUS, STATUS_FAILED);
}

enum err blk_device_interrupts(struct blk_driver *driver, bool *changed)
{
    const uint32_t pending = read(driver, INTERRUPT_STATUS);

    *changed = false;
    if (pending != 0) {
        write(driver, INTERRUPT_ACK, pending);
    }
    if ((pending & INTERRUPT_CONFIG) != 0) {
        if ((read(driver, STATUS) & STATUS_NEEDS_RESET) != 0) {
            return ERR_IO;
        }
        read_info(driver);
        *changed = true;
    }
    return ERR_OK;
}

void blk_device_kick(const struct blk_driver *driver)
{
    write(driver, QUEUE_NOTIFY, 0);
}
