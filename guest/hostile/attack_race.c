/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Attacks by two CPUs: what the device reads changes under its eyes, or is used by one CPU while the other takes it away.
 * The harness asks for them by `race` (tests/target/test_cores_hostile.py).
 */
#include "guest/hostile/hostile.h"

#define ROUNDS 300u
#define BREAKS 5u
#define LIMIT_SECONDS 60u
#define RESETS 20u
#define FRAME_BYTES 60u

static struct virtio_device *victim;
static volatile uint64_t stop, turns;

static struct virtio_queue *out_queue(void)
{
    return &victim->queues[virtio_out_queue(victim)];
}

/* One after the other, good and bad. No two are the same for long. */
static uint64_t next_address(uint64_t turn)
{
    const uint64_t addresses[] = {(uintptr_t)victim->buffers,
                                  0,
                                  machine.ram_base + machine.ram_bytes - 16,
                                  machine.gicd,
                                  (uintptr_t)victim->queues,
                                  ~0ull - 8,
                                  (uintptr_t)out_queue()->desc};

    return addresses[turn % (sizeof(addresses) / sizeof(addresses[0]))];
}

static void change_descriptors(uint32_t cpu)
{
    static const uint32_t lengths[] = {FRAME_BYTES, 0, 0xffffffff, 1, 12, 0x10000};
    static const uint16_t flags[] = {0, DESC_NEXT, DESC_WRITE, DESC_INDIRECT, DESC_NEXT | DESC_WRITE};
    volatile struct virtio_desc *desc = out_queue()->desc;

    (void)cpu;
    for (uint64_t turn = 0; stop == 0; turn++) {
        desc[turn % 3].addr = next_address(turn);
        desc[turn % 3].len = lengths[turn % 6];
        desc[turn % 3].flags = flags[turn % 5];
        desc[turn % 3].next = (uint16_t)(turn % 7 == 0 ? 0xffff : turn % 3);
        turns = turn;
        cpus_relax();
    }
}

static void change_indices(uint32_t cpu)
{
    volatile uint16_t *idx = &out_queue()->avail.idx, *ring = out_queue()->avail.ring;

    (void)cpu;
    for (uint64_t turn = 0; stop == 0; turn++) {
        *idx = (uint16_t)(*idx + (turn % 5 == 0 ? 0x7000 : 1));
        ring[turn % VIRTIO_QUEUE_SIZE] = (uint16_t)(turn % 11 == 0 ? 0xffff : turn % VIRTIO_QUEUE_SIZE);
        turns = turn;
        cpus_relax();
    }
}

static void change_used(uint32_t cpu)
{
    volatile uint8_t *used = (volatile uint8_t *)&out_queue()->used;

    (void)cpu;
    for (uint64_t turn = 0; stop == 0; turn++) {
        used[turn % sizeof(out_queue()->used)] = (uint8_t)(turn * 37);
        turns = turn;
        cpus_relax();
    }
}

static void kick(uint32_t cpu)
{
    (void)cpu;
    for (uint64_t turn = 0; stop == 0; turn++) {
        virtio_submit(victim, virtio_out_queue(victim), (uint16_t)(turn % VIRTIO_QUEUE_SIZE));
        turns = turn;
        cpus_relax();
    }
}

static bool begin(struct virtio_device *device, void (*work)(uint32_t cpu))
{
    victim = device;
    stop = 0;
    turns = 0;
    check_that(virtio_start(device), "the device does not start");
    const bool started = cpus_start(1, work) == CPUS_STARTED;

    check_that(started, "the second CPU does not start");
    while (started && turns == 0) {
        cpus_relax();
    }
    return started;
}

static void end(struct virtio_device *device)
{
    stop = 1;
    check_that(cpus_wait_off(1), "the second CPU does not end");
    check_that(turns > 0, "the second CPU has done nothing");
    check_that(virtio_reset(device), "no reset after all that");
}

/* This CPU submits, and starts the device again when that has broken it, a few times. */
static void submit_while(struct virtio_device *device, void (*work)(uint32_t cpu))
{
    const uint64_t start = machine_ticks();
    uint64_t broken = 0;

    if (!begin(device, work)) {
        return;
    }
    for (uint32_t i = 0; broken < BREAKS && machine_ticks() - start < LIMIT_SECONDS * machine_frequency();
         i++) {
        virtio_submit(device, virtio_out_queue(device), (uint16_t)(i % 3));
        cpus_relax();
        if ((virtio_read(device, REG_STATUS) & STATUS_NEEDS_RESET) != 0) {
            broken++;
            check_that(virtio_reset(device) && virtio_start(device), "broken for good");
        }
    }
    check_that(broken == BREAKS, "the device does not notice");
    end(device);
}

static void descriptors(struct virtio_device *device, uint64_t parameter)
{
    (void)parameter;
    submit_while(device, change_descriptors);
}

static void indices(struct virtio_device *device, uint64_t parameter)
{
    (void)parameter;
    submit_while(device, change_indices);
}

/* The device never reads what it writes there: nothing breaks. */
static void used(struct virtio_device *device, uint64_t parameter)
{
    (void)parameter;
    if (!begin(device, change_used)) {
        return;
    }
    for (uint32_t i = 0; i < ROUNDS; i++) {
        virtio_submit(device, virtio_out_queue(device), 0);
        cpus_relax();
    }
    check_running_or_broken(device);
    end(device);
}

/* One kicks all the time, the other resets. */
static void resets(struct virtio_device *device, uint64_t parameter)
{
    (void)parameter;
    if (!begin(device, kick)) {
        return;
    }
    for (uint32_t i = 0; i < RESETS; i++) {
        check_that(virtio_reset(device), "no reset while the other CPU kicks");
        check_that(virtio_start(device), "no start while the other CPU kicks");
        cpus_relax();
    }
    end(device);
}

const struct attack attack_race[] = {
    {"race-descriptors", descriptors, 0},
    {"race-indices", indices, 0},
    {"race-used", used, 0},
    {"race-resets", resets, 0},
    {NULL, NULL, 0},
};
