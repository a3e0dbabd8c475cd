/* SPDX-License-Identifier: BSD-2-Clause */
/* The VMM's platform seam on seL4, held against the calls and messages that libsel4 and Microkit define. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/mock/sel4_machine.h"
#include "vmm/sel4/irq_ack_on_eoi.h"
#include "vmm/sel4/lr_queue.h"
#include "vmm/sel4/restart.h"

/* ESR_EL2 of loads and stores: class, IL, ISV; then size, sign, register, 64 bits wide, write. */
#define ABORT 0x93000000ull
#define SIZE(log) ((uint64_t)(log) << 22)
#define SIGNED (1ull << 21)
#define REGISTER(n) ((uint64_t)(n) << 16)
#define WIDE (1ull << 15)
#define WRITE (1ull << 6)
#define SMC 0x5e000000ull
#define SYSREG 0x62000000ull
#define CNTV_ENABLED 1u

static void a_start_resets_the_vcpu_and_runs_it(void **state)
{
    (void)state;
    libsel4.vcpu[seL4_VCPUReg_SCTLR] = 1;
    libsel4.vcpu[seL4_VCPUReg_TTBR0] = 0x1234;
    libsel4.vcpu[seL4_VCPUReg_CNTV_CTL] = CNTV_ENABLED;
    libsel4.context.x1 = 5;
    platform_vcpu_start(0, 0x40200000, 0x47e00000);
    assert_int_equal(libsel4.calls[0].kind, LIBSEL4_SUSPEND);
    assert_int_equal(libsel4.calls[0].service, SEL4_MACHINE_TCB);
    assert_true(libsel4.runs);
    assert_int_equal(libsel4.context.pc, 0x40200000);
    assert_int_equal(libsel4.context.spsr, 0x3c5);
    assert_int_equal(libsel4.context.x0, 0x47e00000);
    assert_int_equal(libsel4.context.x1, 0);
    assert_int_equal(libsel4.vcpu[seL4_VCPUReg_SCTLR] & 1, 0);
    assert_int_equal(libsel4.vcpu[seL4_VCPUReg_TTBR0], 0);
    assert_int_equal(libsel4.vcpu[seL4_VCPUReg_CNTV_CTL], 0);
    assert_int_equal(libsel4_last(LIBSEL4_WRITE_VCPU)->service, SEL4_MACHINE_VCPU);
    assert_int_equal(libsel4_last(LIBSEL4_WRITE_REGISTERS)->b, 36);
}

static void a_store_reads_no_more_than_it_needs(void **state)
{
    (void)state;
    libsel4.context = (seL4_UserContext){.pc = SEL4_MACHINE_PC, .x2 = 0x1122334455667788};
    const struct platform_exit exit = sel4_machine_abort(ABORT | SIZE(2) | REGISTER(2) | WRITE);
    assert_int_equal(exit.reason, PLATFORM_EXIT_MMIO);
    assert_int_equal(exit.u.mmio.gpa, SEL4_MACHINE_GPA);
    assert_int_equal(exit.u.mmio.value, 0x55667788);
    assert_int_equal(exit.u.mmio.width_bytes, 4);
    assert_true(exit.u.mmio.is_write);
    assert_int_equal(exit.pc, SEL4_MACHINE_PC);
    assert_int_equal(libsel4.call_count, 1);
    assert_int_equal(libsel4.calls[0].b, 6); /* pc, sp, spsr, x0, x1, x2 */
    sel4_machine_go_on(&exit, PLATFORM_RESUME_DONE, 0);
    assert_int_equal(libsel4.call_count, 2);
    assert_int_equal(libsel4_last(LIBSEL4_WRITE_REGISTERS)->b, 1);
    assert_int_equal(libsel4_last(LIBSEL4_WRITE_REGISTERS)->a, 0);
    assert_int_equal(libsel4.context.pc, SEL4_MACHINE_PC + 4);
    assert_true(libsel4.context.x2 == 0x1122334455667788);
}

static void a_store_of_the_zero_register_reads_nothing(void **state)
{
    (void)state;
    libsel4.context = (seL4_UserContext){.pc = SEL4_MACHINE_PC, .x30 = 77};
    const struct platform_exit exit = sel4_machine_abort(ABORT | SIZE(2) | REGISTER(31) | WRITE);
    assert_int_equal(exit.u.mmio.value, 0);
    assert_int_equal(libsel4.call_count, 0);
    sel4_machine_go_on(&exit, PLATFORM_RESUME_DONE, 0);
    assert_int_equal(libsel4.context.pc, SEL4_MACHINE_PC + 4);
}

static void load(uint64_t esr, uint64_t value, uint64_t expected)
{
    libsel4.context = (seL4_UserContext){.pc = SEL4_MACHINE_PC, .x20 = 0xaaaaaaaaaaaaaaaa, .x21 = 21};
    struct platform_exit exit = sel4_machine_abort(ABORT | REGISTER(20) | esr);
    assert_false(exit.u.mmio.is_write);
    exit.u.mmio.value = value;
    sel4_machine_go_on(&exit, PLATFORM_RESUME_DONE, 0);
    assert_true(libsel4.context.x20 == expected);
    assert_int_equal(libsel4.context.x21, 21);
    assert_int_equal(libsel4.context.pc, SEL4_MACHINE_PC + 4);
}

static void a_load_is_extended_as_its_instruction_says(void **state)
{
    (void)state;
    load(SIZE(0), 0x1ff, 0xff);
    load(SIZE(1) | WIDE, 0xffff8000, 0x8000);
    load(SIZE(2), 0xffffffff80000000, 0x80000000);
    load(SIZE(3) | WIDE, 0x8000000000000001, 0x8000000000000001);
    load(SIZE(0) | SIGNED, 0x80, 0xffffff80);
    load(SIZE(0) | SIGNED | WIDE, 0x80, 0xffffffffffffff80);
    load(SIZE(1) | SIGNED | WIDE, 0x7fff, 0x7fff);
    load(SIZE(2) | SIGNED | WIDE, 0x80000000, 0xffffffff80000000);
}

static void every_register_has_its_place(void **state)
{
    (void)state;
    for (uint32_t number = 0; number < 31; number++) {
        uint64_t registers[PLATFORM_REGISTER_COUNT];

        libsel4.context = (seL4_UserContext){.pc = SEL4_MACHINE_PC};
        struct platform_exit exit = sel4_machine_abort(ABORT | SIZE(3) | WIDE | REGISTER(number));
        exit.u.mmio.value = 0x1000 + number;
        sel4_machine_go_on(&exit, PLATFORM_RESUME_DONE, 0);
        platform_vcpu_registers(0, registers);
        for (uint32_t other = 0; other < 31; other++) {
            assert_int_equal(registers[other], other == number ? 0x1000 + number : 0);
        }
    }
    assert_int_equal(libsel4.context.sp, 0);
    assert_int_equal(libsel4.context.spsr, 0);
    assert_int_equal(libsel4.context.tpidr_el0, 0);
}

static void what_cannot_be_decoded_is_a_crash(void **state)
{
    const seL4_Word fetch[] = {SEL4_MACHINE_PC, SEL4_MACHINE_GPA, 1, ABORT};
    struct platform_exit exit;

    (void)state;
    libsel4.context.pc = SEL4_MACHINE_PC;
    exit = sel4_machine_abort(0x92000000);
    assert_int_equal(exit.reason, PLATFORM_EXIT_CRASH);
    assert_int_equal(exit.u.crash.gpa, SEL4_MACHINE_GPA);
    assert_int_equal(exit.pc, SEL4_MACHINE_PC);
    exit = sel4_machine_abort(ABORT | 1ull << 7); /* a walk of stage 1 */
    assert_int_equal(exit.reason, PLATFORM_EXIT_CRASH);
    exit = sel4_machine_fault(seL4_Fault_VMFault, fetch, 4);
    assert_int_equal(exit.reason, PLATFORM_EXIT_CRASH);
    exit = sel4_machine_fault(seL4_Fault_UserException, fetch, 4);
    assert_int_equal(exit.reason, PLATFORM_EXIT_CRASH);
    exit = sel4_machine_trap(0x1fe00000); /* some other class: an instruction that the guest does not have */
    assert_int_equal(exit.reason, PLATFORM_EXIT_UNDEFINED);
    assert_int_equal(exit.pc, SEL4_MACHINE_PC);
}

static void a_refused_access_is_an_abort_for_the_guest(void **state)
{
    (void)state;
    libsel4.context = (seL4_UserContext){.pc = SEL4_MACHINE_PC, .spsr = 0x60000005};
    libsel4.vcpu[seL4_VCPUReg_VBAR] = 0x80000;
    const struct platform_exit exit = sel4_machine_abort(ABORT | SIZE(2) | WRITE);
    sel4_machine_go_on(&exit, PLATFORM_RESUME_ABORT, 0);
    assert_int_equal(libsel4.context.pc, 0x80200);
    assert_int_equal(libsel4.context.spsr, 0x3c5);
    assert_int_equal(libsel4.vcpu[seL4_VCPUReg_ELR_EL1], SEL4_MACHINE_PC);
    assert_int_equal(libsel4.vcpu[seL4_VCPUReg_SPSR_EL1], 0x60000005);
    assert_int_equal(libsel4.vcpu[seL4_VCPUReg_ESR] >> 26, 0x25);         /* from the same level */
    assert_int_equal(libsel4.vcpu[seL4_VCPUReg_ESR] & 0x3f, 0x10);        /* external abort */
    assert_int_equal(libsel4.vcpu[seL4_VCPUReg_ESR] & WRITE, WRITE);      /* of a store */
    assert_int_not_equal(libsel4.vcpu[seL4_VCPUReg_ESR] & 1ull << 10, 0); /* address unknown */
}

/* The guest's handler tells by the class that there is no instruction to go on behind. */
static void a_jump_to_nowhere_is_a_fetch_abort(void **state)
{
    const seL4_Word fetch[] = {SEL4_MACHINE_PC, 0x1000, 1, 0x82000006};

    (void)state;
    libsel4.context = (seL4_UserContext){.pc = SEL4_MACHINE_PC, .spsr = 0x60000005};
    libsel4.vcpu[seL4_VCPUReg_VBAR] = 0x80000;
    const struct platform_exit exit = sel4_machine_fault(seL4_Fault_VMFault, fetch, 4);
    sel4_machine_go_on(&exit, PLATFORM_RESUME_ABORT, 0);
    assert_int_equal(libsel4.context.pc, 0x80200);
    assert_int_equal(libsel4.vcpu[seL4_VCPUReg_ESR], 0x86000010);
    assert_int_equal(libsel4.vcpu[seL4_VCPUReg_FAR], SEL4_MACHINE_PC);
}

static void exceptions_go_to_the_vector_of_their_origin(void **state)
{
    static const struct {
        uint64_t pstate;
        uint64_t vector;
        uint64_t class;
    } cases[] = {{0x3c5, 0x200, 0x25}, {0x3c4, 0x000, 0x25}, {0x0, 0x400, 0x24}, {0x10, 0x600, 0x24}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        libsel4.context = (seL4_UserContext){.pc = SEL4_MACHINE_PC, .spsr = cases[i].pstate};
        libsel4.vcpu[seL4_VCPUReg_VBAR] = 0x80000;
        const struct platform_exit exit = sel4_machine_abort(ABORT | SIZE(2));
        sel4_machine_go_on(&exit, PLATFORM_RESUME_ABORT, 0);
        assert_int_equal(libsel4.context.pc, 0x80000 + cases[i].vector);
        assert_int_equal(libsel4.vcpu[seL4_VCPUReg_ESR] >> 26, cases[i].class);
    }
}

static void an_smc_takes_and_gives_registers(void **state)
{
    (void)state;
    libsel4.context = (seL4_UserContext){.pc = SEL4_MACHINE_PC, .x0 = 0x84000000, .x1 = 1, .x7 = 7, .x8 = 8};
    struct platform_exit exit = sel4_machine_trap(SMC | 0x12);
    assert_int_equal(exit.reason, PLATFORM_EXIT_CALL);
    assert_true(exit.u.call.is_smc);
    assert_int_equal(exit.u.call.immediate, 0x12);
    assert_int_equal(exit.u.call.args[0], 0x84000000);
    assert_int_equal(exit.u.call.args[7], 7);
    exit.u.call.args[0] = 0x10001;
    exit.u.call.args[3] = 33;
    sel4_machine_go_on(&exit, PLATFORM_RESUME_DONE, 0);
    assert_int_equal(libsel4.context.x0, 0x10001);
    assert_int_equal(libsel4.context.x3, 33);
    assert_int_equal(libsel4.context.x7, 7);
    assert_int_equal(libsel4.context.x8, 8);
    assert_int_equal(libsel4.context.pc, SEL4_MACHINE_PC + 4);
}

/* seL4 restores from the reply what the message had: x0 to x7, then the SEL4_MACHINE_PC. */
static void an_hvc_is_answered_in_the_reply(void **state)
{
    const seL4_Word words[seL4_UnknownSyscall_Length] = {0x84000000,      1, 2, 3,     4, 5, 6, 7,
                                                         SEL4_MACHINE_PC, 0, 0, 0x3c5, 7};

    (void)state;
    struct platform_exit exit =
        sel4_machine_fault(seL4_Fault_UnknownSyscall, words, seL4_UnknownSyscall_Length);
    assert_int_equal(exit.reason, PLATFORM_EXIT_CALL);
    assert_false(exit.u.call.is_smc);
    assert_int_equal(exit.u.call.args[5], 5);
    exit.u.call.args[0] = 0x10001;
    sel4_machine_go_on(&exit, PLATFORM_RESUME_DONE, seL4_UnknownSyscall_FaultIP + 1);
    assert_int_equal(libsel4.call_count, 0);
    assert_int_equal(microkit_mr_get(seL4_UnknownSyscall_X0), 0x10001);
    assert_int_equal(microkit_mr_get(seL4_UnknownSyscall_X1), 1);
    assert_int_equal(microkit_mr_get(seL4_UnknownSyscall_X7), 7);
    assert_int_equal(microkit_mr_get(seL4_UnknownSyscall_FaultIP), SEL4_MACHINE_PC + 4);
}

static void a_system_register_is_read_and_written(void **state)
{
    (void)state;
    libsel4.context = (seL4_UserContext){.pc = SEL4_MACHINE_PC, .x9 = 99};
    struct platform_exit exit = sel4_machine_trap(SYSREG | 9 << 5);
    assert_int_equal(exit.reason, PLATFORM_EXIT_SYSREG);
    assert_true(exit.u.sysreg.is_write);
    assert_int_equal(exit.u.sysreg.value, 99);
    sel4_machine_go_on(&exit, PLATFORM_RESUME_DONE, 0);
    assert_int_equal(libsel4.context.pc, SEL4_MACHINE_PC + 4);
    exit = sel4_machine_trap(SYSREG | 9 << 5 | 1);
    assert_false(exit.u.sysreg.is_write);
    exit.u.sysreg.value = 0x1234;
    sel4_machine_go_on(&exit, PLATFORM_RESUME_DONE, 0);
    assert_int_equal(libsel4.context.x9, 0x1234);
    exit = sel4_machine_trap(SYSREG | 9 << 5);
    sel4_machine_go_on(&exit, PLATFORM_RESUME_UNDEF, 0);
    assert_int_equal(libsel4.vcpu[seL4_VCPUReg_ESR], 0x02000000);
}

static void an_injection_names_vcpu_priority_and_lr(void **state)
{
    (void)state;
    sel4_machine_enable(48, true);
    platform_virq_pend(0, 48, 0);
    const struct libsel4_call *call = libsel4_last(LIBSEL4_INJECT);
    assert_non_null(call);
    assert_int_equal(call->service, SEL4_MACHINE_VCPU);
    assert_int_equal(call->a, 48);
    assert_int_equal(call->b, 0xa0 >> 3);
    assert_int_equal(call->c, 0); /* group 0, list register 0 */
    assert_true(platform_virq_is_active(0, 48));
}

static void more_interrupts_than_lrs_wait_for_an_end(void **state)
{
    (void)state;
    for (uint32_t intid = 40; intid < 50; intid++) {
        sel4_machine_enable(intid, true);
        platform_virq_pend(0, intid, 0);
    }
    assert_int_equal(libsel4_count(LIBSEL4_INJECT), 4);
    for (uint32_t i = 0; i < 10; i++) {
        const struct platform_exit exit = sel4_machine_maintenance(i % 4);
        assert_int_equal(exit.reason, PLATFORM_EXIT_NONE);
        sel4_machine_go_on(&exit, PLATFORM_RESUME_DONE, 0);
    }
    assert_int_equal(libsel4_count(LIBSEL4_INJECT), 10);
}

static void fewer_lrs_than_thought_are_found_out(void **state)
{
    (void)state;
    libsel4.lr_count = 2;
    for (uint32_t intid = 40; intid < 44; intid++) {
        sel4_machine_enable(intid, true);
        platform_virq_pend(0, intid, 0);
    }
    assert_int_equal(libsel4.lr_intid[0], 40);
    assert_int_equal(libsel4.lr_intid[1], 41);
    assert_int_equal(libsel4_count(LIBSEL4_INJECT), 3);
    (void)sel4_machine_maintenance(0);
    assert_int_equal(libsel4.lr_intid[0], 42);
}

static void a_level_interrupt_comes_again_while_its_line_is_high(void **state)
{
    (void)state;
    sel4_machine_enable(33, false);
    platform_virq_set_level(0, 33, true);
    assert_int_equal(libsel4_count(LIBSEL4_INJECT), 1);
    (void)sel4_machine_maintenance(0);
    assert_int_equal(libsel4_count(LIBSEL4_INJECT), 2);
    platform_virq_set_level(0, 33, false);
    (void)sel4_machine_maintenance(0);
    assert_int_equal(libsel4_count(LIBSEL4_INJECT), 2);
}

static void a_maintenance_of_nothing_is_harmless(void **state)
{
    (void)state;
    struct platform_exit exit = sel4_machine_maintenance(2);
    sel4_machine_go_on(&exit, PLATFORM_RESUME_DONE, 0);
    exit = sel4_machine_maintenance((seL4_Word)-1);
    sel4_machine_go_on(&exit, PLATFORM_RESUME_DONE, 0);
    assert_int_equal(libsel4.call_count, 0);
}

static void the_timer_is_acknowledged_when_the_guest_has_ended_it(void **state)
{
    (void)state;
    sel4_machine_enable(27, false);
    struct platform_exit exit = sel4_machine_timer_event();
    sel4_machine_go_on(&exit, PLATFORM_RESUME_DONE, 0);
    assert_int_equal(libsel4_last(LIBSEL4_INJECT)->a, 27);
    assert_int_equal(libsel4_count(LIBSEL4_ACK_VPPI), 0);
    exit = sel4_machine_maintenance(0);
    sel4_machine_go_on(&exit, PLATFORM_RESUME_DONE, 0);
    assert_int_equal(libsel4_count(LIBSEL4_ACK_VPPI), 1);
    assert_int_equal(libsel4_last(LIBSEL4_ACK_VPPI)->service, SEL4_MACHINE_VCPU);
    assert_int_equal(libsel4_last(LIBSEL4_ACK_VPPI)->a, 27);
    assert_int_equal(libsel4_count(LIBSEL4_INJECT), 1);
}

static void a_disabled_timer_waits_for_being_enabled(void **state)
{
    (void)state;
    const struct platform_exit exit = sel4_machine_timer_event();
    sel4_machine_go_on(&exit, PLATFORM_RESUME_DONE, 0);
    assert_int_equal(libsel4.call_count, 0);
    sel4_machine_enable(27, false);
    assert_int_equal(libsel4_count(LIBSEL4_INJECT), 0);
    assert_int_equal(libsel4_count(LIBSEL4_ACK_VPPI), 1);
}

/* Its line falls before its interrupt has found an LR: kvm-unit-tests' timer. */
static void a_timer_that_has_fallen_is_not_pending(void **state)
{
    (void)state;
    platform_virq_enable(0, false);
    sel4_machine_enable(27, false);
    platform_virq_enable(0, true);
    for (uint32_t intid = 40; intid < 44; intid++) { /* all LRs */
        sel4_machine_enable(intid, true);
        platform_virq_pend(0, intid, 0);
    }
    libsel4.vcpu[seL4_VCPUReg_CNTV_CTL] = CNTV_ENABLED;
    libsel4.vcpu[seL4_VCPUReg_CNTV_CVAL] = sel4_machine.now + 1;
    assert_false(platform_virq_is_pending(0, 27));
    libsel4.vcpu[seL4_VCPUReg_CNTV_CVAL] = sel4_machine.now;
    assert_true(platform_virq_is_pending(0, 27));
    (void)sel4_machine_timer_event();
    assert_true(platform_virq_is_pending(0, 27));
    assert_int_equal(libsel4_count(LIBSEL4_ACK_VPPI), 0);
    libsel4.vcpu[seL4_VCPUReg_CNTV_CTL] = 0;
    assert_false(platform_virq_is_pending(0, 27));
    assert_int_equal(libsel4_count(LIBSEL4_ACK_VPPI), 1); /* the kernel may tell of the next one */
    (void)sel4_machine_maintenance(0);
    assert_int_equal(libsel4_count(LIBSEL4_INJECT), 4);
}

static uint32_t in_lr(void)
{
    return (uint32_t)libsel4_count(LIBSEL4_INJECT);
}

static void an_spi_moves_to_another_vcpu(void **state)
{
    (void)state;
    platform_virq_enable(1, true);
    platform_vcpu_start(1, SEL4_MACHINE_PC, 0);
    sel4_machine_enable(48, true);
    platform_virq_pend(0, 48, 0); /* in flight, and ended on vCPU 0 */
    libsel4_forget();
    platform_virq_move(0, 48, 1);
    platform_virq_pend(1, 48, 0);
    assert_int_equal(in_lr(), 0);
    assert_true(platform_virq_is_active(1, 48));
    (void)sel4_machine_maintenance(0);
    assert_int_equal(in_lr(), 1);
    assert_int_equal(libsel4_last(LIBSEL4_INJECT)->service, SEL4_MACHINE_VCPU + 1);
}

/* What lies in an LR of a vCPU that is switched off may not have been served. */
static void an_spi_is_not_lost_with_its_old_vcpu(void **state)
{
    (void)state;
    platform_virq_enable(1, true);
    platform_vcpu_start(1, SEL4_MACHINE_PC, 0);
    sel4_machine_enable(48, true);
    platform_virq_pend(0, 48, 0);
    libsel4_forget();
    platform_virq_move(0, 48, 1);
    assert_int_equal(in_lr(), 0);
    platform_vcpu_stop(0);
    assert_int_equal(in_lr(), 1);
    assert_int_equal(libsel4_last(LIBSEL4_INJECT)->service, SEL4_MACHINE_VCPU + 1);
}

static void an_sgi_keeps_its_other_senders(void **state)
{
    (void)state;
    platform_virq_pend(0, 3, 0);
    platform_virq_pend(0, 3, 1);
    assert_int_equal(platform_virq_sources(0, 3), 3);
    platform_virq_unpend(0, 3, 1);
    assert_int_equal(platform_virq_sources(0, 3), 2);
    assert_true(platform_virq_is_pending(0, 3));
    platform_virq_unpend(0, 3, PLATFORM_ALL_SOURCES);
    assert_false(platform_virq_is_pending(0, 3));
    assert_int_equal(platform_virq_sources(0, 48), 0);
}

static void a_stop_forgets_what_was_pending(void **state)
{
    (void)state;
    platform_virq_pend(0, 48, 0);
    platform_vcpu_stop(0);
    assert_false(libsel4.runs);
    assert_false(platform_virq_is_pending(0, 48));
    sel4_machine_enable(48, true);
    platform_virq_pend(0, 48, 0);
    assert_int_equal(libsel4_count(LIBSEL4_INJECT), 0);
    platform_vcpu_start(0, SEL4_MACHINE_PC, 0);
    assert_int_equal(libsel4_count(LIBSEL4_INJECT), 1);
}

/* What the last guest left in list registers is ended by instructions of ours in its RAM. */
static void a_restart_empties_the_list_registers_first(void **state)
{
    microkit_msginfo reply;

    (void)state;
    sel4_machine_enable(48, true);
    platform_virq_pend(0, 48, 0);
    platform_vcpu_stop(0);
    platform_vcpu_start(0, 0x40200000, 0x47e00000);
    assert_true(libsel4.runs);
    assert_int_equal(libsel4.context.pc, SEL4_MACHINE_RAM_GPA + SEL4_MACHINE_RAM_BYTES - 0x1000);
    assert_int_equal(libsel4.context.x0, SEL4_MACHINE_GICC_GPA);
    struct platform_exit exit = sel4_machine_maintenance(0);
    sel4_machine_go_on(&exit, PLATFORM_RESUME_DONE, 0);
    libsel4.runs = false;
    exit = sel4_machine_trap(SMC | 0xca5e);
    assert_int_equal(exit.reason, PLATFORM_EXIT_NONE);
    assert_false(platform_exit_finish(&exit, PLATFORM_RESUME_DONE, &reply));
    assert_true(libsel4.runs);
    assert_int_equal(libsel4.context.pc, 0x40200000);
    assert_int_equal(libsel4.context.x0, 0x47e00000);
    assert_int_equal(libsel4.context.x1, 0);
    assert_false(platform_virq_is_active(0, 48));
}

/* A VMM that was started again after a fault does not know what its vCPUs were doing, nor what it had left
 * masked. */
static void a_vmm_that_starts_anew_expects_anything(void **state)
{
    microkit_msginfo reply;

    restart_was = 1;
    assert_int_equal(sel4_machine_set_up(state), 0);
    restart_was = 0;
    assert_int_equal(libsel4.context.pc, SEL4_MACHINE_RAM_GPA + SEL4_MACHINE_RAM_BYTES - 0x1000);
    sel4_machine_enable(48, true);
    platform_virq_pend(0, 48, 0);
    assert_int_equal(libsel4_count(LIBSEL4_INJECT), 0);
    struct platform_exit exit = sel4_machine_trap(SMC | 0xca5e);
    assert_false(platform_exit_finish(&exit, PLATFORM_RESUME_DONE, &reply));
    assert_int_equal(libsel4.context.pc, SEL4_MACHINE_PC);
    assert_int_equal(libsel4_count(LIBSEL4_INJECT), 1);
    /* The next start knows again. */
    exit = sel4_machine_maintenance(0);
    sel4_machine_go_on(&exit, PLATFORM_RESUME_DONE, 0);
    platform_vcpu_start(0, SEL4_MACHINE_PC, 0);
    assert_int_equal(libsel4.context.pc, SEL4_MACHINE_PC);
}

static void what_a_guest_left_unserved_is_acknowledged_for_the_next(void **state)
{
    (void)state;
    assert_true(platform_irq_ack_at_end(40, 11));
    platform_vcpu_stop(0);
    assert_int_equal(microkit_host_count(MICROKIT_HOST_IRQ_ACK, 11), 0);
    platform_vcpu_start(0, SEL4_MACHINE_PC, 0);
    assert_int_equal(microkit_host_count(MICROKIT_HOST_IRQ_ACK, 11), 1);
}

static void a_devices_interrupt_is_acknowledged_at_its_end(void **state)
{
    (void)state;
    assert_true(platform_irq_ack_at_end(40, 11));
    assert_false(platform_irq_ack_at_end(LR_QUEUE_INTIDS, 11));
    sel4_machine_enable(40, false);
    platform_virq_pend(0, 40, 0);
    assert_int_equal(microkit_host_count(MICROKIT_HOST_IRQ_ACK, 11), 0);
    (void)sel4_machine_maintenance(0);
    assert_int_equal(microkit_host_count(MICROKIT_HOST_IRQ_ACK, 11), 1);
}

static void staying_stopped_touches_nothing(void **state)
{
    microkit_msginfo reply;

    (void)state;
    const struct platform_exit exit = sel4_machine_trap(SMC);
    libsel4_forget();
    assert_false(platform_exit_finish(&exit, PLATFORM_RESUME_STAY, &reply));
    assert_int_equal(libsel4.call_count, 0);
}

/* What libmicrokit acknowledges when a VMM is started again; each other one would be a message of the
 * kernel's. */
static void only_passed_through_interrupts_are_acknowledged(void **state)
{
    static struct vmm_config config = {.device_count = 4};

    (void)state;
    config.devices[0] = (struct vmm_device_config){.kind = VMM_DEVICE_PASSTHROUGH, .channel = 5};
    config.devices[1] = (struct vmm_device_config){.kind = VMM_DEVICE_NET, .channel = 6};
    config.devices[2] = (struct vmm_device_config){.kind = VMM_DEVICE_PASSTHROUGH, .channel = 61};
    config.devices[3] = (struct vmm_device_config){.kind = VMM_DEVICE_PASSTHROUGH, .channel = 64};
    assert_true(irq_ack_on_eoi_channels(&config) == (1ull << 5 | 1ull << 61));
    config.device_count = UINT32_MAX;
    assert_true(irq_ack_on_eoi_channels(&config) == (1ull << 5 | 1ull << 61));
}

static void another_child_is_none_of_ours(void **state)
{
    struct platform_exit exit;

    (void)state;
    assert_int_equal(
        platform_exit_read(SEL4_MACHINE_CHILD + 2, microkit_msginfo_new(seL4_Fault_VCPUFault, 1), &exit),
        ERR_RANGE);
}

#define TEST(name) cmocka_unit_test_setup(name, sel4_machine_set_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_start_resets_the_vcpu_and_runs_it),
        TEST(a_store_reads_no_more_than_it_needs),
        TEST(a_store_of_the_zero_register_reads_nothing),
        TEST(a_load_is_extended_as_its_instruction_says),
        TEST(every_register_has_its_place),
        TEST(what_cannot_be_decoded_is_a_crash),
        TEST(a_refused_access_is_an_abort_for_the_guest),
        TEST(a_jump_to_nowhere_is_a_fetch_abort),
        TEST(exceptions_go_to_the_vector_of_their_origin),
        TEST(an_smc_takes_and_gives_registers),
        TEST(an_hvc_is_answered_in_the_reply),
        TEST(a_system_register_is_read_and_written),
        TEST(an_injection_names_vcpu_priority_and_lr),
        TEST(more_interrupts_than_lrs_wait_for_an_end),
        TEST(fewer_lrs_than_thought_are_found_out),
        TEST(a_level_interrupt_comes_again_while_its_line_is_high),
        TEST(a_maintenance_of_nothing_is_harmless),
        TEST(the_timer_is_acknowledged_when_the_guest_has_ended_it),
        TEST(a_disabled_timer_waits_for_being_enabled),
        TEST(a_timer_that_has_fallen_is_not_pending),
        TEST(an_spi_moves_to_another_vcpu),
        TEST(an_spi_is_not_lost_with_its_old_vcpu),
        TEST(an_sgi_keeps_its_other_senders),
        TEST(a_stop_forgets_what_was_pending),
        TEST(a_restart_empties_the_list_registers_first),
        TEST(a_vmm_that_starts_anew_expects_anything),
        TEST(what_a_guest_left_unserved_is_acknowledged_for_the_next),
        TEST(a_devices_interrupt_is_acknowledged_at_its_end),
        TEST(staying_stopped_touches_nothing),
        TEST(only_passed_through_interrupts_are_acknowledged),
        TEST(another_child_is_none_of_ours),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
