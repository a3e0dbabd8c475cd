/* SPDX-License-Identifier: BSD-2-Clause */
/** One vCPU on vmm/platform_sel4.c with libsel4_record.c below: what its tests share. */
#pragma once

#include "lib/config/timer_config.h"
#include "microkit/host/microkit_host.h"
#include "tests/mock/libsel4_record.h"
#include "vmm/platform.h"

#define SEL4_MACHINE_CHILD 3u
#define SEL4_MACHINE_TCB (BASE_VM_TCB_CAP + SEL4_MACHINE_CHILD)
#define SEL4_MACHINE_VCPU (BASE_VCPU_CAP + SEL4_MACHINE_CHILD)
#define SEL4_MACHINE_TIMER_CHANNEL 7u
#define SEL4_MACHINE_GICC_GPA 0x08010000ull
#define SEL4_MACHINE_RAM_GPA 0x40000000ull
#define SEL4_MACHINE_RAM_BYTES 0x200000u
#define SEL4_MACHINE_PC 0x40001000ull
#define SEL4_MACHINE_GPA 0x0a000050ull

/** The clock, and the deadline that the timer PD was asked for last. */
struct sel4_machine {
    uint64_t now;
    uint64_t asked_deadline;
};

/** The one instance. */
extern struct sel4_machine sel4_machine;

/** cmocka's set-up: the vCPU runs, the distributor is on, nothing is recorded. */
int sel4_machine_set_up(void **state);

/** Have the guest enable an interrupt, with priority 0xa0. */
void sel4_machine_enable(uint32_t intid, bool edge);

/** A fault of the vCPU with `count` words; what the platform makes of it. */
struct platform_exit sel4_machine_fault(seL4_Word label, const seL4_Word *words, seL4_Uint16 count);

/** An abort with this ESR at SEL4_MACHINE_PC and SEL4_MACHINE_GPA. */
struct platform_exit sel4_machine_abort(uint64_t esr);

/** A trapped instruction. */
struct platform_exit sel4_machine_trap(uint64_t hsr);

/** The guest has ended what was in list register `lr`. */
struct platform_exit sel4_machine_maintenance(seL4_Word lr);

/** The virtual timer has fired. */
struct platform_exit sel4_machine_timer_event(void);

/** Finish; the reply must let the guest go on, and have `words` words. */
void sel4_machine_go_on(const struct platform_exit *exit, enum platform_resume resume, seL4_Word words);

/** The exit must have left the vCPU asleep. */
void sel4_machine_assert_parked(const struct platform_exit *exit);
