/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a guest may expect of several CPUs at once: PSCI, SGIs, timers and clocks, after kvm-unit-tests' psci, ipi and
 * timer. Each case starts the other CPUs and has them off at its end. Who counts instructions from outside does so
 * between the marks.
 */
#include "guest/hostile/hostile.h"

#include "lib/base/mark.h"

#define TIMER 27u
#define SGI_ASK 1u
#define SGI_ANSWER 2u
#define GO_ROUNDS 10u
#define IPI_ROUNDS 50u
#define EXIT_ROUNDS 50u
#define TIMER_ROUNDS 20u
#define CLOCK_ROUNDS 100u
#define WAIT_SECONDS 60u
#define LINE_BYTES 64u

/* What CPUs tell each other; a line each, so that nobody's store takes another's along. */
struct shared {
    volatile uint64_t value;
} __attribute__((aligned(LINE_BYTES)));

static struct shared done[CPUS_MAX], answers[CPUS_MAX], go, stop;

static uint64_t load(struct shared *shared)
{
    return __atomic_load_n(&shared->value, __ATOMIC_ACQUIRE);
}

static void store(struct shared *shared, uint64_t value)
{
    __atomic_store_n(&shared->value, value, __ATOMIC_RELEASE);
}

static bool wait_for(struct shared *shared, uint64_t value)
{
    const uint64_t start = machine_ticks();

    while (load(shared) < value) {
        if (machine_ticks() - start > WAIT_SECONDS * machine_frequency()) {
            return false;
        }
        cpus_relax();
    }
    return true;
}

static uint32_t begin(void)
{
    const uint32_t count = cpus_count();

    gic_mask_cpu();
    gic_quiet();
    gic_enable(SGI_ANSWER);
    store(&go, 0);
    store(&stop, 0);
    for (uint32_t i = 0; i < CPUS_MAX; i++) {
        store(&done[i], 0);
        store(&answers[i], 0);
    }
    check_that(count > 1, "there is no second CPU");
    return count;
}

static void start_all(uint32_t count, void (*work)(uint32_t cpu))
{
    for (uint32_t cpu = 1; cpu < count; cpu++) {
        check_that(cpus_start(cpu, work) == CPUS_STARTED, "a CPU does not start");
    }
}

static void wait_all(uint32_t count)
{
    for (uint32_t cpu = 1; cpu < count; cpu++) {
        check_that(cpus_wait_off(cpu), "a CPU does not end");
    }
}

/* PSCI. */

static void show_and_wait(uint32_t cpu)
{
    store(&done[cpu], 1);
    (void)wait_for(&stop, 1);
}

static void psci(struct virtio_device *device, uint64_t parameter)
{
    const uint32_t count = begin();

    (void)device;
    (void)parameter;
    check_that(cpus_start_at(CPUS_MAX, machine.ram_base) == CPUS_INVALID, "a CPU that there is not");
    for (uint32_t round = 0; round < GO_ROUNDS; round++) {
        store(&stop, 0);
        for (uint32_t cpu = 1; cpu < count; cpu++) {
            store(&done[cpu], 0);
            check_that(cpus_state(cpu) == CPUS_OFF, "on before it is started");
            check_that(cpus_start_at(cpu, machine.ram_base - 4) == CPUS_BAD_ADDRESS,
                       "an entry outside of RAM");
        }
        start_all(count, show_and_wait);
        for (uint32_t cpu = 1; cpu < count; cpu++) {
            check_that(wait_for(&done[cpu], 1), "a CPU that was started does not run");
            check_that(cpus_state(cpu) == CPUS_ON, "off while it runs");
            check_that(cpus_start(cpu, show_and_wait) == CPUS_ALREADY_ON, "started although it runs");
        }
        store(&stop, 1);
        wait_all(count);
    }
    /* Each is an exit to the VMM, wherever that is. */
    mark_begin();
    for (uint32_t i = 0; i < EXIT_ROUNDS; i++) {
        check_that(cpus_state(1) == CPUS_OFF, "on although it has ended");
    }
    mark_end();
}

static void start_the_last(uint32_t cpu)
{
    const uint32_t last = (uint32_t)load(&stop);

    for (uint64_t round = 1; round <= GO_ROUNDS && wait_for(&go, round); round++) {
        if (cpus_start(last, show_and_wait) == CPUS_STARTED) {
            __atomic_fetch_add(&answers[0].value, 1, __ATOMIC_RELAXED);
        }
        store(&done[cpu], round);
    }
}

/* All others start the last one at the same time: one of them does. */
static void psci_at_once(struct virtio_device *device, uint64_t parameter)
{
    const uint32_t count = begin();

    (void)device;
    (void)parameter;
    store(&stop, count - 1); /* the number of the last one, and its leave to end */
    start_all(count - 1, start_the_last);
    for (uint64_t round = 1; round <= GO_ROUNDS; round++) {
        const uint64_t before = load(&answers[0]);
        store(&go, round);
        const bool ours = cpus_start(count - 1, show_and_wait) == CPUS_STARTED;
        for (uint32_t cpu = 1; cpu < count - 1; cpu++) {
            check_that(wait_for(&done[cpu], round), "a call does not return");
        }
        /* One that has gone off again meanwhile may have been started once more. */
        check_that(load(&answers[0]) - before + ours >= 1, "nobody could start it");
        check_that(cpus_wait_off(count - 1), "it does not run");
    }
    wait_all(count);
}

/* SGIs. */

static void answer(uint32_t cpu)
{
    gic_enable(SGI_ASK);
    store(&done[cpu], 1);
    while (load(&stop) == 0) {
        const uint32_t iar = gic_acknowledge();

        if ((iar & 0x3ff) == SGI_ASK) {
            gic_end(iar);
            store(&answers[cpu], answers[cpu].value + 1);
            gic_send(1u << 16 | SGI_ANSWER);
        }
        cpus_relax();
    }
}

/* The same, asleep in between: what is sent as it falls asleep must wake it. */
static void answer_asleep(uint32_t cpu)
{
    gic_enable(SGI_ASK);
    store(&done[cpu], 1);
    while (load(&stop) == 0) {
        __asm__ volatile("wfi" ::: "memory");
        for (uint32_t iar = gic_acknowledge(); (iar & 0x3ff) == SGI_ASK; iar = gic_acknowledge()) {
            gic_end(iar);
            store(&answers[cpu], answers[cpu].value + 1);
            gic_send(1u << 16 | SGI_ANSWER);
        }
    }
}

/* Take one answer; whose it is if the controller says. */
static bool take_answer(uint32_t sender)
{
    const uint64_t start = machine_ticks();

    while (machine_ticks() - start < WAIT_SECONDS * machine_frequency()) {
        const uint32_t iar = gic_acknowledge();

        if ((iar & 0x3ff) < 1020) {
            gic_end(iar);
            return iar == (SGI_ANSWER | (gic_is_v3() ? 0 : sender << 10));
        }
        cpus_relax();
    }
    return false;
}

static void end_of_answers(uint32_t count)
{
    store(&stop, 1);
    gic_send(1u << 24 | SGI_ASK); /* to all others, who may be asleep */
    wait_all(count);
    gic_quiet();
}

static void sgi_round(uint32_t count, void (*work)(uint32_t cpu))
{
    start_all(count, work);
    for (uint32_t cpu = 1; cpu < count; cpu++) {
        check_that(wait_for(&done[cpu], 1), "a CPU that was started does not run");
        bool good = true;

        mark_begin();
        for (uint64_t i = 1; i <= IPI_ROUNDS && good; i++) {
            gic_send(1u << (16 + cpu) | SGI_ASK);
            good = take_answer(cpu);
            check_that(good, "an SGI, or its answer, is lost, or another's");
            check_that(load(&answers[cpu]) == i, "an SGI came twice");
        }
        mark_end();
    }
    end_of_answers(count);
}

static void sgi(struct virtio_device *device, uint64_t asleep)
{
    (void)device;
    sgi_round(begin(), asleep != 0 ? answer_asleep : answer);
}

/* To all others at once: each gets each. */
static void sgi_to_all(struct virtio_device *device, uint64_t parameter)
{
    const uint32_t count = begin();

    (void)device;
    (void)parameter;
    start_all(count, answer_asleep);
    for (uint32_t cpu = 1; cpu < count; cpu++) {
        check_that(wait_for(&done[cpu], 1), "a CPU that was started does not run");
    }
    bool good = true;
    for (uint64_t i = 1; i <= IPI_ROUNDS && good; i++) {
        gic_send(1u << 24 | SGI_ASK);
        for (uint32_t cpu = 1; cpu < count; cpu++) {
            good = good && wait_for(&answers[cpu], i) && load(&answers[cpu]) == i;
        }
        check_that(good, "one has none, or two");
    }
    end_of_answers(count);
}

/* Timers: every CPU's own. */

static void sleep_by_timer(uint32_t cpu)
{
    uint64_t early = 0;

    gic_enable(TIMER);
    for (uint32_t i = 1; i <= TIMER_ROUNDS; i++) {
        const uint64_t deadline = machine_ticks() + machine_frequency() * (1 + cpu) / 1000;
        uint32_t iar;

        __asm__ volatile("msr cntv_cval_el0, %0\n\tmsr cntv_ctl_el0, %1\n\tisb" ::"r"(deadline), "r"(1ull));
        do {
            __asm__ volatile("wfi" ::: "memory");
            iar = gic_acknowledge();
        } while ((iar & 0x3ff) != TIMER);
        early += machine_ticks() < deadline;
        __asm__ volatile("msr cntv_ctl_el0, %0\n\tisb" ::"r"(0ull));
        gic_end(iar);
        store(&done[cpu], i);
    }
    store(&answers[cpu], early);
}

static void timers(struct virtio_device *device, uint64_t parameter)
{
    const uint32_t count = begin();

    (void)device;
    (void)parameter;
    start_all(count, sleep_by_timer);
    sleep_by_timer(0);
    wait_all(count);
    for (uint32_t cpu = 0; cpu < count; cpu++) {
        check_that(load(&done[cpu]) == TIMER_ROUNDS, "a timer's interrupt is lost");
        check_that(load(&answers[cpu]) == 0, "a timer's interrupt came early");
    }
}

/* Clocks: whoever has heard the time from another does not see an earlier one. */

static void tell_time(uint32_t cpu)
{
    store(&done[cpu], 1);
    while (load(&stop) == 0) {
        const uint64_t heard = load(&go);

        if (heard != load(&answers[cpu]) && heard != 0) {
            const uint64_t now = machine_ticks();

            if (now < heard) {
                store(&done[cpu], 2);
            }
            store(&answers[cpu], heard);
        }
        cpus_relax();
    }
}

static void clocks(struct virtio_device *device, uint64_t parameter)
{
    const uint32_t count = begin();

    (void)device;
    (void)parameter;
    start_all(count, tell_time);
    bool good = true;
    for (uint32_t i = 0; i < CLOCK_ROUNDS && good; i++) {
        const uint64_t now = machine_ticks();

        store(&go, now);
        for (uint32_t cpu = 1; cpu < count; cpu++) {
            good = good && wait_for(&answers[cpu], now);
        }
        check_that(good, "a CPU does not answer");
        while (machine_ticks() == now) {
            cpus_relax();
        }
    }
    store(&stop, 1);
    wait_all(count);
    for (uint32_t cpu = 1; cpu < count; cpu++) {
        check_that(load(&done[cpu]) == 1, "its clock is behind");
    }
}

const struct attack conform_cpus[] = {
    {"cpus-psci", psci, 0},
    {"cpus-psci-at-once", psci_at_once, 0},
    {"cpus-sgi", sgi, 0},
    {"cpus-sgi-asleep", sgi, 1},
    {"cpus-sgi-to-all", sgi_to_all, 0},
    {"cpus-timers", timers, 0},
    {"cpus-clocks", clocks, 0},
    {NULL, NULL, 0},
};
