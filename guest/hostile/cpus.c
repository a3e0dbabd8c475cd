/* SPDX-License-Identifier: BSD-2-Clause */
/* The machine's other CPUs, by PSCI (Arm DEN 0022): started with work to do, off when it is done. */
#include "guest/hostile/hostile.h"

#include "guest/hostile/mmu.h"

#define PSCI_CPU_OFF 0x84000002ull
#define PSCI_CPU_ON 0xc4000003ull
#define PSCI_AFFINITY_INFO 0xc4000004ull
#define STACK_BYTES 4096u
#define WAIT_SECONDS 60u

static void (*works[CPUS_MAX])(uint32_t cpu);
static uint64_t vectors;
static char stacks[CPUS_MAX][STACK_BYTES] __attribute__((aligned(16)));
extern const char cpus_entry[];

/* With its own number in x0, as it was handed to PSCI, and the end of its stack in x1. */
__asm__("cpus_entry:\n\tadrp x1, cpus_stacks_end\n\tldr x1, [x1, :lo12:cpus_stacks_end]\n\t"
        "sub x1, x1, x0, lsl #12\n\tmov sp, x1\n\tb cpus_main\n");

/* For the assembly: CPU n has the n-th stack from the end. */
static char *const __attribute__((used))
end_of_stacks __asm__("cpus_stacks_end") = &stacks[CPUS_MAX - 1][STACK_BYTES];

static int64_t call(uint64_t function, uint64_t a, uint64_t b, uint64_t c)
{
    register uint64_t x0 __asm__("x0") = function;
    register uint64_t x1 __asm__("x1") = a;
    register uint64_t x2 __asm__("x2") = b;
    register uint64_t x3 __asm__("x3") = c;

    __asm__ volatile("dsb sy\n\thvc #0" : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)::"memory");
    return (int64_t)x0;
}

static void __attribute__((used, noreturn)) main_of_others(uint64_t cpu) __asm__("cpus_main");

static void main_of_others(uint64_t cpu)
{
    mmu_join();
    __asm__ volatile("msr vbar_el1, %0\n\tmsr cpacr_el1, %1\n\tisb" ::"r"(vectors), "r"(3ull << 20));
    works[cpu]((uint32_t)cpu);
    for (;;) {
        (void)call(PSCI_CPU_OFF, 0, 0, 0);
    }
}

uint32_t cpus_this(void)
{
    uint64_t mpidr = 0;

    __asm__("mrs %0, mpidr_el1" : "=r"(mpidr));
    return (uint32_t)mpidr & 0xff;
}

int64_t cpus_state(uint32_t cpu)
{
    return call(PSCI_AFFINITY_INFO, cpu, 0, 0);
}

uint32_t cpus_count(void)
{
    uint32_t count = 1;

    while (count < CPUS_MAX && cpus_state(count) >= 0) {
        count++;
    }
    return count;
}

int64_t cpus_start_at(uint32_t cpu, uint64_t entry)
{
    return call(PSCI_CPU_ON, cpu, entry, cpu);
}

int64_t cpus_start(uint32_t cpu, void (*work)(uint32_t cpu))
{
    works[cpu] = work;
    __asm__("mrs %0, vbar_el1" : "=r"(vectors));
    return cpus_start_at(cpu, (uintptr_t)cpus_entry);
}

bool cpus_wait_off(uint32_t cpu)
{
    const uint64_t start = machine_ticks();

    while (cpus_state(cpu) != CPUS_OFF) {
        if (machine_ticks() - start > WAIT_SECONDS * machine_frequency()) {
            return false;
        }
        cpus_relax();
    }
    return true;
}
