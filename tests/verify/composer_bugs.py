#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""One-line bugs in the composer, each of which the comparison with a policy has to find.

    composer_bugs.py --build FOLDER --board-dtb FILE --objects "..." --compile "..." --libs "..." [NAME ...]

Each bug is a text of one of tool/'s sources and what to put in its place. The source is compiled with that change and linked
with the other objects of the tool; tests/verify/bugs.system is built with the result, for the bundled kernel or for seL4, and
held against the policy of the description. A text that isn't found exactly once is an error, so that the list keeps up with the
sources. So is a bug that the composer's own checks refuse.
"""

import argparse
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from run_mutants import fake_guests

ROOT = Path(__file__).resolve().parents[2]
SYSTEM = ROOT / "tests" / "verify" / "bugs.system"

# On seL4 nothing switches the machine off, and few of the test programs exist.
SEL4_VARIABLES = ("-D", "RESET=stop", "-D", "PROGRAM=hello.elf")

# Name, text, replacement.
BUNDLED = [
    # Expansion: guests and their memory.
    ("a guest gets the first guest's RAM", "model_add_vm_map(guest->vm, ram, gpa,",
     'model_add_vm_map(guest->vm, model_find_mr(expand->model, "vm1_ram"), gpa,'),
    ("the VMM's RAM elsewhere", "model_add_pd_map(guest->vmm, ram, guest->config.ram_vaddr,",
     "model_add_pd_map(guest->vmm, ram, guest->config.ram_vaddr + MODEL_LARGE_PAGE_BYTES,"),
    ("guest's priority", "guest->vm->priority = (uint32_t)desc->priority;",
     "guest->vm->priority = (uint32_t)desc->priority + 1;"),
    ("guest's budget", "guest->vm->budget_us = desc->budget;", "guest->vm->budget_us = desc->budget / 2;"),
    ("period forgotten", "return period == 0 ? budget : period;", "return budget;"),
    ("reset does what off does", '"on_reset", desc->on_reset)', '"on_reset", desc->on_off)'),
    ("virtio interrupts level", "device->virq_edge = 1;", "device->virq_edge = 0;"),
    # Expansion: networks.
    ("both sides write a link", "(void)model_add_pd_map(pd, peer, side->peer, MODEL_READ);",
     "(void)model_add_pd_map(pd, peer, side->peer, MODEL_READ | MODEL_WRITE);"),
    ("deny is ignored", "config->ports[i].allow | to : config->ports[i].allow & ~to",
     "config->ports[i].allow | to : config->ports[i].allow"),
    ("policy is always allow", "set_allowed(config, UINT32_MAX, UINT32_MAX, desc->policy == 0);",
     "set_allowed(config, UINT32_MAX, UINT32_MAX, desc->policy < 2);"),
    ("both directions always", "if (desc->both) {", "if (desc->both || desc->to != NULL) {"),
    ("isolation is ignored", "config->ports[i].allow &= ~isolated_from(lan, i);", "(void)isolated_from(lan, i);"),
    ("a mirror of everybody", "lan->config.ports[i].mirror = watched & all & ~(1u << i);",
     "lan->config.ports[i].mirror = watched != 0 ? all & ~(1u << i) : 0;"),
    ("MAC address unchecked", "(desc->check_mac ? VSWITCH_PORT_CHECK_MAC : 0u)", "(desc->check_mac ? 0u : 0u)"),
    ("rate forgotten", "port->rate_kbps = (uint32_t)desc->rate_kbps;", "port->rate_kbps = 0;"),
    ("the switch sees beyond the RAM", "port->ram_bytes = ram->mr->size_bytes;",
     "port->ram_bytes = ram->mr->size_bytes + MODEL_PAGE_BYTES;"),
    ("posts for a neighbour's interrupt", "lan->posts[i].virq = virq;", "lan->posts[i].virq = virq + 1;"),
    ("kick delay lost", "doorbell->delay_us = delay_us;", "doorbell->delay_us = 0;"),
    ("kicks on channel 0", ".channel = (uint8_t)doorbell->channel,", ".channel = 0,"),
    # Expansion: disks.
    ("read-only is forgotten", "client.read_only = desc->readonly || model_disk->readonly;",
     "client.read_only = model_disk->readonly;"),
    ("ranges start elsewhere", "client->first_sector = desc->offset / SPEC_SECTOR_BYTES;",
     "client->first_sector = desc->offset / SPEC_SECTOR_BYTES + 8;"),
    ("partition by the wrong number", "client->partition_number = (uint32_t)i + 1;",
     "client->partition_number = (uint32_t)i + 2;"),
    ("DMA into the guest's RAM instead of the buffer", "model_add_setvar(disk->driver, symbol)->region_paddr = mr;",
     "model_add_setvar(disk->driver, symbol)->region_paddr = find_ram(vmm);"),
    ("requests beyond the region", "client->region_bytes = mr->size_bytes;", "client->region_bytes = 2 * mr->size_bytes;"),
    ("a driver told a larger region", "disk->config.region_bytes[client->region] = mr->size_bytes;",
     "disk->config.region_bytes[client->region] = 2 * mr->size_bytes;"),
    ("a limit forgotten", "struct blk_client_config client = {.iops = (uint32_t)desc->iops,",
     "struct blk_client_config client = {.iops = 0 * (uint32_t)desc->iops,"),
    ("the disk's interrupt", "device->irq : board->virtio.irq + slot->slot,", "device->irq : board->virtio.irq + slot->slot + 1,"),
    # Expansion: services.
    ("port shown as a terminal", "flags |= SERIAL_MUX_CLIENT_PORT;", "flags |= 0;"),
    ("focus on the wrong console", "config->focus = i;", "config->focus = 0;"),
    ("supervisor is no parent", "guest->vmm->parent = expand->supervisor_pd;", "guest->vmm->parent = NULL;"),
    ("supervisor stops what it should restart", "child->on_crash = guest->config.on_crash;", "child->on_crash = 0;"),
    ("the seed goes to nobody", "expand->entropy_pd->gets_seed = !expand->options->microkit;",
     "expand->entropy_pd->gets_seed = false;"),
    ("who has a timer may be notified only", ".id = *channel, .pp = true};", ".id = *channel, .pp = true, .notify = true};"),
    # Expansion: Microkit's elements.
    ("perms of maps", "model_add_pd_map(pd, mr, desc->vaddr, desc->perms)",
     "model_add_pd_map(pd, mr, desc->vaddr, desc->perms | MODEL_WRITE)"),
    ("notify of ends", ".pp = desc->pp, .notify = desc->notify};", ".pp = desc->pp, .notify = true};"),
    ("trigger of interrupts", "irq->edge = desc->trigger == 1;", "irq->edge = false;"),
    ("another call of the firmware", '{"system_off", SMCCC_PSCI_SYSTEM_OFF}', '{"system_off", SMCCC_PSCI_VERSION}'),
    ("passed-through interrupt", ".intid = irq->intid, .virq = irq->intid,", ".intid = irq->intid, .virq = irq->intid + 1,"),
    # Layout and tables.
    ("one page too many", ".bytes = map->mr->size_bytes,", ".bytes = map->mr->size_bytes + (map->mr->kind == MODEL_MR_LINK ? MODEL_PAGE_BYTES : 0),"),
    ("writable for all", ".memory = map->mr->kind == MODEL_MR_DEVICE ? STAGE2_DEVICE : memory,",
     ".memory = map->mr->kind == MODEL_MR_DEVICE ? STAGE2_DEVICE : memory, .perms = map->perms | STAGE2_WRITE,"),
    ("device memory cached", ".memory = map->mr->kind == MODEL_MR_DEVICE ? STAGE2_DEVICE : memory,",
     ".memory = memory,"),
    ("regions on top of each other", "at = next->base + next->bytes;", "at = next->base + (next->bytes > 0x1000000 ? 0x1000000 : next->bytes);"),
    ("a page more than the stack", "uint64_t stack_bytes = page_up(pd->pd->stack_bytes);\n    enum err err = check_reserved",
     "uint64_t stack_bytes = page_up(pd->pd->stack_bytes) + MODEL_PAGE_BYTES;\n    enum err err = check_reserved"),
    # Descriptor.
    ("priority in the row", "row->priority = (uint8_t)pd->priority;", "row->priority = (uint8_t)(pd->priority + 1);"),
    ("firmware calls in the row", "memcpy(row->smc_calls, pd->smc_calls, sizeof(row->smc_calls));",
     "memcpy(row->smc_calls, pd->smc_calls, sizeof(row->smc_calls[0]));"),
    ("FP registers in the row", "(pd->fpu ? 0 : SYSDESC_PD_NO_FPU)", "(pd->fpu ? 0 : 0)"),
    ("every end notifies", "if (end->notify) {\n        row->kind", "if (end->pd != NULL) {\n        row->kind"),
    ("every end calls nobody", "if (end->pp) {\n        row->kind", "if (end->pp && end->pd == NULL) {\n        row->kind"),
    ("period in the row", "row->period_us = (uint32_t)vm->vm->period_us;", "row->period_us = (uint32_t)vm->vm->budget_us;"),
    ("all interrupts level", ".edge = pd->irqs[j].edge,", ".edge = 0,"),
    ("posts at once", ".delay_us = (uint16_t)post->delay_us,", ".delay_us = 0,"),
    ("doorbells to the first PD", ".pd = doorbell->pd == NULL ? 0 : pd_index(image, doorbell->pd)", ".pd = 0"),
    ("GIC where the UART is", ".gicc_base = board->gicc.base,", ".gicc_base = board->uart.base,"),
    ("a VM pays for another's work", ".id = (uint8_t)pd->accounts[i].id};", ".id = (uint8_t)pd->accounts[0].id};"),
    # Programs.
    ("half a configuration", "elf_program_write(program, range.vaddr, config->data, config->bytes);",
     "elf_program_write(program, range.vaddr, config->data, config->bytes / 2);"),
    ("addresses of regions", "setvar->region_paddr != NULL ? setvar->region_paddr->phys_addr : setvar->value;",
     "setvar->region_paddr != NULL ? setvar->region_paddr->phys_addr + MODEL_PAGE_BYTES : setvar->value;"),
    ("libmicrokit's channels", "notifications |= end->notify ?", "notifications |= end->pp ?"),
    ("sizes for addresses", "set_variable(patch, map->loc, map->setvar_vaddr, map->vaddr)",
     "set_variable(patch, map->loc, map->setvar_vaddr, map->mr->size_bytes)"),
    # Each layer again, other fields.
    ("a vCPU's timer", "row->vtimer_intid = image->model->board->vtimer_irq;",
     "row->vtimer_intid = image->model->board->vtimer_irq + 1;"),
    ("a vCPU's affinity", "row->vmpidr = vcpu->vmpidr | 1ull << 31;", "row->vmpidr = (vcpu->vmpidr ^ 0x100) | 1ull << 31;"),
    ("the log's channel", "sysdesc_of(image)->klog_channel = (uint8_t)pd->klog_channel;",
     "sysdesc_of(image)->klog_channel = 0;"),
    ("everybody's doorbells are the first machine's", "row->doorbell_first = (uint32_t)doorbell_first;",
     "row->doorbell_first = 0;"),
    ("one doorbell less for other vCPUs", "row->doorbell_count = (uint32_t)vm->vm->doorbell_count;",
     "row->doorbell_count = (uint32_t)vm->vm->doorbell_count - (i > 0);"),
    ("sectors behind the range", "client->sector_count = desc->size / SPEC_SECTOR_BYTES;",
     "client->sector_count = desc->size / SPEC_SECTOR_BYTES + 8;"),
    ("a disk's own data path", "config->datapath = desc->datapath;", "config->datapath = 0;"),
    ("limits are not enforced", "config->has_limits = 1;", "config->has_limits = 0;"),
    ("more memory of the driver's own", "disk->config.own_bytes = BLK_DRIVER_OWN_BYTES;",
     "disk->config.own_bytes = 2 * BLK_DRIVER_OWN_BYTES;"),
    ("a driver that waits forever", "disk->config.timeout_ms = (uint32_t)desc->timeout_ms;",
     "disk->config.timeout_ms = 1 + (uint32_t)desc->timeout_ms;"),
    ("the VMM sees beyond the RAM", "guest->config.ram_bytes = ram->size_bytes;",
     "guest->config.ram_bytes = ram->size_bytes + MODEL_PAGE_BYTES;"),
    ("the distributor elsewhere", "guest->config.gicd_gpa = GUEST_MACHINE_GICD_GPA;",
     "guest->config.gicd_gpa = GUEST_MACHINE_GICD_GPA + MODEL_PAGE_BYTES;"),
    ("a MAC address that the guest may change", "device->u.net.mac_is_fixed = desc->check_mac || desc->guard != NULL ? 1 : 0;",
     "device->u.net.mac_is_fixed = desc->guard != NULL ? 1 : 0;"),
    ("entropy on another channel", "guest->config.entropy_channel = vmm_id;", "guest->config.entropy_channel = vmm_id + 1;"),
    ("restarts without end", ".limit = (uint32_t)desc->restart_limit,", ".limit = 1 + (uint32_t)desc->restart_limit,"),
    ("a smaller table of MAC addresses", "added->config.mac_table_entries = (uint32_t)desc->mac_table;",
     "added->config.mac_table_entries = (uint32_t)desc->mac_table / 2;"),
    ("a stack twice as large", "pd->stack_bytes = desc->stack_size;", "pd->stack_bytes = 2 * desc->stack_size;"),
    ("FP registers for all", "pd->fpu = desc->fpu;", "pd->fpu = true;"),
    ("another escape key", "expand->serial_config.escape = (uint32_t)desc->escape;",
     "expand->serial_config.escape = 1 + (uint32_t)desc->escape;"),
    ("cached although it must not be", "map->cached = desc->cached;", "map->cached = true;"),
    ("another kind of UART", "config.kind = board->uart_kind;", "config.kind = board->uart_kind + 1;"),
    ("the disk server's accounts", "model_add_account(expand->blk_server_pd, vmm, client.link.channel);",
     "model_add_account(expand->blk_server_pd, vmm, client.link.channel + 1);"),
    # Managed switches, the board's cards, those that may look.
    ("a VLAN more", "port->vlan = (uint16_t)desc->vlan;", "port->vlan = (uint16_t)(desc->vlan == 0 ? 0 : desc->vlan + 1);"),
    ("a trunk of all VLANs", "port->trunk_count++;", "port->trunk[port->trunk_count++].last = 4094;"),
    ("a guard that lets pass", "port->flags |= VSWITCH_PORT_CHECK_IP;", "port->flags |= 0;"),
    ("a guard of the network's first address", "*count], ip->bytes, ip->bits / 8);", "*count], ip->bytes, ip->bits / 8 - 1);"),
    ("storms pass", "port->storm_pps = (uint32_t)desc->storm_pps;", "port->storm_pps = 0;"),
    ("the limit of what a port gets", "port->rx_rate_kbps = (uint32_t)desc->rx_rate_kbps;", "port->rx_rate_kbps = (uint32_t)desc->rate_kbps;"),
    ("bursts of any length", "port->burst_bytes = (uint32_t)desc->burst_bytes;", "port->burst_bytes = 0;"),
    ("the link's groups pass", "added->config.reserved_groups = desc->reserved;", "added->config.reserved_groups = 0;"),
    ("groups to all", "added->config.snooping = desc->snooping ? 1 : 0;", "added->config.snooping = 0;"),
    ("a card with more memory", "config->own_bytes = NET_DRIVER_OWN_BYTES;", "config->own_bytes = 2 * NET_DRIVER_OWN_BYTES;"),
    ("a card that interrupts at will", ".interrupt_gap_us = (uint32_t)desc->interrupt_gap_us,", ".interrupt_gap_us = 0,"),
    ("slots' interrupts level", "->edge =\n        device == NULL;", "->edge =\n        device != NULL;"),
    ("a program that has no timer", "config->has_timer = 1;", "config->has_timer = 0;"),
    ("a debugger for every guest", "guest->vm->debug = desc->debug;", "guest->vm->debug = true;"),
    ("debug registers in the row", "(vm->vm->debug ? SYSDESC_VCPU_DEBUG : 0)", "(vm->vm->debug ? 0 : 0)"),
    ("every guest can be stopped", '"control", guest.desc->control,', '"control", true,'),
    ("all may read what others count", "(pd->observer ? SYSDESC_PD_OBSERVER : 0)", "(pd->observer ? SYSDESC_PD_OBSERVER : SYSDESC_PD_OBSERVER)"),
    ("a place one page further", "mr->phys_addr = desc->phys_addr;", "mr->phys_addr = desc->phys_addr + MODEL_PAGE_BYTES;"),
]

# The same on the way to seL4.
SEL4 = [
    ("links writable by both", "if ((map->perms & MODEL_WRITE) != 0) {\n        perms[count++]",
     "if ((map->perms & MODEL_WRITE) != 0 || map->mr->kind == MODEL_MR_LINK) {\n        perms[count++]"),
    ("VM's period", 'put_decimal(printer, "period", vm->period_us);', 'put_decimal(printer, "period", vm->budget_us);'),
    ("PD's priority", 'put_decimal(printer, "priority", pd->priority);', 'put_decimal(printer, "priority", pd->priority / 2);'),
    ("every end notifies", 'put_text(printer, "notify", end->notify ? NULL : "false");', 'put_text(printer, "notify", NULL);'),
    ("other ids", 'put_decimal(printer, "id", end->id);', 'put_decimal(printer, "id", 61 - end->id);'),
    ("all interrupts level", 'pd->irqs[i].edge ? "edge" : "level"', '"level"'),
    ("DMA of the wrong region", 'put_text(printer, "region_paddr", pd->setvars[i].region_paddr->name);',
     'put_text(printer, "region_paddr", pd->setvars[0].region_paddr->name);'),
    ("places forgotten", "if (mr->has_phys_addr) {\n        put_hex", "if (mr->has_phys_addr && mr->kind == MODEL_MR_DEVICE) {\n        put_hex"),
    ("GIC's CPU interface elsewhere", 'put_hex(printer, "phys_addr", gicv->base);', 'put_hex(printer, "phys_addr", gicv->base - 0x30000);'),
    ("firmware calls", "if (pd->smc_count != 0) {", "if (pd->smc_count == 0) {"),
    ("read-only is forgotten", "client.read_only = desc->readonly || model_disk->readonly;",
     "client.read_only = model_disk->readonly;"),
    ("pauses not shared", "if (expand->options->microkit && desc->rx_window != 0) {", "if (expand->options->microkit && desc->rx_window == 0) {"),
]


class Composer:
    """The composer's sources and objects, and a folder to work in."""

    def __init__(self, options, folder):
        self.options = options
        self.folder = folder
        self.sources = {path: path.read_text(encoding="utf-8") for path in sorted((ROOT / "tool").rglob("*.c"))}
        self.sdk_pd_dir = options.sdk_pd_dir

    def break_it(self, text, replacement):
        """A composer with a bug; its path."""
        places = [(path, source.count(text)) for path, source in self.sources.items() if text in source]
        if len(places) != 1 or places[0][1] != 1:
            raise RuntimeError(f"found {places}, wanted once: {text!r}")
        path = places[0][0]
        broken = self.folder / path.name
        broken.write_text(self.sources[path].replace(text, replacement), encoding="utf-8")
        subprocess.run([*shlex.split(self.options.compile), "-w", "-c", broken, "-o", self.folder / "broken.o"], check=True, cwd=ROOT)
        own = str(self.options.build / "host" / path.relative_to(ROOT).with_suffix(".o"))
        objects = shlex.split(self.options.objects)
        if own not in objects:
            raise RuntimeError(f"{own} is no object of the tool")
        program = self.folder / "causeway"
        subprocess.run([*shlex.split(self.options.compile)[:1], *[o for o in objects if o != own], self.folder / "broken.o",
                        "-o", program, *shlex.split(self.options.libs)], check=True, cwd=ROOT)
        return program

    def policy(self, *more):
        policy = self.folder / ("policy-sel4" if more else "policy")
        if not policy.exists():
            subprocess.run([self.options.build / "causeway-policy", *more, SYSTEM, "-o", policy, "--board-dtb", self.options.board_dtb],
                           check=True)
        return policy

    def judge_bundled(self, program):
        """Exit code and words of the verifier; None: the composer refuses."""
        image = self.folder / "bugs.elf"
        build = subprocess.run([program, "build", SYSTEM, "-o", image, "--guest-dir", self.folder / "guest", "--board-dtb",
                                self.options.board_dtb, "--kernel", self.options.build / "kernel.elf", "--pd-dir",
                                self.options.build / "pd"], capture_output=True, text=True, errors="backslashreplace")
        if build.returncode != 0:
            return None, build.stderr
        result = subprocess.run([self.options.build / "causeway-verify", image, "--policy", self.policy(), "--kernel",
                                 self.options.build / "kernel.elf"], capture_output=True, text=True, errors="backslashreplace")
        return result.returncode, result.stderr + result.stdout

    def judge_sel4(self, program):
        out = self.folder / "out"
        subprocess.run(["rm", "-rf", out], check=True)
        build = subprocess.run([program, "sdf", SYSTEM, "--sdk-version", "2.3.0", "-o", out, *SEL4_VARIABLES, "--guest-dir",
                                self.folder / "guest", "--board-dtb", self.options.board_dtb, "--pd-dir", self.sdk_pd_dir],
                               capture_output=True, text=True, errors="backslashreplace")
        if build.returncode != 0:
            return None, build.stderr
        result = subprocess.run([self.options.build / "causeway-verify", "--sdf", out, "--policy",
                                 self.policy("--sel4", *SEL4_VARIABLES), "--pd-dir", self.sdk_pd_dir], capture_output=True, text=True, errors="backslashreplace")
        return result.returncode, result.stderr + result.stdout


def try_bugs(composer, bugs, judge, platform, wanted):
    count, failures = 0, 0
    for name, text, replacement in bugs:
        if wanted and not any(word in name for word in wanted):
            continue
        count += 1
        try:
            code, words = judge(composer.break_it(text, replacement))
        except (RuntimeError, subprocess.CalledProcessError) as error:
            failures += 1
            print(f"{platform}: NOT TRIED: {name}: {error}")
            continue
        rules = sorted({line.rsplit("[", 1)[1].rstrip("]") for line in words.splitlines() if line.endswith("]") and "[" in line})
        if code == 1:
            print(f"{platform}: found: {name}: {', '.join(rules)}")
        else:
            failures += 1
            print(f"{platform}: NOT FOUND: {name}: "
                  f"{'the composer refuses: ' + words.strip()[:300] if code is None else f'exit code {code}: {words[:300]}'}")
    return count, failures


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("build", "board-dtb", "sdk-pd-dir"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    for name in ("objects", "compile", "libs"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        composer = Composer(options, folder)
        fake_guests(folder / "guest", [SYSTEM])
        for judge in (composer.judge_bundled, composer.judge_sel4):
            code, words = judge(options.build / "causeway")
            if code != 0:
                sys.exit(f"the composer as it is: {words}")
        counts = [try_bugs(composer, BUNDLED, composer.judge_bundled, "bundled", options.names),
                  try_bugs(composer, SEL4, composer.judge_sel4, "sel4", options.names)]
    count, failures = (sum(pair) for pair in zip(*counts))
    print(f"{count} bugs of the composer, {failures} not found")
    sys.exit(1 if failures or not count else 0)


if __name__ == "__main__":
    main()
