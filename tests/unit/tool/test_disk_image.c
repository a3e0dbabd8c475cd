/* SPDX-License-Identifier: BSD-2-Clause */
/* Images of disks: what a new one has, and that one which is there is left alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "boards/board.h"
#include "lib/blk/gpt.h"
#include "tool/base/mem.h"
#include "tool/disk/disk_image.h"
#include "tool/disk/disk_name.h"
#include "tool/disk/qemu_config.h"

#define MIB 0x100000ull
#define CONTENTS_BYTES 100001u

struct fixture {
    char *folder, *output, *image, *contents;
    struct diag *diag;
    struct model *model;
};

static void write_file(const char *path, const void *data, size_t bytes)
{
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, bytes, file), bytes);
    assert_int_equal(fclose(file), 0);
}

static uint8_t *read_file(const char *path, size_t *bytes)
{
    struct stat status;

    assert_int_equal(stat(path, &status), 0);
    *bytes = (size_t)status.st_size;
    uint8_t *data = mem_zalloc(*bytes + 1);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fread(data, 1, *bytes, file), *bytes);
    fclose(file);
    return data;
}

/* Byte `i` of the contents: nothing at first, as in most file systems. */
static uint8_t contents_byte(size_t i)
{
    return i < 70000 ? 0 : (uint8_t)(i * 7 + 1);
}

static int set_up(void **state)
{
    struct fixture *fixture = mem_zalloc(sizeof(*fixture));
    char name[] = "/tmp/causeway-disk-XXXXXX";
    uint8_t *contents = mem_zalloc(CONTENTS_BYTES);

    assert_non_null(mkdtemp(name));
    fixture->folder = mem_strdup(name);
    fixture->output = mem_printf("%s/system.elf", name);
    fixture->image = mem_printf("%s/d0.img", name);
    fixture->contents = mem_printf("%s/contents", name);
    for (size_t i = 0; i < CONTENTS_BYTES; i++) {
        contents[i] = contents_byte(i);
    }
    write_file(fixture->contents, contents, CONTENTS_BYTES);
    free(contents);
    fixture->diag = diag_new();
    fixture->model = model_new();
    fixture->model->name = mem_strdup("system");
    struct model_disk *disk = model_add_disk(fixture->model, "d0", (struct loc){0});
    disk->image = mem_strdup("d0.img");
    disk->size_bytes = 8 * MIB;
    struct model_partition *first = model_add_partition(disk, "first");
    first->first_byte = MIB;
    first->bytes = 2 * MIB;
    struct model_partition *second = model_add_partition(disk, "second");
    second->first_byte = 3 * MIB;
    second->bytes = 4 * MIB;
    second->contents = mem_strdup(fixture->contents);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    char *config = mem_printf("%s/system.qemu", fixture->folder);

    char *marker = mem_printf("%s.contents", fixture->image);

    (void)unlink(marker);
    (void)unlink(fixture->image);
    (void)unlink(fixture->contents);
    free(marker);
    char *arguments = mem_printf("%s_arguments", config);
    (void)unlink(arguments);
    free(arguments);
    (void)unlink(config);
    (void)rmdir(fixture->folder);
    model_free(fixture->model);
    diag_free(fixture->diag);
    free(config);
    free(fixture->contents);
    free(fixture->image);
    free(fixture->output);
    free(fixture->folder);
    free(fixture);
    return 0;
}

static void test_new_image_has_table_and_contents(void **state)
{
    struct fixture *fixture = *state;
    struct gpt_header header;
    struct gpt_entry entry;
    size_t bytes;

    assert_int_equal(disk_image_create_all(fixture->model, fixture->output, fixture->diag), ERR_OK);
    uint8_t *data = read_file(fixture->image, &bytes);
    assert_int_equal(bytes, 8 * MIB);
    memcpy(&header, data + 512, sizeof(header));
    assert_int_equal(header.signature, GPT_SIGNATURE);
    memcpy(&entry, data + header.entries_lba * 512 + sizeof(entry), sizeof(entry));
    assert_int_equal(entry.first_lba * 512, 3 * MIB);
    assert_int_equal((entry.last_lba + 1) * 512, 7 * MIB);
    for (size_t i = 0; i < 4 * MIB; i++) {
        assert_int_equal(data[3 * MIB + i], i < CONTENTS_BYTES ? contents_byte(i) : 0);
    }
    for (size_t i = MIB; i < 3 * MIB; i++) {
        assert_int_equal(data[i], 0);
    }
    free(data);
}

static void test_image_that_is_there_stays(void **state)
{
    struct fixture *fixture = *state;
    size_t bytes;

    fixture->model->disks[0].size_bytes = 4;
    write_file(fixture->image, "precious", 8);
    assert_int_equal(disk_image_create_all(fixture->model, fixture->output, fixture->diag), ERR_OK);
    uint8_t *data = read_file(fixture->image, &bytes);
    assert_int_equal(bytes, 8);
    assert_memory_equal(data, "precious", 8);
    free(data);
}

/* What the diagnostics say, malloc'd. */
static char *said(struct diag *diag)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&text, &bytes);

    assert_non_null(out);
    diag_print(diag, out);
    assert_int_equal(fclose(out), 0);
    return text;
}

/* The image keeps what guests have written: that its contents are older is said, and what to do. */
static void test_other_contents_are_said(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(disk_image_create_all(fixture->model, fixture->output, fixture->diag), ERR_OK);
    assert_int_equal(disk_image_create_all(fixture->model, fixture->output, fixture->diag), ERR_OK);
    char *text = said(fixture->diag);
    assert_string_equal(text, "");
    free(text);
    write_file(fixture->contents, "newer", 5);
    assert_int_equal(disk_image_create_all(fixture->model, fixture->output, fixture->diag), ERR_OK);
    text = said(fixture->diag);
    assert_non_null(strstr(text, "was made with other contents of partition \"second\""));
    assert_null(strstr(text, "\"first\""));
    assert_non_null(strstr(text, "remove it to have it made again"));
    free(text);
}

static void test_image_that_is_too_short_is_an_error_and_stays(void **state)
{
    struct fixture *fixture = *state;
    struct model_disk *disk = &fixture->model->disks[0];
    size_t bytes;

    write_file(fixture->image, "precious", 8);
    assert_int_equal(disk_image_create_all(fixture->model, fixture->output, fixture->diag), ERR_RANGE);
    assert_int_equal(diag_error_count(fixture->diag), 1);
    disk->size_bytes = 0;
    disk->needed_bytes = 9;
    assert_int_equal(disk_image_create_all(fixture->model, fixture->output, fixture->diag), ERR_RANGE);
    assert_int_equal(diag_error_count(fixture->diag), 2);
    disk->needed_bytes = 8;
    assert_int_equal(disk_image_create_all(fixture->model, fixture->output, fixture->diag), ERR_OK);
    free(read_file(fixture->image, &bytes));
    assert_int_equal(bytes, 8);
}

static void test_failure_leaves_no_image(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(unlink(fixture->contents), 0);
    assert_int_equal(disk_image_create_all(fixture->model, fixture->output, fixture->diag), ERR_IO);
    assert_int_equal(diag_error_count(fixture->diag), 1);
    assert_int_not_equal(access(fixture->image, F_OK), 0);
}

static void test_missing_image_of_unknown_size_is_an_error(void **state)
{
    struct fixture *fixture = *state;

    fixture->model->disks[0].size_bytes = 0;
    assert_int_equal(disk_image_create_all(fixture->model, fixture->output, fixture->diag), ERR_IO);
    assert_int_equal(diag_error_count(fixture->diag), 1);
}

static void test_qemu_is_told_of_the_disk(void **state)
{
    struct fixture *fixture = *state;
    char *path = mem_printf("%s/system.qemu", fixture->folder);
    size_t bytes;

    fixture->model->disks[0].slot = 8;
    fixture->model->disks[0].readonly = true;
    assert_int_equal(qemu_config_write(fixture->model, fixture->output, NULL, 0, fixture->diag), ERR_OK);
    char *text = (char *)read_file(path, &bytes);
    assert_non_null(strstr(text, "bus = \"virtio-mmio-bus.8\""));
    assert_non_null(strstr(text, "readonly = \"on\""));
    assert_non_null(strstr(text, "property = \"force-legacy\"\n  value = \"off\""));
    assert_non_null(strstr(text, fixture->image));
    free(text);
    free(path);
}

static void test_qemu_is_told_of_the_boards_own_devices(void **state)
{
    struct fixture *fixture = *state;
    const struct board_device device = {.compatible = "any"}; /* QEMU's number counts */
    struct model_uplink *uplink = model_add_uplink(fixture->model, "uplink", (struct loc){0});
    char *path = mem_printf("%s/system.qemu", fixture->folder);
    size_t bytes;

    uplink->host_ip = mem_strdup("10.0.2.2/24");
    uplink->device = &device;
    uplink->slot = 2;
    fixture->model->disks[0].device = &device;
    fixture->model->disks[0].slot = 1;
    fixture->model->disks[0].readonly = true;
    assert_int_equal(qemu_config_write(fixture->model, fixture->output, NULL, 0, fixture->diag), ERR_OK);
    char *text = (char *)read_file(path, &bytes);
    assert_non_null(strstr(text, "if = \"sd\"\n  index = \"1\""));
    assert_non_null(strstr(text, "snapshot = \"on\"")); /* there is no read-only card */
    assert_null(strstr(text, "virtio-blk-device"));
    assert_null(strstr(text, "virtio-net-device"));
    /* The two before it, too. */
    assert_non_null(strstr(text,
                           "[net]\n  type = \"nic\"\n\n[net]\n  type = \"nic\"\n\n[net]\n  type = \"nic\"\n"
                           "  netdev = \"uplink0\"\n"));
    free(text);
    free(path);
}

/* One forwarded port is in the configuration file; of several that would keep the last. */
static void test_qemu_is_told_of_forwarded_ports(void **state)
{
    struct fixture *fixture = *state;
    struct model_uplink *uplink = model_add_uplink(fixture->model, "uplink", (struct loc){0});
    char *config = mem_printf("%s/system.qemu", fixture->folder);
    char *arguments = mem_printf("%s_arguments", config);
    const char *none[] = {"none"};
    size_t bytes;

    uplink->host_ip = mem_strdup("10.0.2.2/24");
    model_add_forward(uplink, mem_strdup("tcp:127.0.0.1:2201-10.0.2.15:22"));
    for (unsigned int round = 0; round < 3; round++) {
        assert_int_equal(
            qemu_config_write(fixture->model, fixture->output, none, round == 2 ? 1 : 0, fixture->diag),
            ERR_OK);
        char *text = (char *)read_file(config, &bytes);
        assert_int_equal(strstr(text, "[netdev \"uplink0\"]") != NULL, round == 0);
        assert_int_equal(strstr(text, "hostfwd = ") != NULL, round == 0);
        assert_int_equal(strstr(text, "netdev = \"uplink0\"") != NULL, round < 2);
        free(text);
        text = (char *)read_file(arguments, &bytes);
        assert_string_equal(text, round == 1
                                      ? "-netdev user,id=uplink0,ipv6=off,net=10.0.2.2/24,host=10.0.2.2,"
                                        "hostfwd=tcp:127.0.0.1:2201-10.0.2.15:22,"
                                        "hostfwd=udp:127.0.0.1:53-10.0.2.16:53\n"
                                      : "");
        free(text);
        if (round == 0) {
            model_add_forward(uplink, mem_strdup("udp:127.0.0.1:53-10.0.2.16:53"));
        }
    }
    free(arguments);
    free(config);
}

/* Its configuration files have no way to write that down. */
static void test_qemu_cannot_be_told_of_a_quote(void **state)
{
    struct fixture *fixture = *state;
    char *path = mem_printf("%s/system.qemu", fixture->folder);
    char *image = fixture->model->disks[0].image;
    char longest[1002] = {0};

    fixture->model->disks[0].image = mem_printf("%s/a\"b", fixture->folder);
    assert_int_equal(qemu_config_write(fixture->model, fixture->output, NULL, 0, fixture->diag), ERR_IO);
    assert_int_equal(diag_error_count(fixture->diag), 1);
    assert_int_not_equal(access(path, F_OK), 0);
    free(fixture->model->disks[0].image);
    fixture->model->disks[0].image = image;
    free(path);
    memset(longest, 'x', 1001);
    assert_false(disk_name_is_possible(longest));
    longest[1000] = '\0';
    assert_true(disk_name_is_possible(longest));
    assert_false(disk_name_is_possible("a\nb"));
    assert_true(disk_name_is_possible("/srv/my images/\xc3\xa4.img"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_new_image_has_table_and_contents, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_image_that_is_there_stays, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_other_contents_are_said, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_image_that_is_too_short_is_an_error_and_stays, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_failure_leaves_no_image, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_missing_image_of_unknown_size_is_an_error, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_qemu_is_told_of_the_disk, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_qemu_is_told_of_the_boards_own_devices, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_qemu_is_told_of_forwarded_ports, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_qemu_cannot_be_told_of_a_quote, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
