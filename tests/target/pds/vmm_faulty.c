/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The VMM with a way for its guest to make it fault, for tests of its supervisor: a store to FAULTY_GPA. The
 * linker puts this around vm_init() (--wrap), so that the VMM itself has no trace of it.
 */
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "tests/target/pds/vmm_attack.h"
#include "vmm/core/vm.h"

#define FAULTY_GPA 0x0bad0000ull
#define FAULTY_BYTES 0x1000u
#define FAULTY_SEED 0xfffu

/* What is stored says how it is to go astray. */
enum faulty_way {
    FAULTY_NULL = 1,  /* a store to nowhere */
    FAULTY_JUMP = 2,  /* to code that is none */
    FAULTY_SPOIL = 3, /* over its own variables first */
    FAULTY_STACK = 4, /* off the end of its stack */
    FAULTY_CODE = 5,  /* a store to its own program */
    FAULTY_UNDEFINED = 6,
    FAULTY_SPIN = 7,       /* forever, with no fault */
    FAULTY_PEERS = 0x1000, /* the low bits are a seed: it attacks all peers, and goes on */
    FAULTY_VHOST = 0x2000  /* likewise, and ends */
};

enum err __real_vm_init(struct vm *vm, const struct vmm_config *config);
enum err __wrap_vm_init(struct vm *vm, const struct vmm_config *config);

/* In assembly, as the compiler knows better than to do any of this. */
static void store_to(uint64_t address)
{
    __asm__ volatile("str xzr, [%0]" ::"r"(address) : "memory");
}

static void fill_stack(void)
{
    __asm__ volatile("1: stp xzr, xzr, [sp, #-16]!\n\tb 1b" ::: "memory");
}

static void spoil(struct vm *vm)
{
    extern char __bss_start[];
    extern char __bss_end[];

    memset(vm, 0x5a, sizeof *vm);
    memset(__bss_start, 0xa5, (uintptr_t)__bss_end - (uintptr_t)__bss_start);
    store_to(8);
}

/* Whether it is an attack on others; then it has been carried out. */
static bool attack(const struct vmm_config *config, uint64_t value)
{
    switch (value & ~(uint64_t)FAULTY_SEED) {
    case FAULTY_PEERS:
        vmm_attack_peers(config, (uint32_t)value & FAULTY_SEED);
        return true;
    case FAULTY_VHOST:
        vmm_attack_vhost(config, (uint32_t)value & FAULTY_SEED);
        store_to(8);
        return true;
    default:
        return false;
    }
}

static enum mmio_result go_astray(void *context, struct mmio_access *access)
{
    void (*volatile nowhere)(void) = (void (*)(void))0x5a5a5a5a50ull;

    if (!access->is_write) {
        return MMIO_ERROR;
    }
    if (attack(((const struct vm *)context)->config, access->value)) {
        return MMIO_DONE;
    }
    log_info("going astray: way %llu", (unsigned long long)access->value);
    switch (access->value) {
    case FAULTY_JUMP:
        nowhere();
        break;
    case FAULTY_SPOIL:
        spoil(context);
        break;
    case FAULTY_STACK:
        fill_stack();
        break;
    case FAULTY_CODE:
        store_to(0x200000);
        break;
    case FAULTY_UNDEFINED:
        __asm__ volatile("udf #0");
        break;
    case FAULTY_SPIN:
        __asm__ volatile("1: b 1b" ::: "memory");
        break;
    case FAULTY_NULL:
    default:
        store_to(8);
        break;
    }
    return MMIO_DONE;
}

enum err __wrap_vm_init(struct vm *vm, const struct vmm_config *config)
{
    const enum err err = __real_vm_init(vm, config);

    return err != ERR_OK ? err : mmio_add(&vm->mmio, FAULTY_GPA, FAULTY_BYTES, go_astray, vm);
}
