/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/mock/verify_forge.h"

#include <assert.h>
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE 0x1000ull
#define R INTENT_READ
#define W INTENT_WRITE
#define X INTENT_EXECUTE

void *forge_at(struct forge *forge, uint64_t phys)
{
    assert(phys >= FORGE_BASE && phys < FORGE_BASE + FORGE_BYTES);
    return forge->memory + (phys - FORGE_BASE);
}

static uint64_t new_table(struct forge *forge)
{
    uint64_t table = forge->next_table;
    assert(table < FORGE_TABLES + FORGE_TABLES_BYTES);
    forge->next_table += PAGE;
    return table;
}

uint64_t *forge_entry_at_level(struct forge *forge, uint32_t domain, uint64_t address, unsigned int level)
{
    uint64_t table = forge->roots[domain];
    for (unsigned int at = 1;; at++) {
        uint64_t *entry = (uint64_t *)forge_at(forge, table) + (address >> (39 - 9 * at) & 511);
        if (at == level) {
            return entry;
        }
        if (*entry == 0) {
            *entry = new_table(forge) | 3;
        }
        table = *entry & 0xfffffffff000ull;
    }
}

uint64_t *forge_entry(struct forge *forge, uint32_t domain, uint64_t address)
{
    return forge_entry_at_level(forge, domain, address, 3);
}

void forge_map(struct forge *forge, uint32_t domain, uint64_t address, uint64_t phys, uint64_t pages,
               uint32_t perms)
{
    int device = phys < FORGE_RAM_BASE;
    uint64_t bits = 3 | 1ull << 10 | ((perms & X) == 0 ? 1ull << 54 : 0);
    if (domain == FORGE_D_KERNEL) {
        bits |= 1ull << 6 | ((perms & W) == 0 ? 1ull << 7 : 0) | (device ? 1ull << 2 : 3ull << 8);
    } else {
        bits |= ((perms & R) != 0 ? 1ull << 6 : 0) | ((perms & W) != 0 ? 1ull << 7 : 0) |
                (device ? 1ull << 2 : 0xfull << 2 | 3ull << 8);
    }
    for (uint64_t i = 0; i < pages; i++) {
        *forge_entry(forge, domain, address + i * PAGE) = (phys + i * PAGE) | bits;
    }
}

static void add_segment(struct forge *forge, uint64_t phys, uint64_t bytes, uint32_t flags)
{
    assert(forge->segment_count < FORGE_MAX_SEGMENTS);
    forge->segments[forge->segment_count++] = (struct forge_segment){phys, bytes, flags, 0};
}

static void add_segments(struct forge *forge)
{
    add_segment(forge, FORGE_KERNEL_TEXT, PAGE, PF_R | PF_X);
    add_segment(forge, FORGE_KERNEL_RODATA, PAGE, PF_R);
    add_segment(forge, FORGE_KERNEL_DATA, FORGE_KLOG + SYSDESC_KLOG_BYTES - FORGE_KERNEL_DATA, PF_R | PF_W);
    add_segment(forge, FORGE_TABLES, FORGE_TABLES_BYTES, PF_R);
    for (uint64_t i = 0; i < FORGE_PD_COUNT; i++) {
        add_segment(forge, FORGE_PD_TEXT(i), PAGE, PF_R | PF_X);
        add_segment(forge, FORGE_PD_DATA(i), 2 * PAGE, PF_R | PF_W);
    }
}

static void map_kernel(struct forge *forge)
{
    forge_map(forge, FORGE_D_KERNEL, FORGE_KERNEL_TEXT, FORGE_KERNEL_TEXT, 1, R | X);
    forge_map(forge, FORGE_D_KERNEL, FORGE_KERNEL_RODATA, FORGE_KERNEL_RODATA, 1, R);
    forge_map(forge, FORGE_D_KERNEL, FORGE_KERNEL_DATA, FORGE_KERNEL_DATA,
              (FORGE_KLOG + SYSDESC_KLOG_BYTES - FORGE_KERNEL_DATA) / PAGE, R | W);
    forge_map(forge, FORGE_D_KERNEL, FORGE_TABLES, FORGE_TABLES, FORGE_TABLES_BYTES / PAGE, R);
}

/** Declare a mapping and map it. */
static void share(struct forge *forge, uint32_t region, uint32_t domain, uint64_t address, uint32_t perms)
{
    struct intent_region *row = &forge->regions[region];
    struct intent_mapping *mapping = &forge->mappings[forge->intent.mapping_count];
    assert(forge->intent.mapping_count < FORGE_MAX_MAPPINGS);
    if (row->mapping_count == 0) {
        row->mapping_first = forge->intent.mapping_count;
    }
    assert(row->mapping_first + row->mapping_count == forge->intent.mapping_count);
    *mapping =
        (struct intent_mapping){.region = region, .domain = domain, .address = address, .perms = perms};
    row->mapping_count++;
    forge->intent.mapping_count++;
    if (row->kind != INTENT_REGION_KLOG || domain != FORGE_D_KERNEL) {
        forge_map(forge, domain, address, row->phys, row->size_bytes / PAGE, perms);
    }
}

static void declare(struct forge *forge, uint32_t region, const char *name, uint32_t kind, uint64_t phys,
                    uint64_t bytes)
{
    struct intent_region *row = &forge->regions[region];
    *row = (struct intent_region){.kind = kind, .phys = phys, .size_bytes = bytes};
    snprintf(row->name, sizeof row->name, "%s", name);
}

static void declare_regions(struct forge *forge)
{
    declare(forge, FORGE_R_RAM1, "ram1", INTENT_REGION_GUEST_RAM, FORGE_RAM1, FORGE_GUEST_RAM_BYTES);
    declare(forge, FORGE_R_RAM2, "ram2", INTENT_REGION_GUEST_RAM, FORGE_RAM2, FORGE_GUEST_RAM_BYTES);
    declare(forge, FORGE_R_LINK_A, "link_a", INTENT_REGION_LINK, FORGE_LINK_A, 2 * PAGE);
    declare(forge, FORGE_R_LINK_B, "link_b", INTENT_REGION_LINK, FORGE_LINK_B, 2 * PAGE);
    declare(forge, FORGE_R_UART, "uart_regs", INTENT_REGION_DEVICE, FORGE_UART, PAGE);
    declare(forge, FORGE_R_RTC, "rtc", INTENT_REGION_DEVICE, FORGE_RTC, PAGE);
    declare(forge, FORGE_R_KLOG, "klog", INTENT_REGION_KLOG, FORGE_KLOG, SYSDESC_KLOG_BYTES);
    declare(forge, FORGE_R_GICV, "gicv", INTENT_REGION_GICV, FORGE_GICV, 2 * PAGE);
    declare(forge, FORGE_R_KERNEL_UART, "kernel uart", INTENT_REGION_KERNEL_DEVICE, FORGE_UART, PAGE);
    declare(forge, FORGE_R_KERNEL_GICD, "gicd", INTENT_REGION_KERNEL_DEVICE, FORGE_GICD, PAGE);
    declare(forge, FORGE_R_KERNEL_GICC, "gicc", INTENT_REGION_KERNEL_DEVICE, FORGE_GICC, 2 * PAGE);
    declare(forge, FORGE_R_KERNEL_GICH, "gich", INTENT_REGION_KERNEL_DEVICE, FORGE_GICH, PAGE);
}

/** In order of region, as the format wants. */
static void share_regions(struct forge *forge)
{
    share(forge, FORGE_R_RAM1, FORGE_D_VMM1, FORGE_RAM_VADDR, R | W);
    share(forge, FORGE_R_RAM1, FORGE_D_VM1, FORGE_RAM_GPA, R | W | X);
    share(forge, FORGE_R_RAM2, FORGE_D_VMM2, FORGE_RAM_VADDR, R | W);
    share(forge, FORGE_R_RAM2, FORGE_D_VM2, FORGE_RAM_GPA, R | W | X);
    share(forge, FORGE_R_LINK_A, FORGE_D_MUX, FORGE_LINK_VADDR, R | W);
    share(forge, FORGE_R_LINK_A, FORGE_D_VMM1, FORGE_LINK_VADDR, R);
    share(forge, FORGE_R_LINK_B, FORGE_D_MUX, FORGE_LINK_VADDR + 0x2000, R);
    share(forge, FORGE_R_LINK_B, FORGE_D_VMM1, FORGE_LINK_VADDR + 0x2000, R | W);
    share(forge, FORGE_R_UART, FORGE_D_UART, FORGE_DEVICE_VADDR, R | W);
    share(forge, FORGE_R_RTC, FORGE_D_VM1, FORGE_RTC_GPA, R | W);
    share(forge, FORGE_R_KLOG, FORGE_D_KERNEL, FORGE_KLOG, R | W);
    share(forge, FORGE_R_KLOG, FORGE_D_MUX, FORGE_KLOG_VADDR, R);
    share(forge, FORGE_R_GICV, FORGE_D_VM1, FORGE_GICC_GPA, R | W);
    share(forge, FORGE_R_GICV, FORGE_D_VM2, FORGE_GICC_GPA, R | W);
    share(forge, FORGE_R_KERNEL_UART, FORGE_D_KERNEL, FORGE_UART, R | W);
    share(forge, FORGE_R_KERNEL_GICD, FORGE_D_KERNEL, FORGE_GICD, R | W);
    share(forge, FORGE_R_KERNEL_GICC, FORGE_D_KERNEL, FORGE_GICC, R | W);
    share(forge, FORGE_R_KERNEL_GICH, FORGE_D_KERNEL, FORGE_GICH, R | W);
}

static void fill_pds(struct forge *forge)
{
    static const char *const names[] = {"mux", "vmm1", "vmm2", "uart"};
    static const uint8_t priorities[] = {200, 100, 100, 250};
    for (uint32_t i = 0; i < FORGE_PD_COUNT; i++) {
        struct sysdesc_pd *pd = &forge->pds[i];
        *pd = (struct sysdesc_pd){.stage2_root = forge->roots[FORGE_D_MUX + i],
                                  .entry = FORGE_TEXT_VADDR,
                                  .ipc_buffer = FORGE_IPC_BUFFERS + i * PAGE,
                                  .budget_us = 1000,
                                  .period_us = 1000,
                                  .parent = SYSDESC_NO_PARENT,
                                  .priority = priorities[i],
                                  .vmid = (uint16_t)(i + 1)};
        snprintf(pd->name, sizeof pd->name, "%s", names[i]);
        forge_map(forge, FORGE_D_MUX + i, FORGE_TEXT_VADDR, FORGE_PD_TEXT(i), 1, R | X);
        forge_map(forge, FORGE_D_MUX + i, FORGE_DATA_VADDR, FORGE_PD_DATA(i), 1, R | W);
        forge_map(forge, FORGE_D_MUX + i, FORGE_STACK_VADDR, FORGE_PD_STACK(i), 1, R | W);
        forge_map(forge, FORGE_D_MUX + i, SYSDESC_PD_IPC_BUFFER, pd->ipc_buffer, 1, R | W);
    }
    /* vmm2 is a child of vmm1, to have one. */
    forge->pds[FORGE_VMM2].parent = FORGE_VMM1;
    forge->pds[FORGE_VMM2].child_id = 7;
    forge->pds[FORGE_VMM1].children[7] = (struct sysdesc_child){SYSDESC_CHILD_PD, FORGE_VMM2};
}

static void fill_vcpus(struct forge *forge)
{
    for (uint32_t i = 0; i < 3; i++) {
        uint32_t pd = i == 0 ? FORGE_VMM1 : FORGE_VMM2;
        uint8_t child_id = i == 2;
        forge->vcpus[i] =
            (struct sysdesc_vcpu){.stage2_root = forge->roots[i == 0 ? FORGE_D_VM1 : FORGE_D_VM2],
                                  .vmpidr = 1ull << 31 | child_id,
                                  .budget_us = 1000,
                                  .period_us = 1000,
                                  .parent = (uint16_t)pd,
                                  .child_id = child_id,
                                  .priority = 50,
                                  .vmid = i == 0 ? 10 : 11,
                                  .doorbell_first = i == 0 ? 0 : 1,
                                  .doorbell_count = 1,
                                  .vtimer_intid = 27};
        snprintf(forge->vcpus[i].name, sizeof forge->vcpus[i].name, "%s", i == 0 ? "vm1" : "vm2");
        forge->pds[pd].children[child_id] = (struct sysdesc_child){SYSDESC_CHILD_VCPU, (uint16_t)i};
    }
}

static void fill_channels(struct forge *forge)
{
    struct sysdesc_channel *mux = forge->pds[FORGE_MUX].channels;
    struct sysdesc_channel *vmm1 = forge->pds[FORGE_VMM1].channels;
    mux[0] = (struct sysdesc_channel){SYSDESC_CHANNEL_VALID | SYSDESC_CHANNEL_NOTIFY, 3, FORGE_VMM1, 0, 0};
    vmm1[3] = (struct sysdesc_channel){SYSDESC_CHANNEL_VALID | SYSDESC_CHANNEL_NOTIFY | SYSDESC_CHANNEL_PPC,
                                       0, FORGE_MUX, 0, 0};
    mux[5] = (struct sysdesc_channel){SYSDESC_CHANNEL_VALID | SYSDESC_CHANNEL_NOTIFY, 6, FORGE_VMM1, 0, 0};
    vmm1[6] = (struct sysdesc_channel){SYSDESC_CHANNEL_VALID | SYSDESC_CHANNEL_NOTIFY, 5, FORGE_MUX, 0, 0};
    /* Posted interrupts to vCPU 0, at once and late. */
    forge->posts[0] = (struct sysdesc_post){.vcpu = 0, .intid = 40, .channel = 5};
    forge->posts[1] = (struct sysdesc_post){.vcpu = 0, .intid = 40, .delay_us = 100, .channel = 0};
    forge->pds[FORGE_MUX].post_count = 2;
    forge->accounts[0] = (struct sysdesc_account){.vcpu = 0, .id = 5};
    forge->accounts[1] = (struct sysdesc_account){.vcpu = 0};
    forge->accounts[2] = (struct sysdesc_account){.vcpu = 1};
    forge->pds[FORGE_MUX].account_count = 1;
    forge->pds[FORGE_VMM1].account_first = 1;
    forge->pds[FORGE_VMM1].account_count = 1;
    forge->pds[FORGE_VMM2].account_first = 2;
    forge->pds[FORGE_VMM2].account_count = 1;
    mux[9] = (struct sysdesc_channel){.kind = SYSDESC_CHANNEL_VALID};
    forge->sys->klog_pd = FORGE_MUX;
    forge->sys->klog_channel = 9;
    forge->sys->trace_pd = SYSDESC_NO_PARENT;
    forge->pds[FORGE_UART_PD].channels[1] =
        (struct sysdesc_channel){SYSDESC_CHANNEL_VALID | SYSDESC_CHANNEL_IRQ, 0, 0, 33, 0};
    forge->irqs[0] =
        (struct sysdesc_irq){.intid = 33, .target = FORGE_UART_PD, .kind = SYSDESC_IRQ_PD, .channel = 1};
    forge->irqs[1] = (struct sysdesc_irq){.intid = 34, .target = 0, .kind = SYSDESC_IRQ_VCPU, .virq = 34};
    forge->doorbells[0] =
        (struct sysdesc_doorbell){.gpa = FORGE_DOORBELL_GPA, .width_bytes = 4, .channel = 5, .pd = FORGE_MUX};
    forge->doorbells[1] =
        (struct sysdesc_doorbell){.gpa = FORGE_DOORBELL_GPA, .flags = SYSDESC_DOORBELL_IGNORE};
}

static void fill_sysdesc(struct forge *forge)
{
    *forge->sys = (struct sysdesc){.magic = SYSDESC_MAGIC,
                                   .version = SYSDESC_VERSION,
                                   .size_bytes = sizeof(struct sysdesc),
                                   .image_end = FORGE_BASE + FORGE_BYTES,
                                   .core_count = 1,
                                   .pd_count = FORGE_PD_COUNT,
                                   .vcpu_count = 3,
                                   .irq_count = 2,
                                   .doorbell_count = 2,
                                   .post_count = 2,
                                   .account_count = 3,
                                   .el2_root = forge->roots[FORGE_D_KERNEL],
                                   .pds = FORGE_TABLES + 0x1000,
                                   .vcpus = FORGE_TABLES + 0xc000,
                                   .irqs = FORGE_TABLES + 0xd000,
                                   .doorbells = FORGE_TABLES + 0xe000,
                                   .posts = FORGE_TABLES + 0xf000,
                                   .accounts = FORGE_TABLES + 0xf800,
                                   .board = {.gicd_base = FORGE_GICD,
                                             .gicc_base = FORGE_GICC,
                                             .gich_base = FORGE_GICH,
                                             .uart_base = FORGE_UART,
                                             .uart_irq = 33,
                                             .vtimer_irq = 27,
                                             .hyptimer_irq = 26,
                                             .maintenance_irq = 25},
                                   .name = "forged"};
    forge->pds = forge_at(forge, forge->sys->pds);
    forge->vcpus = forge_at(forge, forge->sys->vcpus);
    forge->irqs = forge_at(forge, forge->sys->irqs);
    forge->doorbells = forge_at(forge, forge->sys->doorbells);
    forge->posts = forge_at(forge, forge->sys->posts);
    forge->accounts = forge_at(forge, forge->sys->accounts);
}

static void fill_intent(struct forge *forge)
{
    static const char *const names[] = {"kernel", "mux", "vmm1", "vmm2", "uart", "vmm1/vm1", "vmm2/vm2"};
    forge->intent = (struct intent_header){.magic = INTENT_MAGIC,
                                           .version = INTENT_VERSION,
                                           .domain_count = FORGE_D_COUNT,
                                           .region_count = FORGE_R_COUNT,
                                           .ram_base = FORGE_RAM_BASE,
                                           .ram_bytes = FORGE_RAM_BYTES,
                                           .firmware_bytes = FORGE_FIRMWARE_BYTES};
    for (uint32_t i = 0; i < FORGE_D_COUNT; i++) {
        struct intent_domain *domain = &forge->domains[i];
        domain->root = forge->roots[i];
        domain->kind = i == 0              ? INTENT_DOMAIN_KERNEL
                       : i <= FORGE_D_UART ? INTENT_DOMAIN_PD
                                           : INTENT_DOMAIN_VM;
        domain->index = i == 0 ? 0 : i <= FORGE_D_UART ? i - 1 : i - FORGE_D_VM1;
        snprintf(domain->name, sizeof domain->name, "%s", names[i]);
    }
}

struct forge forge_new(void)
{
    struct forge forge = {.memory = calloc(1, FORGE_BYTES), .entry = FORGE_KERNEL_TEXT};
    uint64_t sysdesc = FORGE_TABLES;
    assert(forge.memory != NULL);
    memcpy(forge_at(&forge, FORGE_KERNEL_RODATA), &sysdesc, sizeof sysdesc);
    forge.next_table = FORGE_TABLES + 16 * PAGE;
    for (uint32_t i = 0; i < FORGE_D_COUNT; i++) {
        forge.roots[i] = new_table(&forge);
    }
    forge.sys = forge_at(&forge, sysdesc);
    fill_sysdesc(&forge);
    add_segments(&forge);
    map_kernel(&forge);
    fill_pds(&forge);
    fill_vcpus(&forge);
    fill_channels(&forge);
    fill_intent(&forge);
    declare_regions(&forge);
    share_regions(&forge);
    return forge;
}

void forge_free(struct forge *forge)
{
    free(forge->memory);
}

/* The file: header, program headers, section headers, names, symbols, intent, then the memory. */
#define NAMES "\0.sysdesc_address\0.causeway.intent\0.symtab\0.strtab\0ipc_buffers\0klog"
enum {
    NAME_SYSDESC = 1,
    NAME_INTENT = 18,
    NAME_SYMTAB = 35,
    NAME_STRTAB = 43,
    NAME_IPC = 51,
    NAME_KLOG = 63
};

struct file {
    Elf64_Ehdr header;
    Elf64_Phdr segments[FORGE_MAX_SEGMENTS];
    Elf64_Shdr sections[5];
    char names[72];
    Elf64_Sym symbols[3];
    struct intent_header intent;
    struct intent_domain domains[FORGE_D_COUNT];
    struct intent_region regions[FORGE_R_COUNT];
    struct intent_mapping mappings[FORGE_MAX_MAPPINGS];
    uint8_t memory[FORGE_BYTES];
};

static void write_sections(struct file *file, const struct forge *forge)
{
    size_t intent_bytes = offsetof(struct file, memory) - offsetof(struct file, intent);
    memcpy(file->names, NAMES, sizeof NAMES);
    file->sections[1] =
        (Elf64_Shdr){.sh_name = NAME_SYSDESC,
                     .sh_type = SHT_PROGBITS,
                     .sh_flags = SHF_ALLOC,
                     .sh_addr = FORGE_KERNEL_RODATA,
                     .sh_size = 8,
                     .sh_offset = offsetof(struct file, memory) + FORGE_KERNEL_RODATA - FORGE_BASE};
    file->sections[2] = (Elf64_Shdr){.sh_name = NAME_INTENT,
                                     .sh_type = SHT_PROGBITS,
                                     .sh_size = intent_bytes,
                                     .sh_offset = offsetof(struct file, intent)};
    file->sections[3] = (Elf64_Shdr){.sh_name = NAME_SYMTAB,
                                     .sh_type = SHT_SYMTAB,
                                     .sh_link = 4,
                                     .sh_size = sizeof file->symbols,
                                     .sh_entsize = sizeof(Elf64_Sym),
                                     .sh_offset = offsetof(struct file, symbols)};
    file->sections[4] = (Elf64_Shdr){.sh_name = NAME_STRTAB,
                                     .sh_type = SHT_STRTAB,
                                     .sh_size = sizeof file->names,
                                     .sh_offset = offsetof(struct file, names)};
    file->symbols[1] =
        (Elf64_Sym){.st_name = NAME_IPC, .st_shndx = 1, .st_value = FORGE_IPC_BUFFERS, .st_size = 8 * PAGE};
    file->symbols[2] = (Elf64_Sym){
        .st_name = NAME_KLOG, .st_shndx = 1, .st_value = FORGE_KLOG, .st_size = SYSDESC_KLOG_BYTES};
    file->intent = forge->intent;
    file->intent.size_bytes = (uint32_t)intent_bytes;
    file->intent.domain_offset = offsetof(struct file, domains) - offsetof(struct file, intent);
    file->intent.region_offset = offsetof(struct file, regions) - offsetof(struct file, intent);
    file->intent.mapping_offset = offsetof(struct file, mappings) - offsetof(struct file, intent);
    memcpy(file->domains, forge->domains, sizeof file->domains);
    memcpy(file->regions, forge->regions, sizeof file->regions);
    memcpy(file->mappings, forge->mappings, sizeof file->mappings);
}

uint8_t *forge_write(const struct forge *forge, size_t *bytes)
{
    static const unsigned char ident[] = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT};
    struct file *file = calloc(1, sizeof *file);
    assert(file != NULL);
    memcpy(file->header.e_ident, ident, sizeof ident);
    file->header.e_type = ET_EXEC;
    file->header.e_machine = EM_AARCH64;
    file->header.e_version = EV_CURRENT;
    file->header.e_entry = forge->entry;
    file->header.e_ehsize = sizeof(Elf64_Ehdr);
    file->header.e_phoff = offsetof(struct file, segments);
    file->header.e_phentsize = sizeof(Elf64_Phdr);
    file->header.e_phnum = (Elf64_Half)forge->segment_count;
    file->header.e_shoff = offsetof(struct file, sections);
    file->header.e_shentsize = sizeof(Elf64_Shdr);
    file->header.e_shnum = 5;
    file->header.e_shstrndx = 4;
    for (uint32_t i = 0; i < forge->segment_count; i++) {
        const struct forge_segment *segment = &forge->segments[i];
        file->segments[i] =
            (Elf64_Phdr){.p_type = PT_LOAD,
                         .p_flags = segment->flags,
                         .p_offset = offsetof(struct file, memory) + segment->phys - FORGE_BASE,
                         .p_vaddr = segment->phys + segment->linked_further,
                         .p_paddr = segment->phys,
                         .p_filesz = segment->bytes,
                         .p_memsz = segment->bytes};
    }
    write_sections(file, forge);
    memcpy(file->memory, forge->memory, FORGE_BYTES);
    *bytes = sizeof *file;
    return (uint8_t *)file;
}
