/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/mock/sel4_machine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "lib/base/clock.h"
#include "vmm/sel4/restart.h"

static uint8_t ram[SEL4_MACHINE_RAM_BYTES];
static struct vmm_config config = {.vcpu_count = 2,
                                   .vcpu_child = {SEL4_MACHINE_CHILD, SEL4_MACHINE_CHILD + 1},
                                   .timer_channel = SEL4_MACHINE_TIMER_CHANNEL,
                                   .gicc_gpa = SEL4_MACHINE_GICC_GPA,
                                   .ram_gpa = SEL4_MACHINE_RAM_GPA,
                                   .ram_bytes = SEL4_MACHINE_RAM_BYTES,
                                   .dtb_gpa = SEL4_MACHINE_RAM_GPA};
struct sel4_machine sel4_machine;
uint32_t restart_was;

uint32_t clock_hz(void)
{
    return 62500000;
}

uint64_t clock_ticks(void)
{
    return sel4_machine.now;
}

void platform_cache_sync_code(const void *vaddr, uint64_t bytes)
{
    (void)vaddr;
    (void)bytes;
}

static microkit_msginfo timer_pd(void *context, microkit_channel ch, microkit_msginfo msginfo)
{
    (void)context;
    assert_int_equal(ch, SEL4_MACHINE_TIMER_CHANNEL);
    assert_int_equal(microkit_msginfo_get_label(msginfo), TIMER_SET);
    assert_int_equal(microkit_msginfo_get_count(msginfo), 1);
    sel4_machine.asked_deadline = microkit_mr_get(0);
    return microkit_msginfo_new(TIMER_OK, 0);
}

int sel4_machine_set_up(void **state)
{
    (void)state;
    microkit_host_reset();
    microkit_host_set_ppc(timer_pd, NULL);
    libsel4_reset();
    sel4_machine.now = 1000;
    sel4_machine.asked_deadline = 0;
    config.ram_vaddr = (uint64_t)(uintptr_t)ram;
    platform_init(&config);
    platform_virq_enable(0, true);
    platform_vcpu_start(0, SEL4_MACHINE_PC, 0x47e00000);
    libsel4_forget();
    return 0;
}

void sel4_machine_enable(uint32_t intid, bool edge)
{
    const struct platform_virq virq = {.enabled = true, .edge = edge, .priority = 0xa0};

    platform_virq_configure(0, intid, &virq);
}

struct platform_exit sel4_machine_fault(seL4_Word label, const seL4_Word *words, seL4_Uint16 count)
{
    struct platform_exit exit;

    for (seL4_Uint8 i = 0; i < count; i++) {
        microkit_mr_set(i, words[i]);
    }
    assert_int_equal(platform_exit_read(SEL4_MACHINE_CHILD, microkit_msginfo_new(label, count), &exit),
                     ERR_OK);
    return exit;
}

struct platform_exit sel4_machine_abort(uint64_t esr)
{
    const seL4_Word words[] = {SEL4_MACHINE_PC, SEL4_MACHINE_GPA, 0, esr};

    return sel4_machine_fault(seL4_Fault_VMFault, words, 4);
}

struct platform_exit sel4_machine_trap(uint64_t hsr)
{
    return sel4_machine_fault(seL4_Fault_VCPUFault, &hsr, 1);
}

struct platform_exit sel4_machine_maintenance(seL4_Word lr)
{
    if (lr < LIBSEL4_LRS) {
        libsel4.lr_intid[lr] = 0;
    }
    return sel4_machine_fault(seL4_Fault_VGICMaintenance, &lr, 1);
}

struct platform_exit sel4_machine_timer_event(void)
{
    const seL4_Word irq = 27;

    return sel4_machine_fault(seL4_Fault_VPPIEvent, &irq, 1);
}

void sel4_machine_go_on(const struct platform_exit *exit, enum platform_resume resume, seL4_Word words)
{
    microkit_msginfo reply = microkit_msginfo_new(99, 9);

    assert_true(platform_exit_finish(exit, resume, &reply));
    assert_int_equal(microkit_msginfo_get_label(reply), 0);
    assert_int_equal(microkit_msginfo_get_count(reply), words);
}

void sel4_machine_assert_parked(const struct platform_exit *exit)
{
    microkit_msginfo reply;

    assert_int_equal(exit->reason, PLATFORM_EXIT_NONE);
    assert_false(platform_exit_finish(exit, PLATFORM_RESUME_DONE, &reply));
    assert_false(libsel4.runs);
}
