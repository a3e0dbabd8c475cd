/* SPDX-License-Identifier: BSD-2-Clause */
/* The elements of Microkit's system description format, as its manual 2.3 (chapter 6) has them. */
#include "tool/language/spec/lang.h"
#include "tool/model/model.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define MAX_PRIORITY 254u
#define MAX_ID (MODEL_MAX_CHANNELS - 1u)
#define MAX_MICROSECONDS UINT32_MAX

static const char only_sel4[] = "is a matter of seL4's capabilities, which the bundled kernel doesn't have";
static const char only_x86[] = "is for x86-64 only";
static const char no_domains[] = "is not available: the bundled kernel schedules by priority and budget only";
static const char no_iommu[] = "is not available: no board here has an IOMMU that the bundled kernel drives";

static const struct attr_spec program_image_attrs[] = {
    {.name = "path",
     .type = ATTR_TEXT,
     .required = true,
     .offset = offsetof(struct desc_program_image, path),
     .doc = "ELF file of the program, looked up along the search path"},
    {.name = "path_for_symbols",
     .type = ATTR_TEXT,
     .offset = offsetof(struct desc_program_image, path_for_symbols),
     .doc = "ELF file in whose symbol table variables are looked up; default: the program itself"},
};

const struct element_spec lang_program_image = {
    .name = "program_image",
    .doc = "The program of a protection domain.",
    .attrs = program_image_attrs,
    .attr_count = COUNT(program_image_attrs),
    .fields_bytes = sizeof(struct desc_program_image),
};

/* VMs have all but the last, PDs all but the first. */
static const struct attr_spec map_attrs[] = {
    {.name = "setvar_vaddr", .unsupported = "is for maps of protection domains only"},
    {.name = "mr",
     .type = ATTR_NAME,
     .required = true,
     .offset = offsetof(struct desc_map, mr),
     .doc = "name of the memory region"},
    {.name = "vaddr",
     .type = ATTR_SIZE,
     .required = true,
     .offset = offsetof(struct desc_map, vaddr),
     .doc = "address to map it at; in a virtual machine, the guest-physical address"},
    {.name = "perms",
     .type = ATTR_PERMS,
     .offset = offsetof(struct desc_map, perms),
     .fallback = "rw",
     .doc = "permissions"},
    {.name = "cached",
     .type = ATTR_BOOL,
     .offset = offsetof(struct desc_map, cached),
     .fallback = "true",
     .doc = "whether accesses go through the caches; false for device registers"},
    {.name = "setvar_size",
     .type = ATTR_SYMBOL,
     .offset = offsetof(struct desc_map, setvar_size),
     .doc = "symbol that is set to the size of the region"},
    {.name = "setvar_prefill_size",
     .type = ATTR_SYMBOL,
     .offset = offsetof(struct desc_map, setvar_prefill_size),
     .doc = "symbol that is set to the number of prefilled bytes"},
    {.name = "setvar_vaddr",
     .type = ATTR_SYMBOL,
     .offset = offsetof(struct desc_map, setvar_vaddr),
     .doc = "symbol that is set to vaddr"},
};

const struct element_spec lang_map = {
    .name = "map",
    .doc = "Maps a memory region into the protection domain.",
    .attrs = &map_attrs[1],
    .attr_count = COUNT(map_attrs) - 1,
    .fields_bytes = sizeof(struct desc_map),
};

const struct element_spec lang_vm_map = {
    .name = "map",
    .doc = "Maps a memory region into the virtual machine.",
    .attrs = map_attrs,
    .attr_count = COUNT(map_attrs) - 1,
    .fields_bytes = sizeof(struct desc_map),
};

static const char *const triggers[] = {"level", "edge", NULL};

static const struct attr_spec irq_attrs[] = {
    {.name = "irq",
     .type = ATTR_NUMBER,
     .required = true,
     .offset = offsetof(struct desc_irq, irq),
     .min = 16,
     .max = 1019,
     .doc = "number of the hardware interrupt (GIC INTID)"},
    {.name = "id",
     .type = ATTR_NUMBER,
     .required = true,
     .offset = offsetof(struct desc_irq, id),
     .max = MAX_ID,
     .doc = "channel id that stands for it in the protection domain"},
    {.name = "trigger",
     .type = ATTR_CHOICE,
     .offset = offsetof(struct desc_irq, trigger),
     .fallback = "level",
     .choices = triggers,
     .doc = "how the device signals it"},
    {.name = "setvar_id",
     .type = ATTR_SYMBOL,
     .offset = offsetof(struct desc_irq, setvar_id),
     .doc = "symbol that is set to the channel id"},
    {.name = "pin", .unsupported = only_x86},
    {.name = "vector", .unsupported = only_x86},
    {.name = "ioapic", .unsupported = only_x86},
    {.name = "polarity", .unsupported = only_x86},
    {.name = "pcidev", .unsupported = only_x86},
    {.name = "handle", .unsupported = only_x86},
};

const struct element_spec lang_irq = {
    .name = "irq",
    .doc = "A hardware interrupt that notifies the protection domain.",
    .attrs = irq_attrs,
    .attr_count = COUNT(irq_attrs),
    .fields_bytes = sizeof(struct desc_irq),
};

static const struct attr_spec setvar_attrs[] = {
    {.name = "symbol",
     .type = ATTR_SYMBOL,
     .required = true,
     .offset = offsetof(struct desc_setvar, symbol),
     .doc = "name of a symbol of the program"},
    {.name = "region_paddr",
     .type = ATTR_NAME,
     .required = true,
     .offset = offsetof(struct desc_setvar, region_paddr),
     .doc = "memory region whose physical address it gets"},
};

const struct element_spec lang_setvar = {
    .name = "setvar",
    .doc = "Sets a variable of the program when the image is built.",
    .attrs = setvar_attrs,
    .attr_count = COUNT(setvar_attrs),
    .fields_bytes = sizeof(struct desc_setvar),
};

static const struct attr_spec vcpu_attrs[] = {
    {.name = "id",
     .type = ATTR_NUMBER,
     .required = true,
     .offset = offsetof(struct desc_vcpu, id),
     .max = MAX_ID,
     .doc = "id of the vCPU in its protection domain"},
    {.name = "cpu",
     .type = ATTR_NUMBER,
     .offset = offsetof(struct desc_vcpu, cpu),
     .max = 255,
     .doc = "core it runs on; default: that of its protection domain"},
    {.name = "setvar_id",
     .type = ATTR_SYMBOL,
     .offset = offsetof(struct desc_vcpu, setvar_id),
     .doc = "symbol that is set to the id"},
};

const struct element_spec lang_vcpu = {
    .name = "vcpu",
    .doc = "A virtual CPU.",
    .attrs = vcpu_attrs,
    .attr_count = COUNT(vcpu_attrs),
    .fields_bytes = sizeof(struct desc_vcpu),
};

static const struct attr_spec vm_attrs[] = {
    {.name = "name",
     .type = ATTR_NAME,
     .required = true,
     .offset = offsetof(struct desc_virtual_machine, name),
     .doc = "unique name"},
    {.name = "priority",
     .type = ATTR_NUMBER,
     .offset = offsetof(struct desc_virtual_machine, priority),
     .fallback = "0",
     .max = MAX_PRIORITY,
     .doc = "priority of its vCPUs"},
    {.name = "budget",
     .type = ATTR_NUMBER,
     .offset = offsetof(struct desc_virtual_machine, budget),
     .fallback = "1000",
     .min = 1,
     .max = MAX_MICROSECONDS,
     .doc = "microseconds it may run in each period"},
    {.name = "period",
     .type = ATTR_NUMBER,
     .offset = offsetof(struct desc_virtual_machine, period),
     .min = 1,
     .max = MAX_MICROSECONDS,
     .doc = "microseconds; default: the budget"},
};

static const struct element_child vm_children[] = {
    {&lang_vcpu, 1, 0},
    {&lang_vm_map, 0, 0},
};

const struct element_spec lang_vm = {
    .name = "virtual_machine",
    .doc = "A virtual machine that the protection domain is the VMM of.",
    .attrs = vm_attrs,
    .attr_count = COUNT(vm_attrs),
    .fields_bytes = sizeof(struct desc_virtual_machine),
    .children = vm_children,
    .child_count = COUNT(vm_children),
};

/* Children have all but the first two, others all but the last two. */
static const struct attr_spec pd_attrs[] = {
    {.name = "id", .unsupported = "is for protection domains inside another"},
    {.name = "setvar_id", .unsupported = "is for protection domains inside another"},
    {.name = "name",
     .type = ATTR_NAME,
     .required = true,
     .offset = offsetof(struct desc_pd, name),
     .doc = "unique name"},
    {.name = "priority",
     .type = ATTR_NUMBER,
     .offset = offsetof(struct desc_pd, priority),
     .fallback = "0",
     .max = MAX_PRIORITY,
     .doc = "priority; the higher runs first"},
    {.name = "budget",
     .type = ATTR_NUMBER,
     .offset = offsetof(struct desc_pd, budget),
     .fallback = "1000",
     .min = 1,
     .max = MAX_MICROSECONDS,
     .doc = "microseconds it may run in each period"},
    {.name = "period",
     .type = ATTR_NUMBER,
     .offset = offsetof(struct desc_pd, period),
     .min = 1,
     .max = MAX_MICROSECONDS,
     .doc = "microseconds; default: the budget"},
    {.name = "passive",
     .type = ATTR_BOOL,
     .offset = offsetof(struct desc_pd, passive),
     .fallback = "false",
     .doc = "whether it runs only on its callers' time once initialised"},
    {.name = "stack_size",
     .type = ATTR_SIZE,
     .offset = offsetof(struct desc_pd, stack_size),
     .fallback = "8K",
     .min = 0x1000,
     .max = 0x1000000,
     .multiple = MODEL_PAGE_BYTES,
     .doc = "bytes of stack"},
    {.name = "cpu",
     .type = ATTR_NUMBER,
     .offset = offsetof(struct desc_pd, cpu),
     .fallback = "0",
     .max = 255,
     .doc = "core it runs on"},
    {.name = "smc",
     .type = ATTR_NAMES,
     .offset = offsetof(struct desc_pd, smc),
     .doc = "calls of the firmware that it may have the kernel make (SMC): psci_version, system_off, "
            "system_reset, "
            "psci_features, trng_version, trng_features, trng_get_uuid, trng_rnd, trng_rnd64, or numbers of "
            "a vendor's; "
            "default: none"},
    {.name = "fpu",
     .type = ATTR_BOOL,
     .offset = offsetof(struct desc_pd, fpu),
     .fallback = "true",
     .doc = "whether it may use the floating-point registers"},
    {.name = "domain", .unsupported = no_domains},
    {.name = "id",
     .type = ATTR_NUMBER,
     .required = true,
     .offset = offsetof(struct desc_pd, id),
     .max = MAX_ID,
     .doc = "id by which its parent refers to it"},
    {.name = "setvar_id",
     .type = ATTR_SYMBOL,
     .offset = offsetof(struct desc_pd, setvar_id),
     .doc = "symbol of the parent's program that is set to the id"},
};

const struct element_spec lang_ioport = {.name = "ioport", .unsupported = only_x86};
const struct element_spec lang_cspace = {.name = "cspace", .unsupported = only_sel4};
const struct element_spec lang_domains = {.name = "domains", .unsupported = no_domains};
const struct element_spec lang_io_address_space = {.name = "io_address_space", .unsupported = no_iommu};

static const struct element_child pd_children[] = {
    {&lang_program_image, 1, 1}, {&lang_map, 0, 0}, {&lang_irq, 0, 0},    {&lang_setvar, 0, 0},
    {&lang_child_pd, 0, 0},      {&lang_vm, 0, 1},  {&lang_ioport, 0, 0}, {&lang_cspace, 0, 0},
};

const struct element_spec lang_pd = {
    .name = "protection_domain",
    .doc = "A protection domain: one program, isolated from all others.",
    .attrs = pd_attrs,
    .attr_count = COUNT(pd_attrs) - 2,
    .fields_bytes = sizeof(struct desc_pd),
    .children = pd_children,
    .child_count = COUNT(pd_children),
};

const struct element_spec lang_child_pd = {
    .name = "protection_domain",
    .doc = "A child: its faults go to its parent, which may restart it.",
    .attrs = &pd_attrs[2],
    .attr_count = COUNT(pd_attrs) - 2,
    .fields_bytes = sizeof(struct desc_pd),
    .children = pd_children,
    .child_count = COUNT(pd_children),
};

static const struct attr_spec mr_attrs[] = {
    {.name = "name",
     .type = ATTR_NAME,
     .required = true,
     .offset = offsetof(struct desc_memory_region, name),
     .doc = "unique name"},
    {.name = "size",
     .type = ATTR_SIZE,
     .offset = offsetof(struct desc_memory_region, size),
     .min = MODEL_PAGE_BYTES,
     .multiple = MODEL_PAGE_BYTES,
     .doc = "bytes; default with prefill_path: the size of the file in whole pages"},
    {.name = "page_size",
     .type = ATTR_SIZE,
     .offset = offsetof(struct desc_memory_region, page_size),
     .doc = "0x1000 or 0x200000; default: the larger if everything is aligned to it"},
    {.name = "phys_addr",
     .type = ATTR_SIZE,
     .offset = offsetof(struct desc_memory_region, phys_addr),
     .multiple = MODEL_PAGE_BYTES,
     .doc = "physical address; default: anywhere in RAM"},
    {.name = "prefill_path",
     .type = ATTR_TEXT,
     .offset = offsetof(struct desc_memory_region, prefill_path),
     .doc = "file with the initial contents; the rest is zero"},
    {.name = "prefill_bootinfo", .unsupported = only_sel4},
};

const struct element_spec lang_mr = {
    .name = "memory_region",
    .doc = "A range of memory or of device registers that protection domains map.",
    .attrs = mr_attrs,
    .attr_count = COUNT(mr_attrs),
    .fields_bytes = sizeof(struct desc_memory_region),
};

static const struct attr_spec end_attrs[] = {
    {.name = "pd",
     .type = ATTR_NAME,
     .required = true,
     .offset = offsetof(struct desc_end, pd),
     .doc = "name of the protection domain at this end"},
    {.name = "id",
     .type = ATTR_NUMBER,
     .required = true,
     .offset = offsetof(struct desc_end, id),
     .max = MAX_ID,
     .doc = "channel id in that protection domain"},
    {.name = "pp",
     .type = ATTR_BOOL,
     .offset = offsetof(struct desc_end, pp),
     .fallback = "false",
     .doc = "whether this end may call the other, which must have the higher priority"},
    {.name = "notify",
     .type = ATTR_BOOL,
     .offset = offsetof(struct desc_end, notify),
     .fallback = "true",
     .doc = "whether this end may notify the other"},
    {.name = "setvar_id",
     .type = ATTR_SYMBOL,
     .offset = offsetof(struct desc_end, setvar_id),
     .doc = "symbol that is set to the channel id"},
};

const struct element_spec lang_end = {
    .name = "end",
    .doc = "One end of a channel.",
    .attrs = end_attrs,
    .attr_count = COUNT(end_attrs),
    .fields_bytes = sizeof(struct desc_end),
};

static const struct element_child channel_children[] = {{&lang_end, 2, 2}};

const struct element_spec lang_channel = {
    .name = "channel",
    .doc = "Two protection domains that may notify or call each other.",
    .children = channel_children,
    .child_count = COUNT(channel_children),
};
