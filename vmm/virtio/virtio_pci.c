/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmm/virtio/virtio_pci.h"

#include <stddef.h>

#include "lib/base/mem.h"
#include "vmm/platform.h"

/* Capabilities as pci_config_add_capability() takes them: without id and link. */
#define CAP_HEADER 2u
#define CAP_BYTES 16u
#define CAP_NOTIFY_BYTES 20u
#define CAP_ACCESS_BYTES 20u
#define MSIX_BODY_BYTES 10u
#define MSIX_CONTROL_OFFSET 2u
#define ISR_BYTES 1u
#define CLASS_UNKNOWN 0x00ff00u

/* Class codes that go with a kind: for the reader of lspci only, drivers go by the device id. */
static uint32_t class_of(uint32_t id)
{
    switch (id) {
    case VIRTIO_ID_NET:
        return 0x020000; /* Ethernet controller */
    case VIRTIO_ID_BLOCK:
        return 0x018000; /* mass storage controller, other */
    case VIRTIO_ID_CONSOLE:
        return 0x078000; /* communication controller, other */
    default:
        return CLASS_UNKNOWN;
    }
}

/* Interrupts. */

/* Where a queue's interrupts can go without us. */
static void route(struct virtio_pci *pci, uint16_t index)
{
    const struct virtio_device *device = pci->device;
    const uint32_t intid = msix_spi(&pci->msix, pci->queue_vectors[index]);
    const uint32_t vcpu = intid == GICV2M_NONE ? 0 : vgic_spi_owner(pci->msix.frame->vgic, intid);
    const uint32_t now = vcpu << 16 | intid;

    if (pci->routes[index] != now) {
        pci->routes[index] = now;
        if (device->setup.ops->queue_routed != NULL) {
            device->setup.ops->queue_routed(device->setup.context, index, vcpu, intid);
        }
    }
}

static void route_all(struct virtio_pci *pci)
{
    for (uint16_t i = 0; i < pci->device->setup.queue_count; i++) {
        route(pci, i);
    }
}

static void interrupt(struct virtio_pci *pci, uint16_t vector, uint8_t isr)
{
    /* With MSI-X only a change of the configuration shows in the status (section 4.1.4.5.1). */
    pci->isr |= pci->msix.enabled ? isr & VIRTIO_PCI_ISR_CONFIG : isr;
    msix_notify(&pci->msix, vector);
}

static void queue_interrupt(void *transport, uint16_t index)
{
    struct virtio_pci *pci = transport;

    interrupt(pci, pci->queue_vectors[index], VIRTIO_PCI_ISR_QUEUE);
}

/* Whatever else its vector has to say is sent at once, and takes it along. */
static void queue_interrupt_deferred(void *transport, uint16_t index, uint32_t delay_us)
{
    struct virtio_pci *pci = transport;

    if (!pci->msix.enabled) {
        queue_interrupt(pci, index); /* a driver that polls sees the status, and nothing comes late */
        return;
    }
    msix_notify_deferred(&pci->msix, pci->queue_vectors[index], delay_us);
}

static void config_interrupt(void *transport)
{
    struct virtio_pci *pci = transport;

    interrupt(pci, pci->config_vector, VIRTIO_PCI_ISR_CONFIG);
}

static const struct virtio_transport_ops transport_ops = {.queue_interrupt = queue_interrupt,
                                                          .queue_interrupt_deferred =
                                                              queue_interrupt_deferred,
                                                          .config_interrupt = config_interrupt};

static void forget_vectors(struct virtio_pci *pci)
{
    pci->config_vector = VIRTIO_PCI_NO_VECTOR;
    for (uint32_t i = 0; i < VMM_CONFIG_MAX_QUEUES; i++) {
        pci->queue_vectors[i] = VIRTIO_PCI_NO_VECTOR;
    }
    pci->isr = 0;
    route_all(pci);
}

/* The driver resets the device; the function stays as it is. */
static void reset_device(struct virtio_pci *pci)
{
    virtio_device_reset(pci->device);
    forget_vectors(pci);
}

/* A vector that doesn't exist is refused, which the driver sees when it reads back (section 4.1.5.1.2). */
static uint16_t accept_vector(const struct virtio_pci *pci, uint64_t value)
{
    return value < pci->msix.count ? (uint16_t)value : VIRTIO_PCI_NO_VECTOR;
}

/* The common configuration structure. */

/* Width of the register at `offset`, 0: none begins there. Addresses count as two halves. */
static uint32_t width_at(uint64_t offset)
{
    switch (offset) {
    case VIRTIO_PCI_DEVICE_STATUS:
    case VIRTIO_PCI_CONFIG_GENERATION:
        return 1;
    case VIRTIO_PCI_CONFIG_MSIX_VECTOR:
    case VIRTIO_PCI_NUM_QUEUES:
    case VIRTIO_PCI_QUEUE_SELECT:
    case VIRTIO_PCI_QUEUE_SIZE:
    case VIRTIO_PCI_QUEUE_MSIX_VECTOR:
    case VIRTIO_PCI_QUEUE_ENABLE:
    case VIRTIO_PCI_QUEUE_NOTIFY_OFF:
    case VIRTIO_PCI_QUEUE_NOTIFY_DATA:
    case VIRTIO_PCI_QUEUE_RESET:
        return 2;
    default:
        return offset % 4 == 0 && offset < VIRTIO_PCI_COMMON_BYTES ? 4 : 0;
    }
}

/* Registers of the selected queue; all zero if there is none (section 4.1.4.3.1). */
static uint32_t read_queue(const struct virtio_pci *pci, uint32_t offset)
{
    const struct virtq_layout *layout = virtio_device_layout(pci->device);
    const uint32_t queue = pci->device->selected.queue;

    if (layout == NULL) {
        return offset == VIRTIO_PCI_QUEUE_MSIX_VECTOR ? VIRTIO_PCI_NO_VECTOR : 0;
    }
    switch (offset) {
    case VIRTIO_PCI_QUEUE_SIZE:
        return layout->size;
    case VIRTIO_PCI_QUEUE_MSIX_VECTOR:
        return pci->queue_vectors[queue];
    case VIRTIO_PCI_QUEUE_ENABLE:
        return virtio_device_queue_is_enabled(pci->device, queue);
    case VIRTIO_PCI_QUEUE_NOTIFY_OFF:
        return queue;
    case VIRTIO_PCI_QUEUE_DESC:
    case VIRTIO_PCI_QUEUE_DESC + 4:
        return (uint32_t)(layout->desc.value >> (8 * (offset - VIRTIO_PCI_QUEUE_DESC)));
    case VIRTIO_PCI_QUEUE_DRIVER:
    case VIRTIO_PCI_QUEUE_DRIVER + 4:
        return (uint32_t)(layout->avail.value >> (8 * (offset - VIRTIO_PCI_QUEUE_DRIVER)));
    case VIRTIO_PCI_QUEUE_DEVICE:
    case VIRTIO_PCI_QUEUE_DEVICE + 4:
        return (uint32_t)(layout->used.value >> (8 * (offset - VIRTIO_PCI_QUEUE_DEVICE)));
    default:
        return 0;
    }
}

static uint32_t read_common(const struct virtio_pci *pci, uint32_t offset)
{
    const struct virtio_device *device = pci->device;

    switch (offset) {
    case VIRTIO_PCI_DEVICE_FEATURE_SELECT:
        return device->selected.device_features;
    case VIRTIO_PCI_DEVICE_FEATURE:
        return virtio_device_selected_features(device);
    case VIRTIO_PCI_DRIVER_FEATURE_SELECT:
        return device->selected.driver_features;
    case VIRTIO_PCI_DRIVER_FEATURE:
        return virtio_device_written_features(device);
    case VIRTIO_PCI_CONFIG_MSIX_VECTOR:
        return pci->config_vector;
    case VIRTIO_PCI_NUM_QUEUES:
        return device->setup.queue_count;
    case VIRTIO_PCI_DEVICE_STATUS:
        return virtio_device_status(device);
    case VIRTIO_PCI_CONFIG_GENERATION:
        return (uint8_t)device->config_generation;
    case VIRTIO_PCI_QUEUE_SELECT:
        return device->selected.queue;
    default:
        return read_queue(pci, offset);
    }
}

/* A queue alone (section 4.1.4.3.2). It is done at once: queue_reset reads as zero, as does queue_enable. */
static void reset_queue(struct virtio_pci *pci, uint32_t queue)
{
    const bool enabled = virtio_device_queue_is_enabled(pci->device, queue);

    virtio_device_queue_reset(pci->device, queue);
    if (enabled && !virtio_device_queue_is_enabled(pci->device, queue)) {
        pci->queue_vectors[queue] = VIRTIO_PCI_NO_VECTOR;
        route(pci, (uint16_t)queue);
    }
}

static void write_queue(struct virtio_pci *pci, uint32_t offset, uint32_t value)
{
    struct virtio_device *device = pci->device;
    const uint32_t queue = device->selected.queue;

    switch (offset) {
    case VIRTIO_PCI_QUEUE_SIZE:
        virtio_device_set_queue_size(device, value);
        break;
    case VIRTIO_PCI_QUEUE_MSIX_VECTOR:
        if (queue < device->setup.queue_count) {
            pci->queue_vectors[queue] = accept_vector(pci, value);
            route(pci, (uint16_t)queue);
        }
        break;
    case VIRTIO_PCI_QUEUE_ENABLE:
        /* A queue is disabled with the device only: the driver must not write 0 (section 4.1.4.3.2). */
        if (value == 1) {
            virtio_device_queue_enable(device, queue, true);
        }
        break;
    case VIRTIO_PCI_QUEUE_RESET:
        if (value == 1) {
            reset_queue(pci, queue);
        }
        break;
    case VIRTIO_PCI_QUEUE_DESC:
    case VIRTIO_PCI_QUEUE_DESC + 4:
        virtio_device_set_queue_address(device, VIRTIO_QUEUE_DESC, offset != VIRTIO_PCI_QUEUE_DESC, value);
        break;
    case VIRTIO_PCI_QUEUE_DRIVER:
    case VIRTIO_PCI_QUEUE_DRIVER + 4:
        virtio_device_set_queue_address(device, VIRTIO_QUEUE_DRIVER, offset != VIRTIO_PCI_QUEUE_DRIVER,
                                        value);
        break;
    case VIRTIO_PCI_QUEUE_DEVICE:
    case VIRTIO_PCI_QUEUE_DEVICE + 4:
        virtio_device_set_queue_address(device, VIRTIO_QUEUE_DEVICE, offset != VIRTIO_PCI_QUEUE_DEVICE,
                                        value);
        break;
    default:
        break;
    }
}

static void write_common(struct virtio_pci *pci, uint32_t offset, uint32_t value)
{
    struct virtio_device *device = pci->device;

    switch (offset) {
    case VIRTIO_PCI_DEVICE_FEATURE_SELECT:
        device->selected.device_features = value;
        break;
    case VIRTIO_PCI_DRIVER_FEATURE_SELECT:
        device->selected.driver_features = value;
        break;
    case VIRTIO_PCI_DRIVER_FEATURE:
        virtio_device_set_features(device, value);
        break;
    case VIRTIO_PCI_CONFIG_MSIX_VECTOR:
        pci->config_vector = accept_vector(pci, value);
        break;
    case VIRTIO_PCI_DEVICE_STATUS:
        if (value == 0) {
            reset_device(pci);
        } else {
            virtio_device_set_status(device, (uint8_t)value);
        }
        break;
    case VIRTIO_PCI_QUEUE_SELECT:
        device->selected.queue = value;
        break;
    default:
        write_queue(pci, offset, value);
        break;
    }
}

static void access_common(struct virtio_pci *pci, struct mmio_access *access)
{
    const uint32_t offset = (uint32_t)access->offset;
    /* An address may be accessed as a whole, too. */
    const bool whole = access->width_bytes == 8 && offset >= VIRTIO_PCI_QUEUE_DESC && offset % 8 == 0 &&
                       offset < VIRTIO_PCI_QUEUE_NOTIFY_DATA;
    const bool valid = whole || access->width_bytes == width_at(offset);

    if (!access->is_write) {
        access->value = valid ? read_common(pci, offset) : 0;
        if (whole) {
            access->value |= (uint64_t)read_common(pci, offset + 4) << 32;
        }
    } else if (valid) {
        write_common(pci, offset, (uint32_t)access->value);
        if (whole) {
            write_common(pci, offset + 4, (uint32_t)(access->value >> 32));
        }
    }
}

/* The BAR. */

static void access_isr(struct virtio_pci *pci, struct mmio_access *access)
{
    if (!access->is_write && access->offset == VIRTIO_PCI_BAR_ISR) {
        access->value = pci->isr;
        pci->isr = 0; /* reading acknowledges (section 4.1.4.5) */
    }
}

static void access_config_space(struct virtio_pci *pci, struct mmio_access *access)
{
    const uint64_t offset = access->offset - VIRTIO_PCI_BAR_CONFIG;

    if (access->is_write) {
        virtio_device_config_write(pci->device, offset, access->value, access->width_bytes);
    } else {
        access->value = virtio_device_config_read(pci->device, offset, access->width_bytes);
    }
}

static void access_bar(void *context, struct mmio_access *access)
{
    struct virtio_pci *pci = context;

    if (!access->is_write) {
        access->value = 0;
    }
    if (access->offset < VIRTIO_PCI_BAR_ISR) {
        access_common(pci, access);
    } else if (access->offset < VIRTIO_PCI_BAR_CONFIG) {
        access_isr(pci, access);
    } else if (access->offset < VMM_CONFIG_PCI_NOTIFY_OFFSET) {
        access_config_space(pci, access);
    } else if (access->offset < VIRTIO_PCI_BAR_TABLE) {
        if (access->is_write) {
            virtio_device_kick(pci->device, (uint32_t)(access->offset - VMM_CONFIG_PCI_NOTIFY_OFFSET) /
                                                VMM_CONFIG_PCI_NOTIFY_BYTES);
        }
    } else if (access->offset < VIRTIO_PCI_BAR_PENDING) {
        access->offset -= VIRTIO_PCI_BAR_TABLE;
        msix_access_table(&pci->msix, access);
        route_all(pci);
    } else {
        access->offset -= VIRTIO_PCI_BAR_PENDING;
        msix_access_pending(&pci->msix, access);
    }
}

/* The configuration space. */

/* The data register of the capability that reaches into the BAR (section 4.1.4.9): bar, offset and length are
   the driver's, so they are checked here and again each time. */
static void access_through_config(struct virtio_pci *pci, struct mmio_access *access)
{
    const struct pci_config *config = &pci->function.config;
    const uint64_t offset = pci_config_read(config, pci->access_at + VIRTIO_PCI_CAP_OFFSET, 4);
    const uint64_t length = pci_config_read(config, pci->access_at + VIRTIO_PCI_CAP_LENGTH, 4);
    struct mmio_access inner = {.offset = offset,
                                .value = access->is_write ? access->value : 0,
                                .width_bytes = (uint32_t)length,
                                .vcpu = access->vcpu,
                                .is_write = access->is_write};

    if (pci_config_read(config, pci->access_at + VIRTIO_PCI_CAP_BAR, 1) == 0 &&
        (length == 1 || length == 2 || length == 4) && length == access->width_bytes &&
        offset % length == 0 && offset < VMM_CONFIG_PCI_BAR_BYTES) {
        access_bar(pci, &inner);
    }
    if (!access->is_write) {
        access->value = inner.value;
    }
}

/* A VMM that has been started again doesn't know where the last one has left them. */
#define DOORBELLS_UNKNOWN 1u

/* Doorbells follow the BAR, so that another one in its place is not taken for it. */
static void move_doorbells(struct virtio_pci *pci)
{
    const struct pci_config *config = &pci->function.config;
    const uint64_t now = pci_config_command_has(config, PCI_CONFIG_COMMAND_MEMORY) ? pci_config_bar(config, 0)
                                                                                   : PLATFORM_NOWHERE;

    if (pci->doorbells_gpa == now) {
        return;
    }
    pci->doorbells_gpa = now;
    for (uint32_t i = 0; i < pci->device->setup.queue_count; i++) {
        const uint64_t offset = VMM_CONFIG_PCI_NOTIFY_OFFSET + (uint64_t)i * VMM_CONFIG_PCI_NOTIFY_BYTES;
        platform_doorbell_move(pci->described_gpa + offset, now == PLATFORM_NOWHERE ? now : now + offset);
    }
}

/* Command, BAR or message control may have been written: bring doorbells and vectors in line. */
static void take_control(struct virtio_pci *pci)
{
    const struct pci_config *config = &pci->function.config;
    const uint64_t control =
        pci->msix_at == 0 ? 0 : pci_config_read(config, pci->msix_at + MSIX_CONTROL_OFFSET, 2);
    /* A function that is no bus master must not send messages (PCI 3.0, 6.2.2). */
    const bool silent = !pci_config_command_has(config, PCI_CONFIG_COMMAND_MASTER);

    move_doorbells(pci);
    msix_set_control(&pci->msix, (control & MSIX_CONTROL_ENABLE) != 0,
                     (control & MSIX_CONTROL_MASK) != 0 || silent);
    route_all(pci);
}

static void access_config(void *context, struct mmio_access *access)
{
    struct virtio_pci *pci = context;

    if (access->offset == pci->access_at + VIRTIO_PCI_CAP_DATA) {
        access_through_config(pci, access);
    } else if (access->is_write) {
        pci_config_write(&pci->function.config, access->offset, access->value, access->width_bytes);
        take_control(pci);
    } else {
        access->value = pci_config_read(&pci->function.config, access->offset, access->width_bytes);
    }
}

void virtio_pci_reset(struct virtio_pci *pci)
{
    pci_config_reset(&pci->function.config);
    msix_reset(&pci->msix);
    take_control(pci);
    reset_device(pci);
}

static const struct pci_function_ops function_ops = {access_config, access_bar};

/* Setting up. */

static void put32(uint8_t *at, uint32_t value)
{
    for (uint32_t i = 0; i < 4; i++) {
        at[i] = (uint8_t)(value >> (8 * i));
    }
}

/* A structure of the vendor's in BAR 0; `bytes` is the capability's length. */
static enum err add_structure(struct virtio_pci *pci, enum virtio_pci_capability type, uint32_t offset,
                              uint32_t length)
{
    uint8_t capability[CAP_NOTIFY_BYTES] = {0};
    const uint8_t bytes = type == VIRTIO_PCI_CAP_NOTIFY_CFG ? CAP_NOTIFY_BYTES : CAP_BYTES;
    uint32_t at;

    capability[2] = bytes;
    capability[VIRTIO_PCI_CAP_TYPE] = (uint8_t)type;
    put32(&capability[VIRTIO_PCI_CAP_OFFSET], offset);
    put32(&capability[VIRTIO_PCI_CAP_LENGTH], length);
    put32(&capability[VIRTIO_PCI_CAP_MULTIPLIER], VMM_CONFIG_PCI_NOTIFY_BYTES);
    return pci_config_add_capability(&pci->function.config, PCI_CONFIG_CAPABILITY_VENDOR,
                                     &capability[CAP_HEADER], NULL, bytes - CAP_HEADER, &at);
}

static enum err add_access(struct virtio_pci *pci)
{
    uint8_t capability[CAP_ACCESS_BYTES] = {
        [2] = CAP_ACCESS_BYTES, [VIRTIO_PCI_CAP_TYPE] = VIRTIO_PCI_CAP_PCI_CFG};
    uint8_t writable[CAP_ACCESS_BYTES] = {[VIRTIO_PCI_CAP_BAR] = 0xff};

    put32(&writable[VIRTIO_PCI_CAP_OFFSET], UINT32_MAX);
    put32(&writable[VIRTIO_PCI_CAP_LENGTH], UINT32_MAX);
    return pci_config_add_capability(&pci->function.config, PCI_CONFIG_CAPABILITY_VENDOR,
                                     &capability[CAP_HEADER], &writable[CAP_HEADER],
                                     CAP_ACCESS_BYTES - CAP_HEADER, &pci->access_at);
}

static enum err add_msix(struct virtio_pci *pci)
{
    uint8_t body[MSIX_BODY_BYTES] = {(uint8_t)(pci->msix.count - 1)};
    const uint8_t writable[MSIX_BODY_BYTES] = {0, (MSIX_CONTROL_ENABLE | MSIX_CONTROL_MASK) >> 8};

    put32(&body[2], VIRTIO_PCI_BAR_TABLE); /* the BAR's number, 0, is in the low bits */
    put32(&body[6], VIRTIO_PCI_BAR_PENDING);
    return pci_config_add_capability(&pci->function.config, PCI_CONFIG_CAPABILITY_MSIX, body, writable,
                                     sizeof body, &pci->msix_at);
}

static enum err add_capabilities(struct virtio_pci *pci)
{
    const uint32_t config_bytes = pci->device->setup.config_bytes;
    enum err err = add_structure(pci, VIRTIO_PCI_CAP_COMMON_CFG, 0, VIRTIO_PCI_COMMON_BYTES);

    if (err == ERR_OK) {
        err = add_structure(pci, VIRTIO_PCI_CAP_ISR_CFG, VIRTIO_PCI_BAR_ISR, ISR_BYTES);
    }
    if (err == ERR_OK && config_bytes != 0) {
        err = add_structure(pci, VIRTIO_PCI_CAP_DEVICE_CFG, VIRTIO_PCI_BAR_CONFIG, config_bytes);
    }
    if (err == ERR_OK) {
        err = add_structure(pci, VIRTIO_PCI_CAP_NOTIFY_CFG, VMM_CONFIG_PCI_NOTIFY_OFFSET,
                            pci->device->setup.queue_count * VMM_CONFIG_PCI_NOTIFY_BYTES);
    }
    if (err == ERR_OK) {
        err = add_access(pci);
    }
    return err == ERR_OK && pci->msix.count > 0 ? add_msix(pci) : err;
}

enum err virtio_pci_init(struct virtio_pci *pci, struct virtio_device *device,
                         const struct vmm_device_config *row, const struct gicv2m *frame)
{
    const struct pci_config_identity identity = {
        .vendor = VIRTIO_PCI_VENDOR,
        .device = (uint16_t)(VIRTIO_PCI_DEVICE + device->setup.id),
        .subsystem_vendor = VIRTIO_PCI_VENDOR,
        .subsystem = (uint16_t)(VIRTIO_PCI_DEVICE + device->setup.id),
        .class_code = class_of(device->setup.id),
        .revision = 1, /* section 4.1.2.1 */
    };
    const uint32_t wanted = device->setup.queue_count + 1u;

    if (row->vectors > MSIX_MAX_VECTORS || row->gpa > UINT32_MAX ||
        row->gpa % VMM_CONFIG_PCI_BAR_BYTES != 0 ||
        device->setup.config_bytes > VMM_CONFIG_PCI_NOTIFY_OFFSET - VIRTIO_PCI_BAR_CONFIG) {
        return ERR_RANGE;
    }
    *pci = (struct virtio_pci){.device = device,
                               .function = {.ops = &function_ops, .context = pci},
                               .described_gpa = row->gpa,
                               .doorbells_gpa = DOORBELLS_UNKNOWN};
    pci_config_init(&pci->function.config, &identity);
    pci_config_set_bar(&pci->function.config, 0, (uint32_t)row->gpa, VMM_CONFIG_PCI_BAR_BYTES);
    msix_init(&pci->msix, row->vectors < wanted ? row->vectors : wanted, frame);
    virtio_device_attach(device, &transport_ops, pci);
    return add_capabilities(pci);
}
