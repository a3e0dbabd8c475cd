/* SPDX-License-Identifier: BSD-2-Clause */
#include "guest/hostile/hostile.h"

#include "lib/base/mem.h"

/* A vhost device finds out about a broken queue when the switch does, and a disk answers when it can. */
#define REACT_SECONDS 20u
/* A device that makes work for itself does a request in much less than this part of a second. */
#define REST_PART 20u
#define VIRTIO_MAGIC 0x74726976u

static uint64_t noted;
static uint64_t exceptions_before;
static const char *failure;

void check_begin(void)
{
    noted = 0;
    failure = NULL;
    exceptions_before = exception_count;
}

void check_that(bool holds, const char *what)
{
    noted++;
    if (!holds && failure == NULL) {
        failure = what;
    }
}

const char *check_result(uint64_t *count)
{
    *count = noted;
    return noted == 0 ? "nothing was looked at" : failure;
}

uint64_t check_exceptions(void)
{
    return exception_count - exceptions_before;
}

void check_aborted(uint64_t at_least)
{
    check_that(check_exceptions() >= at_least, "fewer exceptions than accesses that must end in one");
}

/* Within `ticks`, does it want a reset, or use a buffer, if `used` is a used index that was 0? */
static bool reacts(struct virtio_device *device, const volatile uint16_t *used, uint64_t ticks)
{
    uint64_t start = machine_ticks();

    while ((virtio_read(device, REG_STATUS) & STATUS_NEEDS_RESET) == 0) {
        if (used != NULL && *used != 0) {
            return true;
        }
        if (machine_ticks() - start > ticks) {
            return false;
        }
    }
    return true;
}

void check_broken(struct virtio_device *device)
{
    check_that(reacts(device, NULL, REACT_SECONDS * machine_frequency()), "no DEVICE_NEEDS_RESET");
}

void check_running_or_broken(struct virtio_device *device)
{
    check_that((virtio_read(device, REG_STATUS) & STATUS_DRIVER_OK) != 0,
               "DRIVER_OK is gone without a reset");
}

void check_running(struct virtio_device *device)
{
    check_that((virtio_read(device, REG_STATUS) & (STATUS_DRIVER_OK | STATUS_NEEDS_RESET)) ==
                   STATUS_DRIVER_OK,
               "the device has stopped");
}

void check_works(struct virtio_device *device)
{
    check_running(device);
    check_that(virtio_request(device), "a good request is not answered without a reset");
    check_running(device);
}

void check_at_rest(const volatile uint16_t *used, uint16_t limit)
{
    const uint64_t start = machine_ticks();
    uint16_t now;

    while (machine_ticks() - start < machine_frequency() / REST_PART) {
    }
    now = *used;
    while (machine_ticks() - start < 2 * machine_frequency() / REST_PART) {
    }
    check_that(now <= limit, "one kick bought more than it may");
    check_that(*used == now, "the device goes on by itself");
}

void check_noticed(struct virtio_device *device, uint32_t index)
{
    check_that(reacts(device, &device->queues[index].used.idx, REACT_SECONDS * machine_frequency()),
               "neither a used buffer nor DEVICE_NEEDS_RESET");
}

struct identity check_identify(struct virtio_device *device)
{
    static const uint16_t registers[] = {REG_MAGIC,           REG_VERSION, REG_DEVICE_ID, 0x00c,
                                         REG_DEVICE_FEATURES, 0x034,       REG_CONFIG,    REG_CONFIG + 4};
    struct identity identity = {{0}};

    (void)virtio_reset(device);
    for (uint32_t i = 0; i < sizeof registers / sizeof registers[0]; i++) {
        identity.words[i] = virtio_read(device, registers[i]);
    }
    return identity;
}

void check_identity(struct virtio_device *device, const struct identity *before)
{
    struct identity after = check_identify(device);

    check_that(before->words[0] == VIRTIO_MAGIC, "the magic value is wrong");
    check_that(memcmp(before, &after, sizeof after) == 0, "a read-only register has changed");
}
