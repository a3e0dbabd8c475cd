/* SPDX-License-Identifier: BSD-2-Clause */
/** Has the PL031 real-time clock (Arm DDI 0224) interrupt it three times, a second apart. */
#include <microkit.h>
#include <stdint.h>

#define RTC_IRQ_CHANNEL 9u
#define RTC_DR 0
#define RTC_MR 1
#define RTC_IMSC 4
#define RTC_ICR 7
#define INTERRUPTS 3u

uintptr_t rtc_vaddr;
static unsigned int seen;

static volatile uint32_t *registers(void)
{
    return (volatile uint32_t *)rtc_vaddr;
}

static void set_alarm(void)
{
    registers()[RTC_MR] = registers()[RTC_DR] + 1;
}

void init(void)
{
    registers()[RTC_ICR] = 1;
    registers()[RTC_IMSC] = 1;
    set_alarm();
}

void notified(microkit_channel ch)
{
    if (ch != RTC_IRQ_CHANNEL) {
        microkit_dbg_puts("rtc: WRONG channel\n");
        return;
    }
    registers()[RTC_ICR] = 1;
    microkit_dbg_puts("rtc: interrupt ");
    microkit_dbg_put32(++seen);
    microkit_dbg_puts("\n");
    if (seen < INTERRUPTS) {
        set_alarm();
    }
    microkit_deferred_irq_ack(ch);
}
