/* SPDX-License-Identifier: BSD-2-Clause */
/* The stub: its channel, and what comes from the guest. */
#include "vmm/debug/debugger.h"

#include <stddef.h>

#include "lib/aarch64/esr.h"
#include "vmm/debug/gdb.h"

#define READ_BYTES 256u

void debugger_init(struct debugger *debugger)
{
    const struct config_link *link = &debugger->config->debug;

    debugger->points.mem = debugger->mem;
    debugger->points.vcpu_count = debugger->config->vcpu_count;
    if (link->bytes == 0) {
        return;
    }
    debugger->description_bytes = debug_registers_describe(debugger->description);
    /* This program may have been started again, with a debugger at its guest. */
    for (uint32_t i = 0; i < debugger->config->vcpu_count; i++) {
        (void)platform_debug_write(i, PLATFORM_DEBUG_DEBUGGER, 0);
    }
    debug_points_reset(&debugger->points);
    debugger->has_link = ring_init(&debugger->link, (void *)(uintptr_t)link->own,
                                   (const void *)(uintptr_t)link->peer, link->bytes) == ERR_OK;
    if (debugger->has_link) {
        microkit_notify(link->channel);
        debugger_notified(debugger);
    }
}

bool debugger_owns(const struct debugger *debugger, microkit_channel channel)
{
    return debugger->has_link && debugger->config->debug.channel == channel;
}

/* Send what waits. True: nothing is left. */
static bool flush(struct debugger *debugger)
{
    struct rsp_reply *reply = &debugger->reply;

    do {
        reply->sent += ring_write(&debugger->link, reply->wire + reply->sent, reply->used - reply->sent);
    } while (reply->sent < reply->used && ring_request_space(&debugger->link, 1));
    if (ring_should_signal_data(&debugger->link)) {
        microkit_notify(debugger->config->debug.channel);
    }
    return reply->sent == reply->used;
}

static void drop_reply(struct debugger *debugger)
{
    debugger->reply.used = 0;
    debugger->reply.sent = 0;
    debugger->reply.packet_first = 0;
}

/* What has been sent can be sent again until something else is. */
static void begin_reply(struct debugger *debugger)
{
    if (debugger->reply.sent == debugger->reply.used) {
        drop_reply(debugger);
    }
}

static void take_packet(struct debugger *debugger)
{
    if (!debugger->is_attached) {
        debug_control_attach(debugger);
    }
    begin_reply(debugger);
    rsp_put_raw(&debugger->reply, '+');
    gdb_handle(debugger);
}

static void take_interrupt(struct debugger *debugger)
{
    if (!debugger->is_attached || !debugger->is_running) {
        return;
    }
    debugger->stop = (struct debug_stop){.vcpu = debugger->selected, .signal = DEBUG_SIGNAL_INT};
    debug_control_stop(debugger);
    begin_reply(debugger);
    gdb_report_stop(debugger);
}

static void take_byte(struct debugger *debugger, uint8_t byte)
{
    switch (rsp_feed(&debugger->rsp, byte)) {
    case RSP_PACKET:
        take_packet(debugger);
        break;
    case RSP_DAMAGED:
        begin_reply(debugger);
        rsp_put_raw(&debugger->reply, '-');
        break;
    case RSP_INTERRUPT:
        take_interrupt(debugger);
        break;
    case RSP_RESEND:
        rsp_resend(&debugger->reply);
        break;
    case RSP_NOTHING:
    default:
        break;
    }
}

/* A tool has come, gone, or made room for another one. */
static void look_at_connection(struct debugger *debugger)
{
    const uint32_t connection = ring_peer_offer(&debugger->link);

    if (connection == debugger->connection) {
        return;
    }
    debugger->connection = connection;
    debugger->rsp.state = RSP_IDLE;
    drop_reply(debugger);
    if (debugger->is_attached) {
        debug_control_detach(debugger);
    }
}

void debugger_notified(struct debugger *debugger)
{
    uint8_t byte;

    (void)ring_sync(&debugger->link);
    look_at_connection(debugger);
    while (flush(debugger)) {
        if (ring_read(&debugger->link, &byte, 1) == 1) {
            take_byte(debugger, byte);
        } else if (!ring_request_data(&debugger->link)) {
            break;
        }
    }
    if (ring_should_signal_space(&debugger->link)) {
        microkit_notify(debugger->config->debug.channel);
    }
}

/* Whether the instruction that took a vCPU here is a BRK, still. */
static bool is_brk_there(struct debugger *debugger, const struct platform_exit *exit)
{
    uint8_t code[sizeof(uint32_t)];

    debugger->selected = exit->vcpu;
    return debug_control_read(debugger, exit->pc, code, sizeof(code)) == sizeof(code) &&
           (code[3] == 0xd4 && code[2] >> 5 == 1 && (code[0] & 0x1f) == 0);
}

static void describe_watch(struct debugger *debugger, uint64_t far)
{
    static const char *const words[] = {
        [DEBUG_POINT_WRITE] = "watch", [DEBUG_POINT_READ] = "rwatch", [DEBUG_POINT_ACCESS] = "awatch"};
    const struct debug_hard_point *watch = debug_points_find_watch(&debugger->points, far);

    if (watch != NULL) {
        debugger->stop.reason = words[watch->kind];
        debugger->stop.has_address = true;
        debugger->stop.address = watch->va;
    }
}

static void stop_at(struct debugger *debugger, const struct platform_exit *exit)
{
    const uint32_t class = esr_class(exit->syndrome);

    debugger->stop = (struct debug_stop){.vcpu = exit->vcpu, .signal = DEBUG_SIGNAL_TRAP};
    if (class == ESR_EC_BRK64) {
        debugger->stop.reason = "swbreak";
    } else if (class == ESR_EC_BREAKPOINT) {
        debugger->stop.reason = "hwbreak";
    } else if (class == ESR_EC_WATCHPOINT) {
        describe_watch(debugger, exit->u.debug.far);
    }
    debug_control_stop(debugger);
    debugger->selected = exit->vcpu;
    begin_reply(debugger);
    gdb_report_stop(debugger);
    debugger_notified(debugger);
}

enum platform_resume debugger_exit(struct debugger *debugger, const struct platform_exit *exit)
{
    /* A BRK that is not ours is the guest's: a program's own, a kernel's BUG(). */
    if (esr_class(exit->syndrome) == ESR_EC_BRK64 &&
        !(debugger->is_attached && debug_points_has_soft(&debugger->points, exit->pc))) {
        return is_brk_there(debugger, exit) ? PLATFORM_RESUME_BRK : PLATFORM_RESUME_RETRY;
    }
    /* A second vCPU that stops is held, and comes here again when it goes on, if there still is a reason. */
    if (debugger->is_attached && debugger->is_running) {
        stop_at(debugger, exit);
    }
    return PLATFORM_RESUME_RETRY;
}

void debugger_guest_ends(struct debugger *debugger)
{
    debug_points_forget_soft(&debugger->points);
}
