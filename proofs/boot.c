/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel's check of its system descriptor, whatever is in its tables.
 *
 * @contract What the kernel's proofs assume of a descriptor (sound.h) holds of each that passes; a channel,
 * child, vCPU, interrupt or post passes exactly if it is sound.
 * @bound rows of each table, and channels in them, when seen together: 2 of 3; else none
 *
 * @run prove_rows
 * @defect prove_rows: an interrupt passes exactly if it is sound
 * kernel/core/boot.c
 * -     return row->kind == SYSDESC_IRQ_PD && row->target < desc->pd_count && row->channel <
 * SYSDESC_MAX_CHANNELS
 * +     return row->kind == SYSDESC_IRQ_PD && row->target <= desc->pd_count && row->channel <
 * SYSDESC_MAX_CHANNELS
 *
 * @run prove_pd --unwind 65
 * @defect prove_pd: each of its channels and children is sound
 * kernel/core/boot.c
 * -     const bool sends = (channel->kind & (SYSDESC_CHANNEL_NOTIFY | SYSDESC_CHANNEL_PPC)) != 0;
 * +     const bool sends = channel->kind == SYSDESC_CHANNEL_NOTIFY || channel->kind == SYSDESC_CHANNEL_PPC;
 *
 * @run prove_tables --unwind 5
 * @defect prove_tables: each PD is sound
 * kernel/core/boot.c
 * -     for (uint32_t i = 0; i < desc->pd_count && wrong == NULL; i++) {
 * -         wrong = check_pd(desc, &pds[i]);
 * +     for (uint32_t i = 0; i < desc->pd_count; i++) {
 * +         wrong = check_pd(desc, &pds[i]);
 * @with prove_tables
 * kernel/core/boot.c
 * -     for (uint32_t i = 0; i < 64; i++) {
 * +     for (uint32_t i = 0; i < 4; i++) {
 * @with prove_tables
 * kernel/include/sysdesc.h
 * -     struct sysdesc_channel channels[64];
 * -     struct sysdesc_child children[64];
 * +     struct sysdesc_channel channels[4];
 * +     struct sysdesc_child children[4];
 * @with prove_tables
 * kernel/include/sysdesc.h
 * - #define SYSDESC_MAX_SMC_CALLS 8u
 * + #define SYSDESC_MAX_SMC_CALLS 3u
 * @with prove_tables
 * kernel/include/sysdesc.h
 * - #define SYSDESC_MAX_CHANNELS 62u
 * + #define SYSDESC_MAX_CHANNELS 3u
 */
#include "proofs/sound.h"

#include "kernel/core/boot.c"

#define ROWS 2u
#define ENDS (sizeof(((struct sysdesc_pd *)0)->channels) / sizeof(struct sysdesc_channel))

struct sysdesc nondet_desc(void);
struct sysdesc_channel nondet_channel(void);
struct sysdesc_child nondet_child(void);
struct sysdesc_pd nondet_pd(void);
struct sysdesc_vcpu nondet_vcpu(void);
struct sysdesc_irq nondet_irq(void);
struct sysdesc_doorbell nondet_doorbell(void);
struct sysdesc_post nondet_post(void);
struct sysdesc_account nondet_account(void);

static struct sysdesc_pd pds[ROWS];
static struct sysdesc_vcpu vcpus[ROWS];
static struct sysdesc_irq irqs[ROWS];
static struct sysdesc_doorbell doorbells[ROWS];
static struct sysdesc_post posts[ROWS];
static struct sysdesc_account accounts[ROWS];

void prove_rows(void)
{
    const struct sysdesc desc = nondet_desc();
    const struct sysdesc_channel channel = nondet_channel();
    const struct sysdesc_child child = nondet_child();
    const struct sysdesc_vcpu vcpu = nondet_vcpu();
    const struct sysdesc_irq irq = nondet_irq();
    const struct sysdesc_post post = nondet_post();
    const struct sysdesc_account account = nondet_account();

    PROVE((check_header(&desc) == NULL) == sound_header(&desc), "a header passes exactly if it is sound");
    PROVE(channel_is_sound(&desc, &channel) == sound_channel(&desc, &channel),
          "a channel passes exactly if it is sound");
    PROVE(child_is_sound(&desc, &child) == sound_child(&desc, &child),
          "a child passes exactly if it is sound");
    PROVE((check_vcpu(&desc, &vcpu) == NULL) == sound_vcpu(&desc, &vcpu),
          "a vCPU passes exactly if it is sound");
    PROVE((check_irq(&desc, &irq) == NULL) == sound_irq(&desc, &irq),
          "an interrupt passes exactly if it is sound");
    PROVE((check_post(&desc, &post) == NULL) == sound_post(&desc, &post),
          "a post passes exactly if it is sound");
    PROVE((check_account(&desc, &account) == NULL) == sound_account(&desc, &account),
          "an account passes exactly if it is sound");
}

void prove_pd(uint32_t i)
{
    const struct sysdesc desc = nondet_desc();
    const struct sysdesc_pd row = nondet_pd();

    ASSUME(i < ENDS);
    if (check_pd(&desc, &row) == NULL) {
        PROVE(sound_pd(&desc, &row), "the row is sound");
        PROVE(sound_pd_end(&desc, &row, i), "each of its channels and children is sound");
    }
}

static void make_tables(struct sysdesc *desc)
{
    for (uint32_t i = 0; i < ROWS; i++) {
        pds[i] = nondet_pd();
        vcpus[i] = nondet_vcpu();
        irqs[i] = nondet_irq();
        doorbells[i] = nondet_doorbell();
        posts[i] = nondet_post();
        accounts[i] = nondet_account();
    }
    desc->pds = (uintptr_t)pds;
    desc->vcpus = (uintptr_t)vcpus;
    desc->irqs = (uintptr_t)irqs;
    desc->doorbells = (uintptr_t)doorbells;
    desc->posts = (uintptr_t)posts;
    desc->accounts = (uintptr_t)accounts;
}

void prove_tables(uint32_t row, uint32_t end)
{
    struct sysdesc desc = nondet_desc();

    make_tables(&desc);
    /* Longer tables are checked in the same loops. */
    ASSUME(desc.pd_count <= ROWS && desc.vcpu_count <= ROWS && desc.irq_count <= ROWS &&
           desc.account_count <= ROWS && desc.doorbell_count <= ROWS && desc.post_count <= ROWS &&
           row < ROWS && end < ENDS);
    if (boot_check(&desc) != NULL) {
        return;
    }
    PROVE(sound_header(&desc), "the header is sound");
    PROVE(row >= desc.pd_count || (sound_pd(&desc, &pds[row]) && sound_pd_end(&desc, &pds[row], end)),
          "each PD is sound");
    PROVE(row >= desc.vcpu_count || sound_vcpu(&desc, &vcpus[row]), "each vCPU is sound");
    PROVE(row >= desc.irq_count || sound_irq(&desc, &irqs[row]), "each interrupt is sound");
    PROVE(row >= desc.doorbell_count || sound_doorbell(&desc, &doorbells[row]), "each doorbell is sound");
    PROVE(row >= desc.post_count || sound_post(&desc, &posts[row]), "each post is sound");
    PROVE(row >= desc.account_count || sound_account(&desc, &accounts[row]), "each account is sound");
}
