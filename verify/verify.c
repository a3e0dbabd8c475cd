/* SPDX-License-Identifier: BSD-2-Clause */
#include "verify/verify.h"

#include <stdio.h>

#include "verify/check_channels.h"
#include "verify/check_maps.h"
#include "verify/check_rows.h"
#include "verify/elf64.h"
#include "verify/facts.h"
#include "verify/walk.h"

static enum err check_memory(const struct facts *facts, const struct walk *walk, struct findings *findings,
                             struct verify_summary *summary)
{
    enum err err = check_maps_run(facts, walk, findings);
    return err == ERR_OK ? check_sharing_run(facts, walk, findings, &summary->sharing) : err;
}

static enum err judge(const struct facts *facts, struct findings *findings, struct verify_summary *summary)
{
    struct walk walk;
    enum err err = ERR_OK;
    walk_domains(&walk, facts, findings);
    check_rows_run(facts, &walk, findings);
    check_channels_run(facts, &walk, findings);
    if (!facts->regions_overlap) {
        err = check_memory(facts, &walk, findings, summary);
    }
    snprintf(summary->name, sizeof summary->name, "%s", facts->sys.name);
    summary->pd_count = facts->sys.pd_count;
    summary->vm_count = facts->domain_count - facts->sys.pd_count - 1;
    summary->table_count = walk.table_count;
    walk_free(&walk);
    return err;
}

enum verify_verdict verify_image(const uint8_t *image, size_t bytes, struct findings *findings,
                                 struct verify_summary *summary)
{
    struct elf64 elf;
    struct facts facts;
    enum err err = elf64_open(&elf, image, bytes, findings);
    if (err == ERR_OK) {
        err = facts_read(&facts, &elf, findings);
        if (err == ERR_OK) {
            err = judge(&facts, findings, summary);
        }
        facts_free(&facts);
    }
    elf64_close(&elf);
    if (err != ERR_OK) {
        return VERIFY_MALFORMED;
    }
    return findings->count == 0 ? VERIFY_PROVED : VERIFY_VIOLATED;
}
