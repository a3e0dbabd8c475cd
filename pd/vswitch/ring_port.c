/* SPDX-License-Identifier: BSD-2-Clause */
#include "pd/vswitch/ring_port.h"

enum err ring_port_init(struct ring_port *port, void *own, const void *peer, uint32_t region_bytes)
{
    *port = (struct ring_port){0};
    return ring_init(&port->ring, own, peer, region_bytes);
}

static enum err peek(void *context, struct vswitch_frame *frame)
{
    struct ring_port *port = context;
    struct ring_record record;
    const uint8_t *data;
    enum err err = ring_peek(&port->ring, &record, &data);
    if (err != ERR_OK) {
        return err;
    }
    port->segment = (struct vswitch_segment){.data = data, .bytes = record.length_bytes};
    frame->segments = &port->segment;
    frame->segment_count = 1;
    frame->length_bytes = record.length_bytes;
    frame_take_meta(frame, record.meta);
    return ERR_OK;
}

static void release(void *context)
{
    struct ring_port *port = context;
    ring_release(&port->ring);
}

static enum err send(void *context, const struct vswitch_frame *frame)
{
    struct ring_port *port = context;
    uint8_t *data;
    enum err err = ring_reserve(&port->ring, frame->length_bytes, &data);
    if (err != ERR_OK) {
        return err;
    }
    frame_copy(frame, 0, data, frame->length_bytes);
    ring_commit(&port->ring, frame->length_bytes, frame_meta_pack(&frame->fields));
    return ERR_OK;
}

static void look(void *context)
{
    struct ring_port *port = context;
    (void)ring_look(&port->ring);
}

/* A record takes as much as its header and some data at least. */
static uint32_t burst(const void *context)
{
    const struct ring_port *port = context;
    return ring_record_limit(&port->ring) / RING_RECORD_ALIGN + 1;
}

static bool request_space(void *context, uint32_t length_bytes)
{
    struct ring_port *port = context;
    return ring_request_record_space(&port->ring, length_bytes);
}

static bool should_notify(void *context)
{
    struct ring_port *port = context;
    bool data = ring_should_signal_data(&port->ring);
    bool space = ring_should_signal_space(&port->ring);
    return data || space;
}

static bool sync(void *context)
{
    struct ring_port *port = context;
    return ring_sync(&port->ring);
}

static uint32_t capabilities(void *context)
{
    const struct ring_port *port = context;
    return ring_peer_offer(&port->ring);
}

const struct vswitch_port_ops ring_port_ops = {
    .peek = peek,
    .release = release,
    .send = send,
    .look = look,
    .burst = burst,
    .request_space = request_space,
    .should_notify = should_notify,
    .sync = sync,
    .capabilities = capabilities,
};
