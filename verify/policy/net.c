/* SPDX-License-Identifier: BSD-2-Clause */
/* <switch> and <net>: who is connected to whom, who sees whose memory, who may send to whom. */
#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "verify/policy/system.h"

static const struct policy_pd_defaults switch_defaults = {.priority = "210",
                                                          .budget = "1000",
                                                          .program = "vswitch.elf",
                                                          .stack = "64K",
                                                          .period_budgets = 1,
                                                          .is_lowered = true};

static const struct policy_pd_defaults card_defaults = {
    .priority = "225", .budget = "1000", .program = "net_virtio.elf", .stack = "64K", .period_budgets = 1};
/* What a network card's driver shares with it beside the link. */
#define CARD_BYTES UINT64_C(0x9000)

void net_switch(struct system *system, xmlNode *node)
{
    struct system_switch *lan = &system->switches[system->switch_count++];

    if (system->switch_count == SYSTEM_MAX_SWITCHES) {
        description_fail(node, "there are more than %u switches", SYSTEM_MAX_SWITCHES - 1);
    }
    *lan = (struct system_switch){.name = description_text(node, "name", ""), .node = node};
    policy_pd(system->policy, lan->name, node, "", &switch_defaults);
}

static struct system_switch *find_switch(struct system *system, const char *name)
{
    for (size_t i = 0; i < system->switch_count; i++) {
        if (strcmp(system->switches[i].name, name) == 0) {
            return &system->switches[i];
        }
    }
    return NULL;
}

static size_t find_port(const struct system_switch *lan, const char *name)
{
    size_t i = 0;

    while (i < lan->port_count && strcmp(lan->ports[i].name, name) != 0) {
        i++;
    }
    return i;
}

/* A guest's second port at the same switch is called guest_2. */
static const char *name_port(const struct system_switch *lan, const xmlNode *net, const char *guest)
{
    const char *name = description_text(net, "name", guest);

    for (unsigned int i = 2; !description_has(net, "name") && find_port(lan, name) < lan->port_count; i++) {
        name = description_format("%.24s_%u", guest, i);
    }
    return name;
}

static bool is_written(const xmlNode *node, const char *mac)
{
    bool is_port =
        description_is_a(node, "net") || description_is_a(node, "uplink") || description_is_a(node, "port");
    bool found = is_port && strcasecmp(description_text(node, "mac", ""), mac) == 0;

    for (xmlNode *child = description_child(node, NULL); child != NULL && !found;
         child = description_next(child, NULL)) {
        found = is_written(child, mac);
    }
    return found;
}

static bool is_taken(const struct system *system, const char *mac)
{
    bool taken = is_written(system->root, mac);

    for (size_t i = 0; i < system->switch_count; i++) {
        for (size_t j = 0; j < system->switches[i].port_count && !taken; j++) {
            taken = strcmp(system->switches[i].ports[j].mac, mac) == 0;
        }
    }
    return taken;
}

/* docs/descriptions.md: an address that isn't written is 52:54:00 and 24 bits of the names' FNV-1a hash. */
static const char *make_mac(const struct system *system, const char *lan, const char *port)
{
    const char *names = description_format("%s%s/%s", system->policy->system, lan, port);
    const char *mac = "";

    for (uint32_t attempt = 0; mac[0] == '\0' || is_taken(system, mac); attempt++) {
        uint32_t hash = 2166136261u + attempt;

        for (const char *at = names; *at != '\0'; at++) {
            hash = (hash ^ (uint8_t)*at) * 16777619u;
        }
        hash = (hash ^ hash >> 24) & 0xffffff;
        mac = description_format("52:54:00:%02x:%02x:%02x", hash >> 16, hash >> 8 & 0xff, hash & 0xff);
    }
    return mac;
}

static const char *lower(const char *mac)
{
    char *text = description_format("%s", mac);

    for (char *at = text; *at != '\0'; at++) {
        *at = (char)(*at >= 'A' && *at <= 'F' ? *at + 'a' - 'A' : *at);
    }
    return text;
}

/* A page that one writes and the other reads. */
static void add_page(struct system *system, const char *writer, const char *writer_role, const char *reader,
                     const char *reader_role)
{
    struct policy_region *page = policy_region(system->policy, NULL, 0x1000);

    policy_hold(page, writer, policy_role(writer_role), POLICY_READ | POLICY_WRITE);
    policy_hold(page, reader, policy_role(reader_role), POLICY_READ);
}

/* vhost: the switch has the guest's RAM, the guest's kicks, and may interrupt it. */
static void connect_vhost(struct system *system, struct system_guest *guest, const char *device,
                          const struct system_place *place, const char *lan, const char *role,
                          const xmlNode *net)
{
    struct policy *policy = system->policy;
    uint64_t delay = description_number(net, "tx_delay_us", "200");
    uint64_t window = description_number(net, "rx_window", "32");

    policy_connect(policy, (struct policy_end){guest->vmm, policy_role(device), true, true},
                   (struct policy_end){lan, policy_role(role), true, false});
    add_page(system, lan, description_format("%s.status", role), guest->vmm,
             description_format("%s.status", device));
    policy_hold(guest->ram, lan, policy_role(description_format("%s.ram", role)), POLICY_READ | POLICY_WRITE);
    if (policy->sel4) {
        if (window != 0) {
            add_page(system, guest->vmm, description_format("%s.idle_count", device), lan,
                     description_format("%s.idle_count", role));
        }
    } else if (delay != 0 || place->is_pci) {
        policy_add(policy, "post %s %s.interrupt: %s 0 interrupt %" PRIu64 " delay 0 by %s", lan, role,
                   guest->domain, place->virq, role);
        policy_add(policy,
                   "post %s %s.deferred_interrupt: %s 0 interrupt %" PRIu64 " delay %" PRIu64 " by %s", lan,
                   role, guest->domain, place->virq, delay, role);
    } else {
        policy_add(policy,
                   "post %s %s.interrupt+%s.deferred_interrupt: %s 0 interrupt %" PRIu64 " delay 0 by %s",
                   lan, role, role, guest->domain, place->virq, role);
    }
    guest_wire(system, guest, device, place, lan, role, 2, description_number(net, "kick_delay_us", "0"));
    if (window != 0 && !policy->sel4) {
        policy_add(policy, "doorbell %s idle: %s %s delay 0", guest->domain, lan, role);
    }
}

/* ring: frames go through the VMM, which shares a link with the switch. */
static void connect_ring(struct system *system, struct system_guest *guest, const char *device,
                         const struct system_place *place, const char *lan, const char *role,
                         const xmlNode *net)
{
    policy_link(system->policy, guest->vmm, policy_role(device), lan, policy_role(role),
                description_number(net, "ring_bytes", "1M"));
    guest_wire(system, guest, device, place, NULL, NULL, 2, 0);
    if (description_number(net, "rx_window", "32") != 0 && !system->policy->sel4) {
        policy_add(system->policy, "doorbell %s idle: %s %s delay 0", guest->domain, guest->vmm, device);
    }
}

/* Is that among the names in attribute `name`? */
static bool names(const xmlNode *net, const char *name, const char *wanted)
{
    char *copy = strdup(description_text(net, name, "")), *rest = NULL;
    bool found = false;

    for (char *at = strtok_r(copy, " ,", &rest); at != NULL; at = strtok_r(NULL, " ,", &rest)) {
        found = found || strcmp(at, wanted) == 0;
    }
    free(copy);
    return found;
}

/* guard="ip" is about the hardware address, too. */
static bool is_guarded(const xmlNode *net, const char *what)
{
    return names(net, "guard", what) ||
           (strcmp(what, "mac") == 0 &&
            (names(net, "guard", "ip") || description_is(net, "check_mac", "false")));
}

static uint64_t speed(const xmlNode *net)
{
    const uint64_t rate = description_number(net, "rate_kbps", "0");

    return rate == 0 ? 10000 : rate < 1000 ? 1 : rate / 1000;
}

#define MANAGED_FIELDS 48u

/* The VLANs with tags: a row each for "10", "20-29" or "all". Returns how many fields there are then. */
static size_t add_trunk(const xmlNode *net, const char **fields, size_t count)
{
    char *copy = strdup(description_text(net, "trunk", "")), *rest = NULL;
    uint64_t ranges = 0;

    for (char *at = strtok_r(copy, " ,", &rest); at != NULL && ranges < 8; at = strtok_r(NULL, " ,", &rest)) {
        char *end = at;
        const bool all = strcmp(at, "all") == 0;
        const unsigned long first = all ? 1 : strtoul(at, &end, 10);
        const unsigned long last = all ? 4094 : *end == '-' ? strtoul(end + 1, NULL, 10) : first;

        fields[count++] = policy_hex(description_format("trunk%" PRIu64, ranges++), last << 16 | first);
    }
    free(copy);
    fields[count++] = policy_number("trunk_count", ranges);
    return count;
}

/* The addresses that a guarded port may have. */
static size_t add_guard(const xmlNode *net, const char **fields, size_t count)
{
    char *copy = strdup(description_text(net, "ip", "")), *rest = NULL;
    uint64_t v4 = 0, v6 = 0;

    for (char *at = strtok_r(copy, " ,", &rest); at != NULL; at = strtok_r(NULL, " ,", &rest)) {
        uint64_t words[2] = {0, 0};
        uint32_t word;

        at[strcspn(at, "/")] = '\0';
        if (v4 < 4 && inet_pton(AF_INET, at, &word) == 1) {
            fields[count++] = policy_hex(description_format("ipv4_%" PRIu64, v4++), word);
        } else if (v6 < 4 && inet_pton(AF_INET6, at, words) == 1) {
            fields[count++] = policy_hex(description_format("ipv6_%" PRIu64, v6), words[0]);
            fields[count++] = policy_hex(description_format("ipv6_%" PRIu64 "_host", v6++), words[1]);
        }
    }
    free(copy);
    fields[count++] = policy_number("ipv4_count", v4);
    fields[count++] = policy_number("ipv6_count", v6);
    return count;
}

/* What makes the port a managed one. */
static size_t add_managed(const xmlNode *net, const char **fields, size_t count)
{
    fields[count++] = policy_number("rate_kbps", description_number(net, "rate_kbps", "0"));
    fields[count++] = policy_number("rx_rate_kbps", description_number(net, "rx_rate_kbps", "0"));
    fields[count++] = policy_number("burst", description_number(net, "burst", "0"));
    fields[count++] = policy_number("storm_pps", description_number(net, "storm_pps", "0"));
    fields[count++] = policy_number("vlan", description_number(net, "vlan", "0"));
    count = add_trunk(net, fields, count);
    return is_guarded(net, "ip") ? add_guard(net, fields, count) : count;
}

/* What isn't given is 256, and less where that many receive buffers took more than a sixteenth of the guest's RAM. */
static uint64_t queue_size(const struct system_guest *guest, const xmlNode *net)
{
    static const char *const large[] = {"guest_tso4", "guest_tso6", "guest_uso4", "guest_uso6"};
    const uint64_t ram = description_number(guest->node, "ram", "");
    uint64_t buffer = 0x1000 + description_number(net, "mtu", "1500");
    uint64_t size = description_number(net, "queue_size", "256");

    for (size_t i = 0; i < sizeof large / sizeof large[0]; i++) {
        if (!names(net, "features_off", large[i]) && !names(net, "features_off", "offloads")) {
            buffer = 0x11000; /* packets of 64 KiB in one piece */
        }
    }
    buffer = names(net, "features_off", "mrg_rxbuf") ? buffer : 0x1000;
    while (!description_has(net, "queue_size") && size > 2 && size * buffer > ram / 16) {
        size /= 2;
    }
    return size;
}

static void add_port_config(struct system *system, const struct system_guest *guest,
                            const struct system_switch *lan, const struct system_port *port, const char *role,
                            const xmlNode *net)
{
    bool is_vhost = strcmp(description_text(net, "datapath", "vhost"), "vhost") == 0;
    uint64_t ring = is_vhost ? 0 : description_number(net, "ring_bytes", "1M") + 0x1000;
    const char *fields[MANAGED_FIELDS] = {
        policy_text("kind", is_vhost ? "vhost" : "ring"),
        policy_number("flags", (is_guarded(net, "mac") ? 1u : 0u) |
                                   (description_is(net, "static_mac", "false") ? 2u : 0u) |
                                   (is_guarded(net, "ip") ? 4u : 0u)),
        policy_text("mac", port->mac),
        policy_number("mtu", description_number(net, "mtu", "1500")),
        policy_number("window", description_number(net, "rx_window", "32")),
        policy_number("deferred_us",
                      is_vhost && system->policy->sel4 ? description_number(net, "tx_delay_us", "200") : 0),
        policy_hex("link_bytes", ring),
        policy_hex("ram_gpa", is_vhost ? description_number(guest->node, "ram_base", "0x40000000") : 0),
        policy_hex("ram_bytes", is_vhost ? description_number(guest->node, "ram", "") : 0)};

    policy_config(system->policy, lan->name, role, fields, add_managed(net, fields, 9));
}

void net_expand(struct system *system, struct system_guest *guest, const xmlNode *net)
{
    struct system_switch *lan = find_switch(system, description_text(net, "switch", ""));
    bool is_vhost = strcmp(description_text(net, "datapath", "vhost"), "vhost") == 0;
    bool is_timed = !is_vhost && !system->policy->sel4;
    const char *device = description_format("net%" PRIu64, guest->net_count);
    struct system_port *port;
    struct system_place place;
    const char *role;

    if (lan == NULL ||
        lan->port_count == SYSTEM_MAX_PORTS) { /* it is switched off, or the composer refuses */
        return;
    }
    port = &lan->ports[lan->port_count];
    port->node = net;
    port->name = name_port(lan, net, guest->name);
    port->mac = description_has(net, "mac") ? lower(description_text(net, "mac", ""))
                                            : make_mac(system, lan->name, port->name);
    lan->port_count++;
    lan->has_vlans =
        lan->has_vlans || description_has(net, "trunk") || description_number(net, "vlan", "0") != 0;
    role = description_format("port.%s", port->name);
    place = guest_place(guest, net);
    if (is_vhost) {
        connect_vhost(system, guest, device, &place, lan->name, role, net);
    } else {
        connect_ring(system, guest, device, &place, lan->name, role, net);
    }
    system_charge(system, lan->name, guest->domain, role, (const char *[64]){NULL}, &(size_t){0});
    add_port_config(system, guest, lan, port, role, net);
    const char *fields[] = {
        policy_text("mac", port->mac),
        policy_number("mtu", description_number(net, "mtu", "1500")),
        policy_number("queue_size", queue_size(guest, net)),
        policy_text("datapath", is_vhost ? "vhost" : NULL),
        policy_number("mac_is_fixed", is_guarded(net, "mac")),
        policy_number("speed_mbps", speed(net)),
        policy_number("tx_delay_us", is_timed ? description_number(net, "tx_delay_us", "200") : 0),
        policy_number("window", is_timed ? description_number(net, "rx_window", "32") : 0),
        policy_hex("link_bytes", is_vhost ? 0 : description_number(net, "ring_bytes", "1M") + 0x1000)};
    guest_device(system, guest, device, "net", &place, fields, sizeof fields / sizeof fields[0]);
    guest->device_count++;
    guest->net_count++;
}

/* A port with a link that is no guest's: the switch's side of it. */
static void add_link_port(struct policy *policy, struct system_switch *lan, const struct system_port *port,
                          const char *role, const xmlNode *node, uint64_t ring)
{
    const char *fields[MANAGED_FIELDS] = {
        policy_text("kind", "ring"),
        policy_number("flags", (is_guarded(node, "mac") ? 1u : 0u) |
                                   (description_is(node, "static_mac", "false") ? 2u : 0u)),
        policy_text("mac", port->mac), policy_number("mtu", description_number(node, "mtu", "1500")),
        policy_hex("link_bytes", ring + 0x1000)};

    lan->has_vlans =
        lan->has_vlans || description_has(node, "trunk") || description_number(node, "vlan", "0") != 0;
    policy_config(policy, lan->name, role, fields, add_managed(node, fields, 5));
}

/* What the card accesses by itself: queues, and the frames in both directions of the link. */
static void add_card_memory(struct system *system, const char *driver, const struct policy_link_regions *link)
{
    struct policy *policy = system->policy;
    struct policy_region *own = policy_region(policy, NULL, CARD_BYTES);

    policy_hold(own, driver, policy_role("own"), POLICY_READ | POLICY_WRITE);
    policy_reveal(policy, description_format("dma %s own: ", driver), own);
    policy_reveal(policy, description_format("dma %s rx: ", driver), link->a_writes);
    policy_reveal(policy, description_format("dma %s tx: ", driver), link->b_writes);
}

void net_uplink(struct system *system, const xmlNode *node)
{
    struct policy *policy = system->policy;
    struct system_switch *lan = find_switch(system, description_text(node, "switch", ""));
    const char *name = description_text(node, "name", "uplink");
    const char *driver = description_format("%s_driver", name);
    const char *role = description_format("port.%s", name);
    uint64_t ring = description_number(node, "ring_bytes", "1M");
    struct system_port *port;

    if (lan == NULL || lan->port_count == SYSTEM_MAX_PORTS) { /* as for a <net> */
        return;
    }
    port = &lan->ports[lan->port_count];
    port->node = node;
    port->name = name;
    port->mac = description_has(node, "mac") ? lower(description_text(node, "mac", ""))
                                             : make_mac(system, lan->name, name);
    lan->port_count++;
    slot_driver(system, node, driver, BOARD_CARD, &card_defaults);
    struct policy_link_regions link =
        policy_link(policy, driver, policy_role("link"), lan->name, policy_role(role), ring);
    services_timer(system, driver);
    add_card_memory(system, driver, &link);
    POLICY_CONFIG(policy, driver, "card", policy_hex("own_bytes", CARD_BYTES),
                  policy_number("timeout_ms", description_number(node, "timeout_ms", "5000")),
                  policy_number("interrupt_gap_us", description_number(node, "interrupt_gap_us", "50")),
                  policy_number("mtu", description_number(node, "mtu", "1500")),
                  policy_hex("link_bytes", ring + 0x1000));
    add_link_port(policy, lan, port, role, node, ring);
}

/* The <timer> of a protection domain. */
static bool has_timer(const struct system *system, const char *pd)
{
    const xmlNode *node = description_child(system->root, "timer");

    while (node != NULL && strcmp(description_text(node, "pd", ""), pd) != 0) {
        node = description_next(node, "timer");
    }
    return node != NULL;
}

static bool has_port(const struct system *system, const char *pd)
{
    const xmlNode *node = description_child(system->root, "port");

    while (node != NULL &&
           (strcmp(description_text(node, "pd", ""), pd) != 0 ||
            find_switch((struct system *)system, description_text(node, "switch", "")) == NULL)) {
        node = description_next(node, "port");
    }
    return node != NULL;
}

void net_timer(struct system *system, const xmlNode *node)
{
    const char *pd = description_text(node, "pd", "");

    if (description_is_off("protection_domain", pd)) {
        return;
    }
    services_timer(system, pd);
    if (!has_port(system, pd)) { /* a port's line says it, too */
        POLICY_CONFIG(system->policy, pd, "net", policy_number("has_timer", 1));
    }
}

void net_port(struct system *system, const xmlNode *node)
{
    struct policy *policy = system->policy;
    struct system_switch *lan = find_switch(system, description_text(node, "switch", ""));
    const char *pd = description_text(node, "pd", "");
    uint64_t ring = description_number(node, "ring_bytes", "256K");
    struct system_port *port;
    const char *name;
    const char *role;

    if (lan == NULL || lan->port_count == SYSTEM_MAX_PORTS || description_is_off("protection_domain", pd)) {
        return;
    }
    name = name_port(lan, node, pd);
    role = description_format("port.%s", name);
    port = &lan->ports[lan->port_count];
    port->node = node;
    port->name = name;
    port->mac = description_has(node, "mac") ? lower(description_text(node, "mac", ""))
                                             : make_mac(system, lan->name, name);
    lan->port_count++;
    policy_link(policy, pd, policy_role("net"), lan->name, policy_role(role), ring);
    POLICY_CONFIG(policy, pd, "net", policy_text("mac", port->mac),
                  policy_number("mtu", description_number(node, "mtu", "1500")),
                  policy_number("has_timer", has_timer(system, pd)),
                  policy_text("ip", description_text(node, "ip", NULL)),
                  policy_hex("net_bytes", ring + 0x1000));
    add_link_port(policy, lan, port, role, node, ring);
}

/* Bits of the ports that a rule names. */
static uint32_t ports_named(const struct system_switch *lan, const char *name)
{
    size_t index = find_port(lan, name);

    if (strcmp(name, "*") == 0) {
        return UINT32_MAX;
    }
    return index < lan->port_count ? UINT32_C(1) << index : 0;
}

static void set_allowed(uint32_t allowed[SYSTEM_MAX_PORTS], uint32_t from, uint32_t to, bool allow)
{
    for (size_t i = 0; i < SYSTEM_MAX_PORTS; i++) {
        if ((from >> i & 1) != 0) {
            allowed[i] = allow ? allowed[i] | to : allowed[i] & ~to;
        }
    }
}

/* Ports of a group do not reach each other, whatever the rules say. */
static bool is_isolated(const struct system_port *a, const struct system_port *b)
{
    char *copy = strdup(description_text(a->node, "isolate", "")), *rest = NULL;
    bool found = false;

    for (char *at = strtok_r(copy, " ,", &rest); at != NULL; at = strtok_r(NULL, " ,", &rest)) {
        found = found || names(b->node, "isolate", at);
    }
    free(copy);
    return found;
}

/* Copies of a port's frames, whatever the rules say. */
static void add_mirrors(struct system *system, const struct system_switch *lan)
{
    for (size_t i = 0; i < lan->port_count; i++) {
        const xmlNode *watcher = lan->ports[i].node;

        for (size_t j = 0; j < lan->port_count; j++) {
            if (i != j && (names(watcher, "mirror", "*") || names(watcher, "mirror", lan->ports[j].name))) {
                policy_add(system->policy, "mirror %s %s -> %s", lan->name, lan->ports[j].name,
                           lan->ports[i].name);
            }
        }
    }
}

/* Later rules win over earlier ones, and nobody sends to itself. */
static void add_rules(struct system *system, const struct system_switch *lan)
{
    uint32_t allowed[SYSTEM_MAX_PORTS] = {0};

    set_allowed(allowed, UINT32_MAX, UINT32_MAX,
                strcmp(description_text(lan->node, "policy", "allow"), "allow") == 0);
    for (xmlNode *rule = description_child(lan->node, NULL); rule != NULL;
         rule = description_next(rule, NULL)) {
        uint32_t from = ports_named(lan, description_text(rule, "from", ""));
        uint32_t to = ports_named(lan, description_text(rule, "to", ""));
        bool allow = description_is_a(rule, "allow");

        set_allowed(allowed, from, to, allow);
        if (description_is(rule, "both", "true")) {
            set_allowed(allowed, to, from, allow);
        }
    }
    for (size_t i = 0; i < lan->port_count; i++) {
        for (size_t j = 0; j < lan->port_count; j++) {
            if (i != j && (allowed[i] >> j & 1) != 0 && !is_isolated(&lan->ports[i], &lan->ports[j])) {
                policy_add(system->policy, "allow %s %s -> %s", lan->name, lan->ports[i].name,
                           lan->ports[j].name);
            }
        }
    }
}

void net_finish(struct system *system)
{
    for (size_t i = 0; i < system->switch_count; i++) {
        const struct system_switch *lan = &system->switches[i];
        const char *reserved = description_text(lan->node, "reserved", "stp");
        const bool is_stp = strcmp(reserved, "stp") == 0;

        add_rules(system, lan);
        add_mirrors(system, lan);
        if (lan->port_count > 0) {
            services_timer(system, lan->name);
        }
        POLICY_CONFIG(system->policy, lan->name, "switch", policy_text("name", lan->name),
                      policy_number("port_count", lan->port_count),
                      policy_number("mac_table_entries", description_number(lan->node, "mac_table", "256")),
                      policy_number("has_timer", lan->port_count > 0),
                      policy_number("has_vlans", lan->has_vlans),
                      policy_number("snooping", description_is(lan->node, "snooping", "false")),
                      policy_text("reserved", is_stp ? NULL : reserved));
    }
}
