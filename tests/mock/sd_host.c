/* SPDX-License-Identifier: BSD-2-Clause */
/* Registers, card and data of an SD host controller. */
#include "tests/mock/sd_host.h"

#include <stdlib.h>
#include <string.h>

#include "pd/blk_driver/sdhci_registers.h"

#define STATUS_DATA_CRC (1u << 21)
#define STATUS_ADMA (1u << 25)
#define R1_IN_TRANSFER 0x900u
#define R1_RECEIVES 0xd00u
#define R1_OUT_OF_RANGE 0x80000000u

static uint32_t *reg(struct sd_host *host, uint32_t offset)
{
    return &host->registers[offset / 4];
}

static void respond(struct sd_host *host, uint32_t response)
{
    *reg(host, SDHCI_RESPONSE) = response;
}

static void end_command(struct sd_host *host, uint32_t more)
{
    *reg(host, SDHCI_STATUS) |= (SDHCI_STATUS_COMMAND | more) & *reg(host, SDHCI_STATUS_ENABLE);
}

static void raise_error(struct sd_host *host, uint32_t error)
{
    *reg(host, SDHCI_STATUS) |= SDHCI_STATUS_ERROR | (error & *reg(host, SDHCI_STATUS_ENABLE));
}

/* The bits `high` to `low` of a CSD, in the response's words, which lack the lowest eight. */
static void set_csd(struct sd_host *host, unsigned int high, unsigned int low, uint32_t value)
{
    for (unsigned int bit = low; bit <= high; bit++) {
        const unsigned int at = bit - 8;

        host->registers[SDHCI_RESPONSE / 4 + at / 32] |= (value >> (bit - low) & 1) << (at % 32);
    }
}

static void respond_csd(struct sd_host *host)
{
    memset(reg(host, SDHCI_RESPONSE), 0, 16);
    switch (host->kind) {
    case SD_HOST_LARGE:
        set_csd(host, 127, 126, 1);
        set_csd(host, 69, 48, SD_HOST_SECTORS / 1024 - 1);
        break;
    case SD_HOST_STRANGE:
        set_csd(host, 127, 126, 3);
        break;
    default: /* SD 5.3.2: 16 * 256 blocks of 512 bytes */
        set_csd(host, 83, 80, 9);
        set_csd(host, 73, 62, SD_HOST_SECTORS / 256 - 1);
        set_csd(host, 49, 47, 6);
        break;
    }
    set_csd(host, 12, 12, host->is_read_only);
}

/* One entry of the table. False if it names what is not there. */
static bool move(struct sd_host *host, const struct blk_sdhci_adma *entry, uint8_t *card, bool to_memory)
{
    if (entry->paddr < host->memory_paddr || entry->paddr % 4 != 0 ||
        entry->paddr - host->memory_paddr + entry->bytes > host->memory_bytes) {
        return false;
    }
    uint8_t *memory = host->memory + (entry->paddr - host->memory_paddr);
    memcpy(to_memory ? memory : card, to_memory ? card : memory, entry->bytes);
    return true;
}

/* All of the table's entries. */
static bool move_all(struct sd_host *host, uint64_t first, bool to_memory)
{
    const uint32_t block = *reg(host, SDHCI_BLOCK);
    uint64_t left = (uint64_t)(block >> 16) * (block & 0xfff);
    uint8_t *card = host->contents + first * 512;
    struct blk_sdhci_adma entry = {0};

    if ((block & 0xfff) != 512 || first + (block >> 16) > SD_HOST_SECTORS) {
        return false;
    }
    for (uint64_t at = *reg(host, SDHCI_ADMA) - host->memory_paddr;
         left != 0 && (entry.attributes & SDHCI_ADMA_END) == 0; at += sizeof entry) {
        if (at > host->memory_bytes - sizeof entry) {
            return false;
        }
        memcpy(&entry, host->memory + at, sizeof entry);
        if (entry.attributes !=
                (SDHCI_ADMA_VALID | SDHCI_ADMA_TRANSFER | (entry.attributes & SDHCI_ADMA_END)) ||
            entry.bytes > left || !move(host, &entry, card, to_memory)) {
            return false;
        }
        card += entry.bytes;
        left -= entry.bytes;
    }
    return left == 0 && (entry.attributes & SDHCI_ADMA_END) != 0;
}

static void transfer(struct sd_host *host, uint32_t index, uint32_t mode)
{
    const uint32_t argument = *reg(host, SDHCI_ARGUMENT);
    const uint64_t first = host->kind == SD_HOST_LARGE ? argument : argument / 512;
    const bool is_many = index == 18 || index == 25;
    const bool is_read = index == 17 || index == 18;
    const uint32_t wanted = SDHCI_MODE_DMA | SDHCI_MODE_COUNT | (is_read ? SDHCI_MODE_READ : 0) |
                            (is_many ? SDHCI_MODE_MANY | SDHCI_MODE_AUTO_12 : 0);

    host->transfers++;
    if ((mode & 0x3f) != wanted || (*reg(host, SDHCI_BLOCK) >> 16 > 1) != is_many) {
        abort(); /* the driver's fault */
    }
    respond(host, R1_IN_TRANSFER);
    if (host->data_errors != 0) {
        host->data_errors--;
        raise_error(host, STATUS_DATA_CRC);
    } else if (host->card_errors != 0) {
        host->card_errors--;
        respond(host, R1_IN_TRANSFER | R1_OUT_OF_RANGE);
        end_command(host, SDHCI_STATUS_TRANSFER);
    } else if (!move_all(host, first, is_read)) {
        raise_error(host, STATUS_ADMA);
    } else {
        end_command(host, SDHCI_STATUS_TRANSFER);
    }
}

static void app_command(struct sd_host *host, uint32_t index)
{
    host->app = false;
    if (index == 41 && host->busy_conds != 0) {
        host->busy_conds -= host->busy_conds == UINT32_MAX ? 0 : 1;
        respond(host, 0x00ff8000u);
    } else if (index == 41) {
        respond(host, 0x80ff8000u | (host->kind == SD_HOST_LARGE ? 1u << 30 : 0));
    } else {
        respond(host, R1_IN_TRANSFER);
    }
    end_command(host, 0);
}

static void command(struct sd_host *host, uint32_t index, uint32_t mode)
{
    if (host->app) {
        app_command(host, index);
        return;
    }
    switch (index) {
    case 8:
        if (host->kind == SD_HOST_OLD) {
            raise_error(host, SDHCI_STATUS_COMMAND_TIMEOUT);
            return;
        }
        respond(host, *reg(host, SDHCI_ARGUMENT));
        break;
    case 3:
        respond(host, SD_HOST_RCA << 16);
        break;
    case 9:
        respond_csd(host);
        break;
    case 12:
        if (host->stop_fails) {
            raise_error(host, SDHCI_STATUS_COMMAND_TIMEOUT);
            return;
        }
        break;
    case 13:
        respond(host, host->never_recovers ? R1_RECEIVES : R1_IN_TRANSFER);
        break;
    case 17:
    case 18:
    case 24:
    case 25:
        transfer(host, index, mode);
        return;
    case 55:
        host->app = true;
        break;
    default:
        break;
    }
    end_command(host, index == 7 || index == 12 ? SDHCI_STATUS_TRANSFER : 0);
}

static void reset(struct sd_host *host, uint32_t value)
{
    if ((value & SDHCI_RESET_ALL) != 0 && !host->never_resets) {
        memset(host->registers, 0, sizeof host->registers);
        host->app = false;
        host->resets++;
    }
}

static void write_clock(struct sd_host *host, uint32_t value)
{
    const uint32_t resets = SDHCI_RESET_ALL | SDHCI_RESET_COMMAND | SDHCI_RESET_DATA;

    reset(host, value);
    *reg(host, SDHCI_CLOCK) = host->never_resets ? value : value & ~resets;
    if ((value & SDHCI_CLOCK_INTERNAL) != 0 && !host->clock_never_stable) {
        *reg(host, SDHCI_CLOCK) |= host->is_usdhc ? 0 : SDHCI_CLOCK_STABLE;
    }
}

uint32_t sd_host_read(void *context, uint32_t offset)
{
    struct sd_host *host = context;

    if (host->is_absent) {
        return UINT32_MAX;
    }
    switch (offset) {
    case SDHCI_PRESENT:
        return (host->kind == SD_HOST_NO_CARD ? 0 : SDHCI_PRESENT_CARD) |
               (host->is_usdhc && !host->clock_never_stable ? 8u : 0) |
               (host->keeps_lines ? SDHCI_PRESENT_COMMAND_INHIBIT : 0);
    case SDHCI_CAPABILITIES:
        return 100u << 8 | (host->is_usdhc ? 1u << 20 : SDHCI_CAPABILITY_ADMA2);
    default:
        return *reg(host, offset & 0xfc);
    }
}

void sd_host_write(void *context, uint32_t offset, uint32_t value)
{
    struct sd_host *host = context;

    switch (offset) {
    case SDHCI_CLOCK:
        write_clock(host, value);
        break;
    case SDHCI_STATUS:
        *reg(host, SDHCI_STATUS) &= ~value;
        if ((*reg(host, SDHCI_STATUS) & SDHCI_STATUS_ERRORS) == 0) {
            *reg(host, SDHCI_STATUS) &= ~SDHCI_STATUS_ERROR;
        }
        break;
    case SDHCI_COMMAND:
        if (!host->stalls) {
            command(host, value >> SDHCI_COMMAND_INDEX_SHIFT & 0x3f,
                    host->is_usdhc ? *reg(host, SDHCI_USDHC_MIX) : value & 0xffff);
        }
        break;
    default:
        *reg(host, offset & 0xfc) = value;
        break;
    }
}

bool sd_host_interrupts(const struct sd_host *host)
{
    return (host->registers[SDHCI_STATUS / 4] & host->registers[SDHCI_SIGNAL_ENABLE / 4]) != 0;
}
