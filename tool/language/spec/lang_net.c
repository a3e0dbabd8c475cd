/* SPDX-License-Identifier: BSD-2-Clause */
/* The elements for what is at a switch beside guests: <uplink>, <port>; and <timer>, which such programs
 * need. */
#include "tool/language/spec/lang_common.h"

#define MAX_WIRE_MTU 9000u
#define MIN_WIRE_MTU 1280u

/* Rows for what makes a port a managed one: `who` sends there. */
#define MANAGED_PORT(parent, who)                                                                            \
    {.name = "rate_kbps",                                                                                    \
     .type = ATTR_NUMBER,                                                                                    \
     .offset = offsetof(parent, port.rate_kbps),                                                             \
     .fallback = "0",                                                                                        \
     .max = UINT32_MAX,                                                                                      \
     .doc = "limit for what " who " sends in kbit/s; 0: none"},                                              \
        {.name = "rx_rate_kbps",                                                                             \
         .type = ATTR_NUMBER,                                                                                \
         .offset = offsetof(parent, port.rx_rate_kbps),                                                      \
         .fallback = "0",                                                                                    \
         .max = UINT32_MAX,                                                                                  \
         .doc = "limit for what is sent to " who " in kbit/s; 0: none"},                                     \
        {.name = "storm_pps",                                                                                \
         .type = ATTR_NUMBER,                                                                                \
         .offset = offsetof(parent, port.storm_pps),                                                         \
         .fallback = "0",                                                                                    \
         .max = 1000000,                                                                                     \
         .doc = "limit for frames that " who " sends to all, a second; 0: none"},                            \
        {.name = "vlan",                                                                                     \
         .type = ATTR_NUMBER,                                                                                \
         .offset = offsetof(parent, port.vlan),                                                              \
         .fallback = "0",                                                                                    \
         .max = 4094,                                                                                        \
         .doc = "VLAN of frames without a tag; 0: none. At a switch where a port has VLANs, each has"},      \
        {.name = "isolate",                                                                                  \
         .type = ATTR_NAMES,                                                                                 \
         .offset = offsetof(parent, port.isolate),                                                           \
         .doc = "groups that the port is in: ports of a group do not reach each other, whatever the rules "  \
                "say"},                                                                                      \
    {                                                                                                        \
        .name = "trunk", .type = ATTR_NAMES, .offset = offsetof(parent, port.trunk),                         \
        .doc = "VLANs whose frames have their tags, such as 10 20-29, up to eight of these; all: every one"  \
    }

static const struct attr_spec uplink_attrs[] = {
    {.name = "switch",
     .type = ATTR_NAME,
     .required = true,
     .offset = offsetof(struct desc_uplink, port.switch_name),
     .doc = "switch that the network card is a port of"},
    {.name = "name",
     .type = ATTR_NAME,
     .offset = offsetof(struct desc_uplink, port.name),
     .fallback = "uplink",
     .max = SPEC_MAX_NAME,
     .doc = "name of the port at the switch; NAME_driver is its driver's protection domain"},
    {.name = "mac",
     .type = ATTR_MAC,
     .offset = offsetof(struct desc_uplink, port.mac),
     .doc =
         "hardware address of QEMU's card; default: a unique one. Guests keep their own addresses outside"},
    {.name = "mtu",
     .type = ATTR_NUMBER,
     .offset = offsetof(struct desc_uplink, port.mtu),
     .fallback = "1500",
     .min = MIN_WIRE_MTU,
     .max = MAX_WIRE_MTU,
     .doc = "largest packet in bytes"},
    MANAGED_PORT(struct desc_uplink, "the outside"),
    {.name = "ring_bytes",
     .type = ATTR_SIZE,
     .offset = offsetof(struct desc_uplink, port.ring_bytes),
     .fallback = "1M",
     .min = 0x40000,
     .max = SPEC_MAX_RING_BYTES,
     .power_of_two = true,
     .doc = "buffer in each direction between card and switch. From 4M on, packets of up to 64 KiB may come "
            "unsegmented, "
            "where the other end of the wire is the same machine"},
    {.name = "slot",
     .type = ATTR_NUMBER,
     .offset = offsetof(struct desc_uplink, slot),
     .max = 255,
     .doc = "virtio-mmio transport of the board that the card is behind, alone in its page; default: the "
            "first free one"},
    {.name = "device",
     .type = ATTR_NAME,
     .offset = offsetof(struct desc_uplink, device),
     .doc = "network card of the board, such as gem3: `make boards` lists them. Default: a virtio device or, "
            "on a board that has none, the first free one"},
    {.name = "timeout_ms",
     .type = ATTR_NUMBER,
     .offset = offsetof(struct desc_uplink, timeout_ms),
     .fallback = "5000",
     .min = 100,
     .max = 3600000,
     .doc = "how long the card may send nothing while it should; then it is reset"},
    {.name = "interrupt_gap_us",
     .type = ATTR_NUMBER,
     .offset = offsetof(struct desc_uplink, interrupt_gap_us),
     .fallback = "50",
     .max = 100000,
     .doc = "shortest time between interrupts while frames come one behind the other; 0: none"},
    {.name = "host_ip",
     .type = ATTR_ADDRESSES,
     .offset = offsetof(struct desc_uplink, host_ip),
     .fallback = "10.0.2.2/24",
     .doc = "in QEMU's user network: the host's address, which is a gateway to its networks; address 3 there "
            "answers DNS"},
    {.name = "hostfwd",
     .type = ATTR_TEXT,
     .offset = offsetof(struct desc_uplink, hostfwd),
     .doc = "in QEMU's user network: ports of the host's 127.0.0.1 that lead to guests, as in "
            "tcp:2222-10.0.2.15:22 udp:5353-10.0.2.16:53; default: none"},
    SPEC_DRIVER_OPTIONS(struct desc_uplink, driver, "driver_", "225",
                        "net_virtio.elf (virtio) or net_gem.elf (Cadence GEM)"),
};

const struct element_spec lang_uplink = {
    .name = "uplink",
    .doc = "A way out: a network card of the board as one more port of a switch, and its driver.",
    .attrs = uplink_attrs,
    .attr_count = SPEC_COUNT(uplink_attrs),
    .fields_bytes = sizeof(struct desc_uplink),
};

static const struct attr_spec port_attrs[] = {
    {.name = "switch",
     .type = ATTR_NAME,
     .required = true,
     .offset = offsetof(struct desc_switch_port, port.switch_name),
     .doc = "switch that the port is of"},
    {.name = "pd",
     .type = ATTR_NAME,
     .required = true,
     .offset = offsetof(struct desc_switch_port, pd),
     .doc = "protection domain of this description whose program is connected: one that has lib/netclient's "
            "configuration"},
    {.name = "name",
     .type = ATTR_NAME,
     .offset = offsetof(struct desc_switch_port, port.name),
     .max = SPEC_MAX_NAME,
     .doc = "name of the port at the switch; default: that of the protection domain"},
    {.name = "mac",
     .type = ATTR_MAC,
     .offset = offsetof(struct desc_switch_port, port.mac),
     .doc = "hardware address; default: a unique one"},
    {.name = "ip",
     .type = ATTR_ADDRESSES,
     .offset = offsetof(struct desc_switch_port, port.ip),
     .doc = "addresses that the program is told to give itself, in up to 31 characters; default: none"},
    {.name = "mtu",
     .type = ATTR_NUMBER,
     .offset = offsetof(struct desc_switch_port, port.mtu),
     .fallback = "1500",
     .min = MIN_WIRE_MTU,
     .max = MAX_WIRE_MTU,
     .doc = "largest packet in bytes"},
    {.name = "ring_bytes",
     .type = ATTR_SIZE,
     .offset = offsetof(struct desc_switch_port, port.ring_bytes),
     .fallback = "256K",
     .min = SPEC_MIN_RING_BYTES,
     .max = SPEC_MAX_RING_BYTES,
     .power_of_two = true,
     .doc = "buffer in each direction between program and switch"},
    {.name = "check_mac",
     .type = ATTR_BOOL,
     .offset = offsetof(struct desc_switch_port, port.check_mac),
     .fallback = "false",
     .doc = "whether frames with another source address than mac are dropped"},
    {.name = "static_mac",
     .type = ATTR_BOOL,
     .offset = offsetof(struct desc_switch_port, port.static_mac),
     .fallback = "false",
     .doc = "whether mac belongs to this port and is never learned at another"},
    MANAGED_PORT(struct desc_switch_port, "the program"),
    {.name = "mirror",
     .type = ATTR_NAMES,
     .offset = offsetof(struct desc_switch_port, port.mirror),
     .doc = "ports whose frames the program gets copies of, whatever the rules say: what they send, and what "
            "is sent to them; * for all"},
};

const struct element_spec lang_switch_port = {
    .name = "port",
    .doc = "A port of a switch for a program of your own, beside guests: lib/netclient is its library.",
    .attrs = port_attrs,
    .attr_count = SPEC_COUNT(port_attrs),
    .fields_bytes = sizeof(struct desc_switch_port),
};

static const struct attr_spec timer_attrs[] = {
    {.name = "pd",
     .type = ATTR_NAME,
     .required = true,
     .offset = offsetof(struct desc_timer, pd),
     .doc =
         "protection domain of this description that may ask: one that has the timer client's configuration"},
};

const struct element_spec lang_timer = {
    .name = "timer",
    .doc = "Lets a program of your own be woken at a time, by the timer that Causeway's own programs use.",
    .attrs = timer_attrs,
    .attr_count = SPEC_COUNT(timer_attrs),
    .fields_bytes = sizeof(struct desc_timer),
};
