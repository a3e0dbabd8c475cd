/* SPDX-License-Identifier: BSD-2-Clause */
/* Registers of an SD host controller, and where i.MX's differ. */
#include "pd/blk_driver/sdhci_bus.h"

#include "pd/blk_driver/sdhci_registers.h"

/* What becomes true at once, or within microseconds, on a controller that works. */
#define READS_MAX 20000u

/* Clock to find cards with, SD 4.2.1. */
#define FIND_HZ 400000u

/* All that the driver looks at: the ends of commands and transfers, and errors. */
#define INTERRUPTS (SDHCI_STATUS_COMMAND | SDHCI_STATUS_TRANSFER | SDHCI_STATUS_ERRORS)

/* Capabilities: the clock's frequency in MHz, SDHC 2.2.26. */
#define CAPABILITY_CLOCK_SHIFT 8u
#define CAPABILITY_CLOCK_MASK 0xffu

/* uSDHC: PROT_CTRL has little-endian data, ADMA2 and the bus's width; VEND_SPEC the clock's gates. */
#define USDHC_LITTLE_ENDIAN (2u << 4)
#define USDHC_4_BITS (1u << 1)
#define USDHC_ADMA2 (2u << 8)
#define USDHC_CLOCK_GATES 0xfu
#define USDHC_CLOCK_STABLE (1u << 3)
/* Bits of the mixer that are not the mode: clock tuning. */
#define USDHC_MIX_KEPT 0xffffff80u

static uint32_t read(const struct blk_sdhci *card, uint32_t offset)
{
    return card->registers.read(card->registers.context, offset);
}

static void write(const struct blk_sdhci *card, uint32_t offset, uint32_t value)
{
    card->registers.write(card->registers.context, offset, value);
}

/* Errors: ERR_STATE (bits other than `value` after all those reads). */
static enum err await_bits(const struct blk_sdhci *card, uint32_t offset, uint32_t mask, uint32_t value)
{
    for (uint32_t i = 0; i < READS_MAX; i++) {
        if ((read(card, offset) & mask) == value) {
            return ERR_OK;
        }
    }
    return ERR_STATE;
}

static enum err reset(struct blk_sdhci *card, uint32_t bits)
{
    write(card, SDHCI_CLOCK,
          (read(card, SDHCI_CLOCK) & ~(SDHCI_RESET_ALL | SDHCI_RESET_COMMAND | SDHCI_RESET_DATA)) | bits);
    return await_bits(card, SDHCI_CLOCK, bits, 0);
}

/* SDHC 3.2.1, 2.2.14: the frequency is divided by twice the divisor, which has ten bits. */
static enum err clock_standard(struct blk_sdhci *card, uint32_t hz)
{
    uint32_t divisor = card->base_hz <= hz ? 0 : (card->base_hz + 2 * hz - 1) / (2 * hz);

    divisor = divisor > 0x3ff ? 0x3ff : divisor;
    const uint32_t value =
        SDHCI_CLOCK_TIMEOUT_MAX | (divisor & 0xff) << 8 | (divisor >> 8) << 6 | SDHCI_CLOCK_INTERNAL;
    write(card, SDHCI_CLOCK, SDHCI_CLOCK_TIMEOUT_MAX); /* not while it runs */
    write(card, SDHCI_CLOCK, value);
    const enum err err = await_bits(card, SDHCI_CLOCK, SDHCI_CLOCK_STABLE, SDHCI_CLOCK_STABLE);
    if (err == ERR_OK) {
        write(card, SDHCI_CLOCK, value | SDHCI_CLOCK_CARD);
    }
    return err;
}

/* IMX8MPRM 10.3.7.1.13: a prescaler, a power of two, and a divisor up to 16. */
static enum err clock_usdhc(struct blk_sdhci *card, uint32_t hz)
{
    uint32_t prescaler = 1;
    uint32_t divisor = 1;

    while (prescaler < 256 && card->base_hz / (prescaler * 16) > hz) {
        prescaler *= 2;
    }
    while (divisor < 16 && card->base_hz / (prescaler * divisor) > hz) {
        divisor++;
    }
    write(card, SDHCI_CLOCK,
          SDHCI_CLOCK_TIMEOUT_MAX | (prescaler >> 1) << 8 | (divisor - 1) << 4 | USDHC_CLOCK_GATES);
    return await_bits(card, SDHCI_PRESENT, USDHC_CLOCK_STABLE, USDHC_CLOCK_STABLE);
}

enum err sdhci_bus_clock(struct blk_sdhci *card, uint32_t hz)
{
    return card->kind->is_usdhc ? clock_usdhc(card, hz) : clock_standard(card, hz);
}

static void set_control(struct blk_sdhci *card, bool is_wide)
{
    if (card->kind->is_usdhc) {
        write(card, SDHCI_CONTROL, USDHC_LITTLE_ENDIAN | USDHC_ADMA2 | (is_wide ? USDHC_4_BITS : 0));
    } else {
        write(card, SDHCI_CONTROL,
              SDHCI_CONTROL_ADMA2 | SDHCI_CONTROL_POWER_3V3 | (is_wide ? SDHCI_CONTROL_4_BITS : 0));
    }
}

void sdhci_bus_width_4(struct blk_sdhci *card)
{
    set_control(card, true);
}

enum err sdhci_bus_start(struct blk_sdhci *card)
{
    const uint32_t capabilities = read(card, SDHCI_CAPABILITIES);
    const uint32_t megahertz = capabilities >> CAPABILITY_CLOCK_SHIFT & CAPABILITY_CLOCK_MASK;

    card->base_hz = card->kind->base_clock_hz != 0 ? card->kind->base_clock_hz : megahertz * 1000000u;
    /* A device that is not there reads as zeroes or as ones. */
    const uint32_t adma2 = card->kind->is_usdhc ? 1u << 20 : SDHCI_CAPABILITY_ADMA2;
    if (capabilities == UINT32_MAX || (capabilities & adma2) == 0 || card->base_hz == 0) {
        return ERR_UNSUPPORTED;
    }
    enum err err = reset(card, SDHCI_RESET_ALL);
    if (err != ERR_OK) {
        return err;
    }
    if ((read(card, SDHCI_PRESENT) & SDHCI_PRESENT_CARD) == 0) {
        return ERR_UNSUPPORTED;
    }
    set_control(card, false);
    err = sdhci_bus_clock(card, FIND_HZ);
    if (err == ERR_OK) {
        write(card, SDHCI_STATUS, UINT32_MAX);
        write(card, SDHCI_STATUS_ENABLE, INTERRUPTS);
        write(card, SDHCI_SIGNAL_ENABLE, INTERRUPTS);
    }
    return err;
}

void sdhci_bus_stop(struct blk_sdhci *card)
{
    write(card, SDHCI_SIGNAL_ENABLE, 0);
    /* One that does not answer has no more than the memory of a request that failed. */
    if (reset(card, SDHCI_RESET_ALL) != ERR_OK) {
        write(card, SDHCI_CLOCK, 0);
    }
}

enum err sdhci_bus_reset_lines(struct blk_sdhci *card)
{
    const enum err err = reset(card, SDHCI_RESET_COMMAND | SDHCI_RESET_DATA);

    write(card, SDHCI_STATUS, UINT32_MAX);
    return err;
}

void sdhci_bus_prepare(struct blk_sdhci *card, uint32_t sector_count)
{
    write(card, SDHCI_ADMA, (uint32_t)card->table_paddr);
    if (!card->kind->is_usdhc) {
        write(card, SDHCI_ADMA_HIGH, 0);
    }
    write(card, SDHCI_BLOCK, BLK_SECTOR_BYTES | sector_count << 16);
}

enum err sdhci_bus_command(struct blk_sdhci *card, uint32_t index, uint32_t flags, uint32_t argument,
                           uint32_t mode)
{
    const bool is_busy = (flags & SDHCI_COMMAND_RESPONSE) == SDHCI_COMMAND_SHORT_BUSY;
    const bool has_data = (flags & SDHCI_COMMAND_DATA) != 0;
    const bool is_abort = (flags & SDHCI_COMMAND_ABORT) == SDHCI_COMMAND_ABORT;
    const uint32_t inhibit =
        SDHCI_PRESENT_COMMAND_INHIBIT | ((is_busy && !is_abort) || has_data ? SDHCI_PRESENT_DATA_INHIBIT : 0);

    const enum err err = await_bits(card, SDHCI_PRESENT, inhibit, 0);
    if (err != ERR_OK) {
        return err;
    }
    write(card, SDHCI_ARGUMENT, argument);
    /* A transfer's end says that its command ended as well. */
    write(card, SDHCI_SIGNAL_ENABLE, has_data ? INTERRUPTS & ~SDHCI_STATUS_COMMAND : INTERRUPTS);
    if (card->kind->is_usdhc) {
        write(card, SDHCI_USDHC_MIX, (read(card, SDHCI_USDHC_MIX) & USDHC_MIX_KEPT) | mode);
        mode = 0;
    }
    write(card, SDHCI_COMMAND, index << SDHCI_COMMAND_INDEX_SHIFT | flags | mode);
    return ERR_OK;
}

uint32_t sdhci_bus_response(const struct blk_sdhci *card, unsigned int number)
{
    return read(card, SDHCI_RESPONSE + 4 * number);
}

uint32_t sdhci_bus_interrupts(struct blk_sdhci *card)
{
    const uint32_t status = read(card, SDHCI_STATUS) & INTERRUPTS;

    if (status != 0) {
        write(card, SDHCI_STATUS, status);
    }
    return status;
}
