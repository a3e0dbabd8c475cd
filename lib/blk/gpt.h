/* SPDX-License-Identifier: BSD-2-Clause */
/** Partition tables on disk: GPT (UEFI 2.10, chapter 5.3) and MBR (5.2). Little-endian, as this machine is.
 */
#pragma once

#include <stdint.h>

#define GPT_SIGNATURE 0x5452415020494645ull /* "EFI PART" */
#define GPT_REVISION 0x00010000u
#define GPT_HEADER_LBA 1u
#define GPT_NAME_UNITS 36u
#define GPT_ENTRY_COUNT 128u
#define MBR_SIGNATURE 0xaa55u
#define MBR_ENTRY_COUNT 4u
#define MBR_TYPE_GPT 0xeeu
/** Extended partitions, of which the first three are by their kind of addresses: a chain of tables. */
#define MBR_TYPE_EXTENDED 0x05u
#define MBR_TYPE_EXTENDED_LBA 0x0fu
#define MBR_TYPE_EXTENDED_LINUX 0x85u
#define MBR_FIRST_LOGICAL 5u

struct gpt_header {
    uint64_t signature;
    uint32_t revision;
    uint32_t header_bytes;
    uint32_t header_crc; /**< of header_bytes bytes, this being 0 */
    uint32_t reserved;
    uint64_t my_lba;
    uint64_t alternate_lba;
    uint64_t first_usable_lba;
    uint64_t last_usable_lba;
    uint8_t disk_guid[16];
    uint64_t entries_lba;
    uint32_t entry_count;
    uint32_t entry_bytes;
    uint32_t entries_crc;
    uint32_t padding;
};
#define GPT_HEADER_BYTES 92u

struct gpt_entry {
    uint8_t type_guid[16]; /**< all zero: unused */
    uint8_t guid[16];
    uint64_t first_lba;
    uint64_t last_lba; /**< inclusive */
    uint64_t attributes;
    uint16_t name[GPT_NAME_UNITS]; /**< UTF-16 */
};

struct mbr_entry {
    uint8_t status;
    uint8_t first_chs[3];
    uint8_t type; /**< 0: unused */
    uint8_t last_chs[3];
    uint16_t first_lba[2]; /**< lower half first: the table is only 2-byte aligned */
    uint16_t lba_count[2];
};

/** LBA 0 behind its 446 bytes of boot code. */
#define MBR_ENTRIES_OFFSET 446u
#define MBR_SIGNATURE_OFFSET 510u

_Static_assert(sizeof(struct gpt_header) == 96, "UEFI 2.10, table 5-5");
_Static_assert(sizeof(struct gpt_entry) == 128, "UEFI 2.10, table 5-6");
_Static_assert(sizeof(struct mbr_entry) == 16, "UEFI 2.10, table 5-2");
