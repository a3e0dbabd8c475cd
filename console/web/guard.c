/* SPDX-License-Identifier: BSD-2-Clause */
#include "console/web/guard.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#define RANDOM_BYTES ((GUARD_TOKEN_BYTES - 1) / 2)

bool guard_make_token(char token[GUARD_TOKEN_BYTES])
{
    uint8_t bytes[RANDOM_BYTES];

    if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes)) {
        return false;
    }
    for (size_t i = 0; i < sizeof(bytes); i++) {
        (void)snprintf(token + 2 * i, 3, "%02x", bytes[i]);
    }
    return true;
}

const char *guard_path(const char *token, const char *path)
{
    const size_t length = strlen(token);
    unsigned char difference = 0;

    if (strlen(path) < length + 2 || path[0] != '/' || path[length + 1] != '/') {
        return NULL;
    }
    for (size_t i = 0; i < length; i++) {
        difference |= (unsigned char)(token[i] ^ path[1 + i]);
    }
    return difference == 0 ? path + length + 2 : NULL;
}

bool guard_host(const char *host, uint16_t port)
{
    static const char *const names[] = {"127.0.0.1", "localhost"};
    char expected[32];

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        (void)snprintf(expected, sizeof(expected), "%s:%u", names[i], port);
        if (strcmp(host, expected) == 0) {
            return true;
        }
    }
    return false;
}

bool guard_origin(const char *origin, const char *host)
{
    static const char scheme[] = "http://";

    return origin[0] == '\0' || (strncmp(origin, scheme, sizeof(scheme) - 1) == 0 &&
                                 strcmp(origin + sizeof(scheme) - 1, host) == 0);
}
