/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Changes an image in one place at a time, and looks whether causeway-verify sees it: each field of every row
 * of the system descriptor, each word of every configuration, bytes of kernel and programs, headers of the
 * file; and changes that are consistent, where both ends of something say the same wrong thing. What promises
 * nothing, the controls, has to be accepted.
 *
 *     mutate IMAGE POLICY KERNEL PD_DIR [STRIDE]
 *
 * STRIDE: only each so manieth of the mutants that come in series.
 */
#include "tests/verify/mutate.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include "verify/grants/program.h"

/* Judge the image as it is now: the rules that it breaks, as bits. */
static enum verify_verdict judge(struct mutate *mutate, bool broken[RULE_COUNT])
{
    struct findings findings = {0};
    struct verify_summary summary = {.name = ""};
    enum verify_verdict verdict =
        verify_image(mutate->image, mutate->image_bytes, &mutate->reference, &findings, &summary);

    memset(broken, 0, RULE_COUNT * sizeof(broken[0]));
    for (size_t i = 0; i < findings.count; i++) {
        broken[findings.items[i].rule] = true;
    }
    findings_free(&findings);
    return verdict;
}

static bool has_rule(const bool broken[RULE_COUNT], const char *rules)
{
    for (unsigned int rule = 0; rule < RULE_COUNT; rule++) {
        const char *name = findings_rule_name((enum findings_rule)rule);
        size_t length = strlen(name);

        for (const char *at = strstr(rules, name); broken[rule] && at != NULL; at = strstr(at + 1, name)) {
            if ((at == rules || at[-1] == ' ') && (at[length] == ' ' || at[length] == '\0')) {
                return true;
            }
        }
    }
    return false;
}

void mutate_judge(struct mutate *mutate, const char *rules, const char *what, const char *who,
                  uint64_t number)
{
    bool broken[RULE_COUNT];
    enum verify_verdict verdict = judge(mutate, broken);
    bool wanted = rules == NULL                     ? verdict == VERIFY_PROVED
                  : strcmp(rules, "malformed") == 0 ? verdict == VERIFY_MALFORMED
                  : strcmp(rules, "any") == 0       ? verdict != VERIFY_PROVED
                                                    : verdict == VERIFY_VIOLATED && has_rule(broken, rules);

    mutate->count++;
    mutate->controls += rules == NULL;
    for (unsigned int rule = 0; wanted && rule < RULE_COUNT; rule++) {
        if (broken[rule]) {
            printf("broke %s: %s\n", findings_rule_name((enum findings_rule)rule), what);
        }
    }
    if (wanted) {
        return;
    }
    mutate->failures++;
    printf("%s: %s %" PRIu64 ": %s, verdict %d:", who, what, number,
           rules == NULL ? "a control that was refused" : rules, (int)verdict);
    for (unsigned int rule = 0; rule < RULE_COUNT; rule++) {
        if (broken[rule]) {
            printf(" %s", findings_rule_name((enum findings_rule)rule));
        }
    }
    printf("\n");
}

void mutate_poke(struct mutate *mutate, void *at, size_t bytes, uint64_t flip, const char *rules,
                 const char *what, const char *who, uint64_t number)
{
    uint64_t old = 0;
    uint64_t value;

    if (at == NULL) {
        return;
    }
    memcpy(&old, at, bytes);
    value = old ^ flip;
    memcpy(at, &value, bytes);
    mutate_judge(mutate, rules, what, who, number);
    memcpy(at, &old, bytes);
}

void *mutate_at(struct mutate *mutate, uint64_t phys)
{
    return (void *)(uintptr_t)elf64_bytes(&mutate->elf, phys, 1);
}

void *mutate_pd_at(struct mutate *mutate, uint32_t pd, uint64_t address)
{
    const struct walk_map *map = walk_find(&mutate->walk, facts_domain_of_pd(pd), address);

    return map == NULL ? NULL : mutate_at(mutate, map->phys + (address - map->address));
}

bool mutate_skips(struct mutate *mutate)
{
    return mutate->series++ % mutate->stride != 0;
}

/* A place in the file where damage means something: headers, descriptor, tables, configurations, declaration;
 * or any. */
static size_t pick_place(struct mutate *mutate, uint64_t random)
{
    const struct sysdesc *sys = &mutate->facts.sys;
    const uint64_t rows[] = {
        mutate->facts.sysdesc_phys, sys->pds, sys->vcpus, sys->irqs, sys->doorbells, sys->el2_root};
    const uint8_t *at;
    uint32_t pd = (uint32_t)(random >> 8) % sys->pd_count;

    switch (random % 5) {
    case 0:
        return (size_t)(random >> 8) % 0x1000;
    case 1:
        at = mutate_at(mutate, rows[(random >> 8) % (sizeof rows / sizeof rows[0])]);
        return at == NULL ? 0 : (size_t)(at - mutate->image) + (size_t)(random >> 16) % 0x4000;
    case 2:
        at = mutate_at(mutate, mutate->facts.pds[pd].stage2_root);
        return at == NULL ? 0 : (size_t)(at - mutate->image) + (size_t)(random >> 16) % 0x6000;
    case 3:
        return mutate->image_bytes - 1 - (size_t)(random >> 8) % 0x8000; /* declaration and sections */
    default:
        return (size_t)(random >> 8) % mutate->image_bytes;
    }
}

void mutate_limit(int seconds)
{
    const struct itimerval timer = {.it_value.tv_sec = seconds};

    (void)setitimer(ITIMER_VIRTUAL, &timer, NULL);
}

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

void mutate_damage(struct mutate *mutate, unsigned int count)
{
    static const uint8_t values[] = {0, 1, 0x7f, 0x80, 0xff, 0x40};
    uint64_t state = 0x9e3779b97f4a7c15ull;

    for (unsigned int i = 0; i < count; i++) {
        size_t places[8];
        uint8_t old[8];
        unsigned int place_count = 1 + (unsigned int)(next_random(&state) % 8);
        bool broken[RULE_COUNT];

        for (unsigned int j = 0; j < place_count; j++) {
            uint64_t random = next_random(&state);

            places[j] = pick_place(mutate, random) % mutate->image_bytes;
            old[j] = mutate->image[places[j]];
            mutate->image[places[j]] =
                (random >> 60) < 8 ? values[(random >> 56) % sizeof values] : (uint8_t)(random >> 50);
        }
        mutate_limit(20);
        (void)judge(mutate, broken);
        mutate_limit(0);
        while (place_count-- > 0) {
            mutate->image[places[place_count]] = old[place_count];
        }
    }
    printf("%u damaged files judged\n", count);
    mutate_judge(mutate, NULL, "the image itself, again", "damage", 0);
}

static uint8_t *read_file(const char *path, size_t *bytes)
{
    struct findings findings = {0};
    uint8_t *data = program_read_file(path, bytes, &findings);

    if (data == NULL) {
        fprintf(stderr, "%s\n", findings.malformed);
        exit(2);
    }
    return data;
}

int main(int argc, char **argv)
{
    struct mutate mutate = {.stride = argc > 5 ? (unsigned int)atoi(argv[5]) : 1};
    struct findings findings = {0};
    const char *dirs[1];

    if (argc < 5) {
        fprintf(stderr, "usage: mutate IMAGE POLICY KERNEL PD_DIR [STRIDE]\n");
        return 2;
    }
    mutate.image = read_file(argv[1], &mutate.image_bytes);
    mutate.reference.policy = read_file(argv[2], &mutate.reference.policy_bytes);
    mutate.reference.kernel = read_file(argv[3], &mutate.reference.kernel_bytes);
    dirs[0] = argv[4];
    mutate.reference.places = (struct program_places){dirs, 1};
    mutate_judge(&mutate, NULL, "the image itself", argv[1], 0);
    if (mutate.failures > 0 ||
        elf64_open(&mutate.elf, mutate.image, mutate.image_bytes, &findings) != ERR_OK ||
        facts_read(&mutate.facts, &mutate.elf, &findings) != ERR_OK ||
        walk_domains(&mutate.walk, &mutate.facts, &findings) != ERR_OK) {
        return 1;
    }
    mutate_rows(&mutate);
    mutate_configs(&mutate);
    mutate_file(&mutate);
    mutate_both_ends(&mutate);
    mutate_attacks(&mutate);
    mutate_crafted(&mutate);
    mutate_damage(&mutate, 2000 / mutate.stride);
    printf("%s: %u mutants, %u of them controls: %u not as they should be\n", argv[1], mutate.count,
           mutate.controls, mutate.failures);
    walk_free(&mutate.walk);
    facts_free(&mutate.facts);
    elf64_close(&mutate.elf);
    free(mutate.image);
    free((void *)(uintptr_t)mutate.reference.policy);
    free((void *)(uintptr_t)mutate.reference.kernel);
    return mutate.failures == 0 ? 0 : 1;
}
