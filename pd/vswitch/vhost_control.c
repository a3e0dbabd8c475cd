/* SPDX-License-Identifier: BSD-2-Clause */
#include "pd/vswitch/vhost_control.h"

#include "lib/base/mem.h"
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

static void take_mac(uint64_t word, uint8_t mac[6])
{
    memcpy(mac, &word, 6);
}

static uint64_t set_rx_filter(struct vhost_port *port, const struct vhost_control *control)
{
    const uint64_t *words = control->words;
    struct rx_filter filter = {.mode = (uint32_t)words[0] & RX_FILTER_MODES};

    if (control->count < VHOST_RX_FILTER_WORDS || words[2] > RX_FILTER_MAX_MACS ||
        words[3] > RX_FILTER_MAX_MACS - words[2] ||
        control->count != VHOST_RX_FILTER_WORDS + words[2] + words[3]) {
        return VHOST_INVALID;
    }
    filter.uni_count = (uint32_t)words[2];
    filter.multi_count = (uint32_t)words[3];
    take_mac(words[1], filter.mac);
    for (uint32_t i = 0; i < filter.uni_count + filter.multi_count; i++) {
        take_mac(words[VHOST_RX_FILTER_WORDS + i], filter.macs[i]);
    }
    vhost_port_set_filter(port, &filter);
    return VHOST_OK;
}

/* How many words each call has; the table is what makes a wrong count an error. */
static uint64_t words_of(uint64_t label)
{
    switch (label) {
    case VHOST_SET_FEATURES:
    case VHOST_SET_APART:
    case VHOST_RESET_VRING:
    case VHOST_SET_OFFLOADS:
        return 1;
    case VHOST_SET_VRING:
        return 5;
    case VHOST_SET_VLANS:
        return RX_FILTER_VLAN_WORDS;
    case VHOST_START:
    case VHOST_STOP:
        return 0;
    default:
        return UINT64_MAX;
    }
}

uint64_t vhost_control_call(struct vhost_port *port, const struct vhost_control *control)
{
    if (control->label == VHOST_SET_RX_FILTER) {
        return set_rx_filter(port, control); /* as many words as it has addresses */
    }
    if (control->count != words_of(control->label)) {
        return VHOST_INVALID;
    }
    switch (control->label) {
    case VHOST_SET_FEATURES:
        return reply_of(vhost_port_set_features(port, control->words[0]));
    case VHOST_SET_VRING:
        return set_vring(port, control->words);
    case VHOST_SET_APART:
        vhost_port_set_separate_tx_irq(port, control->words[0] != 0);
        return VHOST_OK;
    case VHOST_RESET_VRING:
        return reply_of(vhost_port_reset_vring(port, control->words[0]));
    case VHOST_SET_OFFLOADS:
        vhost_port_set_offloads(port, control->words[0]);
        return VHOST_OK;
    case VHOST_SET_VLANS:
        vhost_port_set_vlans(port, control->words);
        return VHOST_OK;
    case VHOST_START:
        return reply_of(vhost_port_start(port));
    default:
        vhost_port_stop(port);
        return VHOST_OK;
    }
}
