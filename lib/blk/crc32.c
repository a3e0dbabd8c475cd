/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/blk/crc32.h"

#define POLYNOMIAL 0xedb88320u

uint32_t crc32_of(const void *data, size_t bytes)
{
    const uint8_t *at = data;
    uint32_t crc = 0xffffffffu;

    for (size_t i = 0; i < bytes; i++) {
        crc ^= at[i];
        for (unsigned int bit = 0; bit < 8; bit++) {
            crc = crc >> 1 ^ ((crc & 1) != 0 ? POLYNOMIAL : 0);
        }
    }
    return ~crc;
}
