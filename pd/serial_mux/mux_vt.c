/* SPDX-License-Identifier: BSD-2-Clause */
#include "pd/serial_mux/mux_vt.h"

enum vt_state { STATE_GROUND = 0, STATE_ESCAPE, STATE_CSI, STATE_CHARACTER };

#define ESC 0x1bu
#define PARAMETER_MAX 9999u
#define BEYOND_ANY_SCREEN 500u
/* A longer sequence is no sequence. */
#define PENDING_MAX 64u

static void begin_csi(struct mux_vt *vt)
{
    vt->state = STATE_CSI;
    vt->is_private = false;
    vt->parameter_count = 1;
    vt->parameters[0] = 0;
}

static void take_digit(struct mux_vt *vt, uint8_t byte)
{
    uint16_t *parameter = &vt->parameters[vt->parameter_count - 1];
    uint32_t value = *parameter * 10u + (uint32_t)(byte - '0');
    *parameter = (uint16_t)(value < PARAMETER_MAX ? value : PARAMETER_MAX);
}

static uint16_t parameter(const struct mux_vt *vt, uint8_t index)
{
    return index < vt->parameter_count && vt->parameters[index] != 0 ? vt->parameters[index] : 1;
}

static void place_cursor(struct mux_vt *vt)
{
    uint16_t row = parameter(vt, 0);
    uint16_t column = parameter(vt, 1);
    if (row == 1 && column == 1) {
        if (vt->homes < UINT8_MAX) {
            vt->homes++;
        }
    } else if (row < BEYOND_ANY_SCREEN && column < BEYOND_ANY_SCREEN) {
        vt->placed = true;
    }
}

static void switch_modes(struct mux_vt *vt, bool on)
{
    for (uint8_t i = 0; vt->is_private && i < vt->parameter_count; i++) {
        if (vt->parameters[i] == 47 || vt->parameters[i] == 1047 || vt->parameters[i] == 1049) {
            vt->alternate = on;
            mux_vt_enter(vt); /* where the cursor went there says nothing about here */
        }
    }
}

static void finish_csi(struct mux_vt *vt, uint8_t final)
{
    vt->state = STATE_GROUND;
    if (final == 'H' || final == 'f') {
        place_cursor(vt);
    } else if (final == 'h' || final == 'l') {
        switch_modes(vt, final == 'h');
    }
}

static void ground(struct mux_vt *vt, uint8_t byte)
{
    if (byte >= 0xc2 && byte <= 0xf4) {
        vt->state = STATE_CHARACTER;
        vt->expected = byte >= 0xf0 ? 3 : byte >= 0xe0 ? 2 : 1;
    }
}

static void character(struct mux_vt *vt, uint8_t byte)
{
    vt->expected--;
    if (vt->expected == 0 || (byte & 0xc0) != 0x80) {
        vt->state = STATE_GROUND;
    }
}

static void escape(struct mux_vt *vt, uint8_t byte)
{
    vt->state = STATE_GROUND;
    if (byte == '[') {
        begin_csi(vt);
    } else if (byte == 'c') {
        *vt = (struct mux_vt){0}; /* full reset */
    }
}

static void csi(struct mux_vt *vt, uint8_t byte)
{
    if (byte >= '0' && byte <= '9') {
        take_digit(vt, byte);
    } else if (byte == ';' && vt->parameter_count < MUX_VT_MAX_PARAMETERS) {
        vt->parameters[vt->parameter_count++] = 0;
    } else if (byte == '?') {
        vt->is_private = true;
    } else if (byte >= 0x40) {
        finish_csi(vt, byte);
    }
}

void mux_vt_byte(struct mux_vt *vt, uint8_t byte)
{
    vt->pending++;
    if (byte == ESC) {
        vt->state = STATE_ESCAPE;
        vt->pending = 1;
    } else if (vt->state == STATE_ESCAPE) {
        escape(vt, byte);
    } else if (vt->state == STATE_CSI) {
        csi(vt, byte);
    } else if (vt->state == STATE_CHARACTER) {
        character(vt, byte);
    } else {
        ground(vt, byte);
    }
    if (vt->state == STATE_GROUND || vt->pending > PENDING_MAX) {
        vt->state = STATE_GROUND;
        vt->pending = 0;
    }
}

uint32_t mux_vt_pending(const struct mux_vt *vt)
{
    return vt->pending;
}

void mux_vt_enter(struct mux_vt *vt)
{
    vt->placed = false;
    vt->homes = 0;
}

bool mux_vt_is_full_screen(const struct mux_vt *vt)
{
    return vt->alternate || vt->placed || vt->homes > 1;
}
