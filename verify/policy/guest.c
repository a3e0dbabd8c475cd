/* SPDX-License-Identifier: BSD-2-Clause */
/* <guest>: a VMM, a virtual machine, and its devices. The addresses are those of docs/guests.md. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "verify/policy/system.h"

#define GICD_GPA UINT64_C(0x8000000)
#define GICD_SGIR UINT64_C(0xf00)
#define GICD_BYTES UINT64_C(0x10000)
#define GICC_GPA UINT64_C(0x8010000)
#define GICR_GPA UINT64_C(0x80a0000)
#define GICR_BYTES UINT64_C(0x20000) /* a vCPU */
#define PL011_GPA UINT64_C(0x9000000)
#define PL011_INTID UINT64_C(33)
#define RTC_GPA UINT64_C(0x9010000)
#define RTC_INTID UINT64_C(34)
#define FLASH_GPA UINT64_C(0x4000000)
#define FLASH_BYTES UINT64_C(0x100000)
#define WATCHDOG_GPA UINT64_C(0x9100000)
#define WATCHDOG_INTID UINT64_C(44)
#define PAGE_BYTES UINT64_C(0x1000)
#define CHANNEL_BYTES UINT64_C(0x4000)
#define PCI_WINDOW_GPA UINT64_C(0x10000000)
#define MSI_INTID UINT64_C(128)
#define MAX_DEVICES 32u

static const struct policy_pd_defaults vmm_defaults = {.priority = "200",
                                                       .budget = "1000",
                                                       .program = "vmm.elf",
                                                       .stack = "64K",
                                                       .period_budgets = 1,
                                                       .is_lowered = true};
static const struct policy_pd_defaults vm_defaults = {
    .priority = "100", .budget = "1000", .period_budgets = 1};

/* Of a guest with deadlines. */
static const struct policy_pd_defaults realtime_defaults = {
    .priority = "190", .budget = "1000", .period_budgets = 1};

static void add_ram(struct system *system, struct system_guest *guest)
{
    uint64_t bytes = description_number(guest->node, "ram", "");
    uint64_t gpa = description_number(guest->node, "ram_base", "0x40000000");

    guest->ram = policy_region(system->policy, description_format("%s_ram", guest->name), bytes);
    policy_hold(guest->ram, guest->domain, policy_role(description_format("at 0x%" PRIx64, gpa)),
                POLICY_READ | POLICY_WRITE | POLICY_EXECUTE);
    policy_hold(guest->ram, guest->vmm, policy_role("ram"), POLICY_READ | POLICY_WRITE);
}

/* Number `index` of the list `cpus`, or the only one; without it the VMM's core. */
static const char *core_of(const xmlNode *guest, uint64_t index)
{
    const char *text = description_text(guest, "cpus", description_text(guest, "vmm_cpu", "0"));
    const char *found = text;

    for (uint64_t i = 0; *text != '\0'; i++) {
        found = i <= index ? text : found;
        text += strcspn(text, " \t\n,");
        text += strspn(text, " \t\n,");
    }
    return found;
}

static void add_vcpus(struct system *system, const struct system_guest *guest)
{
    uint64_t count = description_number(guest->node, "vcpus", "1");
    /* The bundled kernel sends interrupts between vCPUs itself; on seL4 the VMM does. */
    const char *sgis =
        system->policy->sel4 ? "" : description_format(" sgis 0x%" PRIx64, (uint64_t)GICD_GPA + GICD_SGIR);

    for (uint64_t i = 0; i < count; i++) {
        policy_add(system->policy, "vcpu %s %" PRIu64 ": %s vcpu.%" PRIu64 "%s%s%s", guest->domain, i,
                   guest->vmm, i, description_is(guest->node, "sve", "false") ? " sve" : "",
                   description_is(guest->node, "debug", "false") ? " debug" : "", sgis);
        policy_schedule(system->policy, description_format("%s %" PRIu64, guest->domain, i), guest->node, "",
                        description_is(guest->node, "realtime", "false") ? &realtime_defaults : &vm_defaults,
                        core_of(guest->node, i));
    }
}

static const char *link_bytes(const xmlNode *console)
{
    return policy_hex("link_bytes", description_number(console, "ring_bytes", "16K") + PAGE_BYTES);
}

static void add_ports(struct system *system, struct system_guest *guest, const xmlNode *console)
{
    for (xmlNode *port = description_child(console, "port"); port != NULL;
         port = description_next(port, "port")) {
        const char *name = description_text(port, "name", "");
        const char *label = description_text(port, "label", description_format("%s_%s", guest->name, name));

        const char *role = description_format("hvc.%s", name);

        if (services_console(system, port, label, guest->vmm, guest->domain, policy_role(role), 4)) {
            POLICY_CONFIG(system->policy, guest->vmm, role, link_bytes(port));
        }
    }
}

static uint64_t count_children(const xmlNode *node, const char *name)
{
    uint64_t count = 0;

    for (xmlNode *child = description_child(node, name); child != NULL;
         child = description_next(child, name)) {
        count++;
    }
    return count;
}

/* A PL011, and with type="virtio" a virtio console on the same link, which takes over from it. */
static void add_console(struct system *system, struct system_guest *guest, const xmlNode *node)
{
    bool is_virtio = strcmp(description_text(node, "type", "pl011"), "virtio") == 0;
    struct policy_roles roles = policy_role("console");

    if (is_virtio) {
        roles = (struct policy_roles){.names = {"console", "hvc"}, .count = 2};
    }
    if (!services_console(system, node, guest->name, guest->vmm, guest->domain, roles, 0)) {
        return;
    }
    if (is_virtio) {
        struct system_place place;

        add_ports(system, guest, node);
        place = guest_place(guest, node);
        guest_device(
            system, guest, "hvc", "console", &place,
            (const char *[]){policy_number("port_count", count_children(node, "port")), link_bytes(node)}, 2);
        guest->device_count++;
    }
    guest_device(system, guest, "console", "pl011", NULL,
                 (const char *[]){policy_hex("gpa", PL011_GPA), policy_hex("bytes", PAGE_BYTES),
                                  policy_number("virq", PL011_INTID), link_bytes(node)},
                 4);
    guest->device_count++;
    guest_device_intid(guest, PL011_INTID);
}

static void add_watchdog(struct system *system, struct system_guest *guest)
{
    uint64_t limit = description_number(guest->node, "watchdog_ms", "0");

    if (limit != 0) {
        guest_device(
            system, guest, "watchdog", "watchdog", NULL,
            (const char *[]){
                policy_hex("gpa", WATCHDOG_GPA), policy_hex("bytes", 2 * PAGE_BYTES),
                policy_number("virq", WATCHDOG_INTID), policy_number("limit_ms", limit),
                policy_number("boot_ms", description_number(guest->node, "watchdog_boot_ms", "120000"))},
            5);
        guest->device_count++;
        guest_device_intid(guest, WATCHDOG_INTID);
    }
}

/* Flash for a firmware's variables: the guest reads it, its stores are commands to the VMM. */
static void add_flash(struct system *system, struct system_guest *guest)
{
    const xmlNode *node = description_child(guest->node, "firmware");

    if (node != NULL && description_is(node, "flash", "false")) {
        guest_registers(system, guest, "flash", FLASH_GPA, FLASH_BYTES);
        guest_device(system, guest, "flash", "flash", NULL,
                     (const char *[]){policy_hex("gpa", FLASH_GPA), policy_hex("bytes", FLASH_BYTES)}, 2);
        guest->device_count++;
    }
}

static void add_entropy(struct system *system, struct system_guest *guest)
{
    if (system->entropy == NULL) {
        return;
    }
    guest->has_entropy = true;
    policy_connect(system->policy, (struct policy_end){guest->vmm, policy_role("entropy"), false, true},
                   (struct policy_end){system->entropy, policy_role("client"), false, false});
    if (description_is(guest->node, "rng", "true") && guest->device_count < MAX_DEVICES) {
        struct system_place place = guest_place(guest, NULL);

        guest_device(system, guest, "rng", "entropy", &place, NULL, 0);
        guest->device_count++;
    }
}

static void add_rtc(struct system *system, struct system_guest *guest)
{
    if (system->has_clock && !guest->clock_taken && description_is(guest->node, "rtc", "true") &&
        guest->device_count < MAX_DEVICES) {
        guest_device(system, guest, "rtc", "rtc", NULL,
                     (const char *[]){policy_hex("gpa", RTC_GPA), policy_hex("bytes", PAGE_BYTES),
                                      policy_number("virq", RTC_INTID)},
                     3);
        guest->device_count++;
        guest_device_intid(guest, RTC_INTID);
    }
}

/* What a <watch> calls a file's region: "debian_Image" for "debian", of a path its last component. */
static const char *image_name(const char *value, const char *file)
{
    const char *slash = strrchr(value, '/');

    return slash == NULL ? description_format("%.40s_%s", value, file)
                         : description_format("%.60s", slash + 1);
}

static void add_images(struct system *system, const struct system_guest *guest)
{
    const xmlNode *node = description_child(guest->node, "linux");
    const char *const roles[] = {"kernel", "initrd", "dtb"};
    const char *const files[] = {"Image", "initrd.cpio.gz", ""};

    for (size_t i = 0; node != NULL && i < sizeof roles / sizeof roles[0]; i++) {
        const char *value = description_text(node, roles[i], NULL);
        const char *name = i == 2          ? description_format("%s_dtb", guest->name)
                           : value == NULL ? NULL
                                           : image_name(value, files[i]);

        if (name != NULL) {
            policy_hold(policy_region(system->policy, name, 0), guest->vmm, policy_role(roles[i]),
                        POLICY_READ);
        }
    }
}

/* A firmware is loaded by its VMM, or a ROM that the guest runs where it lies. */
static void add_firmware(struct system *system, const struct system_guest *guest)
{
    const xmlNode *node = description_child(guest->node, "firmware");
    const char *value = description_text(node, "image", "");
    uint64_t ram = description_number(guest->node, "ram_base", "0x40000000");
    uint64_t ram_bytes = description_number(guest->node, "ram", "");
    uint64_t address;

    if (node == NULL) {
        return;
    }
    if (description_is(node, "device_tree", "true")) {
        policy_hold(policy_region(system->policy, description_format("%s_dtb", guest->name), 0), guest->vmm,
                    policy_role("dtb"), POLICY_READ);
    }
    /* Without one it is in RAM, also if it is an ELF file. */
    address = description_number(node, "address", description_format("%" PRIu64, ram));
    if (address >= ram && address - ram < ram_bytes) {
        policy_hold(policy_region(system->policy, image_name(value, "firmware.bin"), 0), guest->vmm,
                    policy_role("kernel"), POLICY_READ);
    } else {
        policy_hold(policy_region(system->policy, image_name(value, "firmware.bin"), 0), guest->domain,
                    policy_role(description_format("at 0x%" PRIx64, address)), POLICY_READ | POLICY_EXECUTE);
    }
}

static const char *unless_stop(const char *name, const char *action)
{
    return strcmp(action, "stop") == 0 ? NULL : policy_text(name, action);
}

/** A guest that may end the machine: its VMM has PSCI's SYSTEM_OFF. */
static void add_halt(struct system *system, const struct system_guest *guest)
{
    if (strcmp(description_text(guest->node, "on_off", "stop"), "halt") == 0 ||
        strcmp(description_text(guest->node, "on_reset", "restart"), "halt") == 0 ||
        strcmp(description_text(guest->node, "on_crash", "stop"), "halt") == 0) {
        policy_add(system->policy, "firmware-calls %s: 0x84000008", guest->vmm);
    }
}

/* A tool's way to the VMM: what it can do there is what it can do to the guest. */
static void add_channel(struct system *system, const struct system_guest *guest, const char *attribute,
                        const char *kind)
{
    if (description_is(guest->node, attribute, "false")) {
        (void)services_channel(system, description_format("%s.%s", guest->name, kind), guest->vmm,
                               guest->domain, policy_role(attribute), CHANNEL_BYTES, 0);
    }
}

static const char *channel_bytes(const struct system *system, const struct system_guest *guest,
                                 const char *attribute)
{
    const bool has = system->mux != NULL && description_is(guest->node, attribute, "false");

    return policy_hex(description_format("%s_bytes", attribute), has ? CHANNEL_BYTES + PAGE_BYTES : 0);
}

static void add_config(struct system *system, const struct system_guest *guest, bool is_supervised)
{
    const xmlNode *node = guest->node;
    uint64_t spis = ((guest->last_intid < 95 ? 95 : guest->last_intid) - 31 + 31) / 32 * 32;
    bool has_pci = guest->pci_count > 0;
    bool has_v3 = system->policy->board->gic_kind == SYSDESC_GIC_V3;

    POLICY_CONFIG(
        system->policy, guest->vmm, "guest", policy_text("name", guest->name),
        policy_hex("ram_gpa", description_number(node, "ram_base", "0x40000000")),
        policy_hex("ram_bytes", description_number(node, "ram", "")),
        policy_number("vcpu_count", description_number(node, "vcpus", "1")), policy_hex("gicd_gpa", GICD_GPA),
        policy_hex("gicd_bytes", GICD_BYTES), policy_hex("gicc_gpa", has_v3 ? 0 : GICC_GPA),
        policy_hex("gicr_gpa", has_v3 ? GICR_GPA : 0),
        policy_hex("gicr_bytes", has_v3 ? GICR_BYTES * description_number(node, "vcpus", "1") : 0),
        policy_number("spi_count", spis), unless_stop("on_off", description_text(node, "on_off", "stop")),
        unless_stop("on_reset", description_text(node, "on_reset", "restart")),
        unless_stop("on_crash", description_text(node, "on_crash", "stop")),
        policy_number("restart_limit", description_number(node, "restart_limit", "0")),
        policy_number("restart_window_ms", description_number(node, "restart_window_ms", "60000")),
        policy_number("restart_backoff_ms", description_number(node, "restart_backoff_ms", "100")),
        policy_number("restart_backoff_max_ms", description_number(node, "restart_backoff_max_ms", "10000")),
        policy_number("has_supervisor", is_supervised), policy_number("has_entropy", guest->has_entropy),
        policy_number("device_count", guest->device_count), channel_bytes(system, guest, "debug"),
        channel_bytes(system, guest, "control"), policy_hex("pci_ecam_gpa", has_pci ? 0x10100000 : 0),
        policy_hex("pci_ecam_bytes", has_pci ? 0x100000 : 0),
        policy_hex("pci_window_gpa", has_pci ? PCI_WINDOW_GPA : 0),
        policy_hex("pci_window_bytes", has_pci ? 0x100000 : 0),
        policy_hex("pci_msi_gpa", has_pci ? 0x8020000 : 0), policy_hex("pci_msi_bytes", has_pci ? 0x1000 : 0),
        policy_number("pci_msi_first", has_pci ? MSI_INTID : 0),
        policy_number("pci_msi_count", guest->msi_count));
}

/* Its VMM is a child of the supervisor if it says so, or if its crash leads to a restart. */
static bool is_supervised(const xmlNode *node)
{
    const char *said = description_text(node, "supervised", "auto");

    return strcmp(said, "true") == 0 ||
           (strcmp(said, "auto") == 0 && strcmp(description_text(node, "on_crash", "stop"), "restart") == 0);
}

static void add_children(struct system *system, struct system_guest *guest)
{
    for (xmlNode *child = description_child(guest->node, NULL); child != NULL;
         child = description_next(child, NULL)) {
        if (description_is_a(child, "console")) {
            add_console(system, guest, child);
        } else if (description_is_a(child, "net")) {
            net_expand(system, guest, child);
        } else if (description_is_a(child, "block")) {
            disk_block(system, guest, child);
        } else if (description_is_a(child, "map")) {
            microkit_map(system, child, guest->domain, NULL);
        } else if (description_is_a(child, "passthrough")) {
            passthrough_expand(system, guest, child);
        }
    }
}

void guest_expand(struct system *system, xmlNode *node)
{
    const char *name = description_text(node, "name", "");
    struct system_guest guest = {.node = node,
                                 .name = name,
                                 .vmm = description_format("%s_vmm", name),
                                 .domain = description_format("vm:%s", name)};
    const struct board_range *gicv = &system->policy->board->gicv;

    policy_pd(system->policy, guest.vmm, node, "vmm_", &vmm_defaults);
    if (!system->policy->sel4) {
        policy_add(system->policy, "account %s %s: own", guest.vmm, guest.domain);
    }
    add_ram(system, &guest);
    add_vcpus(system, &guest);
    if (gicv->bytes != 0) { /* a guest's GICv3 has no registers of the board's */
        policy_hold(policy_device(system->policy, gicv->base, gicv->bytes), guest.domain,
                    policy_role(description_format("at 0x%" PRIx64, (uint64_t)GICC_GPA)),
                    POLICY_READ | POLICY_WRITE);
    }
    add_children(system, &guest);
    add_watchdog(system, &guest);
    add_flash(system, &guest);
    add_entropy(system, &guest);
    services_timer(system, guest.vmm);
    add_rtc(system, &guest);
    add_channel(system, &guest, "debug", "gdb");
    add_channel(system, &guest, "control", "ctl");
    if (is_supervised(node)) {
        services_supervise(system, &guest);
    }
    add_images(system, &guest);
    add_firmware(system, &guest);
    add_config(system, &guest, is_supervised(node));
    add_halt(system, &guest);
}
