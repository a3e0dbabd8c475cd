/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hostile consoles and anything typed. Whatever they send, no byte of a console in the background reaches the
 * terminal as a control (but colours), and the multiplexer comes to rest.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tests/mock/mux_fixture.h"

static void require(bool condition)
{
    if (!condition) {
        abort();
    }
}

/* vm1 keeps the focus and writes no controls, so the terminal may get colours, CR, LF, CSI K and text only.
 */
static void check_terminal(struct mux_fixture *f)
{
    size_t length = f->terminal_bytes;
    const char *text = mux_fixture_shown(f);
    for (size_t i = 0; i < length; i++) {
        uint8_t byte = (uint8_t)text[i];
        if (byte == 0x1b) {
            require(text[i + 1] == '[');
            i += 2;
            i += strspn(&text[i], "0123456789;:");
            require(text[i] == 'm' || text[i] == 'K');
            continue;
        }
        require(byte >= 0x20 || byte == '\r' || byte == '\n' || byte == '\t');
        require(byte != 0x7f && !(byte == 0xc2 && (uint8_t)text[i + 1] < 0xa0));
    }
}

/* Sent by whoever may not disturb the terminal: anything. */
static void write_any(struct mux_fixture *f, uint32_t client, const uint8_t *bytes, uint32_t count)
{
    (void)ring_write(&f->clients[client], bytes, count);
}

static void attack_region(struct mux_fixture *f, uint32_t client, const uint8_t *bytes)
{
    uint32_t value;
    memcpy(&value, bytes, sizeof value);
    memcpy(&f->regions[client][1][bytes[4] % 32u * 4u], &value, sizeof value);
}

/* Keys that leave the focus where it is. */
static void press(struct mux_fixture *f, uint8_t key)
{
    static const char *const keys[] = {"\x1cl",
                                       "\x1c?",
                                       "\x1c"
                                       "b2",
                                       "\x1c"
                                       "b0",
                                       "\x1cs2",
                                       "\x1cs0",
                                       "\x1c"
                                       "c",
                                       "\x1c\x1c",
                                       "\x1cgnone\r",
                                       "text\r",
                                       "\x1c"
                                       "0",
                                       "\x1cs\x1c"};
    (void)mux_fixture_type(f, keys[key % (sizeof keys / sizeof keys[0])]);
}

static size_t step(struct mux_fixture *f, const uint8_t *bytes, size_t left)
{
    uint32_t count = bytes[1] < left - 2 ? bytes[1] : (uint32_t)(left - 2);
    uint32_t client = 1 + (bytes[0] >> 4 & 1);
    char drain[512];
    switch (bytes[0] & 7) {
    case 0:
    case 1:
        write_any(f, client, bytes + 2, count);
        return 2 + count;
    case 2:
        (void)mux_fixture_write(f, 0, bytes[1] & 1 ? "a line\r\n" : "prompt# ");
        return 2;
    case 3:
        press(f, bytes[1]);
        return 2;
    case 4:
        if (left < 7) {
            return left;
        }
        attack_region(f, client, bytes + 2);
        return 7;
    case 5:
        mux_fixture_start_client(f, client);
        return 2;
    case 6:
        mux_fixture_log(f, bytes[1] & 1 ? "kernel: line\n" : "half ");
        return 2;
    default:
        (void)mux_fixture_read(f, bytes[1] % MUX_FIXTURE_CLIENTS, drain, sizeof drain);
        return 2;
    }
}

/* Second kind of run: everything typed, the focus moves about; only that it ends and stays in bounds counts.
 */
static void run_free(struct mux_fixture *f, const uint8_t *bytes, size_t length)
{
    while (length > 2) {
        size_t count = bytes[1] < length - 2 ? bytes[1] : length - 2;
        if ((bytes[0] & 1) != 0) {
            (void)ring_write(&f->driver, bytes + 2, (uint32_t)count);
        } else {
            write_any(f, bytes[0] >> 1 & 1, bytes + 2, (uint32_t)count);
        }
        mux_fixture_run(f);
        (void)mux_fixture_shown(f);
        char drain[512];
        (void)mux_fixture_read(f, bytes[0] >> 4 & 1, drain, sizeof drain);
        bytes += 2 + count;
        length -= 2 + count;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    struct mux_fixture *f = &mux_fixture;
    if (length < 3) {
        return 0;
    }
    mux_fixture_start(f, MUX_FIXTURE_CLIENTS);
    if ((bytes[0] & 1) != 0) {
        run_free(f, bytes + 1, length - 1);
        return 0;
    }
    bytes++;
    length--;
    while (length >= 2) {
        size_t used = step(f, bytes, length);
        bytes += used;
        length -= used;
        if ((used & 1) == 0 || length < 2) {
            mux_fixture_run(f);
            check_terminal(f);
        }
    }
    return 0;
}
