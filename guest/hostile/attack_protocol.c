/* SPDX-License-Identifier: BSD-2-Clause */
/* Attacks on how a device is brought up: status, features, configuration; the same behind each transport. */
#include "guest/hostile/hostile.h"

/* No configuration of ours is longer. */
#define CONFIG_LONGEST_BYTES 64u

static void config_end(struct virtio_device *device, uint64_t width)
{
    uint64_t past_end = 0;

    check_that(virtio_start(device), "the device does not start");
    for (uint32_t offset = CONFIG_LONGEST_BYTES; offset < 0xe00 && virtio_config(device) != 0;
         offset += (uint32_t)width) {
        access_write(virtio_config(device) + offset, (uint32_t)width, ~0ull);
        past_end |= access_read(virtio_config(device) + offset, (uint32_t)width);
    }
    check_that(past_end == 0, "a store past the configuration has stayed");
    check_works(device);
}

/* The driver must not write the configuration where it is read-only (5.1.4, 5.2.4). */
static void config_write(struct virtio_device *device, uint64_t width)
{
    struct identity before = check_identify(device);

    check_that(virtio_start(device), "the device does not start");
    for (uint32_t offset = 0; offset < CONFIG_LONGEST_BYTES && virtio_config(device) != 0;
         offset += (uint32_t)width) {
        access_write(virtio_config(device) + offset, (uint32_t)width, ~0ull);
    }
    check_works(device);
    check_identity(device, &before);
}

/* parameter: what is written to the status after a reset | what it has to be then << 32. */
static void status_value(struct virtio_device *device, uint64_t parameter)
{
    (void)virtio_reset(device);
    virtio_write(device, REG_STATUS, (uint32_t)parameter);
    check_that(virtio_read(device, REG_STATUS) == parameter >> 32, "the status is not what it has to be");
    virtio_write(device, REG_QUEUE_NOTIFY, 0);
    virtio_write(device, REG_QUEUE_NOTIFY, 1);
    check_that(virtio_read(device, REG_STATUS) == parameter >> 32, "a notification has changed the status");
}

/* Bits may only be added (virtio 1.2, 2.1.1); this takes them away again while the queues run. */
static void status_clear_bits(struct virtio_device *device, uint64_t status)
{
    check_that(virtio_start(device), "the device does not start");
    virtio_write(device, REG_STATUS, (uint32_t)status);
    check_works(device);
}

static void ok_before_queues(struct virtio_device *device, uint64_t parameter)
{
    (void)parameter;
    (void)virtio_reset(device);
    (void)virtio_negotiate(device, 0);
    virtio_driver_ok(device);
    for (uint32_t queue = 0; queue < 8; queue++) {
        virtio_write(device, REG_QUEUE_NOTIFY, queue);
    }
    check_running(device);
    check_that(virtio_read(device, REG_QUEUE_READY) == 0, "a queue is ready that nobody has set up");
}

/* A queue before FEATURES_OK: the driver sets queues up in step 7 (3.1.1). */
static void queue_before_features(struct virtio_device *device, uint64_t status)
{
    (void)virtio_reset(device);
    virtio_write(device, REG_STATUS, (uint32_t)status);
    check_that(!virtio_queue_enable(device, 0), "a queue is ready before FEATURES_OK");
    check_broken(device);
}

/* Notify before DRIVER_OK (3.1.1): the device must not look at the queue. */
static void notify_before_ok(struct virtio_device *device, uint64_t parameter)
{
    uint32_t index = virtio_out_queue(device);

    (void)parameter;
    (void)virtio_reset(device);
    (void)virtio_negotiate(device, 0);
    for (uint32_t queue = 0; queue <= index; queue++) {
        check_that(virtio_queue_enable(device, queue), "the queue is not taken");
    }
    device->queues[index].avail.ring[0] = 0xffff;
    device->queues[index].avail.idx = 0x4321;
    virtio_write(device, REG_QUEUE_NOTIFY, index);
    check_that(virtio_read(device, REG_STATUS) == (STATUS_ACK | STATUS_DRIVER | STATUS_FEATURES_OK),
               "the device has looked at a queue before DRIVER_OK");
    virtio_driver_ok(device);
    check_broken(device);
}

static void write_features(struct virtio_device *device, uint64_t features)
{
    virtio_write(device, REG_STATUS, STATUS_ACK | STATUS_DRIVER);
    virtio_write(device, REG_DRIVER_FEATURES_SEL, 0);
    virtio_write(device, REG_DRIVER_FEATURES, (uint32_t)features);
    virtio_write(device, REG_DRIVER_FEATURES_SEL, 1);
    virtio_write(device, REG_DRIVER_FEATURES, (uint32_t)(features >> 32));
    virtio_write(device, REG_STATUS, STATUS_ACK | STATUS_DRIVER | STATUS_FEATURES_OK);
}

/* What the driver must not accept (2.2.1), and going on although FEATURES_OK did not stay (3.1.1, step 6). */
static void features(struct virtio_device *device, uint64_t features)
{
    (void)virtio_reset(device);
    write_features(device, features);
    check_that((virtio_read(device, REG_STATUS) & STATUS_FEATURES_OK) == 0, "the features are not refused");
    check_that(!virtio_queue_enable(device, 0), "a queue is ready without FEATURES_OK");
    virtio_driver_ok(device);
    virtio_write(device, REG_QUEUE_NOTIFY, 0);
    check_broken(device);
}

static void features_after_ok(struct virtio_device *device, uint64_t features)
{
    check_that(virtio_start(device), "the device does not start");
    virtio_write(device, REG_DRIVER_FEATURES_SEL, 0);
    virtio_write(device, REG_DRIVER_FEATURES, (uint32_t)features);
    check_works(device);
}

static void features_select(struct virtio_device *device, uint64_t select)
{
    (void)virtio_reset(device);
    virtio_write(device, REG_DEVICE_FEATURES_SEL, (uint32_t)select);
    check_that(virtio_read(device, REG_DEVICE_FEATURES) == 0, "features beyond the last word");
    virtio_write(device, REG_STATUS, STATUS_ACK | STATUS_DRIVER);
    virtio_write(device, REG_DRIVER_FEATURES_SEL, (uint32_t)select);
    virtio_write(device, REG_DRIVER_FEATURES, ~0u);
    virtio_write(device, REG_STATUS, STATUS_ACK | STATUS_DRIVER | STATUS_FEATURES_OK);
    check_that((virtio_read(device, REG_STATUS) & STATUS_FEATURES_OK) == 0, "VERSION_1 is not asked for");
}

/* Negotiate again without a reset (2.4: only a reset leads back). */
static void negotiate_again(struct virtio_device *device, uint64_t features)
{
    check_that(virtio_start(device), "the device does not start");
    write_features(device, features);
    check_works(device);
}

/* A driver that has given up (2.1.1) and goes on all the same: the device stands still. */
static void use_after_failed(struct virtio_device *device, uint64_t parameter)
{
    uint32_t index = virtio_out_queue(device);

    (void)parameter;
    check_that(virtio_start(device), "the device does not start");
    virtio_write(device, REG_STATUS, STATUS_FAILED);
    virtio_submit(device, index, 0);
    check_that((virtio_read(device, REG_STATUS) & STATUS_FAILED) != 0, "FAILED has not stayed");
    check_that(device->queues[index].used.idx == 0 || device->id == DEVICE_NET,
               "a queue is served after FAILED");
}

static void reset_storm(struct virtio_device *device, uint64_t count)
{
    uint64_t good = 0;

    for (uint64_t i = 0; i < count; i++) {
        good += virtio_start(device);
        virtio_write(device, REG_QUEUE_NOTIFY, 0);
        virtio_write(device, REG_STATUS, 0);
    }
    check_that(good == count, "the device did not start after each reset");
}

#define STATUS_IS(written, then) ((uint64_t)(uint32_t)(written) | (uint64_t)(then) << 32)

const struct attack attack_protocol[] = {
    {"config-past-end-8", config_end, 1},
    {"config-past-end-16", config_end, 2},
    {"config-past-end-32", config_end, 4},
    {"config-past-end-64", config_end, 8},
    {"config-write-8", config_write, 1},
    {"config-write-16", config_write, 2},
    {"config-write-32", config_write, 4},
    {"config-write-64", config_write, 8},
    {"status-driver-ok-first", status_value, STATUS_IS(STATUS_DRIVER_OK, STATUS_NEEDS_RESET)},
    {"status-features-ok-first", status_value, STATUS_IS(STATUS_FEATURES_OK, 0)},
    {"status-all-bits", status_value, STATUS_IS(0xff, STATUS_NEEDS_RESET)},
    {"status-unknown-bits", status_value, STATUS_IS(0xffffff00, 0)},
    {"status-failed", status_value, STATUS_IS(STATUS_FAILED, STATUS_FAILED)},
    {"status-needs-reset", status_value, STATUS_IS(STATUS_NEEDS_RESET, 0)},
    {"status-clear-driver-ok", status_clear_bits, STATUS_ACK | STATUS_DRIVER | STATUS_FEATURES_OK},
    {"status-clear-features-ok", status_clear_bits, STATUS_ACK | STATUS_DRIVER | STATUS_DRIVER_OK},
    {"status-clear-all-but-ack", status_clear_bits, STATUS_ACK},
    {"driver-ok-before-queues", ok_before_queues, 0},
    {"queue-before-features-ok", queue_before_features, STATUS_ACK | STATUS_DRIVER},
    {"queue-before-acknowledge", queue_before_features, STATUS_DRIVER},
    {"notify-before-driver-ok", notify_before_ok, 0},
    {"features-all", features, ~0ull},
    {"features-none", features, 0},
    {"features-without-version-1", features, 0xffffffff},
    /* VIRTIO_F_NOTIFICATION_DATA: not every kick could be a doorbell with it. */
    {"features-not-offered", features, 1ull << 32 | 1ull << 38},
    {"features-access-platform", features, 1ull << 32 | 1ull << 33},
    {"features-ring-packed", features, 1ull << 32 | 1ull << 34},
    {"features-after-features-ok", features_after_ok, ~0ull},
    {"features-again-none", negotiate_again, 0},
    {"features-again-all", negotiate_again, ~0ull},
    {"features-select-2", features_select, 2},
    {"features-select-huge", features_select, 0xffffffff},
    {"status-failed-then-use", use_after_failed, 0},
    {"reset-storm", reset_storm, 500},
    {NULL, NULL, 0},
};
