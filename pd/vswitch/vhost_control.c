/* SPDX-License-Identifier: BSD-2-Clause */
#include "pd/vswitch/vhost_control.h"

#include "lib/config/vhost_protocol.h"

static uint64_t reply_of(enum err err)
{
    switch (err) {
    case ERR_OK:
        return VHOST_OK;
    case ERR_STATE:
        return VHOST_STATE;
    default:
        return VHOST_INVALID;
    }
}

static uint64_t set_vring(struct vhost_port *port, const uint64_t words[VHOST_CONTROL_WORDS])
{
    /* A size that does not fit becomes 0, which no queue may have. */
    const struct virtq_layout layout = {.size = words[1] <= VIRTQ_MAX_SIZE ? (uint16_t)words[1] : 0,
                                        .desc = gpa_of(words[2]),
                                        .avail = gpa_of(words[3]),
                                        .used = gpa_of(words[4])};

    return reply_of(vhost_port_set_vring(port, words[0], &layout));
}

/* How many words each call has; the table is what makes a wrong count an error. */
static uint64_t words_of(uint64_t label)
{
    switch (label) {
    case VHOST_SET_FEATURES:
    case VHOST_SET_APART:
        return 1;
    case VHOST_SET_VRING:
        return 5;
    case VHOST_START:
    case VHOST_STOP:
        return 0;
    default:
        return UINT64_MAX;
    }
}

uint64_t vhost_control_call(struct vhost_port *port, const struct vhost_control *control)
{
    if (control->count != words_of(control->label)) {
        return VHOST_INVALID;
    }
    switch (control->label) {
    case VHOST_SET_FEATURES:
        return reply_of(vhost_port_set_features(port, control->words[0]));
    case VHOST_SET_VRING:
        return set_vring(port, control->words);
    case VHOST_SET_APART:
        vhost_port_set_apart(port, control->words[0] != 0);
        return VHOST_OK;
    case VHOST_START:
        return reply_of(vhost_port_start(port));
    default:
        vhost_port_stop(port);
        return VHOST_OK;
    }
}
