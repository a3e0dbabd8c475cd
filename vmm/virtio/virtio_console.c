/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmm/virtio/virtio_console.h"

#include <stddef.h>

#include "lib/base/mem.h"
#include "lib/config/serial_config.h"

#define COPY_BYTES 256u
#define CONTROL_BYTES (sizeof(struct virtio_console_control) + CONFIG_NAME_BYTES)
/* Space in the link that is worth going on after it was full. */
#define TX_SPACE_WANTED 256u

uint16_t virtio_console_rx_queue(uint32_t port)
{
    return (uint16_t)(port == 0 ? 0 : 2 + 2 * port);
}

uint16_t virtio_console_tx_queue(uint32_t port)
{
    return (uint16_t)(virtio_console_rx_queue(port) + 1);
}

/* The queue if it may be used now, else NULL. */
static struct virtq *usable_queue(struct virtio_console *console, uint16_t index)
{
    struct virtq *vq = &console->device.queues[index];

    return virtio_device_is_running(&console->device) && virtq_is_ready(vq) ? vq : NULL;
}

static bool is_multiport(const struct virtio_console *console)
{
    return virtio_device_has(&console->device, VIRTIO_CONSOLE_F_MULTIPORT);
}

static bool link_works(const struct virtio_console_port *port)
{
    return port->has_link && !ring_is_broken(&port->link);
}

static void tell_data(struct virtio_console_port *port)
{
    if (port->has_link && ring_should_signal_data(&port->link)) {
        microkit_notify(port->channel);
    }
}

/* Transmit: queue to link. */

/* What the chain still has, or as much of it as the link takes. True once all of it is out. */
static bool send_chain(struct virtio_console_port *port, const struct virtq_chain *chain)
{
    uint8_t bytes[COPY_BYTES];

    /* Without a link, or with a broken one, the wire is cut: everything goes out, nowhere. */
    while (link_works(port) && port->sent_bytes < chain->readable_bytes) {
        const uint32_t count = (uint32_t)virtq_chain_read(chain, port->sent_bytes, bytes, sizeof bytes);
        const uint32_t taken = ring_write(&port->link, bytes, count);
        port->sent_bytes += taken;
        if (taken < count) {
            return !link_works(port);
        }
    }
    return true;
}

/* A notification buys one look at the index, and nothing else does: not that the link has room again. */
static enum err next_chain(struct virtio_console *console, struct virtio_console_port *port, struct virtq *vq)
{
    enum err err = virtq_pop(vq, console->scratch);

    if (err == ERR_EMPTY && port->kicked) {
        port->kicked = false;
        (void)virtq_request_kick(vq);
        err = virtq_pop(vq, console->scratch);
    }
    return err;
}

/* All chains that the driver has notified us of, or as many as the link takes. */
static void transmit_some(struct virtio_console *console, struct virtio_console_port *port, struct virtq *vq)
{
    enum err err;

    while ((err = next_chain(console, port, vq)) == ERR_OK) {
        if (console->scratch->writable_count != 0) {
            err = ERR_FORMAT;
            break;
        }
        if (send_chain(port, console->scratch)) {
            port->sent_bytes = 0;
            virtq_add_used(vq, console->scratch->head, 0);
            continue;
        }
        virtq_unpop(vq, 1);
        if (!ring_request_space(&port->link, TX_SPACE_WANTED)) {
            return;
        }
    }
    if (err != ERR_EMPTY) {
        virtio_device_fail(&console->device, "transmit queue", err);
    }
}

static void run_transmit(struct virtio_console *console, uint32_t index)
{
    const uint16_t queue = virtio_console_tx_queue(index);
    struct virtio_console_port *port = &console->ports[index];
    struct virtq *vq = usable_queue(console, queue);

    if (vq == NULL) {
        return;
    }
    transmit_some(console, port, vq);
    tell_data(port);
    virtio_device_publish(&console->device, queue);
}

/* Receive: link to queue. */

static uint64_t fill_chain(struct virtio_console_port *port, const struct virtq_chain *chain)
{
    uint8_t bytes[COPY_BYTES];
    uint64_t done = 0;

    while (done < chain->writable_bytes) {
        const uint64_t room = chain->writable_bytes - done;
        const uint32_t count =
            ring_read(&port->link, bytes, room < sizeof bytes ? (uint32_t)room : (uint32_t)sizeof bytes);
        if (count == 0) {
            break;
        }
        done += virtq_chain_write(chain, done, bytes, count);
    }
    return done;
}

/* All bytes there are, or as many as there are buffers for. */
static enum err receive_some(struct virtio_console *console, struct virtio_console_port *port,
                             struct virtq *vq)
{
    for (;;) {
        if (ring_available(&port->link) == 0) {
            if (ring_request_data(&port->link)) {
                continue;
            }
            return ERR_OK;
        }
        enum err err = virtq_pop(vq, console->scratch);
        if (err == ERR_EMPTY && virtq_request_kick(vq)) {
            err = virtq_pop(vq, console->scratch);
        }
        if (err != ERR_OK) {
            return err == ERR_EMPTY ? ERR_OK : err;
        }
        if (console->scratch->readable_count != 0 || console->scratch->writable_bytes == 0) {
            return ERR_FORMAT;
        }
        virtq_add_used(vq, console->scratch->head, (uint32_t)fill_chain(port, console->scratch));
    }
}

static void run_receive(struct virtio_console *console, uint32_t index)
{
    const uint16_t queue = virtio_console_rx_queue(index);
    struct virtio_console_port *port = &console->ports[index];
    struct virtq *vq = usable_queue(console, queue);

    if (vq == NULL || !port->has_link || (is_multiport(console) && !port->open)) {
        return;
    }
    /* Kicks are wanted only while bytes wait for a buffer. */
    virtq_disable_kicks(vq);
    (void)virtq_look(vq);
    const enum err err = receive_some(console, port, vq);
    if (err != ERR_OK) {
        virtio_device_fail(&console->device, "receive queue", err);
    }
    if (ring_should_signal_space(&port->link)) {
        microkit_notify(port->channel);
    }
    virtio_device_publish(&console->device, queue);
}

/* Control messages to the driver. */

static uint64_t build_control(const struct virtio_console *console, uint32_t index, uint32_t event,
                              uint8_t message[CONTROL_BYTES])
{
    const char *name = console->ports[index].name;
    const struct virtio_console_control control = {.id = index, .event = (uint16_t)event, .value = 1};
    /* As the specification has it. Linux read the two the other way round for years. */
    const uint16_t size[2] = {console->config.cols, console->config.rows};
    uint64_t bytes = sizeof control;

    memcpy(message, &control, sizeof control);
    if (event == VIRTIO_CONSOLE_PORT_NAME) {
        while (bytes < CONTROL_BYTES && *name != '\0') {
            message[bytes++] = (uint8_t)*name++;
        }
    } else if (event == VIRTIO_CONSOLE_RESIZE) {
        memcpy(&message[bytes], size, sizeof size);
        bytes += sizeof size;
    }
    return bytes;
}

static enum err send_control(struct virtio_console *console, struct virtq *vq, uint32_t index, uint32_t event)
{
    uint8_t message[CONTROL_BYTES];
    const uint64_t bytes = build_control(console, index, event, message);
    enum err err = virtq_pop(vq, console->scratch);

    if (err == ERR_EMPTY && virtq_request_kick(vq)) {
        err = virtq_pop(vq, console->scratch);
    }
    if (err != ERR_OK) {
        return err;
    }
    if (console->scratch->readable_count != 0 || console->scratch->writable_bytes < bytes) {
        return ERR_FORMAT;
    }
    virtq_add_used(vq, console->scratch->head,
                   (uint32_t)virtq_chain_write(console->scratch, 0, message, bytes));
    return ERR_OK;
}

/* In the order of their numbers, which is the one that makes sense to a driver. */
static enum err send_port_controls(struct virtio_console *console, struct virtq *vq, uint32_t index)
{
    struct virtio_console_port *port = &console->ports[index];
    enum err err = ERR_OK;

    for (uint32_t event = 0; event <= VIRTIO_CONSOLE_PORT_NAME && err == ERR_OK; event++) {
        if ((port->pending >> event & 1) != 0) {
            err = send_control(console, vq, index, event);
            port->pending &= err == ERR_OK ? ~(1u << event) : ~0u;
        }
    }
    return err;
}

static void run_control_rx(struct virtio_console *console)
{
    struct virtq *vq = usable_queue(console, VIRTIO_CONSOLE_CONTROL_RX);
    enum err err = ERR_OK;

    if (vq == NULL || !is_multiport(console)) {
        return;
    }
    virtq_disable_kicks(vq);
    (void)virtq_look(vq);
    for (uint32_t i = 0; i < console->port_count && err == ERR_OK; i++) {
        err = send_port_controls(console, vq, i);
    }
    if (err != ERR_OK && err != ERR_EMPTY) {
        virtio_device_fail(&console->device, "control receive queue", err);
    }
    virtio_device_publish(&console->device, VIRTIO_CONSOLE_CONTROL_RX);
}

/* Control messages from the driver. */

static uint32_t bit(enum virtio_console_event event)
{
    return 1u << event;
}

static bool has_size(const struct virtio_console *console)
{
    return console->config.cols != 0 && console->config.rows != 0;
}

static void greet_port(struct virtio_console *console, uint32_t index)
{
    struct virtio_console_port *port = &console->ports[index];

    port->ready = true;
    port->pending |= bit(VIRTIO_CONSOLE_PORT_OPEN);
    port->pending |= port->name != NULL ? bit(VIRTIO_CONSOLE_PORT_NAME) : 0;
    port->pending |= index == 0 ? bit(VIRTIO_CONSOLE_CONSOLE_PORT) : 0;
    port->pending |= index == 0 && has_size(console) ? bit(VIRTIO_CONSOLE_RESIZE) : 0;
}

static void take_control(struct virtio_console *console, const struct virtio_console_control *control)
{
    const uint32_t id = control->id;

    if (control->event == VIRTIO_CONSOLE_DEVICE_READY) {
        for (uint32_t i = 0; control->value == 1 && i < console->port_count; i++) {
            console->ports[i].pending |= bit(VIRTIO_CONSOLE_DEVICE_ADD);
        }
    } else if (id >= console->port_count) {
        log_warn_limited(&console->complaints, "%s: control message %u for port %u, which is not there",
                         console->device.setup.name, control->event, id);
    } else if (control->event == VIRTIO_CONSOLE_PORT_READY && control->value == 1) {
        greet_port(console, id);
    } else if (control->event == VIRTIO_CONSOLE_PORT_OPEN) {
        console->ports[id].open = control->value != 0;
        run_receive(console, id);
    }
}

static void run_control_tx(struct virtio_console *console)
{
    struct virtq *vq = usable_queue(console, VIRTIO_CONSOLE_CONTROL_TX);
    struct virtio_console_control control;
    enum err err;

    if (vq == NULL || !is_multiport(console)) {
        return;
    }
    (void)virtq_request_kick(vq);
    while ((err = virtq_pop(vq, console->scratch)) == ERR_OK) {
        const uint16_t head = console->scratch->head;
        if (console->scratch->writable_count != 0 ||
            virtq_chain_read(console->scratch, 0, &control, sizeof control) < sizeof control) {
            err = ERR_FORMAT;
            break;
        }
        take_control(console, &control); /* which uses the scratch chain */
        virtq_add_used(vq, head, 0);
    }
    if (err != ERR_EMPTY) {
        virtio_device_fail(&console->device, "control transmit queue", err);
    }
    virtio_device_publish(&console->device, VIRTIO_CONSOLE_CONTROL_TX);
    run_control_rx(console);
}

/* The device. */

/* What the multiplexer knows of the terminal's size. Returns whether that is new. */
static bool read_size(struct virtio_console *console)
{
    struct virtio_console_port *port = &console->ports[0];
    const uint32_t offer = port->has_link ? ring_peer_offer(&port->link) : 0;
    const uint16_t cols = SERIAL_MUX_OFFER_COLS(offer);
    const uint16_t rows = SERIAL_MUX_OFFER_ROWS(offer);

    if (cols == 0 || rows == 0 || (cols == console->config.cols && rows == console->config.rows)) {
        return false;
    }
    console->config.cols = cols;
    console->config.rows = rows;
    return true;
}

static void update_size(struct virtio_console *console)
{
    struct virtio_console_port *port = &console->ports[0];

    if (!read_size(console)) {
        return;
    }
    if (port->ready) {
        port->pending |= bit(VIRTIO_CONSOLE_RESIZE);
        run_control_rx(console);
    }
    if (virtio_device_has(&console->device, VIRTIO_CONSOLE_F_SIZE)) {
        virtio_device_config_changed(&console->device);
    }
}

static uint32_t usable_ports(const struct virtio_console *console)
{
    return is_multiport(console) ? console->port_count : 1;
}

static void start(void *context)
{
    struct virtio_console *console = context;

    if (is_multiport(console)) {
        run_control_tx(console);
    }
    for (uint32_t i = 0; i < usable_ports(console); i++) {
        console->ports[i].kicked = true;
        run_receive(console, i);
        run_transmit(console, i);
    }
}

static void reset(void *context)
{
    struct virtio_console *console = context;

    for (uint32_t i = 0; i < console->port_count; i++) {
        struct virtio_console_port *port = &console->ports[i];
        port->ready = false;
        port->open = false;
        port->pending = 0;
        port->sent_bytes = 0;
        port->kicked = false;
        if (port->has_link) {
            ring_cancel_data(&port->link);
        }
    }
}

static void kick(void *context, uint16_t index)
{
    struct virtio_console *console = context;

    if (index == VIRTIO_CONSOLE_CONTROL_RX) {
        run_control_rx(console);
    } else if (index == VIRTIO_CONSOLE_CONTROL_TX) {
        run_control_tx(console);
    } else {
        const uint32_t port = index < 2 ? 0 : index / 2u - 1u;
        if (port >= usable_ports(console)) {
            return;
        }
        if (index == virtio_console_tx_queue(port)) {
            console->ports[port].kicked = true;
            run_transmit(console, port);
        } else {
            run_receive(console, port);
        }
    }
}

/* Emergency write, section 5.3.6.1: one character, at any time, to the terminal. */
static void config_write(void *context, uint32_t offset, const void *from, uint32_t bytes)
{
    struct virtio_console *console = context;
    struct virtio_console_port *port = &console->ports[0];

    (void)bytes;
    if (offset == offsetof(struct virtio_console_config, emerg_wr) && port->has_link) {
        (void)ring_write(&port->link, from, 1);
        tell_data(port);
    }
}

/* The queue that a driver disables may have had a chain half sent. */
static void queue_disabled(void *context, uint16_t index)
{
    struct virtio_console *console = context;

    for (uint32_t i = 0; i < console->port_count; i++) {
        if (virtio_console_tx_queue(i) == index) {
            console->ports[i].sent_bytes = 0;
        }
    }
}

static const struct virtio_device_ops console_ops = {.start = start,
                                                     .reset = reset,
                                                     .kick = kick,
                                                     .config_write = config_write,
                                                     .queue_disabled = queue_disabled};

static enum err init_port(struct virtio_console_port *port, const struct config_link *link, const char *name)
{
    port->has_link = link->bytes != 0;
    port->channel = link->channel;
    port->name = name;
    return port->has_link ? ring_init(&port->link, (void *)(uintptr_t)link->own,
                                      (const void *)(uintptr_t)link->peer, link->bytes)
                          : ERR_OK;
}

static enum err init_ports(struct virtio_console *console, const struct vmm_device_config *config)
{
    const struct vmm_console_config *more = &config->u.console;

    if (more->port_count > VMM_CONFIG_MAX_CONSOLE_PORTS) {
        return ERR_RANGE;
    }
    enum err err = init_port(&console->ports[0], &config->link, NULL);
    console->port_count = 1 + more->port_count;
    for (uint32_t i = 0; i < more->port_count && err == ERR_OK; i++) {
        err = init_port(&console->ports[1 + i], &more->ports[i].link, more->ports[i].name);
    }
    return err;
}

enum err virtio_console_init(struct virtio_console *console, const struct vmm_device_config *config,
                             const struct guestmem *mem, struct virtq_chain *scratch)
{
    *console = (struct virtio_console){.scratch = scratch};
    const enum err err = init_ports(console, config);

    if (err != ERR_OK) {
        return err;
    }
    console->config = (struct virtio_console_config){
        .cols = config->u.console.cols, .rows = config->u.console.rows, .max_nr_ports = console->port_count};
    (void)read_size(console); /* the terminal may be older than this start of the guest */
    const struct virtio_device_setup setup = {
        .name = config->name,
        .id = VIRTIO_ID_CONSOLE,
        .ops = &console_ops,
        .context = console,
        .mem = mem,
        .features = VIRTIO_CONSOLE_F_SIZE | VIRTIO_CONSOLE_F_MULTIPORT | VIRTIO_CONSOLE_F_EMERG_WRITE |
                    VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX,
        .config = &console->config,
        .config_bytes = sizeof console->config,
        .queue_count = (uint16_t)(2 * (console->port_count + 1)),
        .queue_size = VIRTIO_CONSOLE_QUEUE_SIZE,
    };
    return virtio_device_init(&console->device, &setup);
}

void virtio_console_notified(struct virtio_console *console, microkit_channel channel)
{
    for (uint32_t i = 0; i < console->port_count; i++) {
        struct virtio_console_port *port = &console->ports[i];
        if (!port->has_link || port->channel != channel) {
            continue;
        }
        (void)ring_sync(&port->link);
        if (ring_is_broken(&port->link)) {
            log_warn_limited(&console->complaints, "%s: link to the serial multiplexer is broken",
                             console->device.setup.name);
        }
        if (i == 0) {
            update_size(console);
        }
        if (i < usable_ports(console)) {
            run_receive(console, i);
            run_transmit(console, i);
        }
    }
}
