/* SPDX-License-Identifier: BSD-2-Clause */
/* Any access to the distributor of either kind, or to a redistributor, by any vCPU, mixed with device
 * interrupts. The fake platform asserts INTIDs.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "tests/mock/fuzz_input.h"
#include "vmm/platform_fake.h"
#include "vmm/vgic/vgic.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct vgic vgic;

/* What no register access may ever change. */
static void check(void)
{
    for (uint32_t vcpu = 0; vcpu < vgic.vcpu_count; vcpu++) {
        for (uint32_t sgi = 0; sgi < VGIC_SGI_COUNT; sgi++) {
            const struct vgic_irq *irq = &vgic.private_irqs[vcpu][sgi];
            if ((!vgic.is_v3 && !irq->enabled) || !irq->edge) {
                abort();
            }
        }
    }
    for (uint32_t i = vgic.irq_count; i < VGIC_MAX_INTIDS; i++) {
        const struct vgic_irq *irq = &vgic.spis[i - VGIC_PRIVATE_COUNT];
        if (irq->enabled || irq->priority != 0) {
            abort();
        }
    }
    for (uint32_t i = 0; i < vgic.irq_count - VGIC_PRIVATE_COUNT; i++) {
        if (vgic.spis[i].targets >> vgic.vcpu_count != 0 || (!vgic.is_v3 && vgic.spis[i].group1)) {
            abort();
        }
    }
}

static void access_register(struct fuzz_input *input)
{
    const uint8_t shape = fuzz_input_u8(input);
    struct mmio_access access = {
        .offset = fuzz_input_u16(input),
        .value = fuzz_input_u32(input),
        .width_bytes = 1u << (shape & 3),
        .vcpu = shape >> 2 & 3,
        .is_write = (shape & 0x10) != 0,
    };

    if ((shape & 0x20) != 0) { /* mostly where there are registers */
        access.offset &= 0xffc;
        access.width_bytes = 4;
    }
    mmio_handler *handler = !vgic.is_v3           ? vgic_access
                            : (shape & 0x40) != 0 ? vgic_v3_access
                                                  : vgic_v3_access_redist;
    if ((shape & 0x80) != 0) { /* second page of a redistributor */
        access.offset |= 0x10000u;
    }
    if (handler(&vgic, &access) != MMIO_DONE) {
        abort();
    }
    if (!access.is_write && access.width_bytes < 8 && access.value >> (8 * access.width_bytes) != 0) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {data, size};
    const uint8_t shape = fuzz_input_u8(&input);

    platform_fake_reset();
    if (((shape & 0x10) != 0 ? vgic_v3_init : vgic_init)(&vgic, 1 + (shape & 3), 32u * (shape >> 2 & 3)) !=
        ERR_OK) {
        return 0;
    }
    while (input.bytes > 0) {
        const uint8_t op = fuzz_input_u8(&input);
        if (op < 200) {
            access_register(&input);
        } else if (op < 240) {
            vgic_set_line(&vgic, fuzz_input_u16(&input), (op & 1) != 0);
        } else if (op < 255) {
            vgic_pend(&vgic, fuzz_input_u16(&input));
        } else {
            vgic_reset(&vgic);
        }
    }
    check();
    return 0;
}
