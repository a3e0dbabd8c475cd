/* SPDX-License-Identifier: BSD-2-Clause */
/** An SPI that is routed to another vCPU: wherever it is on its way, none is lost and none comes twice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "kernel/include/syscall.h"
#include "tests/mock/lr_guest.h"

#define ENABLED SYSCALL_VIRQ_ENABLED
#define LEVEL SYSCALL_VIRQ_LEVEL
#define BOTH (SYSCALL_VIRQ_IS_PENDING | SYSCALL_VIRQ_IS_ACTIVE)
#define SPI 40u
#define VCPUS 3u

/* The vCPUs of one machine. */
struct machine {
    struct lr_guest vcpus[VCPUS];
};

static int setup(void **state)
{
    struct machine *machine = calloc(1, sizeof *machine);

    for (uint32_t i = 0; i < VCPUS; i++) {
        virq_init(&machine->vcpus[i].state, 4);
        virq_enable(&machine->vcpus[i].state, true);
    }
    virq_configure(&machine->vcpus[0].state, SPI, ENABLED, 0xa0);
    *state = machine;
    return 0;
}

static int teardown(void **state)
{
    free(*state);
    return 0;
}

static void move(struct machine *machine, uint32_t from, uint32_t to)
{
    virq_move(&machine->vcpus[from].state, &machine->vcpus[to].state, SPI);
}

/* What vcpu_settle() does. Returns how many were released. */
static uint32_t settle(struct machine *machine, uint32_t vcpu)
{
    uint32_t released = 0;
    uint32_t intid;

    lr_guest_leave(&machine->vcpus[vcpu]);
    while (virq_take_ended(&machine->vcpus[vcpu].state, &intid)) {
        for (uint32_t i = 0; i < VCPUS; i++) {
            released += virq_release(&machine->vcpus[i].state, intid);
        }
    }
    return released;
}

/* Run the vCPU: what it acknowledges, which it ends at once. */
static uint32_t serve(struct machine *machine, uint32_t vcpu)
{
    struct lr_guest *guest = &machine->vcpus[vcpu];

    lr_guest_enter(guest);
    const uint32_t intid = lr_guest_acknowledge(guest);
    if (intid != LR_GUEST_NONE) {
        (void)lr_guest_end(guest);
    }
    (void)settle(machine, vcpu);
    return intid;
}

static void a_latched_one_goes_along(void **state)
{
    struct machine *machine = *state;

    virq_pend(&machine->vcpus[0].state, SPI, 0);
    move(machine, 0, 1);
    assert_int_equal(serve(machine, 0), LR_GUEST_NONE);
    assert_int_equal(serve(machine, 1), SPI);
    assert_int_equal(serve(machine, 1), LR_GUEST_NONE);
}

static void one_in_an_lr_is_taken_back(void **state)
{
    struct machine *machine = *state;

    virq_pend(&machine->vcpus[0].state, SPI, 0);
    lr_guest_enter(&machine->vcpus[0]);
    lr_guest_leave(&machine->vcpus[0]);
    move(machine, 0, 1);
    assert_int_equal(serve(machine, 0), LR_GUEST_NONE);
    assert_int_equal(serve(machine, 1), SPI);
}

static void a_linked_one_keeps_its_link(void **state)
{
    struct machine *machine = *state;

    virq_pend_hw(&machine->vcpus[0].state, SPI, 77);
    lr_guest_enter(&machine->vcpus[0]);
    lr_guest_leave(&machine->vcpus[0]);
    move(machine, 0, 1);
    assert_false(virq_is_linked(&machine->vcpus[0].state, SPI));
    lr_guest_enter(&machine->vcpus[1]);
    assert_int_equal(machine->vcpus[1].lrs[0], VIRQ_LR_HW | VIRQ_LR_PENDING | 20u << 23 | 77u << 10 | SPI);
}

static void a_line_goes_along(void **state)
{
    struct machine *machine = *state;

    virq_configure(&machine->vcpus[0].state, SPI, ENABLED | LEVEL, 0xa0);
    virq_set_line(&machine->vcpus[0].state, SPI, true);
    move(machine, 0, 1);
    assert_int_equal(serve(machine, 0), LR_GUEST_NONE);
    assert_int_equal(serve(machine, 1), SPI);
    assert_int_equal(serve(machine, 1), SPI);
    virq_set_line(&machine->vcpus[1].state, SPI, false);
    assert_int_equal(serve(machine, 1), LR_GUEST_NONE);
}

/* While the old vCPU serves it the new one is not interrupted, however often it becomes pending. */
static void an_active_one_holds_the_next_back(void **state)
{
    struct machine *machine = *state;
    struct lr_guest *old = &machine->vcpus[0];

    virq_pend(&old->state, SPI, 0);
    lr_guest_enter(old);
    assert_int_equal(lr_guest_acknowledge(old), SPI);
    lr_guest_leave(old);
    virq_pend(&old->state, SPI, 0);
    move(machine, 0, 1);
    assert_int_equal(virq_get(&machine->vcpus[1].state, SPI), BOTH);
    assert_int_equal(serve(machine, 1), LR_GUEST_NONE);
    lr_guest_enter(old);
    assert_true(lr_guest_end(old)); /* with a maintenance interrupt, so that nobody waits */
    assert_int_equal(settle(machine, 0), 1);
    assert_int_equal(old->state.left_count, 0);
    assert_int_equal(serve(machine, 0), LR_GUEST_NONE);
    assert_int_equal(serve(machine, 1), SPI);
    assert_int_equal(virq_get(&machine->vcpus[1].state, SPI), 0);
}

static void an_active_linked_one_ends_where_it_is(void **state)
{
    struct machine *machine = *state;
    struct lr_guest *old = &machine->vcpus[0];

    virq_pend_hw(&old->state, SPI, 77);
    lr_guest_enter(old);
    assert_int_equal(lr_guest_acknowledge(old), SPI);
    lr_guest_leave(old);
    move(machine, 0, 1);
    assert_true(virq_is_linked(&old->state, SPI));
    assert_false(virq_is_linked(&machine->vcpus[1].state, SPI));
    lr_guest_enter(old);
    (void)lr_guest_end(old);
    assert_int_equal(settle(machine, 0), 1);
    virq_pend_hw(&machine->vcpus[1].state, SPI, 77);
    assert_int_equal(serve(machine, 1), SPI);
}

static void it_may_move_on_and_come_back(void **state)
{
    struct machine *machine = *state;
    struct lr_guest *old = &machine->vcpus[0];

    virq_pend(&old->state, SPI, 0);
    lr_guest_enter(old);
    (void)lr_guest_acknowledge(old);
    lr_guest_leave(old);
    move(machine, 0, 1);
    virq_pend(&machine->vcpus[1].state, SPI, 0);
    move(machine, 1, 2);
    assert_int_equal(serve(machine, 1), LR_GUEST_NONE);
    assert_int_equal(serve(machine, 2), LR_GUEST_NONE);
    move(machine, 2, 0); /* active and pending, as if it had never been away */
    assert_int_equal(old->state.left_count, 0);
    assert_int_equal(virq_get(&old->state, SPI), BOTH);
    lr_guest_enter(old);
    (void)lr_guest_end(old);
    assert_int_equal(settle(machine, 0), 0);
    assert_int_equal(serve(machine, 0), SPI);
    assert_int_equal(serve(machine, 0), LR_GUEST_NONE);
}

static void a_spilled_one_is_released_by_its_count(void **state)
{
    struct machine *machine = *state;
    struct lr_guest *old = &machine->vcpus[0];

    assert_false(virq_set_active(&old->state, SPI, true));
    move(machine, 0, 1);
    virq_pend(&machine->vcpus[1].state, SPI, 0);
    assert_int_equal(serve(machine, 1), LR_GUEST_NONE);
    old->eoi_count = 1;
    assert_int_equal(settle(machine, 0), 1);
    assert_int_equal(serve(machine, 1), SPI);
}

static void ignore(void *context, uint32_t physical)
{
    (void)context;
    (void)physical;
}

/* The old vCPU is switched off in its handler. */
static void a_stop_releases_what_has_left(void **state)
{
    struct machine *machine = *state;
    struct lr_guest *old = &machine->vcpus[0];

    virq_pend(&old->state, SPI, 0);
    lr_guest_enter(old);
    (void)lr_guest_acknowledge(old);
    lr_guest_leave(old);
    move(machine, 0, 1);
    virq_pend(&machine->vcpus[1].state, SPI, 0);
    virq_clear(&machine->vcpus[1].state, ignore, NULL); /* of the new one's it takes the latch only */
    virq_pend(&machine->vcpus[1].state, SPI, 0);
    assert_int_equal(serve(machine, 1), LR_GUEST_NONE);
    virq_clear(&old->state, ignore, NULL);
    old->depth = 0;
    lr_guest_enter(old);
    assert_int_equal(settle(machine, 0), 1);
    assert_int_equal(serve(machine, 1), SPI);
}

static void what_has_fallen_is_taken_back(void **state)
{
    struct machine *machine = *state;
    struct lr_guest *guest = &machine->vcpus[0];

    assert_false(virq_withdraw_hw(&guest->state, SPI));
    virq_pend(&guest->state, SPI, 0);
    assert_false(virq_withdraw_hw(&guest->state, SPI)); /* not linked */
    assert_int_equal(serve(machine, 0), SPI);
    virq_pend_hw(&guest->state, SPI, 77);
    lr_guest_enter(guest);
    lr_guest_leave(guest);
    assert_true(virq_withdraw_hw(&guest->state, SPI));
    assert_int_equal(virq_get(&guest->state, SPI), 0);
    assert_int_equal(serve(machine, 0), LR_GUEST_NONE);
    virq_pend_hw(&guest->state, SPI, 77);
    lr_guest_enter(guest);
    (void)lr_guest_acknowledge(guest);
    lr_guest_leave(guest);
    assert_false(virq_withdraw_hw(&guest->state, SPI)); /* the guest serves it */
    assert_int_equal(virq_get(&guest->state, SPI), SYSCALL_VIRQ_IS_ACTIVE);
}

static void an_sgi_loses_only_the_sources_that_are_cleared(void **state)
{
    struct machine *machine = *state;
    struct lr_guest *guest = &machine->vcpus[0];

    virq_configure(&guest->state, 3, ENABLED, 0xa0);
    virq_pend(&guest->state, 3, 0);
    virq_pend(&guest->state, 3, 1);
    virq_pend(&guest->state, 3, 2);
    lr_guest_enter(guest); /* source 0 is in an LR */
    lr_guest_leave(guest);
    virq_unpend(&guest->state, 3, 1u << 0 | 1u << 2);
    assert_int_equal(virq_get(&guest->state, 3) >> SYSCALL_VIRQ_SOURCES_SHIFT, 1u << 1);
    assert_int_equal(serve(machine, 0), 1u << 10 | 3);
    assert_int_equal(serve(machine, 0), LR_GUEST_NONE);
}

/* Random moves, edges and handlers: after it all each edge has been delivered, one at a time, and nothing is
 * left over. */
static void random_moves_lose_nothing(void **state)
{
    struct machine *machine = *state;
    uint32_t owner = 0, active_on = VCPUS;
    bool pending = false;

    srand(1);
    for (uint32_t turn = 0; turn < 50000; turn++) {
        const uint32_t vcpu = (uint32_t)rand() % VCPUS;
        struct lr_guest *guest = &machine->vcpus[vcpu];

        if (rand() % 3 == 0) {
            virq_pend(&machine->vcpus[owner].state, SPI, 0);
            pending = true;
        }
        if (rand() % 3 == 0 && vcpu != owner) {
            move(machine, owner, vcpu);
            owner = vcpu;
        }
        lr_guest_enter(guest);
        if (active_on == vcpu && rand() % 2 == 0) {
            (void)lr_guest_end(guest);
            active_on = VCPUS;
        } else if (guest->depth == 0 && lr_guest_acknowledge(guest) == SPI) {
            assert_int_equal(vcpu, owner);
            assert_int_equal(active_on, VCPUS);
            assert_true(pending);
            active_on = vcpu;
            pending = false;
        }
        (void)settle(machine, vcpu);
        assert_int_equal(virq_get(&machine->vcpus[owner].state, SPI),
                         (pending ? SYSCALL_VIRQ_IS_PENDING : 0) |
                             (active_on != VCPUS ? SYSCALL_VIRQ_IS_ACTIVE : 0));
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_latched_one_goes_along),
        TEST(one_in_an_lr_is_taken_back),
        TEST(a_linked_one_keeps_its_link),
        TEST(a_line_goes_along),
        TEST(an_active_one_holds_the_next_back),
        TEST(an_active_linked_one_ends_where_it_is),
        TEST(it_may_move_on_and_come_back),
        TEST(a_spilled_one_is_released_by_its_count),
        TEST(a_stop_releases_what_has_left),
        TEST(what_has_fallen_is_taken_back),
        TEST(an_sgi_loses_only_the_sources_that_are_cleared),
        TEST(random_moves_lose_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
