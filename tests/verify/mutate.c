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

#include "verify/program.h"

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
