/* SPDX-License-Identifier: BSD-2-Clause */
/* Attacks on the image, one after the other, and fields of configurations that two rows change. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/verify/attack.h"
#include "verify/grants/config.h"

/* Two rows of a configuration change one field. */
static void swap_fields(struct mutate *mutate, uint32_t pd, const struct config_part *part, uint8_t *data)
{
    for (size_t i = 0; i < part->field_count; i++) {
        const struct config_field *field = &part->fields[i];
        uint8_t *a = data + part->offset + field->offset;
        uint8_t *b = a + part->stride;
        uint8_t kept[64];

        if (field->kind == CONFIG_OTHER || field->when != 0 || field->bytes > sizeof(kept) ||
            memcmp(a, b, field->bytes) == 0) {
            continue;
        }
        memcpy(kept, a, field->bytes);
        memcpy(a, b, field->bytes);
        memcpy(b, kept, field->bytes);
        mutate_judge(mutate, "any", "two rows of a configuration change a field", part->element,
                     pd * 100 + i);
        memcpy(b, a, field->bytes);
        memcpy(a, kept, field->bytes);
    }
}

/* Rows of one kind of a configuration. */
static void swap_in_part(struct mutate *mutate, uint32_t pd, const struct config_part *part, uint8_t *data)
{
    uint32_t count = part->max;

    if (part->count_offset != 0) {
        memcpy(&count, data + part->count_offset, sizeof(count));
    }
    if (count > 1 && part->naming != CONFIG_NOT_NAMED) {
        swap_fields(mutate, pd, part, data);
    }
}

static void swap_in_configs(struct mutate *mutate)
{
    for (uint32_t pd = 0; pd < mutate->facts.sys.pd_count; pd++) {
        uint8_t *data = mutate_find_config(mutate, pd);

        for (size_t i = 0; data != NULL && i < config_struct_count; i++) {
            const struct config_struct *config = &config_structs[i];

            for (size_t j = 0;
                 j < config->part_count && memcmp(data, &config->magic, sizeof(config->magic)) == 0; j++) {
                swap_in_part(mutate, pd, &config->parts[j], data);
            }
        }
    }
}

static void try_all(struct attack_rows *rows, const struct attack *attacks, size_t count,
                    const uint8_t *sound)
{
    struct mutate *mutate = rows->mutate;

    for (size_t i = 0; i < count; i++) {
        const bool runs = attacks[i].run(rows);

        if (runs) {
            mutate_judge(mutate, attacks[i].rules, attacks[i].what, "attack", i);
        }
        printf("attack %s: %s\n", runs ? "made" : "not made", attacks[i].what);
        memcpy(mutate->image, sound, mutate->image_bytes);
    }
}

void mutate_attacks(struct mutate *mutate)
{
    const struct sysdesc *sys = &mutate->facts.sys;
    struct attack_rows rows = {.mutate = mutate,
                               .sys = mutate_at(mutate, mutate->facts.sysdesc_phys),
                               .pds = mutate_at(mutate, sys->pds),
                               .vcpus = mutate_at(mutate, sys->vcpus),
                               .irqs = mutate_at(mutate, sys->irqs),
                               .doorbells = mutate_at(mutate, sys->doorbells),
                               .posts = mutate_at(mutate, sys->posts),
                               .accounts = mutate_at(mutate, sys->accounts)};
    uint8_t *sound = malloc(mutate->image_bytes);

    if (sound == NULL) {
        abort();
    }
    memcpy(sound, mutate->image, mutate->image_bytes);
    try_all(&rows, attack_on_rows, attack_on_rows_count, sound);
    try_all(&rows, attack_on_memory, attack_on_memory_count, sound);
    free(sound);
    swap_in_configs(mutate);
}
