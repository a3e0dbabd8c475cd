/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * A small system made by hand, with the ELF files it needs in a temporary directory, for tests of the tool's
 * back ends: PD "vmm" with VM "guest", PD "driver" with the UART, a channel and a link between them.
 */
#pragma once

#include "lib/config/config.h"
#include "tool/image/image.h"
#include "tool/model/model.h"

#define MIB (1ull << 20)

/* The kernel's program: code at KERNEL_BASE, its `sysdesc_address`, data with IPC buffers and log. */
#define KERNEL_BASE 0x40200000ull
#define KERNEL_DESCRIPTOR (KERNEL_BASE + 0x2008)
#define KERNEL_DATA 0x40210000ull
#define IPC_BUFFERS KERNEL_DATA
#define KLOG (KERNEL_DATA + 0x10000)

/** What section `.test_config` of a PD's program holds before it is filled; the section has 32 bytes. */
extern const struct config_header mock_system_placeholder;

/** The program of both PDs. */
extern const struct mock_elf mock_system_pd_elf;

/** Everything one test needs. Regions of the system are in the order of these members. */
struct fixture {
    char dir[64];
    char *kernel;
    char *output; /**< path for an image */
    struct model *model;
    struct model_pd *vmm, *driver;
    struct model_mr *ram, *image, *link, *uart, *klog;
    struct diag *diag;
    struct image *result;
    char *report; /**< what the last composition reported */
};

/** cmocka's per-test set-up and tear-down: *state is a struct fixture. */
int mock_system_set_up(void **state);
int mock_system_tear_down(void **state);

/** Map a region into a PD. */
void mock_system_map(struct model_pd *pd, struct model_mr *mr, uint64_t vaddr, unsigned int perms,
                     bool cached);

/** Run one of tool/model/check.h on the model; what it reports goes to fixture->report. */
void mock_system_check(struct fixture *fixture, void (*check)(const struct model *model, struct diag *diag));

/** Compose the image into fixture->result; what is reported goes to fixture->report. */
enum err mock_system_compose(struct fixture *fixture);

/** The same, and the test fails if composing does. */
void mock_system_compose_well(struct fixture *fixture);

/** A test of `name` with set-up and tear-down. */
#define MOCK_SYSTEM_TEST(name)                                                                               \
    cmocka_unit_test_setup_teardown(name, mock_system_set_up, mock_system_tear_down)
