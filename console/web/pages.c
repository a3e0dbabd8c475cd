/* SPDX-License-Identifier: BSD-2-Clause */
#include "console/web/pages.h"

#include <stdio.h>
#include <string.h>

#include "console/web/bundle.h"

const char pages_headers[] =
    "content-security-policy: default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors "
    "'none'\r\n"
    "x-content-type-options: nosniff\r\n"
    "referrer-policy: no-referrer\r\n"
    "cache-control: no-store\r\n";

enum place { PLACE_PAGES = 0, PLACE_STYLE, PLACE_SCRIPT };

static const struct {
    const char *name; /* behind the token */
    const char *file; /* of PLACE_PAGES */
    const char *type;
    enum place place;
} files[] = {
    {"", "index.html", "text/html; charset=utf-8", PLACE_PAGES},
    {"page.css", "page.css", "text/css", PLACE_PAGES},
    {"page.js", "page.js", "text/javascript", PLACE_PAGES},
    {"picture.js", "picture.js", "text/javascript", PLACE_PAGES},
    {"xterm.css", NULL, "text/css", PLACE_STYLE},
    {"xterm.js", NULL, "text/javascript", PLACE_SCRIPT},
};

const char *pages_find(const char *name, const char *pages, int xterm, char *path, size_t path_bytes)
{
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        if (strcmp(name, files[i].name) != 0) {
            continue;
        }
        if (files[i].place == PLACE_PAGES) {
            (void)snprintf(path, path_bytes, "%s/%s", pages, files[i].file);
        } else if (files[i].place == PLACE_STYLE) {
            (void)snprintf(path, path_bytes, "%s", BUNDLE_STYLE);
        } else {
            (void)snprintf(path, path_bytes, "/proc/self/fd/%d", xterm);
        }
        return files[i].type;
    }
    return NULL;
}
