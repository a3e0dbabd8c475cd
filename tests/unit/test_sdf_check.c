/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tool/mem.h"
#include "tool/sdf_check.h"

#define IMAGE "<program_image path=\"a.elf\"/>"
#define PD_A "<protection_domain name=\"a\" priority=\"10\">" IMAGE "</protection_domain>"
#define PD_B "<protection_domain name=\"b\" priority=\"20\">" IMAGE "</protection_domain>"
#define PD_WITH(content) "<protection_domain name=\"a\">" IMAGE content "</protection_domain>"
#define MR "<memory_region name=\"m\" size=\"0x1000\"/>"
#define VM(content) "<virtual_machine name=\"v\">" content "</virtual_machine>"
#define ENDS(a, b) "<channel><end pd=\"a\" " a "/><end pd=\"b\" " b "/></channel>"

/** A description (without <system>) and what must be said about it; NULL: nothing. */
struct sample {
    const char *content;
    const char *expected;
};

static const struct sdf_version newest = {2, 3, 0};
static const struct sdf_version oldest = {2, 0, 1};

static char *findings(const char *content, struct sdf_version version, enum err *err)
{
    struct diag *diag = diag_new();
    char *text = mem_printf("<system>%s</system>", content);
    struct xml_element *root = xml_read_text(diag, "x.system", text, strlen(text));
    char *report = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&report, &bytes);

    assert_non_null(root);
    *err = sdf_check_tree(root, version, diag);
    assert_int_equal(*err == ERR_OK, diag_error_count(diag) == 0);
    diag_print(diag, out);
    fclose(out);
    xml_free(root);
    free(text);
    diag_free(diag);
    return report;
}

static void assert_finds(const char *content, struct sdf_version version, const char *expected)
{
    enum err err;
    char *report = findings(content, version, &err);

    if (expected == NULL ? report[0] != '\0' : strstr(report, expected) == NULL) {
        fail_msg("%s\nexpected: %s\ngot: %s", content, expected == NULL ? "nothing" : expected, report);
    }
    free(report);
}

static void assert_all(const struct sample *samples, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        assert_finds(samples[i].content, newest, samples[i].expected);
    }
}
#define ASSERT_ALL(samples) assert_all(samples, sizeof(samples) / sizeof(samples)[0])

static void test_sound_descriptions(void **state)
{
    (void)state;
    static const struct sample samples[] = {
        {PD_A, NULL},
        {PD_A PD_B ENDS("id=\"0\" pp=\"true\"", "id=\"61\" notify=\"false\""), NULL},
        {MR PD_WITH("<map mr=\"m\" vaddr=\"0x10_0000\" perms=\"rx\" setvar_vaddr=\"s\"/>"
                    "<irq irq=\"33\" id=\"3\" trigger=\"edge\"/><setvar symbol=\"t\" region_paddr=\"m\"/>"),
         NULL},
        {MR PD_WITH(VM(
             "<vcpu id=\"0\"/><map mr=\"m\" vaddr=\"0x0\"/>") "<protection_domain name=\"c\" id=\"1\">" IMAGE
                                                              "</protection_domain>"),
         NULL},
    };

    ASSERT_ALL(samples);
}

static void test_elements_and_attributes(void **state)
{
    (void)state;
    static const struct sample samples[] = {
        {"", "<system> has 0 <protection_domain>, but needs 1"},
        {PD_A "<guest/>", "<guest> has no place in <system>"},
        {"<protection_domain name=\"a\"/>", "<protection_domain> has 0 <program_image>, but needs 1"},
        {PD_WITH(IMAGE), "<protection_domain> has 2 <program_image>, but may have only 1"},
        {"<protection_domain>" IMAGE "</protection_domain>",
         "<protection_domain> needs the attribute \"name\""},
        {"<protection_domain name=\"a\" colour=\"1\">" IMAGE "</protection_domain>",
         "no attribute \"colour\""},
        {"<protection_domain name=\"a\" id=\"1\">" IMAGE "</protection_domain>", "no attribute \"id\" here"},
        {PD_WITH("<protection_domain name=\"c\">" IMAGE "</protection_domain>"),
         "needs the attribute \"id\""},
        {PD_WITH(VM("")), "<virtual_machine> has 0 <vcpu>, but needs 1"},
        {PD_A VM("<vcpu id=\"0\"/>"), "<virtual_machine> has no place in <system>"},
        {MR PD_WITH(VM("<vcpu id=\"0\"/><map mr=\"m\" vaddr=\"0\" setvar_vaddr=\"s\"/>")),
         "<map> has no attribute \"setvar_vaddr\" here"},
        {PD_A PD_B "<channel><end pd=\"a\" id=\"0\"/></channel>", "<channel> has 1 <end>, but needs 2"},
        {PD_A PD_B
         "<channel><end pd=\"a\" id=\"0\"/><end pd=\"b\" id=\"0\"/><end pd=\"b\" id=\"1\"/></channel>",
         "<channel> has 3 <end>, but may have only 2"},
    };

    ASSERT_ALL(samples);
}

static void test_values(void **state)
{
    (void)state;
    static const struct sample samples[] = {
        {"<protection_domain name=\"a\" priority=\"high\">" IMAGE "</protection_domain>",
         "not a decimal or 0x"},
        {"<protection_domain name=\"a\" priority=\"255\">" IMAGE "</protection_domain>",
         "priority 255 is above"},
        {"<protection_domain name=\"a\" priority=\"0x\">" IMAGE "</protection_domain>",
         "not a decimal or 0x"},
        {"<protection_domain name=\"a\" budget=\"18446744073709551616\">" IMAGE "</protection_domain>",
         "not a decimal or 0x"},
        {"<protection_domain name=\"a\" budget=\"2000\" period=\"1000\">" IMAGE "</protection_domain>",
         "budget 2000 is larger than period 1000"},
        {"<protection_domain name=\"a\" period=\"999\">" IMAGE "</protection_domain>",
         "budget 1000 is larger than period 999"},
        {"<protection_domain name=\"a\" passive=\"yes\">" IMAGE "</protection_domain>", "not \"true\" or"},
        {"<protection_domain name=\"a\" stack_size=\"0x800\">" IMAGE "</protection_domain>", "whole pages"},
        {"<protection_domain name=\"a\" stack_size=\"0x2000000\">" IMAGE "</protection_domain>",
         "whole pages"},
        {"<protection_domain name=\"monitor\">" IMAGE "</protection_domain>", "Microkit's own"},
        {PD_WITH("<irq irq=\"1\" id=\"62\"/>"), "not a decimal number from 0 to 61"},
        {PD_WITH("<irq irq=\"1\" id=\"0x1\"/>"), "not a decimal number from 0 to 61"},
        {PD_WITH("<irq irq=\"1\" id=\"-1\"/>"), "not a decimal number from 0 to 61"},
        {PD_WITH("<irq irq=\"1\" id=\"1\" trigger=\"both\"/>"), "not \"level\" or \"edge\""},
        {MR PD_WITH("<map mr=\"m\" vaddr=\"0\" perms=\"w\"/>"), "a combination of"},
        {MR PD_WITH("<map mr=\"m\" vaddr=\"0\" perms=\"rq\"/>"), "a combination of"},
        {MR PD_WITH("<map mr=\"\" vaddr=\"0\"/>"), "not a name"},
        {PD_WITH(VM("<vcpu id=\"62\"/>")), "not a decimal number from 0 to 61"},
    };

    ASSERT_ALL(samples);
}

static void test_names_and_ids(void **state)
{
    (void)state;
    static const struct sample samples[] = {
        {PD_A PD_A, "there are two protection domains \"a\""},
        {MR MR PD_A, "there are two memory regions \"m\""},
        {PD_WITH(VM("<vcpu id=\"0\"/><vcpu id=\"0\"/>")), "id 0 is taken"},
        {PD_WITH(VM("<vcpu id=\"1\"/>") "<protection_domain name=\"c\" id=\"1\">" IMAGE
                                        "</protection_domain>"),
         "id 1 is taken"},
        {PD_WITH(VM("<vcpu id=\"0\"/>")) "<protection_domain name=\"b\">" IMAGE VM(
             "<vcpu id=\"0\"/>") "</protection_domain>",
         "there are two virtual machines \"v\""},
        {PD_WITH("<irq irq=\"1\" id=\"1\"/><irq irq=\"2\" id=\"1\"/>"), "channel id 1 of \"a\" is in use"},
        {PD_WITH("<irq irq=\"1\" id=\"1\"/><irq irq=\"1\" id=\"2\"/>"), "interrupt 1 has an owner already"},
        {PD_WITH("<irq irq=\"1\" id=\"1\"/>") PD_B ENDS("id=\"1\"", "id=\"1\""),
         "channel id 1 of \"a\" is in use"},
        {PD_A "<channel><end pd=\"a\" id=\"0\"/><end pd=\"x\" id=\"0\"/></channel>",
         "there is no protection domain \"x\""},
        {PD_A PD_B ENDS("id=\"0\" pp=\"true\"", "id=\"0\" pp=\"true\""), "cannot go both ways"},
        {PD_A PD_B ENDS("id=\"0\"", "id=\"0\" pp=\"true\""), "strictly higher priorities, not from 20 to 10"},
        {MR PD_WITH("<map mr=\"m\" vaddr=\"0\" setvar_vaddr=\"s\" setvar_size=\"s\"/>"),
         "\"s\" is set already"},
    };

    ASSERT_ALL(samples);
}

static void test_memory(void **state)
{
    (void)state;
    static const struct sample samples[] = {
        {"<memory_region name=\"m\" size=\"0x1800\"/>" PD_WITH("<map mr=\"m\" vaddr=\"0\"/>"),
         "size 0x1800 is not a multiple of the page size 0x1000"},
        {"<memory_region name=\"m\"/>" PD_WITH("<map mr=\"m\" vaddr=\"0\"/>"), "size 0x0 is not a multiple"},
        {"<memory_region name=\"m\" size=\"0x1000\" page_size=\"0x200000\"/>" PD_WITH(
             "<map mr=\"m\" vaddr=\"0\"/>"),
         "not a multiple of the page size 0x200000"},
        {"<memory_region name=\"m\" size=\"0x4000\" page_size=\"0x4000\"/>" PD_WITH(
             "<map mr=\"m\" vaddr=\"0\"/>"),
         "neither 0x1000 nor 0x200000"},
        {"<memory_region name=\"m\" size=\"0x1000\" phys_addr=\"0x800\"/>" PD_WITH(
             "<map mr=\"m\" vaddr=\"0\"/>"),
         "phys_addr 0x800 is not aligned"},
        {"<memory_region name=\"m\" size=\"0x2000\" phys_addr=\"0x1000\"/>"
         "<memory_region name=\"n\" size=\"0x1000\" phys_addr=\"0x2000\"/>" PD_WITH(
             "<map mr=\"m\" vaddr=\"0\"/><map mr=\"n\" vaddr=\"0x5000\"/>"),
         "overlap those of \"m\""},
        {MR PD_A, "warning: memory region \"m\" is mapped by nobody"},
        {PD_WITH("<map mr=\"m\" vaddr=\"0\"/>"), "there is no memory region \"m\""},
        {PD_WITH("<setvar symbol=\"s\" region_paddr=\"m\"/>"), "there is no memory region \"m\""},
        {MR PD_WITH("<map mr=\"m\" vaddr=\"0x800\"/>"), "is not aligned to the page size"},
        {MR PD_WITH("<map mr=\"m\" vaddr=\"0xfffffff000\"/>"), "must end at or below 0xffffffd000"},
        {MR PD_WITH("<map mr=\"m\" vaddr=\"0xfffffffffffff000\"/>"), "must end at or below"},
        {MR PD_WITH("<map mr=\"m\" vaddr=\"0\"/><map mr=\"m\" vaddr=\"0\"/>"), "overlaps that of \"m\""},
        {MR PD_WITH("<map mr=\"m\" vaddr=\"0\" setvar_prefill_size=\"s\"/>"), "is not prefilled"},
    };

    ASSERT_ALL(samples);
}

static void test_versions(void **state)
{
    (void)state;
    static const char prefilled[] =
        "<memory_region name=\"m\" prefill_path=\"f\"/>" PD_WITH("<map mr=\"m\" vaddr=\"0\"/>");
    static const char cpu[] = "<protection_domain name=\"a\" cpu=\"0\">" IMAGE "</protection_domain>";
    static const char fpu[] = "<protection_domain name=\"a\" fpu=\"true\">" IMAGE "</protection_domain>";
    static const char setvar[] = PD_WITH("<irq irq=\"1\" id=\"1\" setvar_id=\"s\"/>");

    assert_finds(prefilled, newest, NULL);
    assert_finds(prefilled, oldest, "\"prefill_path\" is not known to this SDK yet");
    assert_finds(cpu, newest, NULL);
    assert_finds(cpu, oldest, "\"cpu\" is not known to this SDK yet");
    assert_finds(fpu, newest, NULL);
    assert_finds(fpu, (struct sdf_version){2, 2, 0}, "\"fpu\" is not known to this SDK yet");
    assert_finds(setvar, (struct sdf_version){2, 1, 0}, NULL);
    assert_finds(setvar, oldest, "\"setvar_id\" is not known to this SDK yet");
    /* The IPC buffer's place above the stack. */
    assert_finds(MR PD_WITH("<map mr=\"m\" vaddr=\"0xffffffe000\"/>"), (struct sdf_version){2, 2, 0}, NULL);
    assert_finds(MR PD_WITH("<map mr=\"m\" vaddr=\"0xffffffc000\"/>"), newest, NULL);
    assert_finds(MR PD_WITH("<map mr=\"m\" vaddr=\"0xffffffd000\"/>"), newest, "must end at or below");
}

#define LARGE(name, size, more)                                                                              \
    "<memory_region name=\"" name "\" size=\"" size "\" page_size=\"0x200000\"" more "/>"
#define BOTH PD_WITH("<map mr=\"m\" vaddr=\"0x20000000\"/><map mr=\"n\" vaddr=\"0x80000000\"/>")

/* What Microkit's tool itself says of it names no element. */
static void test_large_pages_come_from_one_block(void **state)
{
    static const char fits[] = LARGE("m", "0x10000000", "") LARGE("n", "0x10000000", "") BOTH;
    static const char more[] = LARGE("m", "0x10000000", "") LARGE("n", "0x10200000", "") BOTH;
    static const char placed[] =
        LARGE("m", "0x10000000", "") LARGE("n", "0x10200000", " phys_addr=\"0x80000000\"") BOTH;

    (void)state;
    assert_finds(fits, oldest, NULL);
    assert_finds(more, oldest, "with \"n\", regions of 2 MiB pages");
    assert_finds(more, (struct sdf_version){2, 1, 0}, NULL);
    assert_finds(placed, oldest, NULL);
}

static void test_too_many_protection_domains(void **state)
{
    (void)state;
    char *content = mem_strdup("");

    for (unsigned int i = 0; i < 64; i++) {
        char *more =
            mem_printf("%s<protection_domain name=\"p%u\">" IMAGE "</protection_domain>", content, i);

        free(content);
        content = more;
    }
    assert_finds(content, newest, "64 protection domains; at most 63");
    free(content);
}

static void test_other_documents(void **state)
{
    (void)state;
    static const char text[] = "<domain/>";
    struct diag *diag = diag_new();
    struct xml_element *root = xml_read_text(diag, "x", text, strlen(text));

    assert_int_equal(sdf_check_tree(root, newest, diag), ERR_FORMAT);
    assert_int_equal(sdf_check_file("/nonexistent.system", newest, diag), ERR_FORMAT);
    xml_free(root);
    diag_free(diag);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sound_descriptions),
        cmocka_unit_test(test_elements_and_attributes),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_names_and_ids),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_versions),
        cmocka_unit_test(test_large_pages_come_from_one_block),
        cmocka_unit_test(test_too_many_protection_domains),
        cmocka_unit_test(test_other_documents),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
