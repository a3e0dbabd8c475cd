/* SPDX-License-Identifier: BSD-2-Clause */
/** What the parts of the mutator share. */
#pragma once

#include "verify/image/walk.h"
#include "verify/verify.h"

/** An image, and how its mutants have fared. */
struct mutate {
    uint8_t *image;
    size_t image_bytes;
    struct verify_reference reference;
    struct elf64 elf; /**< of the sound image; its data is what is changed */
    struct facts facts;
    struct walk walk;
    unsigned int stride, series;
    unsigned int count, controls, failures;
};

/**
 * Judge a mutant. `rules`: names of rules with spaces between, one of which has to be broken; "any": it must
 * not be proved; "malformed"; NULL: a control. The rest says which mutant it is.
 */
void mutate_judge(struct mutate *mutate, const char *rules, const char *what, const char *who,
                  uint64_t number);
/** Flip bits of a field, judge, and put it right again. */
void mutate_poke(struct mutate *mutate, void *at, size_t bytes, uint64_t flip, const char *rules,
                 const char *what, const char *who, uint64_t number);
/** The image's bytes at a physical address, or at an address of a PD; NULL: the file has none. */
void *mutate_at(struct mutate *mutate, uint64_t phys);
void *mutate_pd_at(struct mutate *mutate, uint32_t pd, uint64_t address);
/** The leaf descriptor that maps `address` of a domain, to be written; NULL: none does. */
uint64_t *mutate_leaf(struct mutate *mutate, uint32_t domain, uint64_t address);
/** The configuration of a PD, to be written; NULL: it has none. */
uint8_t *mutate_find_config(struct mutate *mutate, uint32_t pd);
/** Whether the next mutant of a series is left out. */
bool mutate_skips(struct mutate *mutate);

/** Every field of every row of the descriptor. */
void mutate_rows(struct mutate *mutate);
/** Every word of every configuration, and every variable that a device's driver is told an address by. */
void mutate_configs(struct mutate *mutate);
/** Kernel, programs, headers, translation tables. */
void mutate_file(struct mutate *mutate);
/** Damage the image at random `count` times, in up to eight places each: whatever comes out, it comes out
 * soon. */
void mutate_damage(struct mutate *mutate, unsigned int count);
/** Two places at once, which agree. */
void mutate_both_ends(struct mutate *mutate);
/** Attacks on one system that each change several places, so that they look as if they were meant. */
void mutate_attacks(struct mutate *mutate);
/** Images that were made to keep the verifier busy. */
void mutate_crafted(struct mutate *mutate);
/** End the program after `seconds` of its own time from now: a hang is a failure. 0: no limit any more. */
void mutate_limit(int seconds);
