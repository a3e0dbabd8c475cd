/* SPDX-License-Identifier: BSD-2-Clause */
/* The root of a system description, and the elements for services: <serial>, <switch>. */
#include "tool/language/spec/lang.h"

#include "tool/language/spec/lang_common.h"

static const struct attr_spec serial_attrs[] = {
    {.name = "name",
     .type = ATTR_NAME,
     .offset = offsetof(struct desc_serial, name),
     .max = SPEC_MAX_NAME,
     .fallback = "serial_mux",
     .doc = "name of the multiplexer's protection domain"},
    {.name = "input",
     .type = ATTR_NAME,
     .offset = offsetof(struct desc_serial, input),
     .doc = "console that has the input at start; default: the first"},
    {.name = "escape",
     .type = ATTR_NUMBER,
     .offset = offsetof(struct desc_serial, escape),
     .fallback = "0x1c",
     .min = 1,
     .max = 31,
     .doc = "control character that precedes a command to the multiplexer; 0x1c is Ctrl-\\"},
    {.name = "klog",
     .type = ATTR_BOOL,
     .offset = offsetof(struct desc_serial, klog),
     .fallback = "true",
     .doc = "whether the kernel's log is shown too"},
    {.name = "colours",
     .type = ATTR_BOOL,
     .offset = offsetof(struct desc_serial, colours),
     .fallback = "true",
     .doc = "whether the consoles' names are coloured at start; Ctrl-\\ c switches"},
    {.name = "ring_bytes",
     .type = ATTR_SIZE,
     .offset = offsetof(struct desc_serial, ring_bytes),
     .fallback = "16K",
     .min = SPEC_MIN_RING_BYTES,
     .max = SPEC_MAX_RING_BYTES,
     .power_of_two = true,
     .doc = "buffer in each direction between multiplexer and driver"},
    SPEC_PD_OPTIONS(struct desc_serial, mux, "", "230", "serial_mux.elf"),
    {.name = "driver_name",
     .type = ATTR_NAME,
     .offset = offsetof(struct desc_serial, driver_name),
     .max = SPEC_MAX_NAME,
     .fallback = "uart_driver",
     .doc = "name of the driver's protection domain"},
    SPEC_PD_OPTIONS(struct desc_serial, driver, "driver_", "240", "uart_driver.elf"),
};

const struct element_spec lang_serial = {
    .name = "serial",
    .doc = "The board's UART, shared: a driver and a multiplexer that every <console> is connected to.",
    .attrs = serial_attrs,
    .attr_count = SPEC_COUNT(serial_attrs),
    .fields_bytes = sizeof(struct desc_serial),
};

static const struct attr_spec entropy_attrs[] = {
    {.name = "name",
     .type = ATTR_NAME,
     .offset = offsetof(struct desc_entropy, name),
     .max = SPEC_MAX_NAME,
     .fallback = "entropy",
     .doc = "name of the protection domain"},
    SPEC_PD_OPTIONS(struct desc_entropy, options, "", "245", "entropy.elf"),
};

const struct element_spec lang_entropy = {
    .name = "entropy",
    .doc = "The source of the guests' randomness. It is there by default wherever there is a guest; "
           "enabled=\"false\" leaves it out. Its period is ten budgets unless it is given: a guest that asks "
           "all the time takes no more than that of the others' time.",
    .attrs = entropy_attrs,
    .attr_count = SPEC_COUNT(entropy_attrs),
    .fields_bytes = sizeof(struct desc_entropy),
};

static const struct attr_spec watch_attrs[] = {
    {.name = "mr",
     .type = ATTR_NAME,
     .required = true,
     .offset = offsetof(struct desc_watch, mr),
     .doc = "memory region; GUEST_ram is a guest's RAM"},
};

const struct element_spec lang_watch = {
    .name = "watch",
    .doc = "A memory region whose checksum it shows; it is mapped read-only.",
    .attrs = watch_attrs,
    .attr_count = SPEC_COUNT(watch_attrs),
    .fields_bytes = sizeof(struct desc_watch),
};

static const struct attr_spec stats_attrs[] = {
    {.name = "name",
     .type = ATTR_NAME,
     .offset = offsetof(struct desc_stats, name),
     .max = SPEC_MAX_NAME,
     .fallback = "stats",
     .doc = "name of the protection domain and of its console"},
    {.name = "trace",
     .type = ATTR_BOOL,
     .offset = offsetof(struct desc_stats, trace),
     .fallback = "false",
     .doc = "whether the kernel records events (who runs, exits, interrupts, notifications) in a ring for "
            "each core, "
            "which this protection domain reads for `causeway trace`, and prints the last of who dies"},
    {.name = "trace_bytes",
     .type = ATTR_SIZE,
     .offset = offsetof(struct desc_stats, trace_bytes),
     .fallback = "256K",
     .min = 0x10000,
     .max = 0x1000000,
     .power_of_two = true,
     .doc = "of each core's ring; an event takes 16 bytes"},
    SPEC_PD_OPTIONS(struct desc_stats, options, "", "220", "stats.elf"),
};

static const struct element_child stats_children[] = {
    {&lang_console, 1, 1},
    {&lang_watch, 0, 0},
};

const struct element_spec lang_stats = {
    .name = "stats",
    .former_name = "monitor",
    .doc = "A command line on a console of its own that shows the kernel's counters and checksums of "
           "regions; and "
           "what `causeway top` asks: it may read what every thread has counted.",
    .attrs = stats_attrs,
    .attr_count = SPEC_COUNT(stats_attrs),
    .fields_bytes = sizeof(struct desc_stats),
    .children = stats_children,
    .child_count = SPEC_COUNT(stats_children),
};

static const struct attr_spec rule_attrs[] = {
    {.name = "from",
     .type = ATTR_NAME,
     .required = true,
     .offset = offsetof(struct desc_rule, from),
     .doc = "port that frames come from; * for all"},
    {.name = "to",
     .type = ATTR_NAME,
     .required = true,
     .offset = offsetof(struct desc_rule, to),
     .doc = "port that they go to; * for all"},
    {.name = "both",
     .type = ATTR_BOOL,
     .offset = offsetof(struct desc_rule, both),
     .fallback = "true",
     .doc = "whether the same holds in the other direction"},
};

const struct element_spec lang_allow = {
    .name = "allow",
    .doc = "Lets frames pass from one port to another. Later rules win over earlier ones.",
    .attrs = rule_attrs,
    .attr_count = SPEC_COUNT(rule_attrs),
    .fields_bytes = sizeof(struct desc_rule),
};

const struct element_spec lang_deny = {
    .name = "deny",
    .doc = "Keeps frames of one port from another. Later rules win over earlier ones.",
    .attrs = rule_attrs,
    .attr_count = SPEC_COUNT(rule_attrs),
    .fields_bytes = sizeof(struct desc_rule),
};

static const char *const policies[] = {"allow", "deny", NULL};
static const char *const reserved_groups[] = {"stp", "drop", "forward", NULL}; /* enum vswitch_reserved */

static const struct attr_spec switch_attrs[] = {
    {.name = "name",
     .type = ATTR_NAME,
     .required = true,
     .offset = offsetof(struct desc_switch, name),
     .max = SPEC_MAX_NAME,
     .doc = "unique name, also that of its protection domain"},
    {.name = "policy",
     .type = ATTR_CHOICE,
     .offset = offsetof(struct desc_switch, policy),
     .fallback = "allow",
     .choices = policies,
     .doc = "what holds between two ports that no rule names"},
    {.name = "reserved",
     .type = ATTR_CHOICE,
     .offset = offsetof(struct desc_switch, reserved),
     .fallback = "stp",
     .choices = reserved_groups,
     .doc =
         "which frames to the groups of the link (01:80:c2:00:00:0x) pass: stp: those of the spanning tree; "
         "forward: all but pause frames, so LLDP, LACP, 802.1X and gPTP too; drop: none"},
    {.name = "snooping",
     .type = ATTR_BOOL,
     .offset = offsetof(struct desc_switch, snooping),
     .fallback = "false",
     .doc =
         "whether frames to groups of IP go only to ports that have joined them (IGMP, MLD) while somebody "
         "asks who has; else to all"},
    {.name = "mac_table",
     .type = ATTR_NUMBER,
     .offset = offsetof(struct desc_switch, mac_table),
     .fallback = "256",
     .min = 1,
     .max = 4096,
     .power_of_two = true,
     .doc = "learned addresses that it keeps"},
    SPEC_PD_OPTIONS(struct desc_switch, options, "", "210", "vswitch.elf"),
};

static const struct element_child switch_children[] = {
    {&lang_allow, 0, 0},
    {&lang_deny, 0, 0},
};

const struct element_spec lang_switch = {
    .name = "switch",
    .doc = "A virtual Ethernet switch. Each <net> that names it is one of its ports.",
    .attrs = switch_attrs,
    .attr_count = SPEC_COUNT(switch_attrs),
    .fields_bytes = sizeof(struct desc_switch),
    .children = switch_children,
    .child_count = SPEC_COUNT(switch_children),
};

static const struct attr_spec system_attrs[] = {
    {.name = "name",
     .type = ATTR_NAME,
     .offset = offsetof(struct desc_system, name),
     .doc = "name of the system; default: that of the file"},
    {.name = "board",
     .type = ATTR_NAME,
     .offset = offsetof(struct desc_system, board),
     .doc = "board it runs on; default: that of the command line"},
};

static const struct element_child system_children[] = {
    {&lang_serial, 0, 1},  {&lang_entropy, 0, 1},      {&lang_switch, 0, 0},
    {&lang_uplink, 0, 0},  {&lang_switch_port, 0, 0},  {&lang_timer, 0, 0},

    {&lang_disk, 0, 0},    {&lang_block_server, 0, 1}, {&lang_guest, 0, 0},
    {&lang_stats, 0, 1},   {&lang_pd, 0, 0},           {&lang_mr, 0, 0},
    {&lang_channel, 0, 0}, {&lang_domains, 0, 0},      {&lang_io_address_space, 0, 0},
};

const struct element_spec lang_system = {
    .name = "system",
    .doc = "A system: everything that runs on one machine.",
    .attrs = system_attrs,
    .attr_count = SPEC_COUNT(system_attrs),
    .fields_bytes = sizeof(struct desc_system),
    .children = system_children,
    .child_count = SPEC_COUNT(system_children),
};
