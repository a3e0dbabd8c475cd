/* SPDX-License-Identifier: BSD-2-Clause */
#include "tool/microkit/sdf_version.h"

#include <stdio.h>

#define PAGE_BYTES 0x1000ull
/* The 2.0 tool takes all pages of a size from one block of memory. Of the boards' RAM, as the kernel hands it
   out, no block is larger. */
#define BLOCK_BYTES 0x20000000ull

static bool at_least(struct sdf_version version, unsigned int major, unsigned int minor, unsigned int patch)
{
    if (version.major != major) {
        return version.major > major;
    }
    if (version.minor != minor) {
        return version.minor > minor;
    }
    return version.patch >= patch;
}

enum err sdf_version_parse(const char *text, struct diag *diag, struct sdf_version *version)
{
    struct loc nowhere = {0};

    if (sscanf(text, "%4u.%4u.%4u", &version->major, &version->minor, &version->patch) != 3) {
        diag_error(diag, nowhere, "\"%s\" is not the version of a Microkit SDK, such as 2.0.1", text);
        return ERR_FORMAT;
    }
    if (!at_least(*version, 2, 0, 1)) {
        diag_error(diag, nowhere, "Microkit %s is too old: 2.0.1 up to 2.3.0 are supported", text);
        return ERR_UNSUPPORTED;
    }
    if (at_least(*version, 2, 3, 1)) {
        diag_warning(diag, nowhere, "Microkit %s is newer than 2.3.0, the newest that is known here", text);
    }
    return ERR_OK;
}

struct sdf_features sdf_version_features(struct sdf_version version)
{
    return (struct sdf_features){
        .cpu = at_least(version, 2, 1, 0),
        .setvar_id = at_least(version, 2, 1, 0),
        .prefill = at_least(version, 2, 2, 0),
        .fpu = at_least(version, 2, 3, 0),
        .top_bytes = at_least(version, 2, 3, 0) ? 2 * PAGE_BYTES : 0,
        .pool_bytes = at_least(version, 2, 1, 0) ? 0 : BLOCK_BYTES,
        .id_limit = 62,
    };
}
