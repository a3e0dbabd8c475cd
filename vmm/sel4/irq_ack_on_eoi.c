/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmm/sel4/irq_ack_on_eoi.h"

seL4_Word irq_ack_on_eoi_channels(const struct vmm_config *config)
{
    seL4_Word channels = 0;

    for (uint32_t i = 0; i < config->device_count && i < VMM_CONFIG_MAX_DEVICES; i++) {
        const struct vmm_device_config *device = &config->devices[i];

        if (device->kind == VMM_DEVICE_PASSTHROUGH && device->channel < MICROKIT_MAX_CHANNELS) {
            channels |= (seL4_Word)1 << device->channel;
        }
    }
    return channels;
}

bool irq_ack_on_eoi_add(struct irq_ack_on_eoi *ends, uint32_t intid, microkit_channel channel)
{
    if (intid < LR_QUEUE_INTIDS) {
        ends->channels[intid] = channel + 1;
    }
    return intid < LR_QUEUE_INTIDS;
}

void irq_ack_on_eoi_ack(const struct irq_ack_on_eoi *ends, uint32_t intid)
{
    if (intid < LR_QUEUE_INTIDS && ends->channels[intid] != 0) {
        microkit_irq_ack(ends->channels[intid] - 1);
    }
}

void irq_ack_on_eoi_ack_all(const struct irq_ack_on_eoi *ends)
{
    for (uint32_t intid = 0; intid < LR_QUEUE_INTIDS; intid++) {
        irq_ack_on_eoi_ack(ends, intid);
    }
}
