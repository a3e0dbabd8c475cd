/* SPDX-License-Identifier: BSD-2-Clause */
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
#include "tool/base/mem.h"
#include "tool/image/intent.h"

#define ADDRESS 0x0000fffffffff000ull
#define XN (1ull << 54)
#define S2AP_WRITE (1ull << 7)
#define AP2_READ_ONLY (1ull << 7)

/* The written file, read back as a loader and the kernel would. */

struct loaded {
    uint8_t *file;
    size_t bytes;
    const Elf64_Ehdr *header;
    const Elf64_Phdr *segments;
};

static struct loaded load_output(struct fixture *fixture)
{
    struct loaded loaded;

    assert_int_equal(image_write(fixture->result, fixture->output, fixture->diag), ERR_OK);
    assert_int_equal(file_read(fixture->output, (struct loc){0}, fixture->diag, &loaded.file, &loaded.bytes),
                     ERR_OK);
    loaded.header = (const Elf64_Ehdr *)(const void *)loaded.file;
    loaded.segments = (const Elf64_Phdr *)(const void *)(loaded.file + loaded.header->e_phoff);
    return loaded;
}

static const Elf64_Phdr *segment_at(const struct loaded *loaded, uint64_t phys)
{
    for (size_t i = 0; i < loaded->header->e_phnum; i++) {
        if (phys - loaded->segments[i].p_paddr < loaded->segments[i].p_memsz) {
            return &loaded->segments[i];
        }
    }
    return NULL;
}

/** File contents at a physical address. */
static const void *at_phys(const struct loaded *loaded, uint64_t phys, uint64_t bytes)
{
    const Elf64_Phdr *segment = segment_at(loaded, phys);

    assert_non_null(segment);
    assert_true(phys - segment->p_paddr + bytes <= segment->p_filesz);
    return loaded->file + segment->p_offset + (phys - segment->p_paddr);
}

static const struct sysdesc *sysdesc_of(const struct loaded *loaded)
{
    uint64_t address;

    memcpy(&address, at_phys(loaded, KERNEL_DESCRIPTOR, 8), sizeof address);
    assert_int_equal(address % 64, 0);
    return at_phys(loaded, address, sizeof(struct sysdesc));
}

/** Leaf descriptor for an input address, with the output address added in; 0 if nothing is mapped. */
static uint64_t walk(const struct loaded *loaded, uint64_t root, uint64_t input)
{
    uint64_t table = root;

    for (unsigned int level = 1; level <= 3; level++) {
        unsigned int shift = 12 + 9 * (3 - level);
        const uint64_t *entries = at_phys(loaded, table, 4096);
        uint64_t entry = entries[input >> shift & 511];

        if ((entry & 1) == 0) {
            return 0;
        }
        if (level == 3 || (entry & 2) == 0) {
            return entry | (input & ((1ull << shift) - 1) & ADDRESS);
        }
        table = entry & ADDRESS;
    }
    return 0;
}

static void test_file_is_loadable(void **state)
{
    struct fixture *fixture = *state;
    struct loaded loaded;

    mock_system_compose_well(fixture);
    loaded = load_output(fixture);
    assert_memory_equal(loaded.header->e_ident, ELFMAG, SELFMAG);
    assert_int_equal(loaded.header->e_entry, KERNEL_BASE);
    for (size_t i = 0; i < loaded.header->e_phnum; i++) {
        const Elf64_Phdr *segment = &loaded.segments[i];

        assert_int_equal(segment->p_offset % 4096, segment->p_paddr % 4096);
        assert_true(segment->p_offset + segment->p_filesz <= loaded.bytes);
        assert_in_range(segment->p_paddr, 0x40200000, 0x44000000 - segment->p_memsz);
        if (i > 0) {
            assert_true(segment[-1].p_paddr + segment[-1].p_memsz <= segment->p_paddr);
        }
    }
    assert_null(segment_at(&loaded, fixture->ram->phys_addr));
    assert_null(segment_at(&loaded, 0x09000000));
    assert_memory_equal(at_phys(&loaded, fixture->image->phys_addr, 5), "\1\2\3\4\5", 5);
    assert_int_equal(segment_at(&loaded, fixture->link->phys_addr)->p_filesz, 0);
    assert_int_equal(fixture->ram->phys_addr % MODEL_LARGE_PAGE_BYTES, 0);
    free(loaded.file);
}

static void test_descriptor(void **state)
{
    struct fixture *fixture = *state;
    const struct sysdesc_vcpu *vcpus;
    const struct sysdesc_pd *pds;
    const struct sysdesc_irq *irqs;
    const struct sysdesc *sysdesc;
    struct loaded loaded;

    mock_system_compose_well(fixture);
    loaded = load_output(fixture);
    sysdesc = sysdesc_of(&loaded);
    assert_int_equal(sysdesc->magic, SYSDESC_MAGIC);
    assert_int_equal(sysdesc->size_bytes, sizeof *sysdesc);
    assert_int_equal(sysdesc->pd_count, 2);
    assert_int_equal(sysdesc->vcpu_count, 1);
    assert_int_equal(sysdesc->klog_pd, 1);
    assert_int_equal(sysdesc->klog_channel, 9);
    assert_int_equal(sysdesc->board.gich_base, 0x08030000);
    assert_string_equal(sysdesc->name, "sample");
    pds = at_phys(&loaded, sysdesc->pds, 2 * sizeof *pds);
    assert_string_equal(pds[1].name, "driver");
    assert_int_equal(pds[0].entry, 0x200000);
    assert_int_equal(pds[0].vmid, 1);
    assert_int_equal(pds[1].ipc_buffer, IPC_BUFFERS + 0x1000);
    assert_int_equal(pds[0].parent, SYSDESC_NO_PARENT);
    assert_int_equal(pds[0].children[4].kind, SYSDESC_CHILD_VCPU);
    assert_int_equal(pds[0].channels[3].kind,
                     SYSDESC_CHANNEL_VALID | SYSDESC_CHANNEL_NOTIFY | SYSDESC_CHANNEL_PPC);
    assert_int_equal(pds[0].channels[3].peer, 1);
    assert_int_equal(pds[0].channels[3].peer_channel, 7);
    assert_int_equal(pds[1].channels[7].kind, SYSDESC_CHANNEL_VALID | SYSDESC_CHANNEL_NOTIFY);
    assert_int_equal(pds[1].channels[1].kind, SYSDESC_CHANNEL_VALID | SYSDESC_CHANNEL_IRQ);
    assert_int_equal(pds[1].channels[1].intid, 33);
    assert_int_equal(pds[1].channels[9].kind, SYSDESC_CHANNEL_VALID);
    irqs = at_phys(&loaded, sysdesc->irqs, sizeof *irqs);
    assert_int_equal(irqs[0].intid, 33);
    assert_int_equal(irqs[0].target, 1);
    assert_int_equal(irqs[0].kind, SYSDESC_IRQ_PD);
    vcpus = at_phys(&loaded, sysdesc->vcpus, sizeof *vcpus);
    assert_string_equal(vcpus[0].name, "guest");
    assert_int_equal(vcpus[0].vmid, 3);
    assert_int_equal(vcpus[0].parent, 0);
    assert_int_equal(vcpus[0].child_id, 4);
    assert_int_equal(vcpus[0].doorbell_count, 2);
    free(loaded.file);
}

static void test_doorbells_put_exact_matches_first(void **state)
{
    struct fixture *fixture = *state;
    const struct sysdesc_doorbell *doorbells;
    struct loaded loaded;

    mock_system_compose_well(fixture);
    loaded = load_output(fixture);
    doorbells = at_phys(&loaded, sysdesc_of(&loaded)->doorbells, 2 * sizeof *doorbells);
    assert_int_equal(doorbells[0].flags, SYSDESC_DOORBELL_MATCH);
    assert_int_equal(doorbells[0].channel, 7);
    assert_int_equal(doorbells[0].width_bytes, 4);
    assert_int_equal(doorbells[1].flags, 0);
    assert_int_equal(doorbells[1].channel, 7);
    assert_int_equal(doorbells[1].pd, 1);
    free(loaded.file);
}

static void test_posted_interrupts(void **state)
{
    struct fixture *fixture = *state;
    const struct sysdesc_post *posts;
    const struct sysdesc_pd *pds;
    struct loaded loaded;

    model_add_post(fixture->driver, fixture->vmm, 7)->virq = 40;
    model_add_post(fixture->driver, fixture->vmm, 7)->virq = 41;
    fixture->driver->posts[1].delay_us = 300;
    mock_system_compose_well(fixture);
    loaded = load_output(fixture);
    pds = at_phys(&loaded, sysdesc_of(&loaded)->pds, 2 * sizeof *pds);
    assert_int_equal(sysdesc_of(&loaded)->post_count, 2);
    assert_int_equal(pds[0].post_count, 0);
    assert_int_equal(pds[1].post_first, 0);
    assert_int_equal(pds[1].post_count, 2);
    posts = at_phys(&loaded, sysdesc_of(&loaded)->posts, 2 * sizeof *posts);
    assert_int_equal(posts[0].vcpu, 0);
    assert_int_equal(posts[0].intid, 40);
    assert_int_equal(posts[0].delay_us, 0);
    assert_int_equal(posts[0].channel, 7);
    assert_int_equal(posts[1].intid, 41);
    assert_int_equal(posts[1].delay_us, 300);
    free(loaded.file);
}

/* A VMM's VM, a service's clients by channel, a driver's clients once each. */
static void test_accounts(void **state)
{
    struct fixture *fixture = *state;
    const struct sysdesc_account *accounts;
    const struct sysdesc_pd *pds;
    struct loaded loaded;

    model_add_account(fixture->driver, fixture->vmm, 7);
    model_add_account(fixture->driver, fixture->vmm, 9);
    struct model_pd *behind = model_add_pd(fixture->model, "behind", fixture->driver->loc);
    const struct model_pd copy = *fixture->driver;
    behind->priority = copy.priority;
    behind->budget_us = copy.budget_us;
    behind->period_us = copy.period_us;
    behind->stack_bytes = copy.stack_bytes;
    behind->program_image = mem_strdup(copy.program_image);
    behind->behind = fixture->driver;
    mock_system_compose_well(fixture);
    loaded = load_output(fixture);
    pds = at_phys(&loaded, sysdesc_of(&loaded)->pds, 3 * sizeof *pds);
    assert_int_equal(sysdesc_of(&loaded)->account_count, 4);
    accounts = at_phys(&loaded, sysdesc_of(&loaded)->accounts, 4 * sizeof *accounts);
    for (uint32_t i = 0; i < 3; i++) {
        const struct sysdesc_account *row = &accounts[pds[i].account_first];

        assert_int_equal(pds[i].account_count, i == 1 ? 2 : 1);
        assert_int_equal(row[0].vcpu, 0);
        assert_int_equal(row[0].id, i == 1 ? 7 : 0);
    }
    assert_int_equal(accounts[pds[1].account_first + 1].id, 9);
    free(loaded.file);
}

static void test_pd_space(void **state)
{
    struct fixture *fixture = *state;
    const struct sysdesc_pd *pds;
    struct loaded loaded;
    uint64_t vmm;
    uint64_t driver;
    uint64_t entry;

    mock_system_compose_well(fixture);
    loaded = load_output(fixture);
    pds = at_phys(&loaded, sysdesc_of(&loaded)->pds, 2 * sizeof *pds);
    vmm = pds[0].stage2_root;
    driver = pds[1].stage2_root;
    entry = walk(&loaded, vmm, 0x200000);
    assert_int_equal(entry & (XN | S2AP_WRITE), 0);
    assert_memory_equal(at_phys(&loaded, entry & ADDRESS, 2), "\1\1", 2);
    assert_int_equal(walk(&loaded, vmm, 0x201000) & (XN | S2AP_WRITE), XN);
    assert_int_equal(walk(&loaded, vmm, 0x203000) & (XN | S2AP_WRITE), XN | S2AP_WRITE);
    assert_int_equal(walk(&loaded, vmm, 0x204000), 0);
    assert_int_equal(walk(&loaded, vmm, SYSDESC_PD_STACK_TOP), 0);
    assert_int_not_equal(walk(&loaded, vmm, SYSDESC_PD_STACK_TOP - 0x2000), 0);
    assert_int_equal(walk(&loaded, vmm, SYSDESC_PD_STACK_TOP - 0x3000), 0);
    assert_int_equal(walk(&loaded, driver, SYSDESC_PD_IPC_BUFFER) & ADDRESS, IPC_BUFFERS + 0x1000);
    assert_int_equal(walk(&loaded, vmm, 0x10000000) & ADDRESS, fixture->ram->phys_addr);
    assert_int_equal(walk(&loaded, driver, 0x30001000) & ADDRESS, fixture->link->phys_addr + 0x1000);
    assert_int_equal(walk(&loaded, driver, 0x30001000) & S2AP_WRITE, 0);
    assert_int_equal(walk(&loaded, driver, 0x31000000) & (ADDRESS | 0x3c), 0x09000004);
    assert_int_equal(walk(&loaded, driver, 0x32000000) & (ADDRESS | S2AP_WRITE), KLOG);
    assert_int_not_equal(walk(&loaded, vmm, 0x200000) & ADDRESS, walk(&loaded, driver, 0x200000) & ADDRESS);
    free(loaded.file);
}

static void test_vm_space(void **state)
{
    struct fixture *fixture = *state;
    const struct sysdesc_vcpu *vcpus;
    struct loaded loaded;

    mock_system_compose_well(fixture);
    loaded = load_output(fixture);
    vcpus = at_phys(&loaded, sysdesc_of(&loaded)->vcpus, sizeof *vcpus);
    assert_int_equal(walk(&loaded, vcpus[0].stage2_root, 0x40234000) & ADDRESS,
                     fixture->ram->phys_addr + 0x234000);
    assert_int_equal(walk(&loaded, vcpus[0].stage2_root, 0x40234000) & (XN | S2AP_WRITE), S2AP_WRITE);
    assert_int_equal(walk(&loaded, vcpus[0].stage2_root, 0x08011000) & ADDRESS, 0x08041000);
    assert_int_equal(walk(&loaded, vcpus[0].stage2_root, 0x0a000000), 0);
    assert_int_equal(walk(&loaded, vcpus[0].stage2_root, 0x40400000), 0);
    free(loaded.file);
}

static void test_el2_space(void **state)
{
    struct fixture *fixture = *state;
    struct loaded loaded;
    uint64_t root;

    mock_system_compose_well(fixture);
    loaded = load_output(fixture);
    root = sysdesc_of(&loaded)->el2_root;
    assert_int_equal(walk(&loaded, root, KERNEL_BASE) & (ADDRESS | XN | AP2_READ_ONLY),
                     KERNEL_BASE | AP2_READ_ONLY);
    assert_int_equal(walk(&loaded, root, KERNEL_DATA) & (ADDRESS | XN | AP2_READ_ONLY), KERNEL_DATA | XN);
    assert_int_equal(walk(&loaded, root, root) & (ADDRESS | XN | AP2_READ_ONLY), root | XN | AP2_READ_ONLY);
    assert_int_equal(walk(&loaded, root, sysdesc_of(&loaded)->pds) & (XN | AP2_READ_ONLY),
                     XN | AP2_READ_ONLY);
    assert_int_equal(walk(&loaded, root, 0x08030000) & (ADDRESS | 0x1c), 0x08030004);
    assert_int_equal(walk(&loaded, root, 0x08040000), 0);
    assert_int_equal(walk(&loaded, root, fixture->ram->phys_addr), 0);
    assert_int_equal(walk(&loaded, root, fixture->link->phys_addr), 0);
    free(loaded.file);
}

static void test_program_variables(void **state)
{
    struct fixture *fixture = *state;
    struct config_header config[2] = {mock_system_placeholder, {0}};
    const struct elf_program *program;
    struct config_header written;
    uint64_t value;

    fixture->vmm->maps[0].setvar_vaddr = mem_strdup("buffer");
    fixture->vmm->maps[0].setvar_size = mem_strdup("size");
    model_add_config(fixture->vmm, ".test_config", config, sizeof config);
    mock_system_compose_well(fixture);
    program = &fixture->result->pds[0].program.program;
    assert_string_equal(elf_program_peek(program, 0x202100, 64), "vmm");
    memcpy(&value, elf_program_peek(program, 0x202148, 8), 8);
    assert_int_equal(value, 1u << 3);
    memcpy(&value, elf_program_peek(program, 0x202150, 8), 8);
    assert_int_equal(value, 1u << 3);
    memcpy(&value, elf_program_peek(program, 0x202158, 8), 8);
    assert_int_equal(value, 0x10000000);
    memcpy(&value, elf_program_peek(program, 0x202160, 8), 8);
    assert_int_equal(value, 4 * MIB);
    memcpy(&written, elf_program_peek(program, 0x202000, sizeof written), sizeof written);
    assert_true(config_is_valid(&written, 0x1234, 3, 32));
    program = &fixture->result->pds[1].program.program;
    memcpy(&value, elf_program_peek(program, 0x202140, 8), 8);
    assert_int_equal(value, 1u << 1);
}

static void test_region_paddr_setvar(void **state)
{
    struct fixture *fixture = *state;
    uint64_t value;

    model_add_setvar(fixture->vmm, "buffer")->region_paddr = fixture->link;
    mock_system_compose_well(fixture);
    memcpy(&value, elf_program_peek(&fixture->result->pds[0].program.program, 0x202158, 8), 8);
    assert_int_equal(value, fixture->link->phys_addr);
    assert_int_not_equal(value, 0);
}

static void test_intent_lists_sharing(void **state)
{
    struct fixture *fixture = *state;
    const struct intent_header *intent;
    const struct intent_region *regions;
    const struct intent_mapping *mappings;
    const struct intent_domain *domains;
    const Elf64_Shdr *sections;
    struct loaded loaded;
    const uint8_t *base;

    mock_system_compose_well(fixture);
    loaded = load_output(fixture);
    sections = (const Elf64_Shdr *)(const void *)(loaded.file + loaded.header->e_shoff);
    assert_string_equal(loaded.file + sections[loaded.header->e_shstrndx].sh_offset + sections[1].sh_name,
                        INTENT_SECTION);
    base = loaded.file + sections[1].sh_offset;
    intent = (const void *)base;
    assert_int_equal(intent->magic, INTENT_MAGIC);
    assert_int_equal(intent->size_bytes, sections[1].sh_size);
    assert_int_equal(intent->domain_count, 4);
    assert_int_equal(intent->ram_bytes, 64 * MIB);
    domains = (const void *)(base + intent->domain_offset);
    assert_string_equal(domains[3].name, "vmm/guest");
    assert_int_equal(domains[0].root, sysdesc_of(&loaded)->el2_root);
    regions = (const void *)(base + intent->region_offset);
    mappings = (const void *)(base + intent->mapping_offset);
    assert_string_equal(regions[0].name, "ram");
    assert_int_equal(regions[0].mapping_count, 2);
    assert_int_equal(mappings[regions[0].mapping_first + 1].domain, 3);
    assert_int_equal(mappings[regions[0].mapping_first + 1].perms, 7);
    assert_int_equal(regions[3].kind, INTENT_REGION_DEVICE);
    assert_int_equal(mappings[regions[3].mapping_first].perms, INTENT_READ | INTENT_WRITE | INTENT_UNCACHED);
    assert_int_equal(regions[4].phys, KLOG);
    assert_int_equal(regions[4].mapping_count, 2);
    free(loaded.file);
}

static void test_same_input_same_bytes(void **state)
{
    struct fixture *fixture = *state;
    struct loaded first;
    struct loaded second;

    mock_system_compose_well(fixture);
    first = load_output(fixture);
    image_free(fixture->result);
    mock_system_compose_well(fixture);
    second = load_output(fixture);
    assert_int_equal(first.bytes, second.bytes);
    assert_memory_equal(first.file, second.file, first.bytes);
    free(first.file);
    free(second.file);
}

static void test_output_that_cannot_be_written(void **state)
{
    struct fixture *fixture = *state;

    mock_system_compose_well(fixture);
    assert_int_equal(image_write(fixture->result, "/nonexistent/image.elf", fixture->diag), ERR_IO);
    assert_int_equal(diag_error_count(fixture->diag), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        MOCK_SYSTEM_TEST(test_file_is_loadable),
        MOCK_SYSTEM_TEST(test_descriptor),
        MOCK_SYSTEM_TEST(test_doorbells_put_exact_matches_first),
        MOCK_SYSTEM_TEST(test_posted_interrupts),
        MOCK_SYSTEM_TEST(test_accounts),
        MOCK_SYSTEM_TEST(test_pd_space),
        MOCK_SYSTEM_TEST(test_vm_space),
        MOCK_SYSTEM_TEST(test_el2_space),
        MOCK_SYSTEM_TEST(test_program_variables),
        MOCK_SYSTEM_TEST(test_region_paddr_setvar),
        MOCK_SYSTEM_TEST(test_intent_lists_sharing),
        MOCK_SYSTEM_TEST(test_same_input_same_bytes),
        MOCK_SYSTEM_TEST(test_output_that_cannot_be_written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
