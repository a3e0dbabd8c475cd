/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/mock/breach.h"

#include <string.h>

#define R INTENT_READ
#define W INTENT_WRITE
#define X INTENT_EXECUTE

static void table_in_writable_memory(struct forge *forge)
{
    uint64_t *entry = forge_entry_at_level(forge, FORGE_D_VM1, FORGE_RAM_GPA, 2);
    memcpy(forge_at(forge, FORGE_PD_DATA(0)), forge_at(forge, *entry & ~0xfffull), 0x1000);
    *entry = FORGE_PD_DATA(0) | 3;
}

static void table_outside_the_image(struct forge *forge)
{
    *forge_entry_at_level(forge, FORGE_D_VM1, FORGE_RAM_GPA, 2) = FORGE_RAM1 | 3;
}

static void descriptor_in_writable_memory(struct forge *forge)
{
    memcpy(forge_at(forge, FORGE_KERNEL_DATA), forge->doorbells, 2 * sizeof *forge->doorbells);
    forge->sys->doorbells = FORGE_KERNEL_DATA;
}

static void table_of_another_domain(struct forge *forge)
{
    *forge_entry_at_level(forge, FORGE_D_VM2, FORGE_RAM_GPA, 2) =
        *forge_entry_at_level(forge, FORGE_D_VM1, FORGE_RAM_GPA, 2);
}

static void table_that_contains_itself(struct forge *forge)
{
    *forge_entry_at_level(forge, FORGE_D_VM1, 0, 1) = forge->roots[FORGE_D_VM1] | 3;
}

static void pd_sees_its_tables(struct forge *forge)
{
    forge_map(forge, FORGE_D_VMM1, 0x300000, forge->roots[FORGE_D_VMM1], 1, R);
}

static void pd_sees_the_descriptor(struct forge *forge)
{
    forge_map(forge, FORGE_D_VMM1, 0x300000, forge->sys->pds, 1, R);
}

static void kernel_writes_tables(struct forge *forge)
{
    forge_map(forge, FORGE_D_KERNEL, FORGE_TABLES, FORGE_TABLES, 1, R | W);
}

static void contiguous_hint(struct forge *forge)
{
    *forge_entry(forge, FORGE_D_VM1, FORGE_RAM_GPA) |= 1ull << 52;
}

static void misaligned_block(struct forge *forge)
{
    *forge_entry_at_level(forge, FORGE_D_VM1, FORGE_RAM_GPA, 2) =
        (FORGE_RAM1 + 0x1000) | 0xfc << 0 | 1 | 1 << 10;
}

static void table_descriptor_with_attributes(struct forge *forge)
{
    *forge_entry_at_level(forge, FORGE_D_KERNEL, FORGE_KERNEL_TEXT, 2) |= 1ull << 60;
}

static void vm_sees_kernel_text(struct forge *forge)
{
    forge_map(forge, FORGE_D_VM1, FORGE_RAM_GPA, FORGE_KERNEL_TEXT, 1, R);
}

static void pd_sees_kernel_data(struct forge *forge)
{
    forge_map(forge, FORGE_D_MUX, 0x300000, FORGE_KERNEL_DATA, 1, R | W);
}

static void pd_sees_anothers_ipc_buffer(struct forge *forge)
{
    forge_map(forge, FORGE_D_MUX, 0x300000, FORGE_IPC_BUFFERS + 0x1000, 1, R);
}

static void pd_maps_its_ipc_buffer_twice(struct forge *forge)
{
    forge_map(forge, FORGE_D_MUX, 0x300000, FORGE_IPC_BUFFERS, 1, R | W);
}

static void pds_share_a_stack(struct forge *forge)
{
    forge_map(forge, FORGE_D_VMM1, FORGE_STACK_VADDR, FORGE_PD_STACK(FORGE_MUX), 1, R | W);
}

static void pd_reads_anothers_text(struct forge *forge)
{
    forge_map(forge, FORGE_D_VMM1, 0x300000, FORGE_PD_TEXT(FORGE_MUX), 1, R);
}

static void vm_sees_anothers_ram(struct forge *forge)
{
    forge_map(forge, FORGE_D_VM1, FORGE_RAM_GPA + 0x5000, FORGE_RAM2, 1, R | W | X);
}

static void vm_ram_is_shifted(struct forge *forge)
{
    forge_map(forge, FORGE_D_VM1, FORGE_RAM_GPA + 0x5000, FORGE_RAM1, 1, R | W | X);
}

static void pd_maps_a_link_of_others(struct forge *forge)
{
    forge_map(forge, FORGE_D_UART, FORGE_LINK_VADDR, FORGE_LINK_A, 2, R);
}

static void pd_writes_its_peers_link(struct forge *forge)
{
    forge_map(forge, FORGE_D_VMM1, FORGE_LINK_VADDR, FORGE_LINK_A, 2, R | W);
}

static void vm_maps_spare_ram(struct forge *forge)
{
    forge_map(forge, FORGE_D_VM1, 0x50000000, 0x58000000, 1, R | W);
}

static void two_own_a_device(struct forge *forge)
{
    forge->mappings[10].region = FORGE_R_RTC; /* an unused row: the log's mapping of the kernel moves */
    forge->mappings[10].domain = FORGE_D_VM2;
    forge->mappings[10].address = FORGE_RTC_GPA;
    forge->mappings[10].perms = R | W;
    forge->regions[FORGE_R_RTC].mapping_count = 2;
    forge->regions[FORGE_R_KLOG].mapping_first = 11;
    forge->regions[FORGE_R_KLOG].mapping_count = 1;
    forge_map(forge, FORGE_D_VM2, FORGE_RTC_GPA, FORGE_RTC, 1, R | W);
}

static void pd_maps_the_gicv(struct forge *forge)
{
    forge_map(forge, FORGE_D_VMM1, FORGE_DEVICE_VADDR, FORGE_GICV, 1, R | W);
}

static void pd_maps_the_distributor(struct forge *forge)
{
    forge_map(forge, FORGE_D_UART, FORGE_DEVICE_VADDR + 0x1000, FORGE_GICD, 1, R | W);
}

static void vm_maps_the_real_cpu_interface(struct forge *forge)
{
    forge_map(forge, FORGE_D_VM1, FORGE_GICC_GPA, FORGE_GICC, 2, R | W);
}

static void declaration_gives_away_gich(struct forge *forge)
{
    forge->regions[FORGE_R_RTC].phys = FORGE_GICH;
    forge->regions[FORGE_R_KERNEL_GICH].phys = 0x0a000000;
    forge_map(forge, FORGE_D_KERNEL, 0x0a000000, 0x0a000000, 1, R | W);
    forge_map(forge, FORGE_D_VM1, FORGE_RTC_GPA, FORGE_GICH, 1, R | W);
}

static void pd_maps_an_undeclared_device(struct forge *forge)
{
    forge_map(forge, FORGE_D_UART, FORGE_DEVICE_VADDR + 0x1000, 0x09020000, 1, R | W);
}

static void memory_declared_outside_ram(struct forge *forge)
{
    forge->regions[FORGE_R_LINK_A].phys = 0x0b000000;
}

static void device_mapped_as_normal_memory(struct forge *forge)
{
    *forge_entry(forge, FORGE_D_UART, FORGE_DEVICE_VADDR) |= 0xf << 2;
}

static void kernel_device_mapped_as_normal_memory(struct forge *forge)
{
    *forge_entry(forge, FORGE_D_KERNEL, FORGE_GICD) &= ~(7ull << 2);
}

static void pd_text_is_writable(struct forge *forge)
{
    forge_map(forge, FORGE_D_MUX, FORGE_TEXT_VADDR, FORGE_PD_TEXT(0), 1, R | W | X);
}

static void pd_text_is_writable_elsewhere(struct forge *forge)
{
    forge_map(forge, FORGE_D_MUX, 0x300000, FORGE_PD_TEXT(0), 1, R | W);
}

static void kernel_text_is_writable(struct forge *forge)
{
    forge_map(forge, FORGE_D_KERNEL, FORGE_KERNEL_TEXT, FORGE_KERNEL_TEXT, 1, R | W | X);
}

static void kernel_text_is_writable_elsewhere(struct forge *forge)
{
    forge_map(forge, FORGE_D_KERNEL, 0x60000000, FORGE_KERNEL_TEXT, 1, R | W);
}

static void pd_executes_its_data(struct forge *forge)
{
    forge_map(forge, FORGE_D_MUX, FORGE_DATA_VADDR, FORGE_PD_DATA(0), 1, R | X);
}

static void pd_executes_its_stack(struct forge *forge)
{
    forge_map(forge, FORGE_D_MUX, FORGE_STACK_VADDR, FORGE_PD_STACK(0), 1, R | X);
}

static void pd_executes_a_region(struct forge *forge)
{
    forge->mappings[forge->regions[FORGE_R_LINK_A].mapping_first + 1].perms |= X;
    forge_map(forge, FORGE_D_VMM1, FORGE_LINK_VADDR, FORGE_LINK_A, 2, R | X);
}

static void pd_text_is_writable_not_executable(struct forge *forge)
{
    forge_map(forge, FORGE_D_MUX, FORGE_TEXT_VADDR, FORGE_PD_TEXT(0), 1, R | W);
}

/* Memory that no loader fills has what was there before. */
static void pd_stack_is_spare_memory(struct forge *forge)
{
    forge_map(forge, FORGE_D_MUX, FORGE_STACK_VADDR, 0x40400000, 1, R | W);
}

static void pd_maps_memory_above_its_stack(struct forge *forge)
{
    forge_map(forge, FORGE_D_MUX, SYSDESC_PD_STACK_TOP, FORGE_PD_STACK(9), 1, R | W);
}

static void region_in_the_reserved_part(struct forge *forge)
{
    uint32_t row = forge->regions[FORGE_R_LINK_A].mapping_first;
    forge->mappings[row].address = SYSDESC_PD_RESERVED_BASE;
    memset(forge_entry(forge, FORGE_D_MUX, FORGE_LINK_VADDR), 0, 16);
    forge_map(forge, FORGE_D_MUX, SYSDESC_PD_RESERVED_BASE, FORGE_LINK_A, 2, R | W);
}

static void ipc_buffer_is_executable(struct forge *forge)
{
    forge_map(forge, FORGE_D_MUX, SYSDESC_PD_IPC_BUFFER, FORGE_IPC_BUFFERS, 1, R | X);
}

static void ipc_buffer_is_kernel_data(struct forge *forge)
{
    forge->pds[FORGE_MUX].ipc_buffer = FORGE_KERNEL_DATA;
    forge_map(forge, FORGE_D_MUX, SYSDESC_PD_IPC_BUFFER, FORGE_KERNEL_DATA, 1, R | W);
}

static void two_pds_have_one_ipc_buffer(struct forge *forge)
{
    forge->pds[FORGE_MUX].ipc_buffer = forge->pds[FORGE_VMM1].ipc_buffer;
    forge_map(forge, FORGE_D_MUX, SYSDESC_PD_IPC_BUFFER, forge->pds[FORGE_VMM1].ipc_buffer, 1, R | W);
}

static void kernel_maps_elsewhere(struct forge *forge)
{
    forge_map(forge, FORGE_D_KERNEL, 0x60000000, FORGE_KERNEL_RODATA, 1, R);
}

static void kernel_maps_guest_ram(struct forge *forge)
{
    forge_map(forge, FORGE_D_KERNEL, 0x58000000, 0x58000000, 1, R | W);
}

static void kernel_maps_guest_ram_of_a_guest(struct forge *forge)
{
    forge_map(forge, FORGE_D_KERNEL, FORGE_RAM1, FORGE_RAM1, 1, R | W);
}

static void kernel_writes_its_rodata(struct forge *forge)
{
    forge_map(forge, FORGE_D_KERNEL, FORGE_KERNEL_RODATA, FORGE_KERNEL_RODATA, 1, R | W);
}

static void pd_maps_firmware(struct forge *forge)
{
    forge_map(forge, FORGE_D_MUX, 0x300000, FORGE_RAM_BASE, 1, R);
}

static void image_lies_on_firmware(struct forge *forge)
{
    forge->intent.firmware_bytes += 0x1000;
}

static void kernel_entry_is_data(struct forge *forge)
{
    forge->entry = FORGE_KERNEL_DATA;
}

static void pd_entry_is_data(struct forge *forge)
{
    forge->pds[FORGE_MUX].entry = FORGE_DATA_VADDR;
}

static void log_is_written_by_its_reader(struct forge *forge)
{
    forge->mappings[forge->regions[FORGE_R_KLOG].mapping_first + 1].perms |= W;
    forge_map(forge, FORGE_D_MUX, FORGE_KLOG_VADDR, FORGE_KLOG, SYSDESC_KLOG_BYTES / 0x1000, R | W);
}

static void log_region_is_kernel_data(struct forge *forge)
{
    forge->regions[FORGE_R_KLOG].phys = FORGE_KERNEL_DATA;
    forge_map(forge, FORGE_D_MUX, FORGE_KLOG_VADDR, FORGE_KERNEL_DATA, SYSDESC_KLOG_BYTES / 0x1000, R);
}

static void declaration_has_another_root(struct forge *forge)
{
    forge->domains[FORGE_D_VM1].root = forge->roots[FORGE_D_VM2];
}

static void declared_regions_overlap(struct forge *forge)
{
    forge->regions[FORGE_R_RAM2].phys = FORGE_RAM1 + FORGE_GUEST_RAM_BYTES - 0x1000;
}

static void segment_linked_elsewhere(struct forge *forge)
{
    forge->segments[0].linked_further = 0x1000;
}

static void two_vms_on_one_table(struct forge *forge)
{
    forge->vcpus[1].stage2_root = forge->vcpus[0].stage2_root;
    forge->vcpus[2].stage2_root = forge->vcpus[0].stage2_root;
}

static void posts_in_writable_memory(struct forge *forge)
{
    memcpy(forge_at(forge, FORGE_KERNEL_DATA), forge->posts, forge->sys->post_count * sizeof *forge->posts);
    forge->sys->posts = FORGE_KERNEL_DATA;
}

#define BREACH(function, rule, domain)                                                                       \
    {                                                                                                        \
#function, function, rule, domain                                                                    \
    }
const struct breach breach_memory[] = {
    BREACH(segment_linked_elsewhere, RULE_LOAD_ADDRESS, "image"),
    BREACH(two_vms_on_one_table, RULE_INTENT, "declaration"),
    BREACH(posts_in_writable_memory, RULE_TABLE_AREA, "image"),
    BREACH(table_in_writable_memory, RULE_TABLE_AREA, "vmm1/vm1"),
    BREACH(table_outside_the_image, RULE_TABLE_AREA, "vmm1/vm1"),
    BREACH(descriptor_in_writable_memory, RULE_TABLE_AREA, "image"),
    BREACH(table_of_another_domain, RULE_TABLE_SHARED, "vmm2/vm2"),
    BREACH(table_that_contains_itself, RULE_TABLE_SHARED, "vmm1/vm1"),
    BREACH(pd_sees_its_tables, RULE_TABLE_EXPOSED, "vmm1"),
    BREACH(pd_sees_the_descriptor, RULE_TABLE_EXPOSED, "vmm1"),
    BREACH(kernel_writes_tables, RULE_TABLE_EXPOSED, "kernel"),
    BREACH(contiguous_hint, RULE_DESCRIPTOR, "vmm1/vm1"),
    BREACH(misaligned_block, RULE_DESCRIPTOR, "vmm1/vm1"),
    BREACH(table_descriptor_with_attributes, RULE_DESCRIPTOR, "kernel"),
    BREACH(vm_sees_kernel_text, RULE_KERNEL_EXPOSED, "vmm1/vm1"),
    BREACH(pd_sees_kernel_data, RULE_KERNEL_EXPOSED, "mux"),
    BREACH(pd_sees_anothers_ipc_buffer, RULE_KERNEL_EXPOSED, "mux"),
    BREACH(pd_maps_its_ipc_buffer_twice, RULE_KERNEL_EXPOSED, "mux"),
    BREACH(pds_share_a_stack, RULE_UNDECLARED_SHARING, "mux"),
    BREACH(pd_reads_anothers_text, RULE_UNDECLARED_SHARING, "mux"),
    BREACH(vm_sees_anothers_ram, RULE_UNDECLARED_MAPPING, "vmm1/vm1"),
    BREACH(vm_ram_is_shifted, RULE_UNDECLARED_MAPPING, "vmm1/vm1"),
    BREACH(pd_maps_a_link_of_others, RULE_UNDECLARED_MAPPING, "uart"),
    BREACH(pd_writes_its_peers_link, RULE_EXCESS_PERMISSION, "vmm1"),
    BREACH(vm_maps_spare_ram, RULE_VM_MEMORY, "vmm1/vm1"),
    BREACH(two_own_a_device, RULE_DEVICE_OWNER, "vmm2/vm2"),
    BREACH(pd_maps_the_gicv, RULE_DEVICE_OWNER, "vmm1"),
    BREACH(pd_maps_the_distributor, RULE_KERNEL_DEVICE, "uart"),
    BREACH(vm_maps_the_real_cpu_interface, RULE_KERNEL_DEVICE, "vmm1/vm1"),
    BREACH(declaration_gives_away_gich, RULE_KERNEL_DEVICE, "vmm1/vm1"),
    BREACH(pd_maps_an_undeclared_device, RULE_DEVICE_UNDECLARED, "uart"),
    BREACH(memory_declared_outside_ram, RULE_DEVICE_UNDECLARED, "declaration"),
    BREACH(device_mapped_as_normal_memory, RULE_DEVICE_ATTRIBUTE, "uart"),
    BREACH(kernel_device_mapped_as_normal_memory, RULE_DEVICE_ATTRIBUTE, "kernel"),
    BREACH(pd_text_is_writable, RULE_WX_PD, "mux"),
    BREACH(pd_text_is_writable_elsewhere, RULE_WX_PD, "mux"),
    BREACH(kernel_text_is_writable, RULE_WX_EL2, "kernel"),
    BREACH(kernel_text_is_writable_elsewhere, RULE_WX_EL2, "kernel"),
    BREACH(pd_executes_its_data, RULE_PD_TEXT, "mux"),
    BREACH(pd_executes_its_stack, RULE_PD_TEXT, "mux"),
    BREACH(pd_executes_a_region, RULE_PD_TEXT, "vmm1"),
    BREACH(pd_text_is_writable_not_executable, RULE_PD_SEGMENT, "mux"),
    BREACH(pd_stack_is_spare_memory, RULE_PD_SEGMENT, "mux"),
    BREACH(pd_maps_memory_above_its_stack, RULE_PD_LAYOUT, "mux"),
    BREACH(region_in_the_reserved_part, RULE_PD_LAYOUT, "mux"),
    BREACH(ipc_buffer_is_executable, RULE_PD_LAYOUT, "mux"),
    BREACH(ipc_buffer_is_kernel_data, RULE_IPC_BUFFER, "mux"),
    BREACH(two_pds_have_one_ipc_buffer, RULE_IPC_BUFFER, "mux"),
    BREACH(kernel_maps_elsewhere, RULE_EL2_IDENTITY, "kernel"),
    BREACH(kernel_maps_guest_ram, RULE_EL2_MEMORY, "kernel"),
    BREACH(kernel_maps_guest_ram_of_a_guest, RULE_KERNEL_EXPOSED, "vmm1/vm1"),
    BREACH(kernel_writes_its_rodata, RULE_EL2_MEMORY, "kernel"),
    BREACH(pd_maps_firmware, RULE_FIRMWARE, "mux"),
    BREACH(image_lies_on_firmware, RULE_FIRMWARE, "image"),
    BREACH(kernel_entry_is_data, RULE_ENTRY, "kernel"),
    BREACH(pd_entry_is_data, RULE_ENTRY, "mux"),
    BREACH(log_is_written_by_its_reader, RULE_KLOG, "mux"),
    BREACH(log_region_is_kernel_data, RULE_KLOG, "declaration"),
    BREACH(declaration_has_another_root, RULE_INTENT, "vm1"),
    BREACH(declared_regions_overlap, RULE_INTENT, "declaration"),
};
const size_t breach_memory_count = sizeof breach_memory / sizeof breach_memory[0];
