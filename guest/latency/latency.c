/* SPDX-License-Identifier: BSD-2-Clause */
/* The latency probe: what it measures and what it says. See latency.h. */
#include "guest/latency/latency.h"

#include "guest/hostile/hostile.h"
#include "guest/hostile/mmu.h"
#include "lib/base/format.h"

#define VTIMER_INTID 27u
#define SAMPLES_DEFAULT 1000u
#define SAMPLES_MAX 200000u
#define SETTLE_MS 300u
/* From one sample to the next: not of a round number, so that it meets the others at any place. */
#define INTERVAL_LEAST_US 60u
#define INTERVAL_RANDOM_US 400u
#define NANOSECONDS 1000000000ull

enum pl011 { UART_DR = 0x00, UART_CR = 0x30, UART_CR_ON = 0x301 };
enum gic {
    GICD_CTLR = 0x000,
    GICD_IGROUPR = 0x080,
    GICD_ISENABLER = 0x100,
    GICD_IPRIORITYR = 0x400,
    GICC_CTLR = 0x000,
    GICC_PMR = 0x004,
    GICC_IAR = 0x00c,
    GICC_EOIR = 0x010
};

static uint32_t samples[SAMPLES_MAX];
static volatile bool taken;
static volatile uint64_t deadline, late_ticks;

static void say(const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '\n') {
            access_write(machine.uart + UART_DR, 4, '\r');
        }
        access_write(machine.uart + UART_DR, 4, (uint8_t)*text);
    }
}

static void gic_start(void)
{
    access_write(machine.gicd + GICD_CTLR, 4, 1);
    access_write(machine.gicd + GICD_IGROUPR, 4, 0);
    access_write(machine.gicd + GICD_IPRIORITYR + VTIMER_INTID, 1, 0xa0);
    access_write(machine.gicd + GICD_ISENABLER, 4, 1u << VTIMER_INTID);
    access_write(machine.gicc + GICC_PMR, 4, 0xff);
    access_write(machine.gicc + GICC_CTLR, 4, 1);
}

void latency_interrupt(uint64_t ticks)
{
    const uint32_t iar = (uint32_t)access_read(machine.gicc + GICC_IAR, 4);

    if ((iar & 0x3ff) == VTIMER_INTID) {
        __asm__ volatile("msr cntv_ctl_el0, xzr\n\tisb" ::: "memory");
        late_ticks = ticks - deadline;
        taken = true;
    }
    if ((iar & 0x3ff) < 1020) {
        access_write(machine.gicc + GICC_EOIR, 4, iar);
    }
}

/* Sleep until the timer rings in so many ticks; how late the vector was, in ticks. Interrupts are masked
   until the processor sleeps, so that none comes between the question and the sleep. */
static uint64_t sleep_ticks(uint64_t ticks)
{
    taken = false;
    deadline = machine_ticks() + ticks;
    __asm__ volatile("msr cntv_cval_el0, %0\n\tmsr cntv_ctl_el0, %1\n\tisb" ::"r"(deadline), "r"((uint64_t)1)
                     : "memory");
    while (!taken) {
        __asm__ volatile("wfi\n\tmsr daifclr, #2\n\tisb\n\tmsr daifset, #2" ::: "memory");
    }
    return late_ticks;
}

static uint64_t next_random(void)
{
    static uint64_t state = 88172645463325252ull;

    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static void sift_down(uint32_t *values, uint64_t root, uint64_t count)
{
    for (uint64_t child; (child = 2 * root + 1) < count; root = child) {
        if (child + 1 < count && values[child + 1] > values[child]) {
            child++;
        }
        if (values[root] >= values[child]) {
            return;
        }
        const uint32_t larger = values[child];
        values[child] = values[root];
        values[root] = larger;
    }
}

/* In place and without recursion. */
static void sort(uint32_t *values, uint64_t count)
{
    for (uint64_t i = count / 2; i-- > 0;) {
        sift_down(values, i, count);
    }
    for (uint64_t end = count; end-- > 1;) {
        const uint32_t largest = values[0];

        values[0] = values[end];
        values[end] = largest;
        sift_down(values, 0, end);
    }
}

static unsigned long long nanoseconds(uint32_t ticks)
{
    return (unsigned long long)ticks * NANOSECONDS / machine_frequency();
}

static uint64_t find_worst(uint64_t count)
{
    uint64_t worst = 0;

    for (uint64_t i = 1; i < count; i++) {
        worst = samples[i] > samples[worst] ? i : worst;
    }
    return worst;
}

static void report(uint64_t count)
{
    const uint64_t worst = find_worst(count);
    char line[160];

    sort(samples, count);
    (void)format_print(
        line, sizeof(line),
        "latency: samples %llu min %llu median %llu p99 %llu max %llu ns, the last in sample %llu\n",
        (unsigned long long)count, nanoseconds(samples[0]), nanoseconds(samples[count / 2]),
        nanoseconds(samples[count - 1 - count / 100]), nanoseconds(samples[count - 1]),
        (unsigned long long)worst);
    say(line);
}

static uint64_t wanted_samples(void)
{
    char text[16];
    uint64_t count = 0;

    if (!machine_argument("samples", text, sizeof(text))) {
        return SAMPLES_DEFAULT;
    }
    for (const char *at = text; *at >= '0' && *at <= '9'; at++) {
        count = count * 10 + (uint64_t)(*at - '0');
    }
    return count == 0 || count > SAMPLES_MAX ? SAMPLES_DEFAULT : count;
}

void latency_run(const void *fdt)
{
    mmu_enable();
    if (!machine_read(fdt)) {
        return;
    }
    const uint64_t count = wanted_samples(), us = machine_frequency() / 1000000;
    char yes[2];

    if (machine_argument("compute", yes, sizeof(yes))) {
        for (volatile uint64_t steps = 0;; steps = steps + 1) {
        }
    }
    access_write(machine.uart + UART_CR, 4, UART_CR_ON);
    gic_start();
    (void)sleep_ticks(SETTLE_MS * 1000 * us);
    __asm__ volatile("hint %0" ::"i"(LATENCY_HINT_BEGIN) : "memory");
    for (uint64_t i = 0; i < count; i++) {
        samples[i] =
            (uint32_t)sleep_ticks(INTERVAL_LEAST_US * us + next_random() % (INTERVAL_RANDOM_US * us));
    }
    __asm__ volatile("hint %0" ::"i"(LATENCY_HINT_END) : "memory");
    report(count);
}
