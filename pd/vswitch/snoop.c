/* SPDX-License-Identifier: BSD-2-Clause */
/* Who has joined which group, from the reports that pass. */
#include "pd/vswitch/snoop.h"

#include "lib/base/mem.h"

#define TYPE_OFFSET 12u
#define TAG_BYTES 4u
#define TAGS_MAX 2u
#define HEAD_BYTES 42u /* addresses, two tags, and as far as either kind of packet says what it carries */
#define TYPE_IPV4 0x0800u
#define TYPE_IPV6 0x86ddu
#define TYPE_VLAN 0x8100u
#define TYPE_PROVIDER 0x88a8u

#define IPV4_BYTES 20u
#define IPV4_FRAGMENT 6u
#define IPV4_PROTOCOL 9u
#define IPV4_IGMP 2u
#define IPV6_BYTES 40u
#define IPV6_NEXT 6u
#define IPV6_HOP_BY_HOP 0u
#define IPV6_ICMP 58u

/* RFC 2236, RFC 3376 */
#define IGMP_BYTES 8u
#define IGMP_QUERY 0x11u
#define IGMP_REPORT_V1 0x12u
#define IGMP_REPORT_V2 0x16u
#define IGMP_LEAVE 0x17u
#define IGMP_REPORT_V3 0x22u
#define IGMP_LONGEST_TIME 128u /* from here on it is a floating-point number, of more than SNOOP_ANSWERED_S */
/* RFC 2710, RFC 3810 */
#define MLD_BYTES 24u
#define MLD_QUERY 130u
#define MLD_REPORT_V1 131u
#define MLD_DONE 132u
#define MLD_REPORT_V2 143u
#define MLD_LONGEST_MS 25500u
/* Of both kinds of lists. */
#define LIST_COUNT 6u
#define LIST_BYTES 8u
#define RECORD_BYTES 4u
#define RECORD_INCLUDE 1u
#define RECORD_TO_INCLUDE 3u
#define RECORD_BLOCK 6u

/* Ethernet addresses of groups of IP. */
#define IPV4_GROUPS UINT64_C(0x01005e000000)
#define IPV4_GROUPS_MASK UINT64_C(0xffffff800000)
#define IPV4_LOCAL_MASK UINT64_C(0xffffffffff00) /* 224.0.0.x: for all on the link (RFC 4541, 2.1.2) */
#define IPV6_GROUPS UINT64_C(0x333300000000)
#define IPV6_GROUPS_MASK UINT64_C(0xffff00000000)
#define ADDRESS_MASK UINT64_C(0xffffffffffff)
#define IPV6_ALL_NODES (IPV6_GROUPS | 1)

/* Part of a packet. */
struct view {
    const uint8_t *data;
    uint32_t bytes;
};

/* Who says it, and in which VLAN. */
struct speaker {
    uint32_t port;
    uint16_t vid;
};

static uint32_t get16(const uint8_t *at)
{
    return (uint32_t)at[0] << 8 | at[1];
}

static uint64_t target_of(const struct vswitch_frame *frame)
{
    uint64_t bits = 0;

    for (unsigned int i = 0; i < 6; i++) {
        bits = bits << 8 | frame->header[i];
    }
    return bits;
}

static uint64_t seconds(const struct snoop *snoop, uint32_t count)
{
    return count * snoop->ticks_per_second;
}

void snoop_init(struct snoop *snoop, uint64_t ticks_per_second)
{
    memset(snoop, 0, sizeof *snoop);
    snoop->ticks_per_second = ticks_per_second;
}

void snoop_forget(struct snoop *snoop, uint32_t port)
{
    for (uint32_t i = 0; i < SNOOP_FAMILIES; i++) {
        snoop->ports[i][port] = (struct snoop_port){0};
    }
    for (uint32_t i = 0; i < SNOOP_SETS * SNOOP_WAYS; i++) {
        snoop->groups[i / SNOOP_WAYS][i % SNOOP_WAYS].members &= ~(UINT32_C(1) << port);
    }
}

static struct snoop_group *set_of(struct snoop *snoop, uint64_t key)
{
    return snoop->groups[(key * UINT64_C(0x9e3779b97f4a7c15) >> 32) % SNOOP_SETS];
}

/* The group of that key, or NULL. */
static struct snoop_group *find_group(struct snoop *snoop, uint64_t key)
{
    struct snoop_group *set = set_of(snoop, key);

    for (uint32_t i = 0; i < SNOOP_WAYS; i++) {
        if (set[i].key == key && set[i].members != 0) {
            return &set[i];
        }
    }
    return NULL;
}

static enum snoop_family family_of(uint64_t key)
{
    return (key & IPV6_GROUPS_MASK) == IPV6_GROUPS ? SNOOP_IPV6 : SNOOP_IPV4;
}

/* Groups that everybody on the link is in. */
static bool is_for_all(uint64_t address)
{
    return address == IPV6_ALL_NODES || (address & IPV4_LOCAL_MASK) == IPV4_GROUPS;
}

/* Of a port's memberships this one is over: it left, or answered a query without it. */
static bool is_over(const struct snoop *snoop, const struct snoop_group *group, uint32_t port)
{
    const struct snoop_port *of = &snoop->ports[family_of(group->key)][port];

    if (group->leaving[port] != 0 && snoop->now >= group->leaving[port]) {
        return true;
    }
    return of->round > group->seen[port] && of->answered >= of->round &&
           snoop->now > of->round + seconds(snoop, SNOOP_ANSWERED_S);
}

/* Who is in a group now. Each of its members is looked at: as many as there are ports at most. */
static uint32_t members_of(const struct snoop *snoop, struct snoop_group *group)
{
    for (uint32_t left = group->members; left != 0; left &= left - 1) {
        if (is_over(snoop, group, (uint32_t)__builtin_ctz(left))) {
            group->members &= ~(left & -left);
        }
    }
    return group->members;
}

/* A place for another group: one that is unused, or that everybody has left. NULL: there is none. */
static struct snoop_group *new_group(struct snoop *snoop, uint64_t key)
{
    struct snoop_group *set = set_of(snoop, key);

    for (uint32_t i = 0; i < SNOOP_WAYS; i++) {
        if (set[i].members == 0 || members_of(snoop, &set[i]) == 0) {
            set[i].key = key;
            return &set[i];
        }
    }
    return NULL;
}

static uint64_t key_of(enum snoop_family family, const uint8_t *group, uint16_t vid)
{
    const uint8_t *low = group + (family == SNOOP_IPV4 ? 0 : 12);
    const uint64_t bits = (uint64_t)low[0] << 24 | (uint64_t)low[1] << 16 | (uint64_t)low[2] << 8 | low[3];

    return (uint64_t)vid << 48 |
           (family == SNOOP_IPV4 ? IPV4_GROUPS | (bits & ~IPV4_GROUPS_MASK) : IPV6_GROUPS | bits);
}

static void join(struct snoop *snoop, struct speaker who, const uint8_t *address)
{
    const uint64_t key = key_of(snoop->family, address, who.vid);
    struct snoop_group *group = find_group(snoop, key);

    if (is_for_all(key & ADDRESS_MASK)) {
        return;
    }
    if (group == NULL) {
        group = new_group(snoop, key);
    }
    if (group == NULL) {
        snoop->ports[snoop->family][who.port].greedy = snoop->now + seconds(snoop, SNOOP_ASKED_S);
        return;
    }
    group->members |= UINT32_C(1) << who.port;
    group->seen[who.port] = snoop->now;
    group->leaving[who.port] = 0;
}

/* Another behind the port may be in it yet: a router asks, and it says so in time. */
static void leave(struct snoop *snoop, struct speaker who, const uint8_t *address)
{
    struct snoop_group *group = find_group(snoop, key_of(snoop->family, address, who.vid));

    if (group != NULL && (group->members >> who.port & 1) != 0 && group->leaving[who.port] == 0) {
        group->leaving[who.port] = snoop->now + seconds(snoop, SNOOP_LEAVE_S);
    }
}

/* A list of groups: IGMPv3, MLDv2. What it says of sources of theirs is taken as all of them. */
static void read_list(struct snoop *snoop, struct speaker who, struct view list)
{
    const uint32_t address_bytes = snoop->family == SNOOP_IPV4 ? 4 : 16;
    uint32_t at = LIST_BYTES;

    for (uint32_t left = get16(list.data + LIST_COUNT); left != 0; left--) {
        if (at + RECORD_BYTES + address_bytes > list.bytes) {
            return;
        }
        const uint8_t *record = list.data + at;
        const uint32_t kind = record[0], sources = get16(record + 2);
        const bool is_none = (kind == RECORD_INCLUDE || kind == RECORD_TO_INCLUDE) && sources == 0;

        if (is_none) {
            leave(snoop, who, record + RECORD_BYTES);
        } else if (kind >= RECORD_INCLUDE && kind < RECORD_BLOCK) {
            join(snoop, who, record + RECORD_BYTES);
        }
        at += RECORD_BYTES + address_bytes * (1 + sources) + 4u * record[1];
    }
}

/* Who asks is a router, or knows one. Only a question for all groups, soon to be answered, is one that memberships
 * hang on. */
static void take_query(struct snoop *snoop, struct speaker who, const uint8_t *address, bool in_time)
{
    static const uint8_t all[16];

    snoop->ports[snoop->family][who.port].router = snoop->now + seconds(snoop, SNOOP_ASKED_S);
    snoop->is_query = in_time && memcmp(address, all, snoop->family == SNOOP_IPV4 ? 4 : 16) == 0;
}

/* Returns whether it is a report, which only routers want to see: who sees another's may keep its own (RFC 4541, 2.1.1). */
static bool take_igmp(struct snoop *snoop, struct speaker who, struct view igmp)
{
    const bool is_report = igmp.bytes >= IGMP_BYTES && igmp.data[0] != IGMP_QUERY;

    snoop->family = SNOOP_IPV4;
    switch (igmp.bytes < IGMP_BYTES ? 0 : igmp.data[0]) {
    case IGMP_QUERY:
        take_query(snoop, who, igmp.data + 4, igmp.data[1] < IGMP_LONGEST_TIME);
        return false;
    case IGMP_REPORT_V1:
    case IGMP_REPORT_V2:
        join(snoop, who, igmp.data + 4);
        break;
    case IGMP_LEAVE:
        leave(snoop, who, igmp.data + 4);
        return true; /* no answer to a query */
    case IGMP_REPORT_V3:
        read_list(snoop, who, igmp);
        break;
    default:
        return false;
    }
    snoop->ports[SNOOP_IPV4][who.port].answered = snoop->now;
    return is_report;
}

static bool take_mld(struct snoop *snoop, struct speaker who, struct view mld)
{
    snoop->family = SNOOP_IPV6;
    switch (mld.bytes < LIST_BYTES ? 0 : mld.data[0]) {
    case MLD_QUERY:
        if (mld.bytes >= MLD_BYTES) {
            take_query(snoop, who, mld.data + 8, get16(mld.data + 4) <= MLD_LONGEST_MS);
        }
        return false;
    case MLD_REPORT_V1:
        if (mld.bytes < MLD_BYTES) {
            return false;
        }
        join(snoop, who, mld.data + 8);
        break;
    case MLD_DONE:
        if (mld.bytes >= MLD_BYTES) {
            leave(snoop, who, mld.data + 8);
        }
        return true;
    case MLD_REPORT_V2:
        read_list(snoop, who, mld);
        break;
    default:
        return false;
    }
    snoop->ports[SNOOP_IPV6][who.port].answered = snoop->now;
    return true;
}

/* What an IPv4 packet carries, if that is IGMP in one piece; else nothing. */
static struct view igmp_of(struct view ip)
{
    const uint32_t header = ip.bytes < IPV4_BYTES ? 0 : (ip.data[0] & 0xfu) * 4;
    const uint32_t total = ip.bytes < IPV4_BYTES ? 0 : get16(ip.data + 2);

    if (header < IPV4_BYTES || total < header || total > ip.bytes || ip.data[IPV4_PROTOCOL] != IPV4_IGMP ||
        (get16(ip.data + IPV4_FRAGMENT) & 0x3fff) != 0) {
        return (struct view){0};
    }
    return (struct view){ip.data + header, total - header};
}

/* The same for MLD, which comes behind a hop-by-hop header with a router alert. */
static struct view mld_of(struct view ip)
{
    if (ip.bytes < IPV6_BYTES + 8 || ip.data[IPV6_NEXT] != IPV6_HOP_BY_HOP ||
        ip.data[IPV6_BYTES] != IPV6_ICMP) {
        return (struct view){0};
    }
    const uint32_t header = IPV6_BYTES + (ip.data[IPV6_BYTES + 1] + 1u) * 8;
    const uint32_t total = IPV6_BYTES + get16(ip.data + 4);

    if (total < header || total > ip.bytes) {
        return (struct view){0};
    }
    return (struct view){ip.data + header, total - header};
}

/* Where the packet begins in a frame's first bytes, behind its tags; *type is its kind, 0: that cannot be made out. */
static struct view packet_of(const uint8_t *data, uint32_t bytes, uint32_t *type)
{
    uint32_t at = TYPE_OFFSET;

    *type = get16(data + at);
    for (uint32_t tags = 0; *type == TYPE_VLAN || *type == TYPE_PROVIDER; tags++) {
        at += TAG_BYTES;
        *type = tags < TAGS_MAX && at + 2 <= bytes ? get16(data + at) : 0;
    }
    return (struct view){data + at + 2, *type != 0 ? bytes - at - 2 : 0};
}

/* May that be about groups? So much is read of every frame to one. */
static bool concerns_groups(const struct vswitch_frame *frame, uint32_t bytes)
{
    uint8_t head[HEAD_BYTES];
    uint32_t type;

    if (bytes < sizeof head) {
        return false;
    }
    frame_copy(frame, 0, head, sizeof head);
    const struct view packet = packet_of(head, sizeof head, &type);
    return (type == TYPE_IPV4 && packet.data[IPV4_PROTOCOL] == IPV4_IGMP) ||
           (type == TYPE_IPV6 && packet.data[IPV6_NEXT] == IPV6_HOP_BY_HOP);
}

/* Learn from a frame of which that many bytes are read. True: it is a report. */
static bool learn(struct snoop *snoop, struct speaker who, const struct vswitch_frame *frame, uint32_t bytes)
{
    uint32_t type;

    if (!concerns_groups(frame, bytes)) {
        return false;
    }
    frame_copy(frame, 0, snoop->packet, bytes);
    *frame->work += bytes;
    const struct view packet = packet_of(snoop->packet, bytes, &type);
    if (type == TYPE_IPV4) {
        const struct view igmp = igmp_of(packet);
        return igmp.bytes != 0 && take_igmp(snoop, who, igmp);
    }
    if (type == TYPE_IPV6) {
        const struct view mld = mld_of(packet);
        return mld.bytes != 0 && take_mld(snoop, who, mld);
    }
    return false;
}

/* Those of `ports` that get every frame to a group: routers, whoever joined too much, and whoever was not asked. */
static uint32_t unfiltered(const struct snoop *snoop, enum snoop_family family, uint32_t ports)
{
    const uint64_t fresh = seconds(snoop, SNOOP_ASKED_S);
    uint32_t all = 0;

    for (uint32_t left = ports; left != 0; left &= left - 1) {
        const struct snoop_port *port = &snoop->ports[family][__builtin_ctz(left)];

        if (port->asked == 0 || snoop->now - port->asked >= fresh || snoop->now < port->router ||
            snoop->now < port->greedy) {
            all |= left & -left;
        }
    }
    return all;
}

uint32_t snoop_narrow(struct snoop *snoop, const struct vswitch_frame *frame, uint32_t source, uint64_t now,
                      uint32_t candidates)
{
    const uint64_t target = target_of(frame);
    const bool is_ipv4 = (target & IPV4_GROUPS_MASK) == IPV4_GROUPS;
    const enum snoop_family family = is_ipv4 ? SNOOP_IPV4 : SNOOP_IPV6;

    snoop->now = now;
    snoop->is_query = false;
    if (!is_ipv4 && (target & IPV6_GROUPS_MASK) != IPV6_GROUPS) {
        return candidates;
    }
    const uint32_t bytes =
        frame->length_bytes < SNOOP_PACKET_BYTES ? frame->length_bytes : SNOOP_PACKET_BYTES;
    if (learn(snoop, (struct speaker){.port = source, .vid = frame->vid}, frame, bytes)) {
        return unfiltered(snoop, family, candidates);
    }
    snoop->is_query = snoop->is_query && candidates != 0;
    if (snoop->is_query || is_for_all(target)) {
        return candidates;
    }
    struct snoop_group *group = find_group(snoop, (uint64_t)frame->vid << 48 | target);
    const uint32_t members = group != NULL ? members_of(snoop, group) : 0;
    return (candidates & members) | unfiltered(snoop, family, candidates & ~members);
}

void snoop_asked(struct snoop *snoop, uint32_t ports)
{
    const uint64_t window = seconds(snoop, SNOOP_ANSWERED_S);

    snoop->is_query = false;
    for (uint32_t left = ports; left != 0; left &= left - 1) {
        struct snoop_port *port = &snoop->ports[snoop->family][__builtin_ctz(left)];

        port->asked = snoop->now;
        if (port->round == 0 || snoop->now - port->round > window) { /* else that one is being answered */
            port->round = snoop->now;
        }
    }
}
