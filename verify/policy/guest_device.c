/* SPDX-License-Identifier: BSD-2-Clause */
/* Where the devices of a guest lie, and how they are reached. */
#include <inttypes.h>
#include <string.h>

#include "verify/policy/system.h"

#define VIRTIO_GPA UINT64_C(0xa000000)
#define VIRTIO_INTID UINT64_C(48)
#define PAGE_BYTES UINT64_C(0x1000)
#define PCI_WINDOW_GPA UINT64_C(0x10000000)
#define PCI_BAR_BYTES UINT64_C(0x4000)
#define PCI_NOTIFY_OFFSET UINT64_C(0x1000)
#define MSI_INTID UINT64_C(128)

void guest_device_intid(struct system_guest *guest, uint64_t intid)
{
    guest->last_intid = intid > guest->last_intid ? intid : guest->last_intid;
}

struct system_place guest_place(struct system_guest *guest, const xmlNode *element)
{
    const char *transport = description_text(element, "transport", "auto");
    struct system_place place = {.is_pci = false};

    if (strcmp(transport, "auto") == 0) {
        transport = description_text(guest->node, "transport", "auto");
    }
    place.is_pci = strcmp(transport, "pci") == 0;
    if (place.is_pci) {
        place.vectors = description_number(element, "vectors", "2");
        place.gpa = PCI_WINDOW_GPA + guest->pci_count++ * PCI_BAR_BYTES;
        place.bytes = PCI_BAR_BYTES;
        guest->msi_count += place.vectors;
        guest_device_intid(guest, MSI_INTID + (guest->msi_count == 0 ? 0 : guest->msi_count - 1));
    } else {
        place.gpa = VIRTIO_GPA + guest->mmio_count * PAGE_BYTES;
        place.bytes = PAGE_BYTES;
        place.virq = VIRTIO_INTID + guest->mmio_count++;
        guest_device_intid(guest, place.virq);
    }
    return place;
}

void guest_device(struct system *system, const struct system_guest *guest, const char *name, const char *kind,
                  const struct system_place *place, const char **fields, size_t field_count)
{
    const char *all[24];
    size_t count = 0;

    all[count++] = policy_text("kind", kind);
    if (place != NULL) {
        all[count++] = policy_text("transport", place->is_pci ? "pci" : "mmio");
        all[count++] = policy_hex("gpa", place->gpa);
        all[count++] = policy_hex("bytes", place->bytes);
        all[count++] = policy_number("virq", place->virq);
        all[count++] = policy_number("virq_edge", place->is_pci ? 0 : 1);
        all[count++] = policy_number("vectors", place->vectors);
    }
    for (size_t i = 0; i < field_count && count < sizeof all / sizeof all[0]; i++) {
        all[count++] = fields[i];
    }
    policy_config(system->policy, guest->vmm, name, all, count);
}

/* A page of registers that the guest reads without its VMM; only stores trap. */
void guest_registers(struct system *system, const struct system_guest *guest, const char *device,
                     uint64_t gpa, uint64_t bytes)
{
    struct policy_region *page = policy_region(system->policy, NULL, bytes);

    policy_hold(page, guest->vmm, policy_role(description_format("%s.registers", device)),
                POLICY_READ | POLICY_WRITE | POLICY_UNCACHED);
    policy_hold(page, guest->domain, policy_role(description_format("at 0x%" PRIx64, gpa)),
                POLICY_READ | POLICY_UNCACHED);
}

void guest_wire(struct system *system, struct system_guest *guest, const char *device,
                const struct system_place *place, const char *pd, const char *role, uint64_t queues,
                uint64_t delay_us)
{
    struct policy *policy = system->policy;

    if (!place->is_pci) {
        guest_registers(system, guest, device, place->gpa, PAGE_BYTES);
    }
    if (policy->sel4) {
        return;
    }
    if (pd == NULL) {
        pd = guest->vmm;
        role = "kick";
        if (!guest->has_kick) {
            policy_add(policy, "channel %s kick: doorbells", guest->vmm);
        }
        guest->has_kick = true;
    }
    for (uint64_t queue = 0; queue < queues; queue++) {
        if (place->is_pci) {
            policy_add(policy, "doorbell %s 0x%" PRIx64 ": %s %s delay %" PRIu64, guest->domain,
                       place->gpa + PCI_NOTIFY_OFFSET + 4 * queue, pd, role, delay_us);
        } else { /* virtio-mmio: QueueNotify */
            policy_add(policy, "doorbell %s 0x%" PRIx64 " = %" PRIu64 " (4 bytes): %s %s delay %" PRIu64,
                       guest->domain, place->gpa + 0x50, queue, pd, role, delay_us);
        }
    }
    if (!place->is_pci) { /* InterruptACK of a queue's interrupt does nothing */
        policy_add(policy, "doorbell %s 0x%" PRIx64 " = 1 (4 bytes): ignored", guest->domain,
                   place->gpa + 0x64);
    }
}
