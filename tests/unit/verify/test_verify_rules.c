/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "tests/mock/breach.h"
#include "tests/mock/verify_forge.h"
#include "verify/verify.h"

static enum verify_verdict judge(const struct forge *forge, struct findings *findings,
                                 struct verify_summary *summary)
{
    size_t bytes = 0;
    uint8_t *image = forge_write(forge, &bytes);
    enum verify_verdict verdict =
        verify_image(image, bytes, &(struct verify_reference){.policy = NULL}, findings, summary);
    free(image);
    return verdict;
}

static void test_sound_image_is_proved(void **state)
{
    struct forge forge = forge_new();
    struct findings findings = {0};
    struct verify_summary summary = {0};
    (void)state;
    if (judge(&forge, &findings, &summary) != VERIFY_PROVED) {
        findings_print(&findings, findings.malformed, stderr);
        fail();
    }
    assert_string_equal(summary.name, "forged");
    assert_int_equal(summary.pd_count, FORGE_PD_COUNT);
    assert_int_equal(summary.vm_count, 2);
    assert_int_equal(summary.sharing.shared_region_count, 6);
    assert_int_equal(summary.sharing.device_count, 2);
    assert_true(summary.sharing.pages > 4096);
    findings_free(&findings);
    forge_free(&forge);
}

static void test_breach_is_found(void **state)
{
    const struct breach *breach = *state;
    struct forge forge = forge_new();
    struct findings findings = {0};
    struct verify_summary summary = {0};
    bool found = false;
    breach->apply(&forge);
    assert_int_equal(judge(&forge, &findings, &summary), VERIFY_VIOLATED);
    for (size_t i = 0; i < findings.count; i++) {
        found |=
            findings.items[i].rule == breach->rule && strcmp(findings.items[i].domain, breach->domain) == 0;
    }
    if (!found) {
        findings_print(&findings, "forged", stderr);
        fail_msg("no finding [%s] about %s", findings_rule_name(breach->rule), breach->domain);
    }
    findings_free(&findings);
    forge_free(&forge);
}

static void test_every_rule_has_a_breach_and_a_name(void **state)
{
    (void)state;
    for (unsigned int rule = 0; rule < RULE_COUNT; rule++) {
        bool covered = rule >= RULE_KERNEL_IMAGE; /* tests/verify: with kernel, programs and policy */
        assert_string_not_equal(findings_rule_name((enum findings_rule)rule), "unknown");
        for (size_t i = 0; i < breach_memory_count; i++) {
            covered |= breach_memory[i].rule == rule;
        }
        for (size_t i = 0; i < breach_rows_count; i++) {
            covered |= breach_rows[i].rule == rule;
        }
        if (!covered) {
            fail_msg("no test breaks rule %s", findings_rule_name((enum findings_rule)rule));
        }
    }
    assert_string_equal(findings_rule_name(RULE_COUNT), "unknown");
}

/** Whatever bit of an address in a VM's tables flips, it is seen: all that a VM maps is declared. */
static void test_no_flipped_address_bit_goes_unseen(void **state)
{
    struct forge forge = forge_new();
    size_t bytes = 0;
    uint8_t *image = forge_write(&forge, &bytes);
    uint8_t *memory = image + bytes - FORGE_BYTES;
    (void)state;
    for (uint64_t page = 0; page < FORGE_GUEST_RAM_BYTES / 0x1000; page += 61) {
        uint8_t *at = (uint8_t *)forge_entry(&forge, FORGE_D_VM2, FORGE_RAM_GPA + page * 0x1000);
        uint64_t *entry = (uint64_t *)(void *)(memory + (at - forge.memory));
        for (unsigned int bit = 12; bit < 48; bit++) {
            struct findings findings = {0};
            struct verify_summary summary = {0};
            *entry ^= 1ull << bit;
            assert_int_equal(
                verify_image(image, bytes, &(struct verify_reference){.policy = NULL}, &findings, &summary),
                VERIFY_VIOLATED);
            *entry ^= 1ull << bit;
            findings_free(&findings);
        }
    }
    free(image);
    forge_free(&forge);
}

/** docs/verify.md has a row for each rule. */
static void test_every_rule_is_documented(void **state)
{
    static char text[40000];
    FILE *file = fopen("docs/verify.md", "r");
    (void)state;
    assert_non_null(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    for (unsigned int rule = 0; rule < RULE_COUNT; rule++) {
        char row[64];
        snprintf(row, sizeof row, "\n| `%s` | ", findings_rule_name((enum findings_rule)rule));
        if (strstr(text, row) == NULL) {
            fail_msg("docs/verify.md lacks %s", row);
        }
    }
}

/** A file of `bytes`, alone in memory of its own so that reading past it is seen. */
static void check_malformed(const uint8_t *image, size_t bytes, const char *words)
{
    struct findings findings = {0};
    struct verify_summary summary = {0};
    uint8_t *copy = malloc(bytes == 0 ? 1 : bytes);
    assert_non_null(copy);
    memcpy(copy, image, bytes);
    assert_int_equal(
        verify_image(copy, bytes, &(struct verify_reference){.policy = NULL}, &findings, &summary),
        VERIFY_MALFORMED);
    if (strstr(findings.malformed, words) == NULL) {
        fail_msg("\"%s\" lacks \"%s\"", findings.malformed, words);
    }
    findings_free(&findings);
    free(copy);
}

static void test_malformed_elf_is_refused(void **state)
{
    struct forge forge = forge_new();
    size_t bytes = 0;
    uint8_t *image = forge_write(&forge, &bytes);
    Elf64_Ehdr *header = (Elf64_Ehdr *)(void *)image;
    Elf64_Phdr *segments = (Elf64_Phdr *)(void *)(image + header->e_phoff);
    Elf64_Ehdr saved = *header;
    Elf64_Phdr saved_segment = segments[0];
    (void)state;
    check_malformed(image, 0, "ELF");
    check_malformed(image, 63, "ELF");
    check_malformed(image, 64, "program headers");
    check_malformed(image, bytes - FORGE_BYTES, "segment");
    header->e_machine = EM_ARM;
    check_malformed(image, bytes, "AArch64");
    *header = saved;
    header->e_phoff = UINT64_MAX - 8;
    check_malformed(image, bytes, "program headers");
    *header = saved;
    header->e_shoff = bytes - 1;
    check_malformed(image, bytes, "section headers");
    *header = saved;
    header->e_shstrndx = 77;
    check_malformed(image, bytes, "section headers");
    *header = saved;
    segments[0].p_filesz = UINT64_MAX;
    check_malformed(image, bytes, "not inside the file");
    segments[0] = saved_segment;
    segments[0].p_memsz = UINT64_MAX - segments[0].p_paddr;
    check_malformed(image, bytes, "wraps around");
    segments[0] = saved_segment;
    segments[0].p_paddr += 0x800;
    check_malformed(image, bytes, "overlap");
    segments[0] = saved_segment;
    segments[0].p_memsz = 0x1001;
    check_malformed(image, bytes, "overlap");
    free(image);
    forge_free(&forge);
}

static void spoil_magic(struct forge *forge)
{
    forge->sys->magic++;
}

static void spoil_version(struct forge *forge)
{
    forge->sys->version++;
}

static void spoil_descriptor_address(struct forge *forge)
{
    memset(forge_at(forge, FORGE_KERNEL_RODATA), 0xff, 8);
}

static void spoil_pd_count(struct forge *forge)
{
    forge->sys->pd_count = UINT32_MAX;
}

static void spoil_pd_table(struct forge *forge)
{
    forge->sys->pds = UINT64_MAX - 100;
}

static void spoil_core_count(struct forge *forge)
{
    forge->sys->core_count = 0;
}

static void spoil_intent_magic(struct forge *forge)
{
    forge->intent.magic = 0;
}

static void spoil_region_count(struct forge *forge)
{
    forge->intent.region_count = UINT32_MAX;
}

static void spoil_domain_count(struct forge *forge)
{
    forge->intent.domain_count--;
}

static void spoil_region(struct forge *forge)
{
    forge->regions[0].size_bytes = UINT64_MAX & ~0xfffull;
}

static void spoil_mapping_range(struct forge *forge)
{
    forge->regions[0].mapping_first = UINT32_MAX;
}

static void spoil_mapping(struct forge *forge)
{
    forge->mappings[0].domain = FORGE_D_COUNT;
}

static void test_malformed_descriptor_is_refused(void **state)
{
    static const struct {
        void (*apply)(struct forge *forge);
        const char *words;
    } cases[] = {
        {spoil_magic, "magic"},
        {spoil_version, "version"},
        {spoil_descriptor_address, "descriptor"},
        {spoil_pd_count, "protection domains"},
        {spoil_pd_table, "protection domains"},
        {spoil_core_count, "cores"},
        {spoil_intent_magic, "declaration"},
        {spoil_region_count, "declaration"},
        {spoil_domain_count, "mapping"},
        {spoil_region, "region 0"},
        {spoil_mapping_range, "region 0"},
        {spoil_mapping, "mapping 0"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct forge forge = forge_new();
        size_t bytes = 0;
        uint8_t *image;
        cases[i].apply(&forge);
        image = forge_write(&forge, &bytes);
        check_malformed(image, bytes, cases[i].words);
        free(image);
        forge_free(&forge);
    }
}

/** Hundreds of violations neither flood the terminal nor run long. */
static void test_findings_are_bounded_and_printable(void **state)
{
    struct findings findings = {0};
    char line[256] = "";
    FILE *file = tmpfile();
    (void)state;
    assert_non_null(file);
    for (unsigned int i = 0; i < FINDINGS_MAX + 5; i++) {
        findings_add(&findings, RULE_VMID, "a\033[31mb", i, "region\n", "%u", i);
    }
    assert_int_equal(findings.count, FINDINGS_MAX);
    assert_int_equal(findings.dropped, 5);
    findings_print(&findings, "image", file);
    rewind(file);
    assert_non_null(fgets(line, sizeof line, file));
    assert_string_equal(line, "image: a?[31mb: 0x0: region?: 0 [vmid]\n");
    while (fgets(line, sizeof line, file) != NULL) {
    }
    assert_string_equal(line, "image: and 5 more violations\n");
    fclose(file);
    findings_free(&findings);
}

/** What one bad mapping breaks is one line that names everybody. */
static void test_one_fault_is_one_line(void **state)
{
    struct findings findings = {0};
    char line[512] = "";
    FILE *file = tmpfile();
    (void)state;
    assert_non_null(file);
    assert_int_equal(findings_only_fault(&findings), 0);
    findings_group(&findings, 7);
    findings_add(&findings, RULE_UNDECLARED_MAPPING, "vm1", 0x1000, "vm2_ram", "mapped");
    findings_add(&findings, RULE_UNDECLARED_SHARING, "vm2", 0x2000, "memory", "shared");
    findings_add(&findings, RULE_UNDECLARED_SHARING, "vm1", 0x3000, "memory", "shared again");
    assert_int_equal(findings_only_fault(&findings), 7);
    findings_group(&findings, 0);
    findings_add(&findings, RULE_VMID, "vm3", FINDINGS_NO_ADDRESS, "", "zero");
    assert_int_equal(findings_only_fault(&findings), 0);
    findings_print(&findings, "image", file);
    rewind(file);
    assert_non_null(fgets(line, sizeof line, file));
    assert_string_equal(line, "image: vm1: 0x1000: vm2_ram: mapped [undeclared-mapping, undeclared-sharing]"
                              " (3 violations by this one mapping, vm2, memory)\n");
    assert_non_null(fgets(line, sizeof line, file));
    assert_string_equal(line, "image: vm3: zero [vmid]\n");
    assert_null(fgets(line, sizeof line, file));
    fclose(file);
    findings_free(&findings);
}

static struct CMUnitTest breach_test(const struct breach *breach)
{
    return (struct CMUnitTest){breach->name, test_breach_is_found, NULL, NULL, (void *)(uintptr_t)breach};
}

int main(void)
{
    const struct CMUnitTest fixed[] = {
        cmocka_unit_test(test_sound_image_is_proved),
        cmocka_unit_test(test_every_rule_has_a_breach_and_a_name),
        cmocka_unit_test(test_malformed_elf_is_refused),
        cmocka_unit_test(test_malformed_descriptor_is_refused),
        cmocka_unit_test(test_findings_are_bounded_and_printable),
        cmocka_unit_test(test_one_fault_is_one_line),
        cmocka_unit_test(test_no_flipped_address_bit_goes_unseen),
        cmocka_unit_test(test_every_rule_is_documented),
    };
    struct CMUnitTest tests[128];
    size_t count = sizeof fixed / sizeof fixed[0];
    assert_true(count + breach_memory_count + breach_rows_count <= sizeof tests / sizeof tests[0]);
    memcpy(tests, fixed, sizeof fixed);
    for (size_t i = 0; i < breach_memory_count; i++) {
        tests[count++] = breach_test(&breach_memory[i]);
    }
    for (size_t i = 0; i < breach_rows_count; i++) {
        tests[count++] = breach_test(&breach_rows[i]);
    }
    return _cmocka_run_group_tests("verify", tests, count, NULL, NULL);
}
