/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <libxml/relaxng.h>

#include <unistd.h>

#include "lib/config/config.h"
#include "tests/mock/mock_system.h"
#include "tool/base/file.h"
#include "tool/base/mem.h"
#include "tool/microkit/elf_save.h"
#include "tool/microkit/sdf_emit.h"

static const struct sdf_version oldest = {2, 0, 1};
static const struct sdf_version newest = {2, 3, 0};

/** What Microkit lacks goes away, so that the sample system can be emitted. */
static int set_up(void **state)
{
    struct fixture *fixture;

    mock_system_set_up(state);
    fixture = *state;
    fixture->driver->klog_reader = false;
    fixture->driver->map_count--;
    fixture->klog->kind = MODEL_MR_MEMORY;
    return 0;
}

static int tear_down(void **state)
{
    static const char *const names[] = {"sample.system", "vmm.elf", "driver.elf", "monitor.elf", "image.bin"};
    struct fixture *fixture = *state;

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char *path = mem_printf("%s/%s", fixture->dir, names[i]);

        (void)unlink(path);
        free(path);
    }
    return mock_system_tear_down(state);
}

static enum err emit(struct fixture *fixture, struct sdf_version version)
{
    const char *dirs[] = {fixture->dir};
    const struct sdf_options options = {
        .version = version, .output_dir = fixture->dir, .search_dirs = dirs, .search_dir_count = 1};

    return sdf_emit(fixture->model, &options, fixture->diag);
}

/** Whether the file keeps to Microkit's grammar. */
static bool is_valid(const char *path, struct sdf_version version)
{
    char *grammar =
        mem_printf("tests/sdk/microkit-%u.%u.%u.rng", version.major, version.minor, version.patch);
    xmlRelaxNGParserCtxt *parser = xmlRelaxNGNewParserCtxt(grammar);
    xmlRelaxNG *schema = xmlRelaxNGParse(parser);
    xmlRelaxNGValidCtxt *context = xmlRelaxNGNewValidCtxt(schema);
    xmlDoc *doc = xmlReadFile(path, NULL, 0);
    bool valid = schema != NULL && doc != NULL && xmlRelaxNGValidateDoc(context, doc) == 0;

    xmlFreeDoc(doc);
    xmlRelaxNGFreeValidCtxt(context);
    xmlRelaxNGFree(schema);
    xmlRelaxNGFreeParserCtxt(parser);
    free(grammar);
    return valid;
}

/** Emit and hold the result against Microkit's grammar, without an error or a warning. */
static void emit_well(struct fixture *fixture, struct sdf_version version)
{
    char *path = mem_printf("%s/sample.system", fixture->dir);
    char *text = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&text, &bytes);
    enum err err = emit(fixture, version);

    diag_print(fixture->diag, out);
    fclose(out);
    if (err != ERR_OK || bytes > 0 || !is_valid(path, version)) {
        fail_msg("%s", text);
    }
    free(text);
    free(path);
}

static void assert_refused(struct fixture *fixture, struct sdf_version version, const char *word)
{
    size_t bytes = 0;
    FILE *out;

    assert_int_not_equal(emit(fixture, version), ERR_OK);
    out = open_memstream(&fixture->report, &bytes);
    diag_print(fixture->diag, out);
    fclose(out);
    if (strstr(fixture->report, word) == NULL) {
        fail_msg("no \"%s\" in: %s", word, fixture->report);
    }
}

static char *system_text(struct fixture *fixture)
{
    char *path = mem_printf("%s/sample.system", fixture->dir);
    uint8_t *data;
    size_t bytes;
    char *text;

    assert_int_equal(file_read(path, (struct loc){0}, fixture->diag, &data, &bytes), ERR_OK);
    text = mem_strndup((const char *)data, bytes);
    free(data);
    free(path);
    return text;
}

static void load(struct fixture *fixture, const char *name, struct elf_program *program)
{
    char *path = mem_printf("%s/%s", fixture->dir, name);

    assert_int_equal(elf_program_load(program, path, (struct loc){0}, fixture->diag), ERR_OK);
    free(path);
}

static void assert_has(const char *text, const char *expected)
{
    if (strstr(text, expected) == NULL) {
        fail_msg("no \"%s\" in:\n%s", expected, text);
    }
}

static void test_description(void **state)
{
    struct fixture *fixture = *state;
    char *text;

    emit_well(fixture, newest);
    text = system_text(fixture);
    assert_has(text, "<memory_region name=\"ram\" size=\"0x400000\" page_size=\"0x200000\" />");
    assert_has(text,
               "<memory_region name=\"uart\" size=\"0x1000\" page_size=\"0x1000\" phys_addr=\"0x9000000\"");
    assert_has(text, "<memory_region name=\"image\" size=\"0x1000\" page_size=\"0x1000\" "
                     "prefill_path=\"image.bin\" />");
    assert_has(text, "<map mr=\"uart\" vaddr=\"0x31000000\" perms=\"rw\" cached=\"false\" />");
    assert_has(text, "<map mr=\"ram\" vaddr=\"0x40000000\" perms=\"rwx\" />");
    assert_has(text, "<map mr=\"gic_vcpu_interface\" vaddr=\"0x8010000\" perms=\"rw\" cached=\"false\" />");
    assert_has(text, "<irq irq=\"33\" id=\"1\" trigger=\"level\" />");
    assert_has(text, "<end pd=\"vmm\" id=\"3\" pp=\"true\" />");
    assert_has(text, "<vcpu id=\"4\" />");
    assert_null(strstr(text, "klog"));
    free(text);
}

static void test_contents_travel_in_old_programs(void **state)
{
    struct fixture *fixture = *state;
    struct elf_program program;
    char *text;

    emit_well(fixture, oldest);
    text = system_text(fixture);
    assert_null(strstr(text, "image\""));
    assert_null(strstr(text, "prefill"));
    assert_null(strstr(text, "fpu"));
    free(text);
    load(fixture, "vmm.elf", &program);
    assert_int_equal(program.segment_count, 4);
    assert_int_equal(program.segments[3].vaddr, 0x20000000);
    assert_int_equal(program.segments[3].mem_bytes, 0x1000);
    assert_int_equal(program.segments[3].file_bytes, 5);
    assert_int_equal(program.segments[3].perms, ELF_PROGRAM_READ);
    assert_memory_equal(program.segments[3].data, "\1\2\3\4\5", 5);
    elf_program_free(&program);
    load(fixture, "driver.elf", &program);
    assert_int_equal(program.segment_count, 3);
    elf_program_free(&program);
}

static void test_variables_that_the_sdk_cannot_set(void **state)
{
    struct fixture *fixture = *state;
    struct elf_program program;
    uint64_t value;
    char *text;

    fixture->model->channels[0].ends[0].setvar_id = mem_strdup("buffer");
    fixture->vmm->vm->vcpus[0].setvar_id = mem_strdup("size");
    fixture->vmm->maps[0].setvar_vaddr = mem_strdup("microkit_pps");
    fixture->vmm->maps[1].setvar_vaddr = mem_strdup("microkit_irqs");
    fixture->vmm->maps[1].setvar_prefill_size = mem_strdup("microkit_notifications");
    emit_well(fixture, oldest);
    text = system_text(fixture);
    assert_null(strstr(text, "setvar_id"));
    assert_has(text, "setvar_vaddr=\"microkit_pps\"");
    free(text);
    load(fixture, "vmm.elf", &program);
    memcpy(&value, elf_program_peek(&program, 0x202158, 8), 8);
    assert_int_equal(value, 3);
    memcpy(&value, elf_program_peek(&program, 0x202160, 8), 8);
    assert_int_equal(value, 4);
    memcpy(&value, elf_program_peek(&program, 0x202150, 8), 8);
    assert_int_equal(value, 0);
    memcpy(&value, elf_program_peek(&program, 0x202140, 8), 8);
    assert_int_equal(value, 0x20000000);
    memcpy(&value, elf_program_peek(&program, 0x202148, 8), 8);
    assert_int_equal(value, 5);
    elf_program_free(&program);
    emit_well(fixture, newest);
    text = system_text(fixture);
    assert_has(text, "<end pd=\"vmm\" id=\"3\" pp=\"true\" setvar_id=\"buffer\" />");
    assert_has(text, "setvar_vaddr=\"microkit_irqs\" setvar_prefill_size=\"microkit_notifications\"");
    free(text);
}

/* A vCPU on another core than its VMM is somebody's as well. */
static void test_cores_of_vcpus(void **state)
{
    struct fixture *fixture = *state;
    const char *dirs[] = {fixture->dir};
    struct sdf_options options = {.version = newest,
                                  .core_count = 2,
                                  .output_dir = fixture->dir,
                                  .search_dirs = dirs,
                                  .search_dir_count = 1};
    char *text;

    fixture->vmm->vm->vcpus[0].core = 1;
    emit_well(fixture, newest);
    text = system_text(fixture);
    assert_has(text, "<vcpu id=\"4\" cpu=\"1\" />");
    free(text);
    assert_int_equal(sdf_emit(fixture->model, &options, fixture->diag), ERR_OK);
    options.core_count = 1;
    assert_int_not_equal(sdf_emit(fixture->model, &options, fixture->diag), ERR_OK);
    assert_refused(fixture, oldest, "core 1 needs Microkit 2.1.0 or later");
    assert_has(fixture->report,
               "core 1: the SDK's configuration has 1 core; those for several are called smp-debug");
}

static void test_configuration_is_in_the_copy(void **state)
{
    struct fixture *fixture = *state;
    struct config_header config[2] = {mock_system_placeholder, {0}};
    struct config_header written;
    struct elf_program program;

    model_add_config(fixture->vmm, ".test_config", config, sizeof config);
    emit_well(fixture, newest);
    load(fixture, "vmm.elf", &program);
    memcpy(&written, elf_program_peek(&program, 0x202000, sizeof written), sizeof written);
    assert_true(
        config_is_valid(&written, mock_system_placeholder.magic, mock_system_placeholder.version, 32));
    elf_program_free(&program);
    load(fixture, "driver.elf", &program);
    memcpy(&written, elf_program_peek(&program, 0x202000, sizeof written), sizeof written);
    assert_int_equal(written.flags, 0);
    elf_program_free(&program);
}

static void test_children_are_nested(void **state)
{
    struct fixture *fixture = *state;
    char *text;

    fixture->vmm->parent = fixture->driver;
    fixture->vmm->child_id = 5;
    emit_well(fixture, newest);
    text = system_text(fixture);
    assert_has(text, "    <protection_domain name=\"driver\"");
    assert_has(text, "        <protection_domain name=\"vmm\" id=\"5\"");
    free(text);
}

static void test_page_size_gives_way_to_alignment(void **state)
{
    struct fixture *fixture = *state;
    char *text;

    fixture->vmm->maps[0].vaddr += 0x1000;
    emit_well(fixture, newest);
    text = system_text(fixture);
    assert_has(text, "<memory_region name=\"ram\" size=\"0x400000\" page_size=\"0x1000\" />");
    free(text);
}

static void test_what_microkit_lacks(void **state)
{
    struct fixture *fixture = *state;
    struct model_direct_irq *irq = mem_zalloc(sizeof *irq);

    irq->intid = 40;
    fixture->klog->kind = MODEL_MR_KLOG;
    fixture->driver->klog_reader = true;
    fixture->driver->stack_bytes = 0x1234;
    fixture->vmm->vm->direct_irqs = irq;
    fixture->vmm->vm->direct_irq_count = 1;
    assert_refused(fixture, newest, "no kernel log to read on Microkit");
    assert_has(fixture->report, "region \"klog\": there is no kernel log");
    assert_has(fixture->report, "interrupt 40 to protection domains only");
    assert_has(fixture->report, "a stack of 0x1234 bytes");
}

static void test_what_old_sdks_lack(void **state)
{
    struct fixture *fixture = *state;

    fixture->vmm->maps[1].perms |= MODEL_WRITE;
    model_add_vm_map(fixture->vmm->vm, fixture->image, 0x50000000, MODEL_READ);
    fixture->driver->core = 1;
    assert_refused(fixture, oldest, "PD \"vmm\": mapping the prefilled region \"image\" writable needs");
    assert_has(fixture->report, "VM \"guest\": mapping the prefilled region \"image\" needs Microkit 2.2.0");
    assert_has(fixture->report, "core 1 needs Microkit 2.1.0");
}

/* What Microkit's tool itself says of it names no element. */
static void test_large_pages_come_from_one_block(void **state)
{
    struct fixture *fixture = *state;

    fixture->ram->page_size_bytes = 0x200000;
    fixture->ram->size_bytes = 0x20200000;
    assert_refused(fixture, oldest, "with \"ram\", regions of 2 MiB pages");
}

static void test_large_pages_are_as_many_as_there_are_later(void **state)
{
    struct fixture *fixture = *state;

    fixture->ram->page_size_bytes = 0x200000;
    fixture->ram->size_bytes = 0x20200000;
    emit_well(fixture, (struct sdf_version){2, 1, 0});
}

static void test_names_become_files(void **state)
{
    struct fixture *fixture = *state;

    free(fixture->driver->name);
    fixture->driver->name = mem_strdup("../driver");
    assert_refused(fixture, newest, "PD \"../driver\": for Microkit, names are made of");
}

/* Only what is written into a file of its own needs a name for one. */
static void test_other_regions_have_any_name(void **state)
{
    struct fixture *fixture = *state;

    free(fixture->ram->name);
    fixture->ram->name = mem_strdup("ram@40000000");
    emit_well(fixture, newest);
    free(fixture->image->name);
    fixture->image->name = mem_strdup("a/b");
    assert_refused(fixture, newest, "memory region \"a/b\": for Microkit, names are made of");
}

static void test_microkits_monitor_keeps_its_name(void **state)
{
    struct fixture *fixture = *state;
    char *text;

    free(fixture->driver->name);
    fixture->driver->name = mem_strdup("monitor");
    emit_well(fixture, newest);
    text = system_text(fixture);
    assert_has(text, "<protection_domain name=\"monitor_pd\"");
    assert_has(text, "<program_image path=\"monitor.elf\"");
    assert_has(text, "<end pd=\"monitor_pd\"");
    free(text);
}

static void test_saved_tail_is_kept(void **state)
{
    struct fixture *fixture = *state;
    const uint64_t value = 0x1122334455667788;
    struct elf_program program;
    char *source = mem_printf("%s/pd.elf", fixture->dir);
    char *copy = mem_printf("%s/vmm.elf", fixture->dir);
    struct elf_program_range range;

    assert_int_equal(elf_program_load(&program, source, (struct loc){0}, fixture->diag), ERR_OK);
    assert_int_equal(elf_program_write(&program, 0x203ff8, &value, sizeof value), ERR_OK);
    assert_int_equal(elf_save(&program, NULL, 0, copy, fixture->diag), ERR_OK);
    elf_program_free(&program);
    load(fixture, "vmm.elf", &program);
    assert_int_equal(program.segment_count, 3);
    assert_memory_equal(elf_program_peek(&program, 0x203ff8, 8), &value, 8);
    assert_memory_equal(elf_program_peek(&program, 0x202000, sizeof mock_system_placeholder),
                        &mock_system_placeholder, sizeof mock_system_placeholder);
    assert_true(elf_program_find_symbol(&program, "microkit_name", &range));
    elf_program_free(&program);
    free(source);
    free(copy);
}

static void test_added_segments_must_not_overlap(void **state)
{
    struct fixture *fixture = *state;
    struct elf_program_segment extra = {.vaddr = 0x203fff, .mem_bytes = 0x1000, .perms = ELF_PROGRAM_READ};
    struct elf_program program;
    char *copy = mem_printf("%s/vmm.elf", fixture->dir);

    load(fixture, "pd.elf", &program);
    assert_int_equal(elf_save(&program, &extra, 1, copy, fixture->diag), ERR_STATE);
    extra.vaddr++;
    assert_int_equal(elf_save(&program, &extra, 1, copy, fixture->diag), ERR_OK);
    elf_program_free(&program);
    free(copy);
}

static void test_versions(void **state)
{
    (void)state;
    struct diag *diag = diag_new();
    struct sdf_version version;

    assert_int_equal(sdf_version_parse("2.0.1", diag, &version), ERR_OK);
    assert_false(sdf_version_features(version).setvar_id);
    assert_int_equal(sdf_version_parse("2.1.0", diag, &version), ERR_OK);
    assert_true(sdf_version_features(version).setvar_id);
    assert_false(sdf_version_features(version).prefill);
    assert_int_equal(sdf_version_parse("2.2.0-dev+3a", diag, &version), ERR_OK);
    assert_true(sdf_version_features(version).prefill);
    assert_int_equal(sdf_version_parse("3.0.0", diag, &version), ERR_OK);
    assert_true(sdf_version_features(version).fpu);
    assert_int_equal(diag_error_count(diag), 0);
    assert_int_equal(sdf_version_parse("2.0.0", diag, &version), ERR_UNSUPPORTED);
    assert_int_equal(sdf_version_parse("1.4.1", diag, &version), ERR_UNSUPPORTED);
    assert_int_equal(sdf_version_parse("new", diag, &version), ERR_FORMAT);
    assert_int_equal(diag_error_count(diag), 3);
    diag_free(diag);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_description),
        TEST(test_contents_travel_in_old_programs),
        TEST(test_variables_that_the_sdk_cannot_set),
        TEST(test_cores_of_vcpus),
        TEST(test_configuration_is_in_the_copy),
        TEST(test_children_are_nested),
        TEST(test_page_size_gives_way_to_alignment),
        TEST(test_what_microkit_lacks),
        TEST(test_what_old_sdks_lack),
        TEST(test_large_pages_come_from_one_block),
        TEST(test_large_pages_are_as_many_as_there_are_later),
        TEST(test_names_become_files),
        TEST(test_other_regions_have_any_name),
        TEST(test_microkits_monitor_keeps_its_name),
        TEST(test_saved_tail_is_kept),
        TEST(test_added_segments_must_not_overlap),
        cmocka_unit_test(test_versions),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
