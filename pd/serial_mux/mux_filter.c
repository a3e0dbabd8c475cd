/* SPDX-License-Identifier: BSD-2-Clause */
#include "pd/serial_mux/mux_filter.h"

#include "lib/base/mem.h"

enum filter_state {
    STATE_GROUND = 0,
    STATE_ESCAPE,        /* after ESC */
    STATE_INTERMEDIATE,  /* after ESC and 0x20..0x2f */
    STATE_CSI,           /* after ESC [ */
    STATE_STRING,        /* title and the like: until BEL or ESC \ */
    STATE_STRING_ESCAPE, /* ESC within it */
    STATE_CHARACTER      /* inside a UTF-8 character */
};

#define ESC 0x1bu
#define BEL 0x07u
#define DEL 0x7fu

static void keep(struct mux_filter *filter, uint8_t byte)
{
    if (filter->kept_count < sizeof filter->kept) {
        filter->kept[filter->kept_count++] = byte;
    } else {
        filter->refused = true;
    }
}

static void begin(struct mux_filter *filter, enum filter_state state)
{
    filter->state = (uint8_t)state;
    filter->kept_count = 0;
    filter->refused = false;
}

static size_t release(struct mux_filter *filter, uint8_t *out)
{
    size_t count = filter->refused ? 0 : filter->kept_count;
    memcpy(out, filter->kept, count);
    begin(filter, STATE_GROUND);
    return count;
}

static size_t put(uint8_t byte, uint8_t *out)
{
    out[0] = byte;
    return 1;
}

/* Continuation bytes after a lead byte; 0: not a lead byte (RFC 3629). */
static uint8_t continuation_count(uint8_t lead)
{
    if (lead >= 0xc2 && lead <= 0xdf) {
        return 1;
    }
    if (lead >= 0xe0 && lead <= 0xef) {
        return 2;
    }
    return lead >= 0xf0 && lead <= 0xf4 ? 3 : 0;
}

static size_t ground(struct mux_filter *filter, uint8_t byte, uint8_t *out)
{
    if (byte == ESC) {
        begin(filter, STATE_ESCAPE);
        return 0;
    }
    if (byte < 0x80) {
        return (byte >= 0x20 && byte != DEL) || byte == '\t' ? put(byte, out) : 0;
    }
    filter->expected = continuation_count(byte);
    if (filter->expected == 0) {
        return put('?', out);
    }
    begin(filter, STATE_CHARACTER);
    keep(filter, byte);
    return 0;
}

static size_t character(struct mux_filter *filter, uint8_t byte, uint8_t *out)
{
    if ((byte & 0xc0) != 0x80) {
        begin(filter, STATE_GROUND);
        size_t count = put('?', out);
        return count + ground(filter, byte, out + count);
    }
    /* U+0080..U+009F are control characters too; terminals take U+009B for CSI. */
    if (filter->kept_count == 1 && filter->kept[0] == 0xc2 && byte < 0xa0) {
        filter->refused = true;
    }
    keep(filter, byte);
    filter->expected--;
    return filter->expected == 0 ? release(filter, out) : 0;
}

static size_t escape(struct mux_filter *filter, uint8_t byte)
{
    if (byte == '[') {
        begin(filter, STATE_CSI);
        keep(filter, ESC);
        keep(filter, byte);
    } else if (byte == ']' || byte == 'P' || byte == 'X' || byte == '^' || byte == '_') {
        begin(filter, STATE_STRING);
    } else if (byte >= 0x20 && byte <= 0x2f) {
        begin(filter, STATE_INTERMEDIATE);
    } else if (byte != ESC) {
        begin(filter, STATE_GROUND);
    }
    return 0;
}

static size_t csi(struct mux_filter *filter, uint8_t byte, uint8_t *out)
{
    if ((byte >= '0' && byte <= '9') || byte == ';' || byte == ':') {
        keep(filter, byte);
        return 0;
    }
    if (byte >= 0x20 && byte <= 0x3f) {
        filter->refused = true; /* private or with intermediates: no colour */
        return 0;
    }
    if (byte == 'm') {
        keep(filter, byte);
        size_t count = release(filter, out);
        filter->coloured |= count > 0;
        return count;
    }
    begin(filter, byte == ESC ? STATE_ESCAPE : STATE_GROUND);
    return 0;
}

size_t mux_filter_byte(struct mux_filter *filter, uint8_t byte, uint8_t out[MUX_FILTER_OUT_BYTES])
{
    switch ((enum filter_state)filter->state) {
    case STATE_ESCAPE:
        return escape(filter, byte);
    case STATE_INTERMEDIATE:
        if (byte < 0x20 || byte > 0x2f) {
            begin(filter, STATE_GROUND);
        }
        return 0;
    case STATE_CSI:
        return csi(filter, byte, out);
    case STATE_STRING:
        if (byte == BEL || byte == ESC) {
            begin(filter, byte == BEL ? STATE_GROUND : STATE_STRING_ESCAPE);
        }
        return 0;
    case STATE_STRING_ESCAPE:
        begin(filter, byte == '\\' ? STATE_GROUND : STATE_STRING);
        return 0;
    case STATE_CHARACTER:
        return character(filter, byte, out);
    case STATE_GROUND:
    default:
        return ground(filter, byte, out);
    }
}

bool mux_filter_end_line(struct mux_filter *filter)
{
    bool coloured = filter->coloured;
    *filter = (struct mux_filter){0};
    return coloured;
}
