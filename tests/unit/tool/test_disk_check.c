/* SPDX-License-Identifier: BSD-2-Clause */
/* What is said of an image that is there: containers, and partitions that it has not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/blk/gpt.h"
#include "tool/base/mem.h"
#include "tool/disk/disk_check.h"
#include "tool/disk/disk_image.h"

#define MIB 0x100000ull
#define BLOCKS 64u

struct fixture {
    char folder[32], image[48], output[48];
    struct diag *diag;
    struct model *model;
    struct model_disk *disk;
};

static int set_up(void **state)
{
    struct fixture *f = mem_zalloc(sizeof(*f));

    strcpy(f->folder, "/tmp/causeway-check-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    (void)snprintf(f->image, sizeof(f->image), "%s/d0.img", f->folder);
    (void)snprintf(f->output, sizeof(f->output), "%s/system.elf", f->folder);
    f->diag = diag_new();
    f->model = model_new();
    f->model->name = mem_strdup("system");
    f->disk = model_add_disk(f->model, "d0", (struct loc){0});
    f->disk->image = mem_strdup("d0.img");
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    (void)unlink(f->image);
    (void)rmdir(f->folder);
    model_free(f->model);
    diag_free(f->diag);
    free(f);
    return 0;
}

static void write_image(const struct fixture *f, const void *data, size_t bytes)
{
    FILE *file = fopen(f->image, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, bytes, file), bytes);
    assert_int_equal(fclose(file), 0);
}

/* Look at the image, and find `wanted` among what is said; NULL: nothing is. */
static void check(struct fixture *f, size_t bytes, enum err err, const char *wanted)
{
    char *text = NULL;
    size_t text_bytes;
    FILE *out = open_memstream(&text, &text_bytes);

    diag_free(f->diag);
    f->diag = diag_new();
    assert_non_null(out);
    assert_int_equal(disk_check_image(f->disk, f->image, bytes, f->diag), err);
    diag_print(f->diag, out);
    assert_int_equal(fclose(out), 0);
    if (wanted == NULL) {
        assert_string_equal(text, "");
    } else if (strstr(text, wanted) == NULL) {
        fail_msg("no \"%s\" in: %s", wanted, text);
    }
    free(text);
}

static void need(struct fixture *f, const char *partition)
{
    model_add_need(f->disk, partition, (struct loc){0})->number = (uint32_t)strtoul(partition, NULL, 10);
}

static void test_containers_are_no_disks(void **state)
{
    static const struct {
        size_t offset;
        const char *magic;
        size_t bytes;
        const char *wanted;
    } cases[] = {
        {0, "QFI\xfb\0\0\0\3", 8, "is a qcow2 container, not the bytes of a disk; convert it with `qemu-img"},
        {0, "KDMV", 4, "a VMDK container"},
        {0, "vhdxfile", 8, "a VHDX container"},
        {64, "\x7f\x10\xda\xbe", 4, "a VDI container"},
        {0, "\x1f\x8b\x08", 3, "compressed with gzip"},
        {0, "\x28\xb5\x2f\xfd", 4, "compressed with zstd"},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint8_t image[1024] = {0};

        memcpy(image + cases[i].offset, cases[i].magic, cases[i].bytes);
        write_image(f, image, sizeof(image));
        check(f, sizeof(image), ERR_FORMAT, cases[i].wanted);
    }
    write_image(f, "QFI", 3); /* as short as that */
    check(f, 3, ERR_OK, NULL);
}

static void put_mbr(uint8_t *block, uint32_t index, uint8_t type, uint16_t first, uint16_t count)
{
    const struct mbr_entry entry = {.type = type, .first_lba = {first}, .lba_count = {count}};

    memcpy(block + MBR_ENTRIES_OFFSET + index * sizeof(entry), &entry, sizeof(entry));
    block[MBR_SIGNATURE_OFFSET] = 0x55;
    block[MBR_SIGNATURE_OFFSET + 1] = 0xaa;
}

static void test_logical_partitions_are_found(void **state)
{
    static uint8_t image[BLOCKS * 512];
    struct fixture *f = *state;

    put_mbr(image, 0, 0x83, 1, 2);
    put_mbr(image, 1, MBR_TYPE_EXTENDED, 10, 50);
    put_mbr(image + 10 * 512, 0, 0x83, 1, 5);
    put_mbr(image + 10 * 512, 1, MBR_TYPE_EXTENDED, 20, 20);
    put_mbr(image + 30 * 512, 0, 0x83, 1, 5);
    write_image(f, image, sizeof(image));
    need(f, "1");
    need(f, "5");
    need(f, "6");
    check(f, sizeof(image), ERR_OK, NULL);
    need(f, "7");
    check(f, sizeof(image), ERR_RANGE, "has no partition \"7\"; it has 1, 5, 6");
}

static void test_no_table(void **state)
{
    static const uint8_t image[BLOCKS * 512];
    struct fixture *f = *state;

    write_image(f, image, sizeof(image));
    check(f, sizeof(image), ERR_OK, NULL); /* nobody asks for one */
    need(f, "rootfs");
    check(f, sizeof(image), ERR_RANGE, "has no partition table, and so no partition \"rootfs\"");
}

/* As the tool has made it; later the description changes. */
static void test_partitions_by_name(void **state)
{
    struct fixture *f = *state;
    struct model_partition *partition = model_add_partition(f->disk, "root");

    partition->first_byte = MIB;
    partition->bytes = MIB;
    f->disk->size_bytes = 4 * MIB;
    assert_int_equal(disk_image_create_all(f->model, f->output, f->diag), ERR_OK);
    need(f, "root");
    check(f, 4 * MIB, ERR_OK, NULL);
    f->disk->partitions[0].bytes = 2 * MIB;
    check(f, 4 * MIB, ERR_OK, "has another partition 1 than \"root\" as it is described");
    need(f, "data");
    check(f, 4 * MIB, ERR_RANGE, "has no partition \"data\"; it has 1 \"root\"");
}

static void test_image_that_cannot_be_read(void **state)
{
    struct fixture *f = *state;

    check(f, 512, ERR_IO, "cannot be read: No such file");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_containers_are_no_disks, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_logical_partitions_are_found, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_no_table, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_partitions_by_name, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_image_that_cannot_be_read, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
