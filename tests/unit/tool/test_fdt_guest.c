/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>
#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/mock/dts.h"
#include "tool/fdt/fdt_guest.h"

static const struct fdt_device two_virtio[] = {
    {.window = {0xa000000, 0x200}, .intid = 48, .edge = true, .dma_coherent = true},
    {.window = {0xa001000, 0x1000}, .intid = 49},
};
static const struct fdt_reserved one_reserved[] = {
    {.name = "shared", .range = {0x44000000, 0x10000}, .no_map = true},
};
static const uint8_t seed[32] = {1, 2, 3};

/** A guest with everything. */
static struct fdt_guest full_guest(void)
{
    return (struct fdt_guest){
        .cpu_compatible = "arm,cortex-a53",
        .cpu_count = 2,
        .mpidrs = {0, 1},
        .ram = {0x40000000, 0x8000000},
        .gicd = {0x8000000, 0x10000},
        .gicc = {0x8010000, 0x10000},
        .bootargs = "console=ttyAMA0 quiet",
        .initrd = {0x46000000, 0x123456},
        .rng_seed = seed,
        .rng_seed_bytes = sizeof seed,
        .has_kaslr_seed = true,
        .kaslr_seed = 0x1122334455667788,
        .pl011 = {.window = {0x9000000, 0x1000}, .intid = 33},
        .rtc = {.window = {0x9010000, 0x1000}, .intid = 34},
        .watchdog = {.window = {0x9100000, 0x2000}, .intid = 44},
        .watchdog_seconds = 30,
        .virtio = two_virtio,
        .virtio_count = 2,
        .pci = {.ecam = {0x10000000, 0x100000},
                .window = {0x20000000, 0x1000000},
                .window64 = {0x4000000000, 0x10000000},
                .msi_frame = {0x8020000, 0x1000},
                .msi_spi_first = 96,
                .msi_spi_count = 32},
        .reserved = one_reserved,
        .reserved_count = 1,
    };
}

static struct fdt_guest least_guest(void)
{
    return (struct fdt_guest){
        .cpu_count = 1,
        .ram = {0x40000000, 0x4000000},
        .gicd = {0x8000000, 0x10000},
        .gicc = {0x8010000, 0x10000},
    };
}

static struct fdt_blob build(const struct fdt_guest *guest)
{
    struct fdt_blob blob = {NULL, 0};
    struct fdt_error error = {{0}};
    enum err err = fdt_guest_build(guest, &blob, &error);
    if (err != ERR_OK) {
        fail_msg("%s", error.text);
    }
    assert_int_equal(fdt_check_full(blob.data, blob.bytes), 0);
    return blob;
}

static void check_cells(const void *fdt, const char *path, const char *name, const uint32_t *cells, int count)
{
    int length = 0;
    int node = fdt_path_offset(fdt, path);
    const fdt32_t *value;
    assert_true(node >= 0);
    value = fdt_getprop(fdt, node, name, &length);
    assert_non_null(value);
    assert_int_equal(length, count * 4);
    for (int i = 0; i < count; i++) {
        assert_int_equal(fdt32_to_cpu(value[i]), cells[i]);
    }
}
#define CHECK_CELLS(fdt, path, name, ...)                                                                    \
    check_cells(fdt, path, name, (const uint32_t[]){__VA_ARGS__},                                            \
                (int)(sizeof((const uint32_t[]){__VA_ARGS__}) / 4))

static void check_string(const void *fdt, const char *path, const char *name, const char *value)
{
    int length = 0;
    int node = fdt_path_offset(fdt, path);
    const char *found;
    assert_true(node >= 0);
    found = fdt_getprop(fdt, node, name, &length);
    assert_non_null(found);
    assert_int_equal(length, strlen(value) + 1);
    assert_string_equal(found, value);
}

static void test_nodes_follow_the_bindings(void **state)
{
    struct fdt_guest guest = full_guest();
    struct fdt_blob blob = build(&guest);
    const void *fdt = blob.data;
    (void)state;
    CHECK_CELLS(fdt, "/memory@40000000", "reg", 0, 0x40000000, 0, 0x8000000);
    CHECK_CELLS(fdt, "/cpus/cpu@1", "reg", 1);
    check_string(fdt, "/cpus/cpu@0", "compatible", "arm,cortex-a53");
    check_string(fdt, "/cpus/cpu@0", "enable-method", "psci");
    check_string(fdt, "/psci", "method", "hvc");
    assert_true(fdt_stringlist_contains("arm,psci-1.0\0arm,psci-0.2", 26, "arm,psci-0.2"));
    assert_int_equal(fdt_node_check_compatible(fdt, fdt_path_offset(fdt, "/psci"), "arm,psci-0.2"), 0);
    assert_int_equal(fdt_node_check_compatible(fdt, fdt_path_offset(fdt, "/psci"), "arm,psci-1.0"), 0);
    CHECK_CELLS(fdt, "/interrupt-controller@8000000", "reg", 0, 0x8000000, 0, 0x10000, 0, 0x8010000, 0,
                0x10000);
    CHECK_CELLS(fdt, "/timer", "interrupts", 1, 13, 0x308, 1, 14, 0x308, 1, 11, 0x308);
    CHECK_CELLS(fdt, "/serial@9000000", "interrupts", 0, 1, 4);
    CHECK_CELLS(fdt, "/virtio@a000000", "interrupts", 0, 16, 1);
    CHECK_CELLS(fdt, "/virtio@a001000", "interrupts", 0, 17, 4);
    assert_non_null(fdt_getprop(fdt, fdt_path_offset(fdt, "/virtio@a000000"), "dma-coherent", NULL));
    assert_null(fdt_getprop(fdt, fdt_path_offset(fdt, "/virtio@a001000"), "dma-coherent", NULL));
    CHECK_CELLS(fdt, "/reserved-memory/shared@44000000", "reg", 0, 0x44000000, 0, 0x10000);
    CHECK_CELLS(fdt, "/pcie@10000000", "ranges", 0x2000000, 0, 0x20000000, 0, 0x20000000, 0, 0x1000000,
                0x3000000, 0x40, 0, 0x40, 0, 0, 0x10000000);
    CHECK_CELLS(fdt, "/pcie@10000000", "bus-range", 0, 0);
    fdt_blob_free(&blob);
    assert_null(blob.data);
}

static void test_chosen_has_what_linux_reads(void **state)
{
    struct fdt_guest guest = full_guest();
    struct fdt_blob blob = build(&guest);
    int length = 0;
    (void)state;
    check_string(blob.data, "/chosen", "bootargs", "console=ttyAMA0 quiet");
    check_string(blob.data, "/chosen", "stdout-path", "/serial@9000000");
    CHECK_CELLS(blob.data, "/chosen", "linux,initrd-start", 0, 0x46000000);
    CHECK_CELLS(blob.data, "/chosen", "linux,initrd-end", 0, 0x46123456);
    CHECK_CELLS(blob.data, "/chosen", "kaslr-seed", 0x11223344, 0x55667788);
    assert_memory_equal(fdt_getprop(blob.data, fdt_path_offset(blob.data, "/chosen"), "rng-seed", &length),
                        seed, sizeof seed);
    assert_int_equal(length, sizeof seed);
    fdt_blob_free(&blob);
}

static void test_least_guest_has_nothing_optional(void **state)
{
    struct fdt_guest guest = least_guest();
    struct fdt_blob blob = build(&guest);
    int chosen = fdt_path_offset(blob.data, "/chosen");
    (void)state;
    assert_true(chosen >= 0);
    assert_null(fdt_getprop(blob.data, chosen, "bootargs", NULL));
    assert_null(fdt_getprop(blob.data, chosen, "linux,initrd-start", NULL));
    assert_null(fdt_getprop(blob.data, chosen, "stdout-path", NULL));
    assert_null(fdt_getprop(blob.data, chosen, "rng-seed", NULL));
    assert_true(fdt_path_offset(blob.data, "/reserved-memory") < 0);
    assert_true(fdt_path_offset(blob.data, "/clock-24000000") < 0);
    assert_true(fdt_node_offset_by_compatible(blob.data, -1, "pci-host-ecam-generic") < 0);
    CHECK_CELLS(blob.data, "/timer", "interrupts", 1, 13, 0x108, 1, 14, 0x108, 1, 11, 0x108);
    fdt_blob_free(&blob);
    guest.no_physical_timer = true;
    blob = build(&guest);
    CHECK_CELLS(blob.data, "/timer", "interrupts", 1, 11, 0x108);
    check_string(blob.data, "/timer", "interrupt-names", "virt");
    fdt_blob_free(&blob);
}

static void test_high_affinity_takes_two_cells(void **state)
{
    struct fdt_guest guest = least_guest();
    struct fdt_blob blob;
    (void)state;
    guest.mpidrs[0] = 0x100000200;
    blob = build(&guest);
    CHECK_CELLS(blob.data, "/cpus", "#address-cells", 2);
    CHECK_CELLS(blob.data, "/cpus/cpu@100000200", "reg", 1, 0x200);
    fdt_blob_free(&blob);
}

static void test_labels_lead_to_nodes(void **state)
{
    struct fdt_guest guest = full_guest();
    struct fdt_blob blob = build(&guest);
    int symbols = fdt_path_offset(blob.data, "/__symbols__");
    int property;
    int count = 0;
    (void)state;
    fdt_for_each_property_offset(property, blob.data, symbols)
    {
        const char *path = fdt_getprop_by_offset(blob.data, property, NULL, NULL);
        int node = fdt_path_offset(blob.data, path);
        assert_true(node >= 0);
        assert_int_equal(fdt_node_offset_by_phandle(blob.data, fdt_get_phandle(blob.data, node)), node);
        count++;
    }
    assert_int_equal(count, 12);
    fdt_blob_free(&blob);
}

static void test_same_description_same_bytes(void **state)
{
    struct fdt_guest guest = full_guest();
    struct fdt_blob first = build(&guest);
    struct fdt_blob second = build(&guest);
    (void)state;
    assert_int_equal(first.bytes, second.bytes);
    assert_memory_equal(first.data, second.data, first.bytes);
    fdt_blob_free(&first);
    fdt_blob_free(&second);
}

static void test_long_bootargs_grow_the_tree(void **state)
{
    struct fdt_guest guest = least_guest();
    struct fdt_blob blob;
    struct fdt_error error = {{0}};
    size_t bytes = 2 << 20;
    char *text = malloc(bytes + 1);
    (void)state;
    assert_non_null(text);
    memset(text, 'x', bytes);
    text[bytes] = '\0';
    guest.bootargs = text;
    assert_int_equal(fdt_guest_build(&guest, &blob, &error), ERR_SPACE);
    text[100000] = '\0';
    blob = build(&guest);
    check_string(blob.data, "/chosen", "bootargs", text);
    fdt_blob_free(&blob);
    free(text);
}

/** dtc's own checks are the judge: it has to be silent about trees of every shape. */
static void check_with_dtc(const struct fdt_guest *guest)
{
    struct fdt_blob blob = build(guest);
    dts_check_silent(&blob);
    fdt_blob_free(&blob);
}

static void test_dtc_has_no_complaint(void **state)
{
    struct fdt_guest guest = full_guest();
    (void)state;
    check_with_dtc(&guest);
    guest = least_guest();
    check_with_dtc(&guest);
    guest.mpidrs[0] = 0x100000200;
    check_with_dtc(&guest);
}

/** `guest` is refused with `err`, and the message has `words`. */
static void check_refused(const struct fdt_guest *guest, enum err err, const char *words)
{
    struct fdt_blob blob = {NULL, 0};
    struct fdt_error error = {{0}};
    assert_int_equal(fdt_guest_build(guest, &blob, &error), err);
    assert_null(blob.data);
    if (strstr(error.text, words) == NULL) {
        fail_msg("\"%s\" lacks \"%s\"", error.text, words);
    }
}

static void test_bad_cpus_are_refused(void **state)
{
    struct fdt_guest guest = full_guest();
    (void)state;
    guest.cpu_count = 0;
    check_refused(&guest, ERR_RANGE, "0 CPUs");
    guest.cpu_count = FDT_GUEST_MAX_CPUS + 1;
    check_refused(&guest, ERR_RANGE, "9 CPUs");
    guest = full_guest();
    guest.mpidrs[1] = 0;
    check_refused(&guest, ERR_RANGE, "CPUs 0 and 1 have the same MPIDR");
    guest.mpidrs[1] = 0x80000001;
    check_refused(&guest, ERR_RANGE, "affinity");
}

static void test_bad_windows_are_refused(void **state)
{
    struct fdt_guest guest = full_guest();
    (void)state;
    guest.pl011.window.gpa = 0x40001000;
    check_refused(&guest, ERR_RANGE, "PL011 at 0x40001000 overlaps RAM");
    guest = full_guest();
    guest.gicc.gpa = 0x8000000;
    check_refused(&guest, ERR_RANGE, "GIC CPU interface at 0x8000000 overlaps GIC distributor");
    guest = full_guest();
    guest.pl011.window.gpa = 0xa000000;
    check_refused(&guest, ERR_RANGE, "virtio device 0 at 0xa000000 overlaps PL011");
    guest = full_guest();
    guest.pl011.window.bytes = 0x800;
    check_refused(&guest, ERR_ALIGN, "PL011");
    guest = full_guest();
    guest.ram.bytes = 0;
    check_refused(&guest, ERR_RANGE, "RAM has no size");
    guest = full_guest();
    guest.ram = (struct fdt_range){0x7ffffff000, 0xfffffffffffff000};
    check_refused(&guest, ERR_RANGE, "39-bit");
    guest = full_guest();
    guest.pci.ecam.bytes = 0x300000;
    check_refused(&guest, ERR_RANGE, "PCI configuration space");
    guest = full_guest();
    guest.pci.window.gpa = 0xfffff000;
    check_refused(&guest, ERR_RANGE, "4 GiB");
}

static void test_bad_interrupts_are_refused(void **state)
{
    struct fdt_guest guest = full_guest();
    (void)state;
    guest.pl011.intid = 31;
    check_refused(&guest, ERR_RANGE, "PL011: interrupt 31");
    guest.pl011.intid = 1020;
    check_refused(&guest, ERR_RANGE, "PL011: interrupt 1020");
    guest.pl011.intid = 49;
    check_refused(&guest, ERR_RANGE, "virtio device 1: interrupt 49 is taken");
    guest = full_guest();
    guest.pci.msi_spi_first = 46;
    check_refused(&guest, ERR_RANGE, "MSI frame: interrupt 48 is taken");
    guest.pci.msi_spi_count = UINT32_MAX;
    check_refused(&guest, ERR_RANGE, "MSI frame");
}

static void test_passed_devices_are_kept_apart(void **state)
{
    struct fdt_range window = {0x9010000, 0x1000};
    uint32_t intid = 34;
    struct fdt_guest guest = full_guest();
    (void)state;
    guest.rtc.window.bytes = 0;
    guest.passed_windows = &window;
    guest.passed_window_count = 1;
    guest.passed_intids = &intid;
    guest.passed_intid_count = 1;
    check_with_dtc(&guest);
    window.gpa = 0x9000000;
    check_refused(&guest, ERR_RANGE, "passed-through device at 0x9000000 overlaps PL011");
    window.gpa = 0x9010000;
    intid = 48;
    check_refused(&guest, ERR_RANGE, "passed-through device: interrupt 48 is taken");
    guest.rtc.window.bytes = 0x1000;
    check_refused(&guest, ERR_RANGE, "passed-through device at 0x9010000 overlaps PL031");
    window.gpa = 0x9020000;
    intid = 34;
    check_refused(&guest, ERR_RANGE, "passed-through device: interrupt 34 is taken");
}

static void test_bad_memory_is_refused(void **state)
{
    struct fdt_reserved reserved[] = {one_reserved[0], one_reserved[0]};
    struct fdt_guest guest = full_guest();
    (void)state;
    guest.initrd = (struct fdt_range){0x47fff000, 0x1001};
    check_refused(&guest, ERR_RANGE, "initrd at 0x47fff000");
    guest.initrd = (struct fdt_range){0x40000000, UINT64_MAX};
    check_refused(&guest, ERR_RANGE, "initrd");
    guest = full_guest();
    guest.reserved = reserved;
    guest.reserved_count = 2;
    reserved[1].name = "other";
    check_refused(&guest, ERR_RANGE, "\"other\" overlaps \"shared\"");
    reserved[1].range.gpa = 0x30000000;
    check_refused(&guest, ERR_RANGE, "\"other\" at 0x30000000 is not inside RAM");
    reserved[1].name = "a/b";
    check_refused(&guest, ERR_RANGE, "node name");
    guest = full_guest();
    guest.rng_seed_bytes = 1 << 20;
    check_refused(&guest, ERR_RANGE, "rng-seed");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nodes_follow_the_bindings),
        cmocka_unit_test(test_chosen_has_what_linux_reads),
        cmocka_unit_test(test_least_guest_has_nothing_optional),
        cmocka_unit_test(test_high_affinity_takes_two_cells),
        cmocka_unit_test(test_labels_lead_to_nodes),
        cmocka_unit_test(test_same_description_same_bytes),
        cmocka_unit_test(test_long_bootargs_grow_the_tree),
        cmocka_unit_test(test_dtc_has_no_complaint),
        cmocka_unit_test(test_bad_cpus_are_refused),
        cmocka_unit_test(test_bad_windows_are_refused),
        cmocka_unit_test(test_bad_interrupts_are_refused),
        cmocka_unit_test(test_bad_memory_is_refused),
        cmocka_unit_test(test_passed_devices_are_kept_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
