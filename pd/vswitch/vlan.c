/* SPDX-License-Identifier: BSD-2-Clause */
/* Tags in, tags out. */
#include "pd/vswitch/vlan.h"

#define TYPE_OFFSET 12u
#define TCI_OFFSET 14u
#define TAGGED_BYTES 18u
#define TYPE_VLAN 0x8100u
#define VID_MASK 0xfffu

static uint32_t get16(const uint8_t *at)
{
    return (uint32_t)at[0] << 8 | at[1];
}

static bool is_tagged(const struct vswitch_frame *frame)
{
    return get16(frame->header + TYPE_OFFSET) == TYPE_VLAN;
}

/* Is the port in that VLAN with tags? */
static bool is_trunk_of(const struct vswitch_port *port, uint32_t vid)
{
    return (port->trunk[vid / 64] >> (vid % 64) & 1) != 0;
}

static bool is_member(const struct vswitch_port *port, uint32_t vid)
{
    return port->config->vlan == vid || is_trunk_of(port, vid);
}

void vlan_init(struct vswitch *vswitch)
{
    for (uint32_t i = 0; i < vswitch->port_count; i++) {
        struct vswitch_port *port = &vswitch->ports[i];
        const struct vswitch_port_config *config = port->config;

        for (uint32_t k = 0; k < config->trunk_count && k < VSWITCH_CONFIG_MAX_TRUNK; k++) {
            for (uint32_t vid = config->trunk[k].first; vid <= config->trunk[k].last && vid < VID_MASK;
                 vid++) {
                port->trunk[vid / 64] |= 1ull << (vid % 64);
            }
        }
        if (config->vlan != 0 || config->trunk_count != 0) {
            port->managed |= VSWITCH_VLAN;
        }
    }
}

bool vlan_admit(const struct vswitch_port *port, struct vswitch_frame *frame, enum vswitch_drop *cause)
{
    uint32_t vid = 0;

    if (is_tagged(frame)) {
        if (frame->length_bytes < TAGGED_BYTES) {
            *cause = VSWITCH_DROP_LENGTH;
            return false;
        }
        vid = get16(frame->header + TCI_OFFSET) & VID_MASK;
    }
    /* Without a tag, or with one that says only a priority: the port's own VLAN. */
    frame->vid = (uint16_t)(vid != 0 ? vid : port->config->vlan);
    *cause = VSWITCH_DROP_VLAN;
    return frame->vid != 0 && frame->vid != VID_MASK && is_member(port, frame->vid);
}

uint32_t vlan_members(const struct vswitch *vswitch, uint16_t vid)
{
    uint32_t members = 0;

    for (uint32_t i = 0; i < vswitch->port_count; i++) {
        members |= is_member(&vswitch->ports[i], vid) ? state_bit(i) : 0;
    }
    return members;
}

struct vswitch_frame *vlan_view(struct edit *edit, const struct vswitch_port *target,
                                struct vswitch_frame *frame, struct vswitch_frame *out)
{
    const bool wants_tag = target->config->vlan != frame->vid;
    const uint32_t tci = is_tagged(frame) ? get16(frame->header + TCI_OFFSET) : 0;

    if (!wants_tag) {
        if (!is_tagged(frame)) {
            return frame;
        }
        edit_remove_tag(edit, frame, out);
        return out;
    }
    if (is_tagged(frame)) {
        edit_replace_tag(frame, (uint16_t)((tci & ~VID_MASK) | frame->vid), out);
        return out;
    }
    return edit_insert_tag(edit, frame, frame->vid, out) ? out : NULL;
}
