/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/net/checksum.h"

#include "lib/base/mem.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "sums are kept in memory order of this machine");

/* Ones'-complement addition: a carry out of the top comes back in at the bottom. */
static checksum_t add_carry(checksum_t sum, uint64_t value)
{
    sum += value;
    return sum + (sum < value);
}

static uint64_t load64(const uint8_t *at)
{
    uint64_t value;

    memcpy(&value, at, sizeof value);
    return value;
}

checksum_t checksum_add(checksum_t sum, const uint8_t *data, uint32_t bytes)
{
    uint64_t last = 0;

    for (; bytes >= 32; bytes -= 32, data += 32) {
        sum = add_carry(sum, load64(data));
        sum = add_carry(sum, load64(data + 8));
        sum = add_carry(sum, load64(data + 16));
        sum = add_carry(sum, load64(data + 24));
    }
    for (; bytes >= 8; bytes -= 8, data += 8) {
        sum = add_carry(sum, load64(data));
    }
    for (uint32_t i = 0; i < bytes; i++) {
        last |= (uint64_t)data[i] << (8 * i);
    }
    return add_carry(sum, last);
}

checksum_t checksum_add_number(checksum_t sum, uint16_t number)
{
    return add_carry(sum, (uint64_t)(uint16_t)(number << 8 | number >> 8));
}

void checksum_store(checksum_t sum, uint8_t to[2])
{
    sum = (sum & 0xffffffffu) + (sum >> 32);
    sum = (sum & 0xffffffffu) + (sum >> 32);
    sum = (sum & 0xffffu) + (sum >> 16);
    sum = (sum & 0xffffu) + (sum >> 16);
    const uint16_t result = (uint16_t)~sum;
    to[0] = (uint8_t)result;
    to[1] = (uint8_t)(result >> 8);
}
