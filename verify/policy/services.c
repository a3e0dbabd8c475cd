/* SPDX-License-Identifier: BSD-2-Clause */
/* The services beside switches and disks: consoles, timer, entropy, supervisor, VMM. */
#include <inttypes.h>
#include <string.h>

#include "kernel/include/sysdesc.h"
#include "verify/policy/system.h"

#define TIMER_INTID 30u
#define CHANNEL_FLAG 8u
#define SHARED_FLAG 16u
#define TOP_RING_BYTES UINT64_C(0x10000)
#define TRACER_RING_BYTES UINT64_C(0x8000)
#define TRACE_HEADER_BYTES UINT64_C(0x1000)

static const struct policy_pd_defaults mux_defaults = {.priority = "230",
                                                       .budget = "1000",
                                                       .program = "serial_mux.elf",
                                                       .stack = "64K",
                                                       .period_budgets = 1,
                                                       .is_lowered = true};
static const struct policy_pd_defaults uart_defaults = {.priority = "240",
                                                        .budget = "1000",
                                                        .program = "uart_driver.elf",
                                                        .stack = "64K",
                                                        .period_budgets = 1,
                                                        .is_lowered = true};
static const struct policy_pd_defaults entropy_defaults = {
    .priority = "245", .budget = "1000", .program = "entropy.elf", .stack = "64K", .period_budgets = 10};
static const struct policy_pd_defaults stats_defaults = {.priority = "220",
                                                         .budget = "1000",
                                                         .program = "stats.elf",
                                                         .stack = "64K",
                                                         .period_budgets = 1,
                                                         .is_lowered = true};
static const struct policy_pd_defaults timer_defaults = {
    .priority = "254", .budget = "1000", .program = "timer.elf", .stack = "0x1000", .period_budgets = 1};
static const struct policy_pd_defaults guard_defaults = {.priority = "254",
                                                         .budget = "100",
                                                         .program = "timer_guard.elf",
                                                         .stack = "0x1000",
                                                         .period_budgets = 100};
static const struct policy_pd_defaults supervisor_defaults = {
    .priority = "253", .budget = "1000", .program = "supervisor.elf", .stack = "0x1000", .period_budgets = 1};

void services_serial(struct system *system, const xmlNode *node)
{
    struct policy *policy = system->policy;
    const struct board *board = policy->board;
    const char *driver = description_text(node, "driver_name", "uart_driver");
    uint64_t ring = description_number(node, "ring_bytes", "16K");
    struct policy_region *klog;

    system->mux = description_text(node, "name", "serial_mux");
    policy_pd(policy, system->mux, node, "", &mux_defaults);
    policy_pd(policy, driver, node, "driver_", &uart_defaults);
    policy_hold(policy_device(policy, board->uart.base, board->uart.bytes), driver, policy_role("registers"),
                POLICY_READ | POLICY_WRITE);
    policy_add(policy, "interrupt %u: %s irq level", board->uart_irq, driver);
    policy_link(policy, driver, policy_role("link"), system->mux, policy_role("driver"), ring);
    POLICY_CONFIG(policy, driver, "uart", policy_hex("link_bytes", ring + 0x1000),
                  policy_number("kind", (uint64_t)board->uart_kind));
    if (description_is(node, "klog", "true") && !policy->sel4) {
        klog = policy_region(policy, NULL, SYSDESC_KLOG_BYTES);
        klog->is_klog = true;
        policy_hold(klog, system->mux, policy_role("klog"), POLICY_READ);
        policy_add(policy, "klog: %s klog", system->mux);
    }
}

bool services_console(struct system *system, const xmlNode *node, const char *default_name, const char *pd,
                      const char *vm, struct policy_roles roles, uint64_t flags)
{
    bool is_port = description_is_a(node, "port");
    const char *name = is_port ? default_name : description_text(node, "name", default_name);
    const char *role = description_format("client.%s", name);
    uint64_t ring = description_number(node, "ring_bytes", "16K");

    if (system->mux == NULL) { /* <serial> is switched off */
        return false;
    }
    flags |= (strcmp(description_text(node, "overflow", "block"), "drop") == 0 ? 1u : 0u) |
             (description_is(node, "silent", "false") ? 2u : 0u);
    policy_link(system->policy, pd, roles, system->mux, policy_role(role), ring);
    POLICY_CONFIG(system->policy, system->mux, role, policy_number("flags", flags),
                  policy_hex("link_bytes", ring + 0x1000));
    if (vm != NULL) {
        system_charge(system, system->mux, vm, role, system->console_vms, &system->console_vm_count);
    }
    system->focus = system->terminal_count == 0 ? name : system->focus;
    system->terminal_count++;
    system->console_count++;
    return true;
}

bool services_channel(struct system *system, const char *name, const char *pd, const char *vm,
                      struct policy_roles roles, uint64_t ring, uint64_t flags)
{
    const char *role = description_format("client.%s", name);

    if (system->mux == NULL) {
        return false;
    }
    policy_link(system->policy, pd, roles, system->mux, policy_role(role), ring);
    POLICY_CONFIG(system->policy, system->mux, role, policy_number("flags", CHANNEL_FLAG | flags),
                  policy_hex("link_bytes", ring + 0x1000));
    if (vm != NULL) {
        system_charge(system, system->mux, vm, role, system->console_vms, &system->console_vm_count);
    }
    system->focus = system->console_count == 0 ? name : system->focus;
    system->console_count++;
    return true;
}

static void finish_serial(struct system *system)
{
    const xmlNode *node = description_child(system->root, "serial");
    uint64_t ring = description_number(node, "ring_bytes", "16K");

    if (system->mux != NULL) {
        system_charge_driver(system, description_text(node, "driver_name", "uart_driver"),
                             system->console_vms, system->console_vm_count);
        POLICY_CONFIG(system->policy, system->mux, "mux",
                      policy_number("escape", description_number(node, "escape", "0x1c")),
                      policy_number("client_count", system->console_count),
                      policy_text("focus", description_text(node, "input", system->focus)),
                      policy_number("flags", !description_is(node, "colours", "true")),
                      policy_hex("driver_bytes", ring + 0x1000));
    }
}

void services_entropy(struct system *system)
{
    struct policy *policy = system->policy;
    const xmlNode *node = description_child(system->root, "entropy");
    const struct board_range *fdt = &policy->board->sel4_fdt;
    struct policy_region *region;

    if (node == NULL &&
        (description_child(system->root, "guest") == NULL || description_is_off("entropy", NULL))) {
        return;
    }
    system->entropy = description_text(node, "name", "entropy");
    policy_pd(policy, system->entropy, node, "", &entropy_defaults);
    if (!policy->sel4) {
        policy_add(policy, "seed: %s", system->entropy);
    } else if (fdt->bytes != 0) { /* where firmware leaves its device tree, which has the seed */
        region = policy_region(policy, NULL, fdt->bytes);
        region->is_fixed = true;
        region->phys = fdt->base;
        policy_hold(region, system->entropy, policy_role("fdt"), POLICY_READ);
    }
    POLICY_CONFIG(policy, system->entropy, "entropy", policy_number("has_boot_seed", !policy->sel4),
                  policy_hex("fdt_bytes", policy->sel4 ? fdt->bytes : 0));
}

static void add_guard(struct system *system)
{
    policy_pd(system->policy, "timer_guard", NULL, "", &guard_defaults);
    policy_connect(system->policy, (struct policy_end){"timer_guard", policy_role("id 0"), true, false},
                   (struct policy_end){"timer", policy_role("guard"), false, false});
}

/* The board's clock, unless a guest or a PD of the description's own has it. */
static void add_clock(struct system *system)
{
    struct policy *policy = system->policy;
    const struct board_range *clock = &policy->board->rtc.range;

    for (size_t i = 0; i < policy->region_count; i++) {
        const struct policy_region *region = policy->regions[i];

        if (region->is_device && region->phys <= clock->base && clock->base < region->phys + region->bytes) {
            return;
        }
    }
    if (clock->bytes != 0 && !passthrough_owns(system, clock->base)) {
        system->has_clock = true;
        policy_hold(policy_device(policy, clock->base, clock->bytes), system->timer, policy_role("rtc"),
                    POLICY_READ);
    }
}

void services_timer(struct system *system, const char *pd)
{
    if (system->timer == NULL) {
        system->timer = "timer";
        policy_pd(system->policy, system->timer, NULL, "", &timer_defaults);
        policy_add(system->policy, "interrupt %u: %s irq level", TIMER_INTID, system->timer);
        if (system->policy->sel4) {
            add_guard(system);
        }
        add_clock(system);
    }
    policy_connect(system->policy, (struct policy_end){pd, policy_role("timer"), false, true},
                   (struct policy_end){system->timer, policy_role("client"), true, false});
    system->timer_clients++;
}

void services_supervise(struct system *system, const struct system_guest *guest)
{
    const char *role = description_format("child.%s", guest->name);
    const xmlNode *node = guest->node;
    const char *on_crash = description_text(node, "on_crash", "stop");

    if (system->supervisor == NULL) {
        system->supervisor = "supervisor";
        policy_pd(system->policy, system->supervisor, NULL, "", &supervisor_defaults);
    }
    policy_connect(system->policy, (struct policy_end){guest->vmm, policy_role("supervisor"), false, true},
                   (struct policy_end){system->supervisor, policy_role(role), false, false});
    policy_add(system->policy, "parent %s: %s %s", guest->vmm, system->supervisor, role);
    POLICY_CONFIG(
        system->policy, system->supervisor, role,
        policy_text("on_crash", strcmp(on_crash, "stop") == 0 ? NULL : on_crash),
        policy_number("restart_limit", description_number(node, "restart_limit", "0")),
        policy_number("restart_window_ms", description_number(node, "restart_window_ms", "60000")),
        policy_number("restart_backoff_ms", description_number(node, "restart_backoff_ms", "100")),
        policy_number("restart_backoff_max_ms", description_number(node, "restart_backoff_max_ms", "10000")));
    system->supervisor_children++;
}

/* A switch's counters, and those of its ports. */
#define SWITCH_STATS_BYTES UINT64_C(0x2000)

/* Its counters of a switch are pages that the switch writes. */
static void add_switches(struct system *system, const char *name)
{
    for (size_t i = 0; i < system->switch_count && i < 8; i++) {
        struct policy_region *page = policy_region(system->policy, NULL, SWITCH_STATS_BYTES);

        policy_hold(page, system->switches[i].name, policy_role("stats"), POLICY_READ | POLICY_WRITE);
        policy_hold(page, name, policy_role(description_format("switch.%s", system->switches[i].name)),
                    POLICY_READ);
        POLICY_CONFIG(system->policy, name, description_format("switch.%s", system->switches[i].name), NULL);
    }
}

/* The kernel's events, one ring for each core, for those who ask for them. Returns the bytes of a ring, 0: there are
   none. */
static uint64_t add_trace(struct system *system, const xmlNode *node, const char *name)
{
    const uint64_t ring = description_number(node, "trace_bytes", "256K");
    struct policy_region *rings;

    if (!description_is(node, "trace", "false") || system->policy->sel4) {
        return 0;
    }
    rings = policy_region(system->policy, NULL, TRACE_HEADER_BYTES + system->policy->cores * ring);
    rings->is_trace = true;
    policy_hold(rings, name, policy_role("trace"), POLICY_READ);
    policy_add(system->policy, "trace: %s trace 0x%" PRIx64, name, ring);
    (void)services_channel(system, "trace", name, NULL, policy_role("tracer"), TRACER_RING_BYTES, 0);
    return ring;
}

void services_stats(struct system *system, const xmlNode *node)
{
    struct policy *policy = system->policy;
    const char *name = description_text(node, "name", "stats");
    const xmlNode *console = description_child(node, "console");
    uint64_t regions = 0;

    policy_pd(policy, name, node, "", &stats_defaults);
    for (xmlNode *watch = description_child(node, "watch"); watch != NULL;
         watch = description_next(watch, "watch")) {
        struct policy_region *region = policy_find_region(policy, description_text(watch, "mr", ""));

        if (region != NULL) {
            const char *role = description_format("region.%.31s", region->name);

            policy_hold(region, name, policy_role(role), POLICY_READ);
            POLICY_CONFIG(policy, name, role, NULL);
            regions++;
        }
    }
    if (console == NULL || !services_console(system, console, name, name, NULL, policy_role("console"), 0)) {
        return;
    }
    (void)services_channel(system, "top", name, NULL, policy_role("top"), TOP_RING_BYTES, SHARED_FLAG);
    if (!policy->sel4) {
        policy_add(policy, "observer: %s", name);
    }
    const uint64_t trace = add_trace(system, node, name);
    add_switches(system, name);
    POLICY_CONFIG(policy, name, "stats", policy_hex("trace_ring_bytes", trace),
                  policy_number("trace_cores", trace == 0 ? 0 : policy->cores),
                  policy_hex("tracer_bytes", trace == 0 ? 0 : TRACER_RING_BYTES + 0x1000),
                  policy_number("region_count", regions),
                  policy_number("switch_count", system->switch_count < 8 ? system->switch_count : 8),
                  policy_hex("console_bytes", description_number(console, "ring_bytes", "16K") + 0x1000),
                  policy_hex("top_bytes", TOP_RING_BYTES + 0x1000));
}

void services_finish(struct system *system)
{
    finish_serial(system);
    if (system->timer != NULL) {
        POLICY_CONFIG(
            system->policy, system->timer, "timer", policy_number("client_count", system->timer_clients),
            policy_hex("rtc_offset", system->has_clock ? system->policy->board->rtc.seconds_offset : 0));
    }
    if (system->supervisor != NULL) {
        POLICY_CONFIG(system->policy, system->supervisor, "supervisor",
                      policy_number("child_count", system->supervisor_children));
    }
}
