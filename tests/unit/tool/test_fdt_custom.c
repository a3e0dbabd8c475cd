/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/mock/dts.h"
#include "tool/fdt/fdt_custom.h"

static const struct fdt_device virtio[] = {
    {.window = {0xa000000, 0x1000}, .intid = 48, .edge = true},
    {.window = {0xa001000, 0x1000}, .intid = 49},
};

static struct fdt_guest sample(void)
{
    return (struct fdt_guest){.cpu_count = 2,
                              .mpidrs = {0, 1},
                              .ram = {0x40000000, 0x4000000},
                              .gicd = {0x8000000, 0x10000},
                              .gicc = {0x8010000, 0x10000},
                              .pl011 = {.window = {0x9000000, 0x1000}, .intid = 33},
                              .virtio = virtio,
                              .virtio_count = 2};
}

static struct fdt_blob build(const struct fdt_guest *guest)
{
    struct fdt_blob blob = {NULL, 0};
    struct fdt_error error = {{0}};
    assert_int_equal(fdt_guest_build(guest, &blob, &error), ERR_OK);
    return blob;
}

/** All that was reported, a line each. */
struct reports {
    char text[4096];
};

static void report(void *context, const char *text)
{
    struct reports *reports = context;
    size_t used = strlen(reports->text);
    snprintf(reports->text + used, sizeof reports->text - used, "%s\n", text);
}

static void check_agrees(const void *dtb, const struct fdt_guest *guest)
{
    struct reports reports = {{0}};
    const struct fdt_reporter reporter = {report, &reports};
    if (fdt_custom_check(dtb, guest, &reporter) != 0) {
        fail_msg("%s", reports.text);
    }
}

/** `count` disagreements, `words` among them. */
static void check_disagrees(const void *dtb, const struct fdt_guest *guest, unsigned int count,
                            const char *words)
{
    struct reports reports = {{0}};
    const struct fdt_reporter reporter = {report, &reports};
    unsigned int found = fdt_custom_check(dtb, guest, &reporter);
    if (found != count || strstr(reports.text, words) == NULL) {
        fail_msg("%u reports, not %u with \"%s\":\n%s", found, count, words, reports.text);
    }
}

/** Apply overlay source to a fresh tree. */
static enum err overlay(struct fdt_blob *blob, const char *source, struct fdt_error *error)
{
    struct fdt_guest guest = sample();
    struct fdt_blob compiled = dts_compile(source);
    enum err err;
    *blob = build(&guest);
    err = fdt_custom_overlay(blob, compiled.data, compiled.bytes, error);
    fdt_blob_free(&compiled);
    return err;
}

#define OVERLAY "/dts-v1/; /plugin/; "

static void test_overlay_changes_the_tree(void **state)
{
    struct fdt_guest guest = sample();
    struct fdt_error error = {{0}};
    struct fdt_blob blob;
    (void)state;
    assert_int_equal(
        overlay(&blob, OVERLAY "&uart0 { test,flag; }; &{/} { note { text = \"hello\"; }; };", &error),
        ERR_OK);
    assert_int_equal(fdt_check_full(blob.data, blob.bytes), 0);
    assert_non_null(fdt_getprop(blob.data, fdt_path_offset(blob.data, "/serial@9000000"), "test,flag", NULL));
    assert_true(fdt_path_offset(blob.data, "/note") >= 0);
    check_agrees(blob.data, &guest);
    fdt_blob_free(&blob);
}

static void test_overlay_for_another_tree_is_refused(void **state)
{
    struct fdt_error error = {{0}};
    struct fdt_blob blob;
    (void)state;
    assert_int_equal(overlay(&blob, OVERLAY "&spi7 { test,flag; };", &error), ERR_FORMAT);
    assert_non_null(strstr(error.text, "label or node"));
    assert_int_equal(fdt_check_full(blob.data, blob.bytes), 0);
    assert_int_equal(fdt_custom_overlay(&blob, "nonsense", 8, &error), ERR_FORMAT);
    fdt_blob_free(&blob);
}

static void test_overlay_that_lies_is_found(void **state)
{
    static const struct {
        const char *source;
        unsigned int count;
        const char *words;
    } cases[] = {
        {"&memory { reg = <0 0x40000000 0 0x8000000>; };", 1, "memory starts at 0x40000000 with 0x8000000"},
        {"&{/} { memory@80000000 { device_type = \"memory\"; reg = <0 0x80000000 0 0x1000>; }; };", 1,
         "memory"},
        {"&memory { device_type = \"other\"; };", 1, "no memory node"},
        {"&{/cpus} { cpu@2 { device_type = \"cpu\"; reg = <2>; }; };", 1, "CPU 0x2"},
        {"&{/cpus/cpu@1} { status = \"disabled\"; };", 1, "lacks CPU 0x1"},
        {"&{/cpus/cpu@1} { enable-method = \"spin-table\"; };", 1, "enable-method"},
        {"&{/cpus/cpu@1} { reg = [00]; };", 2, "no reg"},
        {"&psci { method = \"bmc\"; };", 1, "PSCI"},
        {"&timer { interrupts = <1 13 8>; };", 1, "timer"},
        {"&gic { compatible = \"arm,gic-v3\"; };", 1, "GICv2"},
        {"&gic { reg = <0 0x8000000 0 0x1000 0 0x8020000 0 0x1000>; };", 1,
         "CPU interface is not at 0x8010000"},
        {"&uart0 { status = \"disabled\"; };", 1, "lacks the guest's \"arm,pl011\" at 0x9000000"},
        {"&virtio0 { interrupts = <0 16 4>; };", 1,
         "\"virtio,mmio\" at 0xa000000 has to have one interrupt, SPI 16, edge"},
        {"&virtio1 { interrupts = <0 18 4>; };", 1, "SPI 17, level"},
        {"&virtio1 { reg = <0 0xa002000 0 0x200>; };", 2, "/virtio@a001000 has registers at 0xa002000"},
        {"&{/} { rtc@9010000 { compatible = \"arm,pl031\"; reg = <0 0x9010000 0 0x1000>; }; };", 1,
         "/rtc@9010000 has registers at 0x9010000"},
    };
    struct fdt_guest guest = sample();
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fdt_error error = {{0}};
        struct fdt_blob blob;
        char source[512];
        snprintf(source, sizeof source, OVERLAY "%s", cases[i].source);
        assert_int_equal(overlay(&blob, source, &error), ERR_OK);
        check_disagrees(blob.data, &guest, cases[i].count, cases[i].words);
        fdt_blob_free(&blob);
    }
}

static void test_generated_tree_agrees(void **state)
{
    struct fdt_range passed = {0x9010000, 0x1000};
    struct fdt_guest guest = sample();
    struct fdt_blob blob = build(&guest);
    struct fdt_blob added;
    struct fdt_error error = {{0}};
    (void)state;
    check_agrees(blob.data, &guest);
    fdt_blob_free(&blob);
    guest.mpidrs[1] = 0x100000000;
    blob = build(&guest);
    check_agrees(blob.data, &guest);
    fdt_blob_free(&blob);
    guest = sample();
    guest.passed_windows = &passed;
    guest.passed_window_count = 1;
    assert_int_equal(
        overlay(&added,
                OVERLAY "&{/} { rtc@9010000 { compatible = \"arm,pl031\"; reg = <0 0x9010000 0 0x1000>; };"
                        "};",
                &error),
        ERR_OK);
    check_agrees(added.data, &guest);
    fdt_blob_free(&added);
}

static void test_optional_device_may_be_left_out(void **state)
{
    struct fdt_guest guest = sample();
    struct fdt_device devices[2] = {virtio[0], virtio[1]};
    struct fdt_error error = {{0}};
    struct fdt_blob blob;
    (void)state;
    guest.virtio = devices;
    assert_int_equal(overlay(&blob, OVERLAY "&virtio1 { status = \"disabled\"; };", &error), ERR_OK);
    check_disagrees(blob.data, &guest, 1, "lacks the guest's \"virtio,mmio\" at 0xa001000");
    devices[1].optional = true;
    check_agrees(blob.data, &guest);
    fdt_blob_free(&blob);
    blob = build(&guest);
    check_agrees(blob.data, &guest);
    fdt_blob_free(&blob);
}

static void test_split_memory_agrees(void **state)
{
    struct fdt_guest guest = sample();
    struct fdt_blob blob;
    struct fdt_error error = {{0}};
    (void)state;
    assert_int_equal(
        overlay(&blob, OVERLAY "&memory { reg = <0 0x41000000 0 0x3000000>, <0 0x40000000 0 0x1000000>; };",
                &error),
        ERR_OK);
    check_agrees(blob.data, &guest);
    fdt_blob_free(&blob);
}

static void test_own_tree_is_completed(void **state)
{
    static const uint8_t seed[16] = {1};
    struct fdt_blob blob = dts_compile("/dts-v1/; / { chosen { bootargs = \"own\"; }; };");
    struct fdt_guest guest = sample();
    struct fdt_error error = {{0}};
    int bytes = 0;
    int chosen;
    (void)state;
    guest.bootargs = "ours";
    guest.stdout_path = "/serial@9000000";
    guest.initrd = (struct fdt_range){0x41000000, 0x100};
    guest.rng_seed = seed;
    guest.rng_seed_bytes = sizeof seed;
    assert_int_equal(fdt_custom_complete(&blob, &guest, &error), ERR_OK);
    chosen = fdt_path_offset(blob.data, "/chosen");
    assert_string_equal(fdt_getprop(blob.data, chosen, "bootargs", NULL), "own");
    assert_string_equal(fdt_getprop(blob.data, chosen, "stdout-path", NULL), "/serial@9000000");
    assert_memory_equal(fdt_getprop(blob.data, chosen, "rng-seed", &bytes), seed, sizeof seed);
    assert_memory_equal(fdt_getprop(blob.data, chosen, "linux,initrd-end", &bytes), "\0\0\0\0\x41\0\x01\0",
                        8);
    fdt_blob_free(&blob);
    blob = dts_compile("/dts-v1/; / { };");
    assert_int_equal(fdt_custom_complete(&blob, &guest, &error), ERR_OK);
    chosen = fdt_path_offset(blob.data, "/chosen");
    assert_string_equal(fdt_getprop(blob.data, chosen, "bootargs", NULL), "ours");
    fdt_blob_free(&blob);
}

static void test_empty_tree_lacks_everything(void **state)
{
    struct fdt_blob blob = dts_compile("/dts-v1/; / { };");
    struct fdt_guest guest = sample();
    (void)state;
    check_disagrees(blob.data, &guest, 9, "no memory node");
    fdt_blob_free(&blob);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_overlay_changes_the_tree),
        cmocka_unit_test(test_overlay_for_another_tree_is_refused),
        cmocka_unit_test(test_overlay_that_lies_is_found),
        cmocka_unit_test(test_generated_tree_agrees),
        cmocka_unit_test(test_optional_device_may_be_left_out),
        cmocka_unit_test(test_split_memory_agrees),
        cmocka_unit_test(test_own_tree_is_completed),
        cmocka_unit_test(test_empty_tree_lacks_everything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
