/* SPDX-License-Identifier: BSD-2-Clause */
/** The system descriptor (kernel/include/sysdesc.h) of an image: all authority of all PDs, as data. */
#pragma once

#include <stdint.h>

#include "lib/base/err.h"
#include "tool/image/image.h"

/** Allocate image->descriptor, of the final size, and fill what does not depend on addresses. */
void descriptor_create(struct image *image);

/** Fill in addresses, once the layout is solved and the pool is placed. */
void descriptor_set_addresses(struct image *image);
