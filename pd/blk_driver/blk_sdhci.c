/* SPDX-License-Identifier: BSD-2-Clause */
/* An SD card: found and set up step by step, then one request after the other. */
#include "pd/blk_driver/blk_sdhci.h"

#include "lib/base/mem.h"
#include "pd/blk_driver/sdhci_bus.h"
#include "pd/blk_driver/sdhci_registers.h"

/* SD 4.9.1: an R1 response's errors. */
#define R1_ERRORS 0xfdf90000u
/* States of a card, bits 9 to 12 of it. */
#define R1_STATE_SHIFT 9u
#define R1_STATE_TRANSFER 4u

/* SD 5.1: operation conditions. 2.7 to 3.6 V; cards with addresses in blocks are welcome. */
#define OCR_VOLTAGES 0x00ff8000u
#define OCR_LARGE (1u << 30)
#define OCR_READY (1u << 31)
/* CMD8, SD 4.3.13: 2.7 to 3.6 V, and a pattern that comes back. */
#define IF_COND 0x1aau

#define SECTOR_BYTES BLK_SECTOR_BYTES

/* The table's entries: each piece has one, and one more for so many bytes. */
#define ENTRY_BYTES 0x8000u
#define ENTRIES_MAX (BLK_MAX_SEGMENTS + BLK_MAX_BYTES / ENTRY_BYTES)
#define OWN_BYTES 0x1000u
_Static_assert(ENTRIES_MAX * sizeof(struct blk_sdhci_adma) <= OWN_BYTES, "the table");

/* Transfers that fail one after the other, until the card is set up again. */
#define FAILURES_MAX 8u

/* A command, and what has to follow it. */
struct command {
    uint8_t index;
    uint32_t response; /* SDHCI_COMMAND_... */
};

static const struct command commands[] = {
    [BLK_SDHCI_IDLE] = {0, 0},
    [BLK_SDHCI_IF_COND] = {8, SDHCI_COMMAND_SHORT | SDHCI_COMMAND_CRC | SDHCI_COMMAND_CHECK_INDEX},
    [BLK_SDHCI_APP_COND] = {55, SDHCI_COMMAND_SHORT | SDHCI_COMMAND_CRC | SDHCI_COMMAND_CHECK_INDEX},
    [BLK_SDHCI_OP_COND] = {41, SDHCI_COMMAND_SHORT},
    [BLK_SDHCI_CID] = {2, SDHCI_COMMAND_LONG | SDHCI_COMMAND_CRC},
    [BLK_SDHCI_RCA] = {3, SDHCI_COMMAND_SHORT | SDHCI_COMMAND_CRC | SDHCI_COMMAND_CHECK_INDEX},
    [BLK_SDHCI_CSD] = {9, SDHCI_COMMAND_LONG | SDHCI_COMMAND_CRC},
    [BLK_SDHCI_SELECT] = {7, SDHCI_COMMAND_SHORT_BUSY | SDHCI_COMMAND_CRC | SDHCI_COMMAND_CHECK_INDEX},
    [BLK_SDHCI_APP_WIDTH] = {55, SDHCI_COMMAND_SHORT | SDHCI_COMMAND_CRC | SDHCI_COMMAND_CHECK_INDEX},
    [BLK_SDHCI_WIDTH] = {6, SDHCI_COMMAND_SHORT | SDHCI_COMMAND_CRC | SDHCI_COMMAND_CHECK_INDEX},
    [BLK_SDHCI_BLOCK] = {16, SDHCI_COMMAND_SHORT | SDHCI_COMMAND_CRC | SDHCI_COMMAND_CHECK_INDEX},
    [BLK_SDHCI_STOP] = {12, SDHCI_COMMAND_SHORT_BUSY | SDHCI_COMMAND_CRC | SDHCI_COMMAND_CHECK_INDEX |
                                SDHCI_COMMAND_ABORT},
    [BLK_SDHCI_STATUS] = {13, SDHCI_COMMAND_SHORT | SDHCI_COMMAND_CRC | SDHCI_COMMAND_CHECK_INDEX},
};

const struct blk_sdhci_kind blk_sdhci_standard = {0};
const struct blk_sdhci_kind blk_sdhci_usdhc = {.is_usdhc = true, .base_clock_hz = 200000000};

static uint64_t milliseconds(const struct blk_sdhci *card, uint64_t count)
{
    return card->hz * count / 1000 + 1;
}

static uint32_t argument_of(const struct blk_sdhci *card, enum blk_sdhci_step step)
{
    switch (step) {
    case BLK_SDHCI_IF_COND:
        return IF_COND;
    case BLK_SDHCI_OP_COND:
        return OCR_VOLTAGES | (card->is_v2 ? OCR_LARGE : 0);
    case BLK_SDHCI_APP_COND:
    case BLK_SDHCI_CSD:
    case BLK_SDHCI_SELECT:
    case BLK_SDHCI_APP_WIDTH:
    case BLK_SDHCI_STATUS:
        return (uint32_t)card->rca << 16;
    case BLK_SDHCI_WIDTH:
        return 2; /* SD 4.3.1: four lines */
    case BLK_SDHCI_BLOCK:
        return SECTOR_BYTES;
    default:
        return 0;
    }
}

/* Send the command of a step. The controller had the one before, so its line is free, unless it stalls. */
static enum err enter(struct blk_sdhci *card, enum blk_sdhci_step step)
{
    const struct command *command = &commands[step];
    const bool is_busy = (command->response & SDHCI_COMMAND_RESPONSE) == SDHCI_COMMAND_SHORT_BUSY;

    card->step = step;
    card->step_until = card->now + milliseconds(card, 1000);
    card->missing = SDHCI_STATUS_COMMAND | (is_busy ? SDHCI_STATUS_TRANSFER : 0);
    return sdhci_bus_command(card, command->index, command->response, argument_of(card, step), 0);
}

static enum err wait(struct blk_sdhci *card, enum blk_sdhci_step step, uint64_t count)
{
    card->step = step;
    card->missing = 0;
    card->step_until = card->now + milliseconds(card, count);
    return ERR_OK;
}

/* Setting the card up. */

/* Bits `low` to `high` of the CSD. A controller leaves out its lowest eight bits, the checksum. */
static uint32_t csd_bits(const struct blk_sdhci *card, unsigned int high, unsigned int low)
{
    uint32_t value = 0;

    for (unsigned int bit = high + 1; bit-- > low;) {
        const unsigned int at = bit - 8;

        value = value << 1 | (sdhci_bus_response(card, at / 32) >> (at % 32) & 1);
    }
    return value;
}

/* SD 5.3. Errors: ERR_UNSUPPORTED (neither version). */
static enum err read_csd(struct blk_sdhci *card)
{
    const uint32_t structure = csd_bits(card, 127, 126);

    if (structure == 1) {
        card->sector_count = ((uint64_t)csd_bits(card, 69, 48) + 1) * 1024;
    } else if (structure == 0) {
        const uint32_t block_shift = csd_bits(card, 83, 80);
        const uint32_t shift = csd_bits(card, 49, 47) + 2 + block_shift;

        if (block_shift < 9 || block_shift > 11) {
            return ERR_UNSUPPORTED;
        }
        card->sector_count = ((uint64_t)csd_bits(card, 73, 62) + 1) << shift >> 9;
    } else {
        return ERR_UNSUPPORTED;
    }
    card->is_read_only = csd_bits(card, 13, 12) != 0;
    return ERR_OK;
}

static enum err take_op_cond(struct blk_sdhci *card)
{
    const uint32_t ocr = sdhci_bus_response(card, 0);

    if ((ocr & OCR_READY) == 0) {
        return card->now < card->cond_until ? wait(card, BLK_SDHCI_BUSY_COND, 10) : ERR_IO;
    }
    card->is_large = (ocr & OCR_LARGE) != 0;
    return enter(card, BLK_SDHCI_CID);
}

static enum err begin_transfers(struct blk_sdhci *card)
{
    sdhci_bus_width_4(card);
    card->step = BLK_SDHCI_READY;
    card->step_until = BLK_DRIVER_NEVER;
    return sdhci_bus_clock(card, SDHCI_BUS_FULL_HZ);
}

static enum err select_card(struct blk_sdhci *card)
{
    const enum err err = read_csd(card);

    return err == ERR_OK ? enter(card, BLK_SDHCI_SELECT) : err;
}

static void finish(struct blk_sdhci *card, uint32_t status)
{
    card->is_done = true;
    card->status = status;
    card->step = BLK_SDHCI_READY;
    card->step_until = BLK_DRIVER_NEVER;
}

/* The card is as it should be after a request that failed, or is no use. */
static enum err take_status(struct blk_sdhci *card)
{
    const uint32_t state = sdhci_bus_response(card, 0) >> R1_STATE_SHIFT & 0xf;

    card->failures++;
    if (state != R1_STATE_TRANSFER || card->failures > FAILURES_MAX) {
        return ERR_IO;
    }
    finish(card, BLK_FAILED);
    return ERR_OK;
}

/* A transfer's data did not come as it should. */
static enum err recover(struct blk_sdhci *card)
{
    const enum err err = sdhci_bus_reset_lines(card);

    return err == ERR_OK ? enter(card, BLK_SDHCI_STOP) : err;
}

static enum err end_transfer(struct blk_sdhci *card)
{
    if ((sdhci_bus_response(card, 0) & R1_ERRORS) != 0) {
        return recover(card);
    }
    card->failures = 0;
    finish(card, BLK_DONE);
    return ERR_OK;
}

/* The step is done: to the next. */
static enum err go_on(struct blk_sdhci *card)
{
    switch (card->step) {
    case BLK_SDHCI_IDLE:
        return enter(card, BLK_SDHCI_IF_COND);
    case BLK_SDHCI_IF_COND:
        card->is_v2 = (sdhci_bus_response(card, 0) & 0xfff) == IF_COND;
        return enter(card, BLK_SDHCI_APP_COND);
    case BLK_SDHCI_APP_COND:
        return enter(card, BLK_SDHCI_OP_COND);
    case BLK_SDHCI_OP_COND:
        return take_op_cond(card);
    case BLK_SDHCI_CID:
        return enter(card, BLK_SDHCI_RCA);
    case BLK_SDHCI_RCA:
        card->rca = (uint16_t)(sdhci_bus_response(card, 0) >> 16);
        return enter(card, BLK_SDHCI_CSD);
    case BLK_SDHCI_CSD:
        return select_card(card);
    case BLK_SDHCI_SELECT:
        return enter(card, BLK_SDHCI_APP_WIDTH);
    case BLK_SDHCI_APP_WIDTH:
        return enter(card, BLK_SDHCI_WIDTH);
    case BLK_SDHCI_WIDTH:
        return enter(card, BLK_SDHCI_BLOCK);
    case BLK_SDHCI_BLOCK:
        return begin_transfers(card);
    case BLK_SDHCI_TRANSFER:
        return end_transfer(card);
    case BLK_SDHCI_STOP:
        return enter(card, BLK_SDHCI_STATUS);
    case BLK_SDHCI_STATUS:
        return take_status(card);
    default:
        return ERR_OK;
    }
}

/* The controller reports errors of the step. */
static enum err go_wrong(struct blk_sdhci *card, uint32_t status)
{
    const bool no_answer = (status & SDHCI_STATUS_COMMAND_TIMEOUT) != 0;
    enum err err = ERR_IO;

    if (card->step == BLK_SDHCI_TRANSFER) {
        return recover(card);
    }
    if (card->step == BLK_SDHCI_READY) { /* of nothing that was asked for */
        return ERR_OK;
    }
    /* Cards of before version 2 do not know CMD8, and none that is ready has anything to stop. */
    if ((card->step == BLK_SDHCI_IF_COND && no_answer) || card->step == BLK_SDHCI_STOP) {
        err = sdhci_bus_reset_lines(card);
        if (err == ERR_OK) {
            err = enter(card, card->step == BLK_SDHCI_STOP ? BLK_SDHCI_STATUS : BLK_SDHCI_APP_COND);
        }
    }
    return err;
}

/* A point in time. */
static enum err pass_time(struct blk_sdhci *card)
{
    if (card->now < card->step_until || card->step == BLK_SDHCI_READY) {
        return ERR_OK;
    }
    if (card->step == BLK_SDHCI_POWER) {
        return enter(card, BLK_SDHCI_IDLE);
    }
    if (card->step == BLK_SDHCI_BUSY_COND) {
        return enter(card, BLK_SDHCI_APP_COND);
    }
    return ERR_IO;
}

static void tell(const struct blk_sdhci *card, struct blk_info *info)
{
    *info = (struct blk_info){
        .sector_count = card->sector_count,
        .flags = card->step < BLK_SDHCI_READY
                     ? 0u
                     : BLK_INFO_ALIVE | (card->is_read_only ? BLK_INFO_READ_ONLY : 0u),
        .block_bytes = SECTOR_BYTES,
        .max_segments = BLK_MAX_SEGMENTS,
        .max_segment_bytes = BLK_MAX_BYTES,
    };
}

static enum err start(void *context, const struct blk_device_setup *setup, uint64_t now,
                      struct blk_info *info)
{
    struct blk_sdhci *card = context;

    *card = (struct blk_sdhci){
        .kind = card->kind,
        .registers = setup->registers,
        .table = setup->own,
        .table_paddr = setup->own_paddr,
        .hz = setup->hz,
        .now = now,
        .cond_until = now + setup->hz + 1, /* SD 4.2.3: a second */
    };
    if (setup->own_paddr > UINT32_MAX - OWN_BYTES) {
        return ERR_UNSUPPORTED;
    }
    const enum err err = sdhci_bus_start(card);
    if (err == ERR_OK) {
        card->step = BLK_SDHCI_POWER;
        card->step_until = now + milliseconds(card, 10); /* with 74 clocks of the bus, SD 6.4.1 */
        tell(card, info);
    }
    return err;
}

static void stop(void *context)
{
    struct blk_sdhci *card = context;

    sdhci_bus_stop(card);
    card->step = BLK_SDHCI_OFF;
    card->is_done = false;
}

/* What must not happen more often at once: a step is at least a command that the card answers. */
#define STEPS_MAX 32u

static enum err interrupts(void *context, uint64_t now, struct blk_info *info, bool *changed)
{
    struct blk_sdhci *card = context;
    const bool was_ready = card->step >= BLK_SDHCI_READY;
    enum err err = ERR_OK;

    card->now = now;
    for (uint32_t i = 0; i < STEPS_MAX && err == ERR_OK; i++) {
        const uint32_t status = sdhci_bus_interrupts(card);

        if (status == 0) {
            err = pass_time(card);
            break;
        }
        card->missing &= ~status;
        if ((status & SDHCI_STATUS_ERRORS) != 0) {
            err = go_wrong(card, status);
        } else if (card->missing == 0) {
            err = go_on(card);
        }
    }
    *changed = !was_ready && card->step >= BLK_SDHCI_READY;
    if (*changed) {
        tell(card, info);
    }
    return err;
}

/* Entries for one piece. Errors: ERR_ALIGN, ERR_RANGE. */
static enum err add_entries(struct blk_sdhci *card, const struct blk_device_piece *piece, uint32_t *count)
{
    if (((piece->paddr | piece->bytes) & 3) != 0) {
        return ERR_ALIGN;
    }
    if (piece->paddr > UINT32_MAX || piece->bytes - 1 > UINT32_MAX - piece->paddr) {
        return ERR_RANGE;
    }
    for (uint32_t at = 0; at < piece->bytes; at += ENTRY_BYTES) {
        const uint32_t left = piece->bytes - at;

        card->table[(*count)++] = (struct blk_sdhci_adma){
            .attributes = SDHCI_ADMA_VALID | SDHCI_ADMA_TRANSFER,
            .bytes = (uint16_t)(left < ENTRY_BYTES ? left : ENTRY_BYTES),
            .paddr = (uint32_t)piece->paddr + at,
        };
    }
    return ERR_OK;
}

static enum err fill_table(struct blk_sdhci *card, const struct blk_device_request *order)
{
    uint32_t count = 0;
    enum err err = ERR_OK;

    for (uint32_t i = 0; i < order->request->segment_count && err == ERR_OK; i++) {
        err = add_entries(card, &order->pieces[i], &count);
    }
    if (err == ERR_OK) {
        card->table[count - 1].attributes |= SDHCI_ADMA_END;
    }
    return err;
}

static enum err submit(void *context, const struct blk_device_request *order, uint64_t now)
{
    static const uint8_t indexes[2][2] = {{17, 18}, {24, 25}};
    struct blk_sdhci *card = context;
    const struct blk_request *request = order->request;
    const bool is_write = request->op == BLK_WRITE;
    const uint64_t at = card->is_large ? request->sector : request->sector * SECTOR_BYTES;

    if (card->step != BLK_SDHCI_READY || card->is_done) {
        return ERR_SPACE;
    }
    if (request->op > BLK_WRITE || (is_write && card->is_read_only)) {
        return ERR_UNSUPPORTED;
    }
    if (at > UINT32_MAX) {
        return ERR_RANGE;
    }
    enum err err = fill_table(card, order);
    if (err != ERR_OK) {
        return err;
    }
    card->now = now;
    card->slot = order->slot;
    card->is_many = request->sector_count > 1;
    card->step = BLK_SDHCI_TRANSFER;
    card->step_until = BLK_DRIVER_NEVER; /* the driver has a limit of its own */
    card->missing = SDHCI_STATUS_TRANSFER;
    sdhci_bus_prepare(card, request->sector_count);
    err = sdhci_bus_command(card, indexes[is_write][card->is_many],
                            SDHCI_COMMAND_SHORT | SDHCI_COMMAND_CRC | SDHCI_COMMAND_CHECK_INDEX |
                                SDHCI_COMMAND_DATA,
                            (uint32_t)at,
                            SDHCI_MODE_DMA | SDHCI_MODE_COUNT | (is_write ? 0 : SDHCI_MODE_READ) |
                                (card->is_many ? SDHCI_MODE_MANY | SDHCI_MODE_AUTO_12 : 0));
    if (err != ERR_OK) { /* it is in hand, and the next look at the time finds it */
        card->step_until = now;
    }
    return ERR_OK;
}

static enum err take(void *context, uint16_t *slot, uint32_t *status)
{
    struct blk_sdhci *card = context;

    if (!card->is_done) {
        return ERR_EMPTY;
    }
    card->is_done = false;
    *slot = card->slot;
    *status = card->status;
    return ERR_OK;
}

/* It began with submit(). */
static void kick(void *context)
{
    (void)context;
}

/* It interrupts whenever it is done. */
static bool await(void *context)
{
    (void)context;
    return false;
}

static uint64_t deadline(const void *context)
{
    const struct blk_sdhci *card = context;

    return card->step_until;
}

const struct blk_device_ops blk_sdhci_ops = {
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
