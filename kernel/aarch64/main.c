/* SPDX-License-Identifier: BSD-2-Clause */
/** Boot: check the descriptor, turn the MMU on, set up the machine, run the first PD. */
#include "kernel/aarch64/cpu.h"
#include "kernel/aarch64/interrupt.h"
#include "kernel/aarch64/irqchip.h"
#include "kernel/aarch64/list_registers.h"
#include "kernel/aarch64/panic.h"
#include "kernel/aarch64/start.h"
#include "kernel/aarch64/sysreg.h"
#include "kernel/aarch64/uart.h"
#include "kernel/core/boot.h"
#include "kernel/core/klog.h"
#include "kernel/include/smccc.h"
#include "lib/base/format.h"

_Static_assert(SYSDESC_KLOG_BYTES == sizeof(struct sysdesc_klog), "the log ring fills its section");

#define CORE_START_SECONDS 2u
#define MPIDR_AFFINITY 0xff00ffffffull
#define FDT_MAX_BYTES 0x200000u /* start.S has looked at that */
#define MAIR_EL2 0x04ffull      /* 0: Normal write-back, 1: Device-nGnRE */
#define TCR_EL2_RES1 (1ull << 31 | 1ull << 23)
#define TCR_EL2_39_BITS 25ull
#define TCR_EL2_WRITE_BACK (1ull << 8 | 1ull << 10)
#define TCR_EL2_INNER_SHAREABLE (3ull << 12)

/* What the tool fills in or looks for; see sysdesc.h. Volatile: the compiler must not know the 0. */
const volatile uint64_t sysdesc_address __attribute__((section(".sysdesc_address"), used)) = 0;
struct sysdesc_klog klog __attribute__((section(".klog"), aligned(4096), used));
uint64_t ipc_buffers[SYSDESC_MAX_PDS][4096 / 8] __attribute__((section(".ipc_buffers"), aligned(4096), used));

/* The one place where state lives: everything else gets it passed in. */
static struct kernel kernel;

/* vectors.S */
_Noreturn void vectors_resume(struct core *core);

static struct start_core start_cores[SYSDESC_MAX_CORES];
static char stacks[SYSDESC_MAX_CORES - 1][START_STACK_BYTES] __attribute__((aligned(16)));

/* What turns a core's MMU on. */
static struct start_core mmu_registers(uint64_t root)
{
    const uint64_t pa_size = SYSREG_READ(id_aa64mmfr0_el1) & 0xf;

    return (struct start_core){
        .mair = MAIR_EL2,
        .tcr = TCR_EL2_RES1 | (pa_size < PA_SIZE_48_BITS ? pa_size : PA_SIZE_48_BITS) << 16 |
               TCR_EL2_INNER_SHAREABLE | TCR_EL2_WRITE_BACK | TCR_EL2_39_BITS,
        .ttbr0 = root,
        .sctlr = SCTLR_EL2_RES1 | SCTLR_EL2_M | SCTLR_EL2_C | SCTLR_EL2_I | SCTLR_EL2_SA | SCTLR_EL2_WXN,
    };
}

static void enable_mmu(uint64_t root)
{
    const struct start_core registers = mmu_registers(root);

    SYSREG_WRITE(mair_el2, registers.mair);
    SYSREG_WRITE(tcr_el2, registers.tcr);
    SYSREG_WRITE(ttbr0_el2, registers.ttbr0);
    __asm__ volatile("dsb sy\n ic iallu\n tlbi alle2\n dsb sy\n isb" ::: "memory");
    SYSREG_WRITE(sctlr_el2, registers.sctlr);
    sysreg_isb();
}

/* A core's own hardware. */
static void init_core(struct core *core)
{
    const char *wrong = cpu_init(core);

    if (wrong == NULL) {
        wrong = irqchip_init_core(core);
    }
    if (wrong != NULL) {
        panic_unusable(&kernel, wrong);
    }
}

/* Entered by start.S, on the core's own stack and with the MMU on. */
_Noreturn void main_secondary(uint64_t id)
{
    struct core *core = &kernel.cores[id];

    init_core(core);
    boot_irqs(core, true);
    /* Release pairs with wait_for(). */
    __atomic_store_n(&core->is_up, true, __ATOMIC_RELEASE);
    /* Nobody runs before everybody can be told something. */
    while (!__atomic_load_n(&kernel.is_running, __ATOMIC_ACQUIRE)) {
        __asm__ volatile("wfe");
    }
    interrupt_return(core);
    vectors_resume(core);
}

static void wait_for(const struct core *core)
{
    const uint64_t deadline = arch_now() + arch_frequency() * CORE_START_SECONDS;

    while (!__atomic_load_n(&core->is_up, __ATOMIC_ACQUIRE)) {
        if (arch_now() > deadline) {
            panic_stop(&kernel, "a core that the firmware was asked to start has not come up");
        }
    }
}

static void start_core(struct core *core, const struct start_core *registers)
{
    struct start_core *start = &start_cores[core->id];
    uint64_t call[8] = {SMCCC_PSCI_CPU_ON_64, kernel.desc->core_mpidrs[core->id], (uintptr_t)start_secondary,
                        (uintptr_t)start};

    *start = *registers;
    start->stack_top = core->stack_top;
    start->id = core->id;
    __asm__ volatile("dc civac, %0\n dsb sy" ::"r"(start) : "memory");
    arch_smc(call);
    if (call[0] != 0) {
        panic_stop(&kernel,
                   "the firmware does not start a core: does the machine have as many as the system needs?");
    }
    wait_for(core);
}

/* The other cores, one after the other: each reports when it can take interrupts. */
static void start_others(const struct core *own)
{
    const struct start_core registers = mmu_registers(kernel.desc->el2_root);

    for (uint32_t i = 0, stack = 0; i < kernel.desc->core_count; i++) {
        if (i == own->id) {
            continue;
        }
        kernel.cores[i].stack_top = (uintptr_t)stacks[stack++] + START_STACK_BYTES;
        start_core(&kernel.cores[i], &registers);
    }
}

/* Which of the descriptor's cores this one is. */
static struct core *boot_core(const struct sysdesc *desc)
{
    const uint64_t own = SYSREG_READ(mpidr_el1) & MPIDR_AFFINITY;

    for (uint32_t i = 0; desc->core_count > 1 && i < desc->core_count; i++) {
        if (desc->core_mpidrs[i] == own) {
            return &kernel.cores[i];
        }
    }
    if (desc->core_count > 1) {
        panic_stop(&kernel, "booted on a core that is none of the board's");
    }
    return &kernel.cores[0];
}

/* Called by start.S, which has been entered at exception level `level`, or so many bytes off the address that
   the kernel is linked for: the MMU, and all else, is as the boot loader left it. Returns to be parked. */
void main_wrong_entry(uint64_t level, uint64_t offset)
{
    const struct sysdesc *desc = (const struct sysdesc *)(uintptr_t)(sysdesc_address + offset);
    char text[160];

    if (sysdesc_address == 0 || desc->magic != SYSDESC_MAGIC) {
        return;
    }
    uart_init(&desc->board);
    if (level != 2) {
        (void)format_print(text, sizeof text, "entered at EL%u, but it needs EL2: %s", (unsigned int)level,
                           level == 1
                               ? "the firmware, or QEMU without virtualization=on, keeps that to itself"
                               : "start it behind the firmware that runs at EL3");
    } else {
        (void)format_print(text, sizeof text, "loaded at 0x%llx, but linked for 0x%llx: load it there",
                           (unsigned long long)(uintptr_t)_start,
                           (unsigned long long)((uintptr_t)_start - offset));
    }
    uart_print(&desc->board, "\nkernel: panic: ");
    uart_print(&desc->board, text);
    uart_print(&desc->board, "\n");
}

/* Entered by start.S with the stack set up, .bss zero, MMU off, and the device tree that the boot loader
   gave, or NULL. */
_Noreturn void main_boot(const void *fdt)
{
    const struct sysdesc *desc = (const struct sysdesc *)(uintptr_t)sysdesc_address;
    struct core *core;
    uint8_t seed[SEED_MAX_BYTES];
    uint32_t seed_bytes;

    SYSREG_WRITE(tpidr_el2, 0);
    /* Without a descriptor there is not even a UART to say so on. */
    if (desc == NULL || desc->magic != SYSDESC_MAGIC) {
        start_park();
    }
    kernel.desc = desc;
    uart_init(&desc->board);
    const char *wrong = boot_check(desc);
    if (wrong != NULL) {
        panic_stop(&kernel, wrong);
    }
    if (desc->board.gic_kind != irqchip_kind()) {
        panic_stop(&kernel, "the system's board has another interrupt controller than this kernel");
    }
    seed_bytes = fdt != NULL
                     ? seed_find(fdt, FDT_MAX_BYTES, seed)
                     : seed_find((const void *)(uintptr_t)desc->board.fdt_base, desc->board.fdt_bytes, seed);
    enable_mmu(desc->el2_root);
    core = boot_core(desc);
    core->kernel = &kernel;
    core->stack_top = (uintptr_t)start_stack_top;
    irqchip_init(&kernel);
    init_core(core);
    boot_kernel(&kernel, desc, &klog, list_registers_count(core));
    boot_seed(&kernel, seed, seed_bytes);
    boot_irqs(core, true);
    start_others(core);
    boot_irqs(core, false);
    klog_print(&kernel, "kernel: Causeway, system '%s': %u protection domains, %u vCPUs\n", desc->name,
               desc->pd_count, desc->vcpu_count);
    kernel.log_to_uart = false;
    /* Release pairs with main_secondary(). */
    __atomic_store_n(&kernel.is_running, true, __ATOMIC_RELEASE);
    __asm__ volatile("dsb ish\n sev" ::: "memory");
    interrupt_return(core);
    vectors_resume(core);
}

void arch_smc(uint64_t registers[8])
{
    register uint64_t x0 __asm__("x0") = registers[0];
    register uint64_t x1 __asm__("x1") = registers[1];
    register uint64_t x2 __asm__("x2") = registers[2];
    register uint64_t x3 __asm__("x3") = registers[3];
    register uint64_t x4 __asm__("x4") = registers[4];
    register uint64_t x5 __asm__("x5") = registers[5];
    register uint64_t x6 __asm__("x6") = registers[6];
    register uint64_t x7 __asm__("x7") = registers[7];

    __asm__ volatile("smc #0"
                     : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x4), "+r"(x5), "+r"(x6), "+r"(x7)
                     :
                     : "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17", "memory");
    registers[0] = x0;
    registers[1] = x1;
    registers[2] = x2;
    registers[3] = x3;
}

uint64_t arch_fetch_or(uint64_t *word, uint64_t bits)
{
    return __atomic_fetch_or(word, bits, __ATOMIC_ACQ_REL);
}

uint64_t arch_fetch_and(uint64_t *word, uint64_t bits)
{
    return __atomic_fetch_and(word, bits, __ATOMIC_ACQ_REL);
}

uint64_t arch_exchange(uint64_t *word, uint64_t value)
{
    return __atomic_exchange_n(word, value, __ATOMIC_ACQ_REL);
}
