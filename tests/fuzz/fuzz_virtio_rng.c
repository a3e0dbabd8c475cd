/* SPDX-License-Identifier: BSD-2-Clause */
/* Any chains for an entropy device, before an entropy PD that has its moods. No byte outside the chains is
 * written. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/config/entropy_config.h"
#include "microkit/host/microkit_host.h"
#include "tests/mock/driver.h"
#include "tests/mock/fuzz_input.h"
#include "tests/mock/log_record.h"
#include "tests/mock/virtio_driver.h"
#include "vmm/platform_fake.h"
#include "vmm/virtio/virtio_rng.h"

#define BASE 0x40000000ull
#define BYTES 0x10000ull
#define DATA (BASE + 0x8000)
#define GUARD (BASE + 0xc000) /* no chain of ours reaches here */
#define GUARD_BYTES 0x4000u
#define QUEUE VIRTIO_RNG_QUEUE_SIZE

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct fixture {
    struct driver_ram ram;
    struct driver_queue queue;
    struct vgic vgic;
    struct irq_line line;
    struct vmm_config vm;
    struct virtio_rng rng;
    struct virtio_mmio mmio;
    uint64_t label;
    uint64_t words;
};

static struct virtq_chain scratch;

static microkit_msginfo answer(void *context, microkit_channel channel, microkit_msginfo msginfo)
{
    const struct fixture *f = context;

    (void)channel;
    (void)msginfo;
    for (seL4_Uint8 i = 0; i < ENTROPY_MAX_WORDS; i++) {
        microkit_mr_set(i, ~0ull);
    }
    return microkit_msginfo_new(f->label, (uint16_t)(f->words != 0 ? f->words : microkit_mr_get(0)));
}

static void start(struct fixture *f, uint8_t shape)
{
    const uint64_t features =
        ((shape & 1) != 0 ? VIRTIO_F_EVENT_IDX : 0) | ((shape & 2) != 0 ? VIRTIO_F_INDIRECT_DESC : 0);

    f->ram.next = BASE;
    if (!virtio_driver_negotiate(&f->mmio, features | VIRTIO_F_VERSION_1)) {
        abort();
    }
    driver_queue_init(&f->queue, &f->ram, QUEUE, (shape & 1) != 0);
    if (!virtio_driver_add_queue(&f->mmio, 0, &f->queue)) {
        abort();
    }
    virtio_driver_go(&f->mmio);
}

static void add_chain(struct fixture *f, struct fuzz_input *input, bool indirect)
{
    struct driver_buffer buffers[4];
    const unsigned int count = 1 + (fuzz_input_u8(input) & 3u);

    for (unsigned int i = 0; i < count; i++) {
        const uint16_t shape = fuzz_input_u16(input);
        buffers[i] =
            (struct driver_buffer){DATA + (shape & 0xfff), fuzz_input_u16(input) & 0x2fff, shape < 0xf000};
    }
    if (indirect && f->ram.next + sizeof(struct virtq_desc) * count < DATA) {
        (void)driver_add_indirect(&f->queue, buffers, count);
    } else {
        (void)driver_add(&f->queue, buffers, count);
    }
}

static void step(struct fixture *f, struct fuzz_input *input)
{
    const uint8_t op = fuzz_input_u8(input);

    switch (op & 7) {
    case 0:
    case 1:
        add_chain(f, input, (op & 8) != 0);
        break;
    case 2:
        f->label = op >> 3 & 3;
        f->words = fuzz_input_u8(input) % 40;
        break;
    case 3: /* the rings, but not the descriptors' addresses: those may point at the guard */
        driver_set_avail_idx(&f->queue, fuzz_input_u16(input));
        break;
    case 4:
        start(f, op >> 3);
        break;
    default:
        virtio_driver_write(&f->mmio, VIRTIO_MMIO_QUEUE_NOTIFY, op >> 6);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct fixture fixture;
    struct fixture *f = &fixture;
    struct fuzz_input input = {data, size};
    const struct vmm_device_config config = {.kind = VMM_DEVICE_ENTROPY, .name = "rng"};

    memset(f, 0, sizeof *f);
    platform_fake_reset();
    microkit_host_reset();
    microkit_host_set_ppc(answer, f);
    log_record_clear();
    driver_ram_init(&f->ram, BASE, BYTES);
    f->vm = (struct vmm_config){.has_entropy = 1, .entropy_channel = 3};
    f->line = (struct irq_line){.vgic = &f->vgic, .intid = 40};
    if (vgic_init(&f->vgic, 1, 32) != ERR_OK ||
        virtio_rng_init(&f->rng, &config, &f->vm, &f->ram.mem, &scratch) != ERR_OK) {
        abort();
    }
    virtio_mmio_init(&f->mmio, &f->rng.device, &f->line, NULL);
    start(f, fuzz_input_u8(&input));
    while (input.bytes > 0) {
        step(f, &input);
    }
    const uint8_t *guard = driver_at(&f->ram, GUARD, GUARD_BYTES);
    for (uint32_t i = 0; i < GUARD_BYTES; i++) {
        if (guard[i] != 0) {
            abort();
        }
    }
    driver_ram_free(&f->ram);
    return 0;
}
