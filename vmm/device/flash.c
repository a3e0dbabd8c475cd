/* SPDX-License-Identifier: BSD-2-Clause */
/* Flash with Intel's command set, whose contents the guest reads by itself. */
#include "vmm/device/flash.h"

#include <stddef.h>

#define WORD_BYTES 4u
#define ERASED 0xffffffffu
#define LOOK_AT_BYTES 0x1000u

/* Commands: the low byte, to both chips. */
enum command {
    CMD_PROGRAM = 0x40,
    CMD_PROGRAM_ALTERNATE = 0x10,
    CMD_BLOCK_ERASE = 0x20,
    CMD_CLEAR_STATUS = 0x50,
    CMD_LOCK_SETUP = 0x60,
    CMD_READ_STATUS = 0x70,
    CMD_READ_ID = 0x90,
    CMD_CFI_QUERY = 0x98,
    CMD_CONFIRM = 0xd0,
    CMD_BUFFERED_PROGRAM = 0xe8,
    CMD_RESET = 0xf0,
    CMD_READ_ARRAY = 0xff
};

/* The status register. */
enum { STATUS_READY = 0x80, STATUS_SEQUENCE_ERROR = 0x30 };

/* Identification: Intel, P30 of 128 Mbit with blocks at the top; no block is locked. */
enum { ID_MANUFACTURER = 0x89, ID_DEVICE = 0x8817 };

/* The CFI table from 0x10 on (JESD68.01; JEP137): a word of each chip's an entry. Sizes are filled in. */
#define CFI_FIRST 0x10u
enum { CFI_SIZE = 0x27, CFI_BLOCKS_LOW = 0x2d, CFI_BLOCKS_HIGH = 0x2e };
static const uint8_t cfi_table[] = {
    'Q',  'R',  'Y',              /* 0x10 */
    0x01, 0x00,                   /* 0x13: Intel's extended command set */
    0x31, 0x00,                   /* 0x15: its table */
    0x00, 0x00, 0x00, 0x00,       /* 0x17: no alternate */
    0x45, 0x55, 0x00, 0x00,       /* 0x1b: Vcc 4.5 to 5.5 V, no Vpp */
    0x07, 0x07, 0x0a, 0x00,       /* 0x1f: typical times: word, buffer, block erase */
    0x04, 0x04, 0x04, 0x00,       /* 0x23: the longest, in powers of two of these */
    0x00, 0x02, 0x00, 0x0b, 0x00, /* 0x27: size; x8 and x16; buffer of 2^11 bytes a bank */
    0x01,                         /* 0x2c: one kind of blocks */
    0x00, 0x00, 0x00, 0x02,       /* 0x2d: how many less one; 128 KiB each, in 256 bytes */
    'P',  'R',  'I',  '1',  '0',  /* 0x31 */
    0x00, 0x00, 0x00, 0x00,       /* 0x36: no features */
    0x00, 0x00, 0x00,             /* 0x3a */
};

static uint32_t both(uint32_t chip)
{
    return chip << 16 | chip;
}

static void show(struct flash *flash, uint32_t offset, uint32_t value)
{
    if (offset >= flash->bytes || flash->shown_count == FLASH_MAX_SHOWN) {
        return;
    }
    flash->shown[flash->shown_count++] =
        (struct flash_shown){.offset = offset, .contents = flash->words[offset / WORD_BYTES]};
    flash->words[offset / WORD_BYTES] = value;
}

/* In reverse: a word may have been shown over twice. */
static void show_contents(struct flash *flash)
{
    while (flash->shown_count > 0) {
        const struct flash_shown *shown = &flash->shown[--flash->shown_count];

        flash->words[shown->offset / WORD_BYTES] = shown->contents;
    }
}

/* Drivers look at the start of the chip, of the block, or where they have written. U-Boot takes one chip's share
   of a block for the whole of it: it sees two blocks where there is one. */
static void show_status(struct flash *flash, uint32_t offset)
{
    show(flash, 0, both(flash->status));
    show(flash, offset - offset % FLASH_BLOCK_BYTES, both(flash->status));
    show(flash, offset - offset % (FLASH_BLOCK_BYTES / 2), both(flash->status));
    show(flash, offset - offset % FLASH_BLOCK_BYTES, both(flash->status));
    show(flash, offset, both(flash->status));
}

static void show_id(struct flash *flash, uint32_t offset)
{
    const uint32_t block = offset - offset % FLASH_BLOCK_BYTES;

    show(flash, 0, both(ID_MANUFACTURER));
    show(flash, WORD_BYTES, both(ID_DEVICE));
    show(flash, block + 2 * WORD_BYTES, 0);
}

static uint8_t cfi_entry(const struct flash *flash, uint32_t entry)
{
    const uint32_t blocks = flash->bytes / FLASH_BLOCK_BYTES;
    uint8_t power = 0;

    while (((uint64_t)1 << power) < flash->bytes / 2) {
        power++;
    }
    switch (entry) {
    case CFI_SIZE:
        return power;
    case CFI_BLOCKS_LOW:
        return (uint8_t)(blocks - 1);
    case CFI_BLOCKS_HIGH:
        return (uint8_t)((blocks - 1) >> 8);
    default:
        return cfi_table[entry - CFI_FIRST];
    }
}

static void show_cfi(struct flash *flash)
{
    for (uint32_t i = 0; i < sizeof cfi_table; i++) {
        show(flash, (CFI_FIRST + i) * WORD_BYTES, both(cfi_entry(flash, CFI_FIRST + i)));
    }
}

/* What a store puts into its word; the word's other bytes stay. U-Boot stores 16 bits at a time. */
static uint32_t word_of(const struct mmio_access *access)
{
    const uint32_t shift = 8 * (uint32_t)(access->offset % WORD_BYTES);
    const uint32_t mask = access->width_bytes >= WORD_BYTES ? ERASED : (1u << (8 * access->width_bytes)) - 1;

    return ((uint32_t)access->value & mask) << shift | ~(mask << shift);
}

/* Programming can only clear bits, as in the real thing; journals in flash rely on it. */
static void program(struct flash *flash, uint32_t offset, uint32_t value)
{
    flash->words[offset / WORD_BYTES] &= value;
}

static void erase_block(struct flash *flash, uint32_t offset)
{
    const uint32_t first = (offset - offset % FLASH_BLOCK_BYTES) / WORD_BYTES;

    for (uint32_t i = 0; i < FLASH_BLOCK_BYTES / WORD_BYTES; i++) {
        flash->words[first + i] = ERASED;
    }
}

static void take_command(struct flash *flash, uint32_t offset, uint8_t command)
{
    switch (command) {
    case CMD_PROGRAM:
    case CMD_PROGRAM_ALTERNATE:
        flash->state = FLASH_PROGRAM;
        show_status(flash, offset);
        break;
    case CMD_BLOCK_ERASE:
        flash->state = FLASH_ERASE_CONFIRM;
        show_status(flash, offset);
        break;
    case CMD_BUFFERED_PROGRAM:
        flash->state = FLASH_BUFFER_COUNT;
        show_status(flash, offset);
        break;
    case CMD_LOCK_SETUP:
        flash->state = FLASH_LOCK_CONFIRM;
        show_status(flash, offset);
        break;
    case CMD_CLEAR_STATUS:
        flash->status = STATUS_READY;
        break;
    case CMD_READ_STATUS:
        show_status(flash, offset);
        break;
    case CMD_READ_ID:
        show_id(flash, offset);
        break;
    case CMD_CFI_QUERY:
        show_cfi(flash);
        break;
    default: /* CMD_READ_ARRAY, CMD_RESET, and what no chip knows */
        break;
    }
}

static void write_buffer(struct flash *flash)
{
    for (uint32_t i = 0; i < flash->buffer_count; i++) {
        program(flash, flash->buffer[i].offset, flash->buffer[i].contents);
    }
}

static void begin_buffer(struct flash *flash, uint32_t value)
{
    flash->buffer_left = (value & 0xffff) + 1;
    flash->buffer_count = 0;
    flash->state = FLASH_BUFFER_DATA;
    if (flash->buffer_left > FLASH_BUFFER_WORDS * WORD_BYTES) {
        flash->status |= STATUS_SEQUENCE_ERROR;
        flash->state = FLASH_COMMAND;
    }
}

/* Stores of less than a word share one if they follow each other. */
static void add_to_buffer(struct flash *flash, uint32_t offset, uint32_t value)
{
    struct flash_shown *last = flash->buffer_count == 0 ? NULL : &flash->buffer[flash->buffer_count - 1];

    flash->buffer_left--;
    flash->state = flash->buffer_left == 0 ? FLASH_BUFFER_CONFIRM : FLASH_BUFFER_DATA;
    if (last != NULL && last->offset == offset) {
        last->contents &= value;
    } else if (flash->buffer_count < FLASH_BUFFER_WORDS) {
        flash->buffer[flash->buffer_count++] = (struct flash_shown){.offset = offset, .contents = value};
    } else {
        flash->status |= STATUS_SEQUENCE_ERROR;
        flash->state = FLASH_COMMAND;
    }
}

static void store(struct flash *flash, const struct mmio_access *access)
{
    const enum flash_state state = flash->state;
    const uint32_t offset = (uint32_t)access->offset & ~(WORD_BYTES - 1);
    const uint32_t value = (uint32_t)access->value;
    const bool is_confirmed = (value & 0xff) == CMD_CONFIRM;

    show_contents(flash);
    flash->state = FLASH_COMMAND;
    switch (state) {
    case FLASH_PROGRAM:
        program(flash, offset, word_of(access));
        break;
    case FLASH_BUFFER_COUNT:
        begin_buffer(flash, value);
        break;
    case FLASH_BUFFER_DATA:
        add_to_buffer(flash, offset, word_of(access));
        break;
    case FLASH_BUFFER_CONFIRM:
        if (is_confirmed) {
            write_buffer(flash);
        }
        break;
    case FLASH_ERASE_CONFIRM:
        if (is_confirmed) {
            erase_block(flash, offset);
        }
        break;
    case FLASH_LOCK_CONFIRM: /* none is ever locked */
        break;
    case FLASH_COMMAND:
    default:
        take_command(flash, offset, (uint8_t)value);
        return;
    }
    show_status(flash, offset);
}

enum err flash_init(struct flash *flash, const struct vmm_device_config *config)
{
    bool is_new = true;

    flash->words = (volatile uint32_t *)(uintptr_t)config->registers;
    flash->bytes = (uint32_t)config->bytes;
    flash->status = STATUS_READY;
    if (config->registers == 0 || config->bytes == 0 || config->bytes > UINT32_MAX ||
        config->bytes % FLASH_BLOCK_BYTES != 0) {
        return ERR_RANGE;
    }
    /* No firmware leaves a first page of zeroes: that is memory nobody has used. */
    for (uint32_t i = 0; i < LOOK_AT_BYTES / WORD_BYTES; i++) {
        is_new = is_new && flash->words[i] == 0;
    }
    for (uint32_t offset = 0; is_new && offset < flash->bytes; offset += FLASH_BLOCK_BYTES) {
        erase_block(flash, offset);
    }
    return ERR_OK;
}

void flash_reset(struct flash *flash)
{
    show_contents(flash);
    flash->state = FLASH_COMMAND;
    flash->status = STATUS_READY;
}

enum mmio_result flash_access(void *context, struct mmio_access *access)
{
    struct flash *flash = context;

    if (access->is_write) {
        store(flash, access);
    } else if (access->width_bytes <= WORD_BYTES) {
        access->value = flash->words[access->offset / WORD_BYTES] >> (8 * (access->offset % WORD_BYTES));
    }
    return MMIO_DONE;
}
