/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/mock/mock_system.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <elf.h>
#include <unistd.h>

#include "boards/board.h"
#include "kernel/include/sysdesc.h"
#include "tests/mock/mock_elf.h"
#include "tool/base/mem.h"

static const struct board_range devices[] = {{"uart0", 0x09000000, 0x1000}, {"gic", 0x08000000, 0x50000}};
static const struct board board = {
    .name = "test",
    .ram = {"ram", 0x40000000, 64 * MIB},
    .firmware_bytes = 2 * MIB,
    .core_count = 1,
    .gicd = {"gicd", 0x08000000, 0x10000},
    .gicc = {"gicc", 0x08010000, 0x10000},
    .gich = {"gich", 0x08030000, 0x10000},
    .gicv = {"gicv", 0x08040000, 0x10000},
    .uart = {"uart0", 0x09000000, 0x1000},
    .uart_irq = 33,
    .maintenance_irq = 25,
    .hyptimer_irq = 26,
    .vtimer_irq = 27,
    .spi_count = 256,
    .devices = devices,
    .device_count = 2,
};

static const struct mock_elf kernel_elf = {
    .entry = KERNEL_BASE,
    .segments = {{KERNEL_BASE, 0x2000, 0x2000, PF_R | PF_X, NULL},
                 {KERNEL_BASE + 0x2000, 0x1000, 0x1000, PF_R, NULL},
                 {KERNEL_DATA, 0x30000, 0x10, PF_R | PF_W, NULL}},
    .symbols = {{"ipc_buffers", IPC_BUFFERS, 0x10000}, {"klog", KLOG, SYSDESC_KLOG_BYTES}},
    .sections = {{".sysdesc_address", KERNEL_DESCRIPTOR, 8}},
};

const struct config_header mock_system_placeholder = {.magic = 0x1234, .version = 3, .size_bytes = 32};

const struct mock_elf mock_system_pd_elf = {
    .entry = 0x200000,
    .segments = {{0x200000, 0x1000, 0x1000, PF_R | PF_X, NULL},
                 {0x201000, 0x800, 0x800, PF_R, NULL},
                 {0x202000, 0x2000, sizeof mock_system_placeholder, PF_R | PF_W, &mock_system_placeholder}},
    .symbols = {{"microkit_name", 0x202100, 64},
                {"microkit_irqs", 0x202140, 8},
                {"microkit_notifications", 0x202148, 8},
                {"microkit_pps", 0x202150, 8},
                {"buffer", 0x202158, 8},
                {"size", 0x202160, 8},
                {"four", 0x202168, 4}},
    .sections = {{".test_config", 0x202000, 32}},
};

static struct model_mr *add_region(struct fixture *fixture, const char *name, enum model_mr_kind kind,
                                   uint64_t bytes)
{
    struct model_mr *mr = model_add_mr(fixture->model, name, (struct loc){0});

    mr->kind = kind;
    mr->size_bytes = bytes;
    mr->page_size_bytes = bytes >= MODEL_LARGE_PAGE_BYTES ? MODEL_LARGE_PAGE_BYTES : MODEL_PAGE_BYTES;
    return mr;
}

static struct model_pd *add_pd(struct fixture *fixture, const char *name, uint32_t priority)
{
    struct model_pd *pd = model_add_pd(fixture->model, name, (struct loc){0});

    pd->priority = priority;
    pd->budget_us = 100;
    pd->period_us = 1000;
    pd->stack_bytes = 0x2000;
    pd->program_image = mem_strdup("pd.elf");
    return pd;
}

static void add_regions(struct fixture *fixture)
{
    static const uint8_t contents[5] = {1, 2, 3, 4, 5};

    fixture->ram = add_region(fixture, "ram", MODEL_MR_GUEST_RAM, 4 * MIB);
    fixture->image = add_region(fixture, "image", MODEL_MR_IMAGE, 0x1000);
    fixture->image->prefill = MODEL_PREFILL_BLOB;
    fixture->image->prefill_data = mem_dup(contents, sizeof contents);
    fixture->image->prefill_bytes = sizeof contents;
    fixture->link = add_region(fixture, "link", MODEL_MR_LINK, 0x3000);
    fixture->uart = add_region(fixture, "uart", MODEL_MR_DEVICE, 0x1000);
    fixture->uart->has_phys_addr = true;
    fixture->uart->phys_addr = 0x09000000;
    fixture->klog = add_region(fixture, "klog", MODEL_MR_KLOG, SYSDESC_KLOG_BYTES);
}

void mock_system_map(struct model_pd *pd, struct model_mr *mr, uint64_t vaddr, unsigned int perms,
                     bool cached)
{
    model_add_pd_map(pd, mr, vaddr, perms)->cached = cached;
}

static void add_vm(struct fixture *fixture)
{
    struct model_vm *vm = model_add_vm(fixture->vmm, "guest", (struct loc){0});
    struct model_doorbell *doorbell;

    vm->priority = 50;
    vm->budget_us = vm->period_us = 10000;
    vm->gicc_gpa = 0x08010000;
    model_add_vcpu(vm, 4)->vmpidr = 0;
    model_add_vm_map(vm, fixture->ram, 0x40000000, MODEL_READ | MODEL_WRITE | MODEL_EXECUTE)->cached = true;
    doorbell = model_add_doorbell(vm);
    doorbell->gpa = 0x0a000050;
    doorbell->pd = fixture->driver;
    doorbell->channel = 7;
    doorbell = model_add_doorbell(vm);
    doorbell->gpa = 0x0a000050;
    doorbell->match_value = true;
    doorbell->value = 1;
    doorbell->width_bytes = 4;
    doorbell->pd = fixture->driver;
    doorbell->channel = 7;
}

static void add_channel(struct fixture *fixture)
{
    struct model_channel *channel = model_add_channel(fixture->model, (struct loc){0});

    channel->ends[0] = (struct model_channel_end){.pd = fixture->vmm, .id = 3, .pp = true, .notify = true};
    channel->ends[1] = (struct model_channel_end){.pd = fixture->driver, .id = 7, .notify = true};
}

int mock_system_set_up(void **state)
{
    struct fixture *fixture = mem_zalloc(sizeof *fixture);
    char *pd_path;

    strcpy(fixture->dir, "/tmp/test_image.XXXXXX");
    assert_non_null(mkdtemp(fixture->dir));
    fixture->kernel = mem_printf("%s/kernel.elf", fixture->dir);
    fixture->output = mem_printf("%s/image.elf", fixture->dir);
    pd_path = mem_printf("%s/pd.elf", fixture->dir);
    mock_elf_write(fixture->kernel, &kernel_elf);
    mock_elf_write(pd_path, &mock_system_pd_elf);
    free(pd_path);
    fixture->diag = diag_new();
    fixture->model = model_new();
    fixture->model->name = mem_strdup("sample");
    fixture->model->board = &board;
    add_regions(fixture);
    fixture->vmm = add_pd(fixture, "vmm", 100);
    fixture->driver = add_pd(fixture, "driver", 200);
    mock_system_map(fixture->vmm, fixture->ram, 0x10000000, MODEL_READ | MODEL_WRITE, true);
    mock_system_map(fixture->vmm, fixture->image, 0x20000000, MODEL_READ, true);
    mock_system_map(fixture->vmm, fixture->link, 0x30000000, MODEL_READ | MODEL_WRITE, true);
    mock_system_map(fixture->driver, fixture->link, 0x30000000, MODEL_READ, true);
    mock_system_map(fixture->driver, fixture->uart, 0x31000000, MODEL_READ | MODEL_WRITE, false);
    mock_system_map(fixture->driver, fixture->klog, 0x32000000, MODEL_READ, true);
    fixture->driver->klog_reader = true;
    fixture->driver->klog_channel = 9;
    model_add_irq(fixture->driver, 33, 1);
    add_vm(fixture);
    add_channel(fixture);
    *state = fixture;
    return 0;
}

int mock_system_tear_down(void **state)
{
    struct fixture *fixture = *state;
    char *pd_path = mem_printf("%s/pd.elf", fixture->dir);

    image_free(fixture->result);
    model_free(fixture->model);
    diag_free(fixture->diag);
    (void)unlink(pd_path);
    (void)unlink(fixture->kernel);
    (void)unlink(fixture->output);
    (void)rmdir(fixture->dir);
    free(pd_path);
    free(fixture->kernel);
    free(fixture->output);
    free(fixture->report);
    free(fixture);
    return 0;
}

static void keep_report(struct fixture *fixture)
{
    size_t bytes = 0;
    FILE *out;

    free(fixture->report);
    out = open_memstream(&fixture->report, &bytes);
    diag_print(fixture->diag, out);
    fclose(out);
}

void mock_system_check(struct fixture *fixture, void (*check)(const struct model *model, struct diag *diag))
{
    check(fixture->model, fixture->diag);
    keep_report(fixture);
}

/** Compose; the report of a failure goes to fixture->report. */
enum err mock_system_compose(struct fixture *fixture)
{
    const char *dirs[] = {"/nonexistent", fixture->dir};
    const struct image_options options = {
        .kernel_path = fixture->kernel, .search_dirs = dirs, .search_dir_count = 2};
    enum err err = image_compose(fixture->model, &options, fixture->diag, &fixture->result);

    assert_int_equal(diag_error_count(fixture->diag) > 0, err != ERR_OK);
    assert_int_equal(fixture->result == NULL, err != ERR_OK);
    keep_report(fixture);
    return err;
}

void mock_system_compose_well(struct fixture *fixture)
{
    if (mock_system_compose(fixture) != ERR_OK) {
        fail_msg("%s", fixture->report);
    }
}
