/* SPDX-License-Identifier: BSD-2-Clause */
#include "verify/image/rule_maps.h"

#include <inttypes.h>

/* Register windows of a GICv2 (IHI 0048B): nobody but the kernel gets at these, whatever was declared. */
#define GICD_BYTES 0x1000u
#define GICC_BYTES 0x2000u
#define GICH_BYTES 0x1000u
/** Comparisons after which an image counts as made to keep us busy. */
#define WORK_LIMIT 20000000u

struct context {
    const struct facts *facts;
    struct findings *findings;
    const struct walk_map *map; /**< the one at hand */
    const char *domain;
    uint64_t work;
};

/** A part [phys, end) of the mapping at hand. */
struct piece {
    uint64_t phys;
    uint64_t end;
    uint64_t address;
};

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static struct piece piece_at(const struct walk_map *map, uint64_t phys, uint64_t end)
{
    return (struct piece){phys, least(end, map->phys + map->bytes), map->address + (phys - map->phys)};
}

static bool overlaps(uint64_t phys, uint64_t end, uint64_t other, uint64_t other_bytes)
{
    return phys < other + other_bytes && other < end;
}

/** EL2: segments of the image with at most the segment's permissions, and declared kernel devices. */
static void check_el2_piece(struct context *context, const struct elf64_segment *segment, struct piece piece)
{
    const struct walk_map *map = context->map;
    if (segment != NULL) {
        if (((map->perms & INTENT_WRITE) != 0 && (segment->flags & ELF64_WRITE) == 0) ||
            ((map->perms & INTENT_EXECUTE) != 0 && (segment->flags & ELF64_EXECUTE) == 0)) {
            findings_add(context->findings, RULE_EL2_MEMORY, context->domain, piece.address, "segment",
                         "mapped with more permissions than the segment has");
        }
        return;
    }
    const struct facts_range *trace = &context->facts->trace;
    if (piece.phys >= trace->phys && piece.end - trace->phys <= trace->bytes && !map->device &&
        (map->perms & INTENT_EXECUTE) == 0) {
        return; /* which region that is, rule_rows.c looks at */
    }
    for (uint64_t phys = piece.phys; phys < piece.end;) {
        const struct intent_region *device = facts_kernel_device_in(context->facts, phys, FACTS_PAGE_BYTES);
        if (device == NULL || device->phys > phys) {
            findings_add(context->findings, RULE_EL2_MEMORY, context->domain, phys, "memory",
                         "mapped, but neither part of the image nor a device of the kernel");
            return;
        }
        if (!map->device || (map->perms & INTENT_EXECUTE) != 0) {
            findings_add(context->findings, RULE_DEVICE_ATTRIBUTE, context->domain, phys, device->name,
                         "not mapped as non-executable Device memory");
        }
        phys = device->phys + device->size_bytes;
        context->work++;
    }
}

static void check_el2_map(struct context *context)
{
    const struct walk_map *map = context->map;
    uint64_t end = map->phys + map->bytes;
    if (map->address != map->phys) {
        findings_add(context->findings, RULE_EL2_IDENTITY, context->domain, map->address, "memory",
                     "mapped to 0x%" PRIx64, map->phys);
    }
    if ((map->perms & INTENT_WRITE) != 0 && (map->perms & INTENT_EXECUTE) != 0) {
        findings_add(context->findings, RULE_WX_EL2, context->domain, map->address, "memory",
                     "mapped writable and executable");
    }
    for (uint64_t phys = map->phys; phys < end; context->work++) {
        const struct elf64_segment *segment = elf64_segment_from(context->facts->elf, phys);
        if (segment != NULL && segment->phys > phys) {
            check_el2_piece(context, NULL, piece_at(map, phys, segment->phys));
            phys = segment->phys;
            continue;
        }
        check_el2_piece(context, segment,
                        piece_at(map, phys, segment == NULL ? end : segment->phys + segment->bytes));
        phys = segment == NULL ? end : segment->phys + segment->bytes;
    }
}

static bool touches(struct piece piece, uint64_t base, uint64_t bytes)
{
    return base != 0 && overlaps(piece.phys, piece.end, base, bytes);
}

static bool is_interrupt_controller(const struct sysdesc_board *board, struct piece piece)
{
    return touches(piece, board->gicd_base, GICD_BYTES) || touches(piece, board->gicc_base, GICC_BYTES) ||
           touches(piece, board->gich_base, GICH_BYTES) ||
           touches(piece, board->gicr_base, board->gicr_bytes);
}

/** The kernel's devices; its UART may also belong to a driver. */
static void check_kernel_devices(struct context *context, struct piece piece)
{
    const struct sysdesc_board *board = &context->facts->sys.board;
    const struct intent_region *device =
        facts_kernel_device_in(context->facts, piece.phys, piece.end - piece.phys);
    bool is_uart = device != NULL && board->uart_base >= device->phys &&
                   board->uart_base < device->phys + device->size_bytes;
    if ((device != NULL && !is_uart) || is_interrupt_controller(board, piece)) {
        findings_add(context->findings, RULE_KERNEL_DEVICE, context->domain, piece.address,
                     device != NULL ? device->name : "GIC", "maps a device of the kernel at 0x%" PRIx64,
                     piece.phys);
    }
}

/** Find the declaration of `piece` and hold the mapping's permissions against it. */
static void check_declaration(struct context *context, const struct intent_region *region, struct piece piece)
{
    const struct facts *facts = context->facts;
    bool found = false;
    uint32_t allowed = 0;
    context->work += region->mapping_count;
    for (uint32_t i = 0; i < region->mapping_count; i++) {
        const struct intent_mapping *mapping = &facts->mappings[region->mapping_first + i];
        if (mapping->domain == context->map->domain &&
            mapping->address + (piece.phys - region->phys) == piece.address) {
            found = true;
            allowed |= mapping->perms;
        }
    }
    if (!found) {
        findings_add(context->findings, RULE_UNDECLARED_MAPPING, context->domain, piece.address, region->name,
                     "mapped (physical 0x%" PRIx64 ") without a declaration", piece.phys);
    } else if ((context->map->perms & ~allowed) != 0) {
        findings_add(context->findings, RULE_EXCESS_PERMISSION, context->domain, piece.address, region->name,
                     "mapped %s%s although not declared so",
                     (context->map->perms & ~allowed & INTENT_WRITE) != 0 ? "writable" : "",
                     (context->map->perms & ~allowed & INTENT_EXECUTE) != 0 ? "executable" : "");
    }
}

/** A piece of a declared region. */
static void check_region_piece(struct context *context, const struct intent_region *region,
                               struct piece piece)
{
    const struct facts_domain *domain = &context->facts->domains[context->map->domain];
    bool is_pd = domain->kind == INTENT_DOMAIN_PD;
    check_declaration(context, region, piece);
    if ((region->kind == INTENT_REGION_DEVICE || region->kind == INTENT_REGION_GICV) &&
        (!context->map->device || (context->map->perms & INTENT_EXECUTE) != 0)) {
        findings_add(context->findings, RULE_DEVICE_ATTRIBUTE, context->domain, piece.address, region->name,
                     "not mapped as non-executable Device memory");
    }
    if (region->kind == INTENT_REGION_GICV && is_pd) {
        findings_add(context->findings, RULE_DEVICE_OWNER, context->domain, piece.address, region->name,
                     "the virtual CPU interface is for virtual machines");
    }
    if (region->kind == INTENT_REGION_KLOG && (!is_pd || domain->index != context->facts->sys.klog_pd ||
                                               (context->map->perms & ~(uint32_t)INTENT_READ) != 0)) {
        findings_add(context->findings, RULE_KLOG, context->domain, piece.address, region->name,
                     "only the declared reader maps the kernel's log, read-only");
    }
    if (region->kind == INTENT_REGION_TRACE && (!is_pd || domain->index != context->facts->sys.trace_pd ||
                                                (context->map->perms & ~(uint32_t)INTENT_READ) != 0)) {
        findings_add(context->findings, RULE_TRACE, context->domain, piece.address, region->name,
                     "only the declared reader maps the kernel's events, read-only");
    }
    if (is_pd && (context->map->perms & INTENT_EXECUTE) != 0) {
        findings_add(context->findings, RULE_PD_TEXT, context->domain, piece.address, region->name,
                     "executable, but no segment of a program");
    }
    if (is_pd && piece.address + (piece.end - piece.phys) > SYSDESC_PD_RESERVED_BASE) {
        findings_add(context->findings, RULE_PD_LAYOUT, context->domain, piece.address, region->name,
                     "mapped where only the PD's stack and IPC buffer may be");
    }
}

/** Own memory of a PD against the segments of the image, which a loader fills: program, bss and stack. */
static void check_segments(struct context *context, struct piece piece)
{
    uint32_t perms = context->map->perms;
    for (uint64_t phys = piece.phys; phys < piece.end; context->work++) {
        const struct elf64_segment *segment = elf64_segment_from(context->facts->elf, phys);
        bool in_segment = segment != NULL && segment->phys <= phys;
        uint64_t end = segment == NULL ? piece.end
                       : in_segment    ? segment->phys + segment->bytes
                                       : segment->phys;
        if ((perms & INTENT_EXECUTE) != 0 &&
            (!in_segment || (segment->flags & (ELF64_EXECUTE | ELF64_WRITE)) != ELF64_EXECUTE)) {
            findings_add(context->findings, RULE_PD_TEXT, context->domain,
                         piece.address + (phys - piece.phys), "own memory",
                         "executable, but not in a read-only executable segment of the image");
        }
        if ((perms & INTENT_WRITE) != 0 && in_segment && (segment->flags & ELF64_WRITE) == 0) {
            findings_add(context->findings, RULE_PD_SEGMENT, context->domain,
                         piece.address + (phys - piece.phys), "own memory",
                         "writable, but its segment of the image is read-only");
        }
        if (!in_segment) {
            findings_add(context->findings, RULE_PD_SEGMENT, context->domain,
                         piece.address + (phys - piece.phys), "own memory",
                         "at 0x%" PRIx64 ", which no segment of the image fills", phys);
        }
        phys = end;
    }
}

/** A piece that no region declares: a PD's program, stack and IPC buffer. */
static void check_own_piece(struct context *context, struct piece piece)
{
    const struct facts *facts = context->facts;
    const struct facts_domain *domain = &facts->domains[context->map->domain];
    uint64_t bytes = piece.end - piece.phys;
    if (!facts_is_ram(facts, piece.phys, bytes)) {
        findings_add(context->findings, RULE_DEVICE_UNDECLARED, context->domain, piece.address, "device",
                     "maps 0x%" PRIx64 " outside RAM without a declaration", piece.phys);
        return;
    }
    if (domain->kind == INTENT_DOMAIN_VM) {
        findings_add(context->findings, RULE_VM_MEMORY, context->domain, piece.address, "memory",
                     "maps 0x%" PRIx64 ", which no declared region has", piece.phys);
        return;
    }
    if (piece.phys < facts->intent.ram_base + facts->intent.firmware_bytes) {
        findings_add(context->findings, RULE_FIRMWARE, context->domain, piece.address, "firmware",
                     "maps the firmware's memory at 0x%" PRIx64, piece.phys);
    }
    if (piece.address + bytes > SYSDESC_PD_STACK_TOP) {
        if (piece.address != SYSDESC_PD_IPC_BUFFER || bytes != FACTS_PAGE_BYTES ||
            piece.phys != facts->pds[domain->index].ipc_buffer ||
            (context->map->perms & INTENT_EXECUTE) != 0) {
            findings_add(context->findings, RULE_PD_LAYOUT, context->domain, piece.address, "own memory",
                         "mapped above the stack, where only the PD's IPC buffer may be");
        }
        return;
    }
    check_segments(context, piece);
}

static void check_domain_map(struct context *context)
{
    const struct walk_map *map = context->map;
    uint64_t end = map->phys + map->bytes;
    if (context->facts->domains[map->domain].kind == INTENT_DOMAIN_PD && (map->perms & INTENT_WRITE) != 0 &&
        (map->perms & INTENT_EXECUTE) != 0) {
        findings_add(context->findings, RULE_WX_PD, context->domain, map->address, "memory",
                     "mapped writable and executable");
    }
    check_kernel_devices(context, piece_at(map, map->phys, end));
    for (uint64_t phys = map->phys; phys < end; context->work++) {
        const struct intent_region *region = facts_region_from(context->facts, phys);
        if (region != NULL && region->phys <= phys) {
            check_region_piece(context, region, piece_at(map, phys, region->phys + region->size_bytes));
            phys = region->phys + region->size_bytes;
        } else {
            uint64_t next = region == NULL ? end : least(end, region->phys);
            check_own_piece(context, piece_at(map, phys, next));
            phys = next;
        }
    }
}

/** Segments lie in RAM, above what is the firmware's. */
static void check_image_place(const struct facts *facts, struct findings *findings)
{
    uint64_t start = facts->intent.ram_base + facts->intent.firmware_bytes;
    if (!facts_is_ram(facts, facts->intent.ram_base, facts->sys.image_end - facts->intent.ram_base)) {
        findings_add(findings, RULE_FIRMWARE, "image", facts->sys.image_end, "descriptor",
                     "says that the image ends here, outside RAM");
    }
    for (size_t i = 0; i < facts->elf->segment_count; i++) {
        const struct elf64_segment *segment = &facts->elf->segments[i];
        if (segment->virt != segment->data_phys) {
            findings_add(findings, RULE_LOAD_ADDRESS, "image", segment->data_phys, "segment",
                         "is linked at 0x%" PRIx64 ", where some loaders put it", segment->virt);
        }
        if (segment->file_bytes > 0 && segment->data_phys + segment->file_bytes > facts->sys.image_end) {
            findings_add(findings, RULE_LOAD_ADDRESS, "image", segment->data_phys, "segment",
                         "ends behind 0x%" PRIx64 ", up to where the kernel makes sure of what was loaded",
                         facts->sys.image_end);
        }
        if (segment->phys < start || !facts_is_ram(facts, segment->phys, segment->bytes)) {
            findings_add(findings, RULE_FIRMWARE, "image", segment->phys, "segment",
                         "not inside RAM above the firmware's memory");
        }
    }
}

/** Devices are declared outside RAM, memory inside it, and the kernel's log is the kernel's. */
static void check_regions(const struct facts *facts, struct findings *findings)
{
    uint64_t start = facts->intent.ram_base + facts->intent.firmware_bytes;
    for (uint32_t i = 0; i < facts->region_count; i++) {
        const struct intent_region *region = &facts->regions[i];
        bool is_device = region->kind == INTENT_REGION_DEVICE || region->kind == INTENT_REGION_GICV;
        if (is_device && overlaps(region->phys, region->phys + region->size_bytes, facts->intent.ram_base,
                                  facts->intent.ram_bytes)) {
            findings_add(findings, RULE_INTENT, "declaration", region->phys, region->name,
                         "declared as a device, but inside RAM");
        }
        if (!is_device && !facts_is_ram(facts, region->phys, region->size_bytes)) {
            findings_add(findings, RULE_DEVICE_UNDECLARED, "declaration", region->phys, region->name,
                         "declared as memory, but not inside RAM");
        } else if (!is_device && region->phys < start) {
            findings_add(findings, RULE_FIRMWARE, "declaration", region->phys, region->name,
                         "in the firmware's memory");
        }
        if (region->kind == INTENT_REGION_KLOG &&
            (region->phys != facts->klog.phys || region->size_bytes != facts->klog.bytes)) {
            findings_add(findings, RULE_KLOG, "declaration", region->phys, region->name,
                         "is not the kernel's log at 0x%" PRIx64, facts->klog.phys);
        }
    }
}

enum err rule_maps_run(const struct facts *facts, struct walk *walk, struct findings *findings)
{
    struct context context = {.facts = facts, .findings = findings};
    check_image_place(facts, findings);
    check_regions(facts, findings);
    for (size_t i = 0; i < walk->map_count; i++) {
        const size_t before = findings->count;
        context.map = &walk->maps[i];
        findings_group(findings, (uint32_t)i + 1);
        context.domain = facts->domains[context.map->domain].name;
        context.work += facts->intent.region_count - facts->region_count;
        if (context.map->domain == FACTS_KERNEL) {
            check_el2_map(&context);
        } else {
            check_domain_map(&context);
        }
        walk->maps[i].fault = findings->count > before ? (uint32_t)i + 1 : 0;
        findings_group(findings, 0);
        if (context.work > WORK_LIMIT) {
            return findings_malformed(findings, "the translation tables are too fragmented to judge");
        }
    }
    return ERR_OK;
}
