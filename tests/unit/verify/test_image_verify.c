/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * The composer and its judge together: what image.c writes, `causeway verify` proves, and what is then broken
 * in the written file it finds.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <elf.h>

#include "kernel/include/sysdesc.h"
#include "tests/mock/mock_system.h"
#include "tool/base/file.h"
#include "verify/verify.h"

#define ADDRESS 0x0000fffffffff000ull
#define XN (1ull << 54)
#define WRITE (1ull << 7)

static void load(struct fixture *fixture, uint8_t **file, size_t *bytes)
{
    mock_system_compose_well(fixture);
    assert_int_equal(image_write(fixture->result, fixture->output, fixture->diag), ERR_OK);
    assert_int_equal(file_read(fixture->output, (struct loc){0}, fixture->diag, file, bytes), ERR_OK);
}

/** The file's bytes at a physical address. */
static uint8_t *at_phys(uint8_t *file, uint64_t phys)
{
    Elf64_Ehdr header;
    memcpy(&header, file, sizeof header);
    for (size_t i = 0; i < header.e_phnum; i++) {
        Elf64_Phdr segment;
        memcpy(&segment, file + header.e_phoff + i * sizeof segment, sizeof segment);
        if (phys - segment.p_paddr < segment.p_filesz) {
            return file + segment.p_offset + (phys - segment.p_paddr);
        }
    }
    fail_msg("0x%llx is not in the file", (unsigned long long)phys);
    return NULL;
}

/** The leaf entry of `address` below the table `root`. */
static uint8_t *entry_of(uint8_t *file, uint64_t root, uint64_t address)
{
    for (unsigned int level = 1;; level++) {
        uint8_t *at = at_phys(file, root) + (address >> (39 - 9 * level) & 511) * 8;
        uint64_t entry;
        memcpy(&entry, at, sizeof entry);
        if (level == 3 || (entry & 3) != 3) {
            return at;
        }
        root = entry & ADDRESS;
    }
}

static uint64_t get(const uint8_t *at)
{
    uint64_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

static void put(uint8_t *at, uint64_t value)
{
    memcpy(at, &value, sizeof value);
}

/** The judge's verdict is `rule` about `domain`, among others. */
static void check_found(const uint8_t *file, size_t bytes, enum findings_rule rule, const char *domain)
{
    struct findings findings = {0};
    struct verify_summary summary = {0};
    bool found = false;
    assert_int_equal(
        verify_image(file, bytes, &(struct verify_reference){.policy = NULL}, &findings, &summary),
        VERIFY_VIOLATED);
    for (size_t i = 0; i < findings.count; i++) {
        found |= findings.items[i].rule == rule && strcmp(findings.items[i].domain, domain) == 0;
    }
    if (!found) {
        findings_print(&findings, "image", stderr);
        fail_msg("no finding [%s] about %s", findings_rule_name(rule), domain);
    }
    findings_free(&findings);
}

static void check_proved(const uint8_t *file, size_t bytes)
{
    struct findings findings = {0};
    struct verify_summary summary = {0};
    if (verify_image(file, bytes, &(struct verify_reference){.policy = NULL}, &findings, &summary) !=
        VERIFY_PROVED) {
        findings_print(&findings, "image", stderr);
        fail_msg("not proved: %s", findings.malformed);
    }
    assert_int_equal(summary.pd_count, 2);
    assert_int_equal(summary.vm_count, 1);
    findings_free(&findings);
}

static uint64_t pd_root(const struct image *image, size_t pd)
{
    return image_table_address(image, image->pds[pd].root);
}

static uint64_t vm_root(const struct image *image)
{
    return image_table_address(image, image->vms[0].root);
}

static void test_composed_image_is_proved(void **state)
{
    struct fixture *fixture = *state;
    uint8_t *file;
    size_t bytes;
    load(fixture, &file, &bytes);
    check_proved(file, bytes);
    free(file);
}

static void test_vm_with_anothers_memory_is_found(void **state)
{
    struct fixture *fixture = *state;
    uint8_t *file;
    uint8_t *entry;
    uint64_t saved;
    size_t bytes;
    load(fixture, &file, &bytes);
    entry = entry_of(file, vm_root(fixture->result), 0x40000000);
    saved = get(entry);
    put(entry, saved ^ (fixture->ram->phys_addr ^ 0x40200000ull));
    check_found(file, bytes, RULE_KERNEL_EXPOSED, "vmm/guest");
    put(entry, saved + 0x400000);
    check_found(file, bytes, RULE_VM_MEMORY, "vmm/guest");
    put(entry, saved);
    check_proved(file, bytes);
    free(file);
}

static void test_pd_with_writable_text_is_found(void **state)
{
    struct fixture *fixture = *state;
    uint8_t *file;
    uint8_t *entry;
    size_t bytes;
    load(fixture, &file, &bytes);
    entry = entry_of(file, pd_root(fixture->result, 1), 0x200000);
    put(entry, get(entry) | WRITE);
    check_found(file, bytes, RULE_WX_PD, "driver");
    put(entry, get(entry) | XN);
    check_found(file, bytes, RULE_PD_SEGMENT, "driver");
    free(file);
}

static void test_pd_with_kernel_memory_is_found(void **state)
{
    struct fixture *fixture = *state;
    uint8_t *file;
    uint8_t *entry;
    uint64_t saved;
    size_t bytes;
    load(fixture, &file, &bytes);
    entry = entry_of(file, pd_root(fixture->result, 0), 0x30000000);
    saved = get(entry);
    put(entry, (saved & ~ADDRESS) | (KERNEL_DATA + 0x28000));
    check_found(file, bytes, RULE_KERNEL_EXPOSED, "vmm");
    put(entry, (saved & ~ADDRESS) | pd_root(fixture->result, 0));
    check_found(file, bytes, RULE_TABLE_EXPOSED, "vmm");
    put(entry, (saved & ~ADDRESS) | (get(entry_of(file, pd_root(fixture->result, 1), 0x202000)) & ADDRESS));
    check_found(file, bytes, RULE_UNDECLARED_SHARING, "vmm");
    put(entry, (saved & ~ADDRESS) | 0x08000000);
    check_found(file, bytes, RULE_KERNEL_DEVICE, "vmm");
    free(file);
}

static void test_pd_that_writes_its_peers_memory_is_found(void **state)
{
    struct fixture *fixture = *state;
    uint8_t *file;
    uint8_t *entry;
    size_t bytes;
    load(fixture, &file, &bytes);
    entry = entry_of(file, pd_root(fixture->result, 1), 0x30001000);
    put(entry, get(entry) | WRITE);
    check_found(file, bytes, RULE_EXCESS_PERMISSION, "driver");
    free(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        MOCK_SYSTEM_TEST(test_composed_image_is_proved),
        MOCK_SYSTEM_TEST(test_vm_with_anothers_memory_is_found),
        MOCK_SYSTEM_TEST(test_pd_with_writable_text_is_found),
        MOCK_SYSTEM_TEST(test_pd_with_kernel_memory_is_found),
        MOCK_SYSTEM_TEST(test_pd_that_writes_its_peers_memory_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
