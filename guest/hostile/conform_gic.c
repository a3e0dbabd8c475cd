/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a guest may expect of its virtual timer and its GIC (Arm IHI 0048B, IHI 0069H): after kvm-unit-tests' timer and
 * gic. No attacks: the harness asks for them by `conform` (tests/target/test_conform.py). Interrupts are
 * masked at the CPU but where a case says so, and taken by acknowledging them. The last case starts the second
 * CPU for good.
 */
#include "guest/hostile/hostile.h"

#include "lib/base/mark.h"

enum gic_register {
    GICD_TYPER = 0x004,
    GICD_ISENABLER = 0x100,
    GICD_ICENABLER = 0x180,
    GICD_ISPENDR = 0x200,
    GICD_ICPENDR = 0x280,
    GICD_ISACTIVER = 0x300,
    GICD_ICACTIVER = 0x380,
    GICD_CPENDSGIR = 0xf10,
    GICD_SPENDSGIR = 0xf20
};

#define TIMER 27u
#define SGI 3u
#define ALONE_ROUNDS 50u
#define SPURIOUS 1023u
#define CTL_ENABLE 1ull
#define CTL_IMASK 2ull
#define PSCI_CPU_ON 0xc4000003ull

static void set_timer(uint64_t deadline, uint64_t control)
{
    __asm__ volatile("msr cntv_cval_el0, %0\n\tmsr cntv_ctl_el0, %1\n\tisb" ::"r"(deadline), "r"(control)
                     : "memory");
}

static uint64_t after_ms(uint64_t milliseconds)
{
    return machine_ticks() + machine_frequency() * milliseconds / 1000;
}

static bool get_bit(uint32_t row, uint32_t intid)
{
    return (access_read(gic_word(row, intid), 4) >> intid % 32 & 1) != 0;
}

static void set_bit(uint32_t row, uint32_t intid)
{
    access_write(gic_word(row, intid), 4, 1u << intid % 32);
}

/* A quiet machine with `intid` enabled for this CPU, which takes no interrupt by itself. */
static void begin(uint32_t intid)
{
    gic_mask_cpu();
    set_timer(~0ull, 0);
    gic_quiet();
    gic_enable(intid);
}

/* An SPI that no device has: the last one. */
static uint32_t spare_spi(void)
{
    return 32 * ((uint32_t)(access_read(machine.gicd + GICD_TYPER, 4) & 0x1f) + 1) - 1;
}

/* Let this CPU take interrupts for a moment. Returns how many came. */
static uint64_t take_interrupts(void)
{
    const uint64_t before = gic_interrupts;

    gic_limit = 1; /* a level comes again until its cause is gone */
    gic_unmask_cpu();
    for (volatile int i = 0; i < 1000; i++) {
    }
    gic_mask_cpu();
    gic_limit = 0;
    return gic_interrupts - before;
}

/* Timer. */

static void timer_disabled(struct virtio_device *device, uint64_t parameter)
{
    (void)device;
    (void)parameter;
    begin(TIMER);
    set_bit(GICD_ICENABLER, TIMER);
    set_timer(after_ms(10000), CTL_ENABLE);
    check_that(!get_bit(GICD_ISPENDR, TIMER), "pending before its time");
    set_timer(machine_ticks() - 1, CTL_ENABLE);
    check_that(get_bit(GICD_ISPENDR, TIMER), "its time has come, and it is not pending");
    set_timer(machine_ticks() - 1, 0);
    check_that(!get_bit(GICD_ISPENDR, TIMER), "pending after it was disabled");
    set_bit(GICD_ISENABLER, TIMER);
    check_that(take_interrupts() == 0, "an interrupt of a timer that is disabled");
}

static void timer_moved(struct virtio_device *device, uint64_t parameter)
{
    (void)device;
    (void)parameter;
    begin(TIMER);
    set_timer(machine_ticks() - 1, CTL_ENABLE);
    check_that(get_bit(GICD_ISPENDR, TIMER), "its time has come, and it is not pending");
    set_timer(after_ms(10000), CTL_ENABLE);
    check_that(!get_bit(GICD_ISPENDR, TIMER), "pending after its deadline was moved");
    check_that(take_interrupts() == 0, "an interrupt before the deadline");
    set_timer(machine_ticks() - 1, CTL_ENABLE);
    check_that(take_interrupts() == 1, "no interrupt at the new deadline");
    set_timer(~0ull, 0);
}

static void timer_masked(struct virtio_device *device, uint64_t parameter)
{
    (void)device;
    (void)parameter;
    begin(TIMER);
    set_timer(machine_ticks() - 1, CTL_ENABLE | CTL_IMASK);
    check_that(!get_bit(GICD_ISPENDR, TIMER) && take_interrupts() == 0, "an interrupt that the timer masks");
    set_timer(machine_ticks() - 1, CTL_ENABLE);
    check_that(get_bit(GICD_ISPENDR, TIMER), "not pending once it is not masked");
    set_timer(machine_ticks() - 1, CTL_ENABLE | CTL_IMASK);
    check_that(!get_bit(GICD_ISPENDR, TIMER) && take_interrupts() == 0, "pending after it was masked again");
    set_timer(~0ull, 0);
}

static void timer_active(struct virtio_device *device, uint64_t parameter)
{
    (void)device;
    (void)parameter;
    begin(TIMER);
    set_timer(machine_ticks() - 1, CTL_ENABLE);
    (void)get_bit(GICD_ISPENDR, TIMER);
    check_that(gic_acknowledge() == TIMER, "no interrupt of the timer");
    check_that(get_bit(GICD_ISACTIVER, TIMER), "not active while it is served");
    check_that(get_bit(GICD_ISPENDR, TIMER), "its line is high, and it is not pending");
    set_timer(~0ull, 0);
    check_that(!get_bit(GICD_ISPENDR, TIMER), "its line has fallen, and it is pending");
    check_that(get_bit(GICD_ISACTIVER, TIMER), "not active although it was not ended");
    gic_end(TIMER);
    check_that(!get_bit(GICD_ISACTIVER, TIMER), "active after its end");
    check_that(take_interrupts() == 0, "another interrupt of a timer that is disabled");
    set_timer(machine_ticks() - 1, CTL_ENABLE);
    check_that(take_interrupts() == 1, "no interrupt after all that");
    set_timer(~0ull, 0);
}

/* What has fallen ends no WFI: that one lasts until the next deadline. (One that is in a list register, so
 * that WFI does not trap, ends it; a look at the distributor takes it out.) */
static void timer_wfi(struct virtio_device *device, uint64_t parameter)
{
    uint64_t deadline;

    (void)device;
    (void)parameter;
    begin(TIMER);
    set_timer(machine_ticks() - 1, CTL_ENABLE);
    check_that(get_bit(GICD_ISPENDR, TIMER), "its time has come, and it is not pending");
    deadline = after_ms(5);
    set_timer(deadline, CTL_ENABLE);
    check_that(!get_bit(GICD_ISPENDR, TIMER), "pending after its deadline was moved");
    __asm__ volatile("wfi" ::: "memory");
    check_that(machine_ticks() >= deadline, "WFI has ended before its time");
    check_that(take_interrupts() == 1, "no interrupt at the deadline");
    set_timer(~0ull, 0);
}

/* SGIs: a GICv2's GICD_SPENDSGIR and GICD_CPENDSGIR have a bit for each sender (4.3.16, 4.3.17). A GICv3's SGI is
 * pending or not, whoever has sent it. */

static uint32_t sources(void)
{
    return (uint32_t)access_read(machine.gicd + GICD_SPENDSGIR + SGI, 1);
}

/* On a GICv3 through the redistributor: one, whatever was sent. */
static void sgi_clear_v3(void)
{
    gic_send_self(SGI);
    gic_send_self(SGI);
    check_that(get_bit(GICD_ISPENDR, SGI), "not pending");
    set_bit(GICD_ICPENDR, SGI);
    check_that(!get_bit(GICD_ISPENDR, SGI) && gic_acknowledge() == SPURIOUS, "one that was cleared");
    set_bit(GICD_ISPENDR, SGI);
    check_that(gic_acknowledge() == SGI, "one that the redistributor pends is not signalled");
    gic_end(SGI);
    check_that(gic_acknowledge() == SPURIOUS, "another one");
}

static void sgi_acknowledged_v3(void)
{
    gic_send_self(SGI);
    check_that(gic_acknowledge() == SGI && get_bit(GICD_ISACTIVER, SGI), "not signalled, or not active");
    check_that(!get_bit(GICD_ISPENDR, SGI), "pending although it was acknowledged");
    gic_send_self(SGI);
    check_that(get_bit(GICD_ISPENDR, SGI) && gic_acknowledge() == SPURIOUS, "signalled while it is active");
    gic_end(SGI);
    check_that(gic_acknowledge() == SGI, "lost while it was active");
    gic_end(SGI);
    check_that(gic_acknowledge() == SPURIOUS && !get_bit(GICD_ISACTIVER, SGI), "another one");
}

/* What the kernel does alone, on this CPU's own core: nothing here depends on the time, so who counts instructions from
   outside finds the same whatever others do. */
static void sgi_alone(struct virtio_device *device, uint64_t parameter)
{
    bool good = true;

    (void)device;
    (void)parameter;
    begin(SGI);
    mark_begin();
    for (uint32_t i = 0; i < ALONE_ROUNDS; i++) {
        gic_send_self(SGI);
        const uint32_t iar = gic_acknowledge();
        good = good && (iar & 0x3ff) == SGI;
        gic_end(iar);
    }
    mark_end();
    check_that(good, "an SGI to itself is lost");
}

static void sgi_clear(struct virtio_device *device, uint64_t parameter)
{
    (void)device;
    (void)parameter;
    begin(SGI);
    if (gic_is_v3()) {
        sgi_clear_v3();
        return;
    }
    access_write(machine.gicd + GICD_SPENDSGIR + SGI, 1, 3);
    check_that(sources() == 3 && get_bit(GICD_ISPENDR, SGI), "not pending from both");
    access_write(machine.gicd + GICD_CPENDSGIR + SGI, 1, 1);
    check_that(sources() == 2 && get_bit(GICD_ISPENDR, SGI), "not pending from the one that was left");
    check_that(gic_acknowledge() == (1u << 10 | SGI), "not the one that was left");
    gic_end(1u << 10 | SGI);
    check_that(gic_acknowledge() == SPURIOUS && sources() == 0, "another one");
    access_write(machine.gicd + GICD_SPENDSGIR + SGI, 1, 3);
    access_write(machine.gicd + GICD_CPENDSGIR + SGI, 1, 3);
    check_that(gic_acknowledge() == SPURIOUS && sources() == 0, "one that was cleared");
}

static void sgi_acknowledged(struct virtio_device *device, uint64_t parameter)
{
    (void)device;
    (void)parameter;
    begin(SGI);
    if (gic_is_v3()) {
        sgi_acknowledged_v3();
        return;
    }
    access_write(machine.gicd + GICD_SPENDSGIR + SGI, 1, 3);
    check_that(gic_acknowledge() == SGI, "not the first sender's");
    check_that(sources() == 2, "one that was acknowledged is pending, or the other is not");
    check_that(get_bit(GICD_ISACTIVER, SGI), "not active");
    gic_end(SGI);
    check_that(gic_acknowledge() == (1u << 10 | SGI), "not the second sender's");
    gic_end(1u << 10 | SGI);
    check_that(sources() == 0 && gic_acknowledge() == SPURIOUS, "another one");
}

/* SPIs whose GICD_ITARGETSR or GICD_IROUTER changes (4.3.12). This is CPU 0; CPU 1 does not run yet. */

static void spi_pending(struct virtio_device *device, uint64_t parameter)
{
    const uint32_t spi = spare_spi();

    (void)device;
    (void)parameter;
    begin(spi);
    set_bit(GICD_ISPENDR, spi);
    gic_route(spi, 2);
    check_that(get_bit(GICD_ISPENDR, spi), "not pending any more");
    check_that(gic_acknowledge() == SPURIOUS, "signalled to a CPU that is no target");
    gic_route(spi, 1);
    check_that(gic_acknowledge() == spi, "lost on its way to another CPU and back");
    gic_end(spi);
    check_that(gic_acknowledge() == SPURIOUS, "another one");
}

static void spi_active(struct virtio_device *device, uint64_t parameter)
{
    const uint32_t spi = spare_spi();

    (void)device;
    (void)parameter;
    begin(spi);
    set_bit(GICD_ISPENDR, spi);
    check_that(gic_acknowledge() == spi, "not signalled");
    gic_route(spi, 2);
    check_that(get_bit(GICD_ISACTIVER, spi), "not active any more as it has other targets");
    set_bit(GICD_ISPENDR, spi);
    gic_route(spi, 1);
    check_that(get_bit(GICD_ISACTIVER, spi) && get_bit(GICD_ISPENDR, spi), "not active and pending");
    check_that(gic_acknowledge() == SPURIOUS, "signalled while it is active");
    gic_end(spi);
    check_that(!get_bit(GICD_ISACTIVER, spi), "active after its end");
    check_that(gic_acknowledge() == spi, "lost while it was active");
    gic_end(spi);
    check_that(gic_acknowledge() == SPURIOUS && !get_bit(GICD_ISACTIVER, spi), "another one");
}

static void spi_deactivated(struct virtio_device *device, uint64_t parameter)
{
    const uint32_t spi = spare_spi();

    (void)device;
    (void)parameter;
    begin(spi);
    set_bit(GICD_ISPENDR, spi);
    check_that(gic_acknowledge() == spi, "not signalled");
    gic_route(spi, 2);
    set_bit(GICD_ICACTIVER, spi);
    check_that(!get_bit(GICD_ISACTIVER, spi), "active although it was deactivated");
    gic_end(spi); /* the priority drops by that only */
    set_bit(GICD_ISPENDR, spi);
    gic_route(spi, 1);
    check_that(gic_acknowledge() == spi, "not signalled any more");
    gic_end(spi);
}

/* CPU 1 takes what is signalled to it. Its MMU is off: volatile, and aligned. */

static volatile uint64_t second_cpu_count;
static volatile uint64_t second_cpu_last;

static void __attribute__((used)) second_cpu_run(void)
{
    gic_open_cpu();
    for (;;) {
        const uint32_t iar = gic_acknowledge();
        if ((iar & 0x3ff) < 1020) {
            second_cpu_last = iar;
            second_cpu_count++;
            gic_end(iar);
        }
        cpus_relax();
    }
}

/* It needs no stack of its own but a little. */
__asm__(
    ".bss\n\t.balign 16\n\t.skip 1024\nsecond_cpu_stack:\n\t.text\n"
    "second_cpu_entry:\n\tadrp x1, second_cpu_stack\n\tadd x1, x1, :lo12:second_cpu_stack\n\tmov sp, x1\n\t"
    "b second_cpu_run\n");
extern const char second_cpu_entry[];

static int64_t start_second_cpu(void)
{
    register uint64_t x0 __asm__("x0") = PSCI_CPU_ON;
    register uint64_t x1 __asm__("x1") = 1;
    register uint64_t x2 __asm__("x2") = (uintptr_t)second_cpu_entry;
    register uint64_t x3 __asm__("x3") = 0;

    __asm__ volatile("dsb sy\n\thvc #0" : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)::"memory");
    return (int64_t)x0;
}

static bool second_cpu_takes(uint64_t count, uint64_t milliseconds)
{
    const uint64_t deadline = after_ms(milliseconds);

    while (second_cpu_count < count && machine_ticks() < deadline) {
        cpus_relax();
    }
    return second_cpu_count >= count;
}

static void spi_on_two_cpus(struct virtio_device *device, uint64_t parameter)
{
    const uint32_t spi = spare_spi();

    (void)device;
    (void)parameter;
    begin(spi);
    check_that(start_second_cpu() == 0, "the second CPU does not start");
    set_bit(GICD_ISPENDR, spi);
    gic_route(spi, 2);
    check_that(second_cpu_takes(1, 5000) && second_cpu_last == spi, "what was pending did not move");
    gic_route(spi, 1);
    set_bit(GICD_ISPENDR, spi);
    check_that(gic_acknowledge() == spi, "not signalled on the first CPU");
    gic_route(spi, 2);
    set_bit(GICD_ISPENDR, spi);
    check_that(!second_cpu_takes(2, 50), "signalled on the second CPU while active on the first");
    gic_end(spi);
    check_that(second_cpu_takes(2, 5000), "not signalled on the second CPU once ended on the first");
    for (uint64_t i = 3; i < 103; i++) {
        set_bit(GICD_ISPENDR, spi);
        check_that(second_cpu_takes(i, 5000), "lost on the second CPU");
        gic_route(spi, 1);
        gic_route(spi, 2);
    }
    check_that(!second_cpu_takes(103, 50) && !get_bit(GICD_ISACTIVER, spi), "one too many");
    gic_send(2u << 16 | SGI); /* to the second CPU */
    check_that(second_cpu_takes(103, 5000) && (second_cpu_last & 0x3ff) == SGI, "an SGI does not arrive");
}

const struct attack conform_gic[] = {
    {"timer-disabled", timer_disabled, 0},
    {"timer-moved", timer_moved, 0},
    {"timer-masked", timer_masked, 0},
    {"timer-active", timer_active, 0},
    {"timer-wfi", timer_wfi, 0},
    {"sgi-alone", sgi_alone, 0},
    {"sgi-clear", sgi_clear, 0},
    {"sgi-acknowledged", sgi_acknowledged, 0},
    {"spi-pending", spi_pending, 0},
    {"spi-active", spi_active, 0},
    {"spi-deactivated", spi_deactivated, 0},
    {"spi-on-two-cpus", spi_on_two_cpus, 0},
    {NULL, NULL, 0},
};
