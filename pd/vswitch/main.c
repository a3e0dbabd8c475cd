/* SPDX-License-Identifier: BSD-2-Clause */
/* The vswitch PD: configuration, links and notifications around vswitch.c. */
#include <microkit.h>
#include <stddef.h>

#include "kernel/include/sysdesc.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/config/vhost_protocol.h"
#include "lib/config/vswitch_config.h"
#include "lib/timer_client/timer_client.h"
#include "pd/vswitch/ring_port.h"
#include "pd/vswitch/snoop.h"
#include "pd/vswitch/soft_offload.h"
#include "pd/vswitch/vcpu_idle.h"
#include "pd/vswitch/vhost_control.h"
#include "pd/vswitch/vswitch.h"

const struct log_sink log_sink = {.name = microkit_name, .write = microkit_dbg_puts};

PD_CONFIG(vswitch_config, vswitch_config, VSWITCH_CONFIG_SECTION) = {
    .header = {.magic = VSWITCH_CONFIG_MAGIC,
               .version = VSWITCH_CONFIG_VERSION,
               .size_bytes = sizeof(struct vswitch_config)},
};

static struct vswitch vswitch;
static struct ring_port ring_ports[VSWITCH_CONFIG_MAX_PORTS];
static struct vhost_port vhost_ports[VSWITCH_CONFIG_MAX_PORTS];
static struct vhost_scratch vhost_scratch;
static struct vcpu_idle vcpu_idles[VSWITCH_CONFIG_MAX_PORTS];
static struct rx_credit_source rx_credits[VSWITCH_CONFIG_MAX_PORTS];
static struct soft_offload offload;
static struct snoop snoop;
static struct timer_client alarm; /* for those, and for what is waited for in vain */
static uint32_t deferred_ports;   /* those to be interrupted when the alarm rings */
static struct mac_table_entry mac_entries[MAC_TABLE_MAX_ENTRIES];
static uint8_t port_of_channel[MICROKIT_MAX_CHANNELS];

static bool is_vhost(const struct vswitch_port_config *port)
{
    return port->kind == VSWITCH_PORT_VHOST;
}

static void notify(void *context, uint32_t index)
{
    const struct vswitch_port_config *port = &vswitch_config.ports[index];

    (void)context;
    deferred_ports &= ~(1u << index);
    if (!is_vhost(port)) {
        microkit_notify(port->link.channel);
    } else if (port->interrupt >= SYSDESC_POST_BASE && vswitch_may_defer(&vswitch, index)) {
        microkit_notify(port->interrupt + SYSDESC_POST_DEFERRABLE);
    } else {
        microkit_notify(port->interrupt);
    }
}

static void attach_ring(uint32_t index, const struct vswitch_port_config *port)
{
    const struct config_link *link = &port->link;
    enum err err =
        ring_port_init(&ring_ports[index], (void *)link->own, (const void *)link->peer, link->bytes);

    if (err != ERR_OK) {
        log_error("port %u (%.*s): link: %s", index, (int)CONFIG_NAME_BYTES, port->name, err_text(err));
        return;
    }
    vswitch_attach(&vswitch, index, &ring_port_ops, &ring_ports[index]);
    microkit_notify(link->channel);
}

/* The page that the port's VMM reads. */
static void show_status(uint32_t index)
{
    struct vhost_status *status = (struct vhost_status *)vswitch_config.ports[index].status;

    __atomic_store_n(&status->fault, (uint32_t)vhost_port_status(&vhost_ports[index]), __ATOMIC_RELEASE);
}

/* A vhost port is attached only while its VMM has it started. */
static void prepare_vhost(uint32_t index, const struct vswitch_port_config *port)
{
    enum err err = vhost_port_init(&vhost_ports[index], port->ram_gpa, (void *)port->ram_vaddr,
                                   port->ram_bytes, &vhost_scratch);

    if (err != ERR_OK) {
        log_error("port %u (%.*s): guest RAM: %s", index, (int)CONFIG_NAME_BYTES, port->name, err_text(err));
    }
    vcpu_idle_init(&vcpu_idles[index], port);
    rx_credits[index] = (struct rx_credit_source){
        .context = &vcpu_idles[index], .take = vcpu_idle_take, .arm = vcpu_idle_arm};
    vhost_port_set_window(&vhost_ports[index], port->window, &rx_credits[index]);
    show_status(index);
}

/* The last of a run's notifications, if it is one that can wait until we do: then the call that waits sends
 * it, too. */
static struct {
    bool is_set;
    microkit_channel channel;
} last;

/* Only what is posted: seL4 keeps but one deferred notification, however many events it hands us at once. */
static void notify_last(microkit_channel channel)
{
    if (channel < SYSDESC_POST_BASE) {
        microkit_notify(channel);
        return;
    }
    if (last.is_set) {
        microkit_notify(last.channel);
    }
    last.is_set = true;
    last.channel = channel;
}

/* An interrupt that may be late: the kernel is late with it, or we are. */
static void interrupt_deferred(uint32_t index)
{
    const struct vswitch_port_config *port = &vswitch_config.ports[index];

    if (vswitch_config.has_timer == 0 || port->deferred_us == 0) {
        notify_last(port->deferred_interrupt);
    } else {
        deferred_ports |= 1u << index;
        timer_client_set(&alarm, clock_ticks() + (uint64_t)port->deferred_us * clock_hz() / 1000000u);
    }
}

/* Neither a pause nor room at a destination is waited for forever. */
static void set_alarm(void)
{
    if (vswitch_config.has_timer != 0) {
        const uint64_t idle = vcpu_idle_deadline(vcpu_idles, vswitch_config.port_count);
        const uint64_t held = vswitch_deadline(&vswitch, clock_ticks());

        timer_client_set(&alarm, idle < held ? idle : held);
    }
}

/* What the vhost ports have to say after a run: a broken queue, a late interrupt. */
static void tell_vhost_ports(void)
{
    for (uint32_t left = vswitch_spoken_for(&vswitch); left != 0; left &= left - 1) {
        const uint32_t i = (uint32_t)__builtin_ctz(left);
        const struct vswitch_port_config *port = &vswitch_config.ports[i];

        if (!is_vhost(port)) {
            continue;
        }
        if (vhost_port_take_fault(&vhost_ports[i])) {
            show_status(i);
            microkit_notify(port->link.channel);
        }
        if (vhost_port_take_tx_irq(&vhost_ports[i])) {
            interrupt_deferred(i);
        }
    }
}

/* `send`: microkit_deferred_notify() in notified(), else microkit_notify(). */
static void run(void (*send)(microkit_channel channel))
{
    vswitch_run(&vswitch, clock_ticks());
    tell_vhost_ports();
    set_alarm();
    if (last.is_set) {
        last.is_set = false;
        send(last.channel);
    }
}

/* One setting of the timer serves a whole burst: all that wait for a late interrupt get theirs, some earlier
 * than need be. */
static void alarm_rang(void)
{
    timer_client_heard(&alarm);
    for (; deferred_ports != 0; deferred_ports &= deferred_ports - 1) {
        microkit_notify(vswitch_config.ports[__builtin_ctz(deferred_ports)].deferred_interrupt);
    }
    vcpu_idle_expire(vcpu_idles, vswitch_config.port_count, clock_ticks());
}

static void start_port(uint32_t index, const struct vswitch_port_config *port)
{
    if (port->kind != VSWITCH_PORT_NONE && port->link.channel < MICROKIT_MAX_CHANNELS) {
        port_of_channel[port->link.channel] = (uint8_t)index;
    }
    if (port->kind == VSWITCH_PORT_RING) {
        attach_ring(index, port);
    } else if (is_vhost(port)) {
        prepare_vhost(index, port);
    }
}

void init(void)
{
    if (!config_is_valid(&vswitch_config.header, VSWITCH_CONFIG_MAGIC, VSWITCH_CONFIG_VERSION,
                         sizeof vswitch_config)) {
        log_error("no configuration: was this program put into the image by the tool?");
        return;
    }
    enum err err = vswitch_init(&vswitch, &vswitch_config, mac_entries, &offload, clock_hz(), notify, NULL);
    if (err != ERR_OK) {
        log_error("configuration: %s", err_text(err));
        return;
    }
    account_init(&vswitch.account, account_page(), clock_ticks);
    if (vswitch_config.has_timer != 0) {
        timer_client_init(&alarm, vswitch_config.timer_channel);
    }
    if (vswitch_config.stats != 0) {
        vswitch_set_stats(&vswitch, (struct vswitch_stats *)vswitch_config.stats);
    }
    if (vswitch_config.snooping != 0) {
        vswitch_set_snoop(&vswitch, &snoop);
    }
    memset(port_of_channel, VSWITCH_CONFIG_MAX_PORTS, sizeof port_of_channel);
    for (uint32_t i = 0; i < vswitch_config.port_count; i++) {
        start_port(i, &vswitch_config.ports[i]);
    }
    run(microkit_notify);
}

/* Index of the port with that channel, or one that no port has. */
static uint32_t find_port(microkit_channel channel)
{
    return channel < MICROKIT_MAX_CHANNELS ? port_of_channel[channel] : VSWITCH_CONFIG_MAX_PORTS;
}

void notified(microkit_channel channel)
{
    if (vswitch_config.has_timer != 0 && channel == vswitch_config.timer_channel) {
        alarm_rang();
    } else {
        vswitch_kicked(&vswitch, find_port(channel));
    }
    run(microkit_deferred_notify); /* any port's event may let any other port go on */
}

microkit_msginfo protected(microkit_channel channel, microkit_msginfo msginfo)
{
    const uint32_t index = find_port(channel);
    struct vhost_control control = {.label = microkit_msginfo_get_label(msginfo),
                                    .count = microkit_msginfo_get_count(msginfo)};

    if (index >= vswitch_config.port_count || !is_vhost(&vswitch_config.ports[index])) {
        return microkit_msginfo_new(VHOST_INVALID, 0);
    }
    for (uint32_t i = 0; i < VHOST_CONTROL_WORDS && i < control.count; i++) {
        control.words[i] = microkit_mr_get((seL4_Uint8)i);
    }
    const uint64_t reply = vhost_control_call(&vhost_ports[index], &control);
    show_status(index);
    const bool running = vhost_ports[index].running;
    if (!running) {
        deferred_ports &= ~(1u << index);
    }
    vswitch_attach(&vswitch, index, running ? &vhost_port_ops : NULL, &vhost_ports[index]);
    if (running && reply == VHOST_OK && (control.label == VHOST_START || control.label == VHOST_SET_VRING)) {
        run(microkit_notify);
    }
    return microkit_msginfo_new(reply, 0);
}
