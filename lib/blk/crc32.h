/* SPDX-License-Identifier: BSD-2-Clause */
/** CRC-32 as GUID partition tables use it (ISO 3309; UEFI 2.10, section 5.3). */
#pragma once

#include <stddef.h>
#include <stdint.h>

/** The CRC of `bytes` bytes. */
uint32_t crc32_of(const void *data, size_t bytes);
