/* SPDX-License-Identifier: BSD-2-Clause */
/* The order in which an image is judged. */
#include "verify/verify.h"

#include <stdio.h>

#include "verify/grants/view_image.h"
#include "verify/image/elf64.h"
#include "verify/image/facts.h"
#include "verify/image/rule_channels.h"
#include "verify/image/rule_maps.h"
#include "verify/image/rule_rows.h"
#include "verify/image/walk.h"

static enum err check_memory(const struct facts *facts, struct walk *walk, struct findings *findings,
                             struct verify_summary *summary)
{
    enum err err = rule_maps_run(facts, walk, findings);
    return err == ERR_OK ? rule_sharing_run(facts, walk, findings, &summary->sharing) : err;
}

static enum err compare_kernel(const struct facts *facts, const struct walk *walk,
                               const struct verify_reference *reference, struct findings *findings)
{
    struct elf64 kernel;
    enum err err = elf64_open(&kernel, reference->kernel, reference->kernel_bytes, findings);
    if (err == ERR_OK) {
        program_check_kernel(&kernel, facts, walk, findings);
    }
    elf64_close(&kernel);
    return err;
}

static enum err compare_policy(const struct facts *facts, const struct walk *walk,
                               const struct verify_reference *reference, struct findings *findings,
                               struct verify_summary *summary)
{
    struct grants grants = {0};
    struct grants_policy policy;
    struct view view = {.grants = &grants};
    enum err err =
        grants_read_policy(&policy, (const char *)reference->policy, reference->policy_bytes, findings);
    if (err == ERR_OK) {
        err = view_image_read(&view, facts, walk, &policy, &reference->places, findings);
    }
    if (err == ERR_OK) {
        program_check(&view, facts, walk, &policy, findings);
        grants_compare(&grants, &policy, findings);
        summary->line_count = policy.line_count;
        for (uint32_t i = 0; i < view.pd_count; i++) {
            summary->program_count += view.pds[i].program.elf.file != NULL;
            summary->config_count += view.pds[i].config != NULL;
        }
    }
    view_free(&view);
    grants_free(&grants);
    grants_free_policy(&policy);
    return err;
}

static enum err judge(const struct facts *facts, const struct verify_reference *reference,
                      struct findings *findings, struct verify_summary *summary)
{
    struct walk walk;
    enum err err = walk_domains(&walk, facts, findings);
    if (err == ERR_OK) {
        rule_rows_run(facts, &walk, findings);
        rule_channels_run(facts, &walk, findings);
    }
    if (err == ERR_OK && !facts->regions_overlap) {
        err = check_memory(facts, &walk, findings, summary);
    }
    if (err == ERR_OK && reference->kernel != NULL) {
        err = compare_kernel(facts, &walk, reference, findings);
    }
    if (err == ERR_OK && reference->policy != NULL && !facts->regions_overlap) {
        err = compare_policy(facts, &walk, reference, findings, summary);
    }
    snprintf(summary->name, sizeof summary->name, "%s", facts->sys.name);
    summary->pd_count = facts->sys.pd_count;
    summary->vm_count = facts->domain_count - facts->sys.pd_count - 1;
    summary->table_count = walk.table_count;
    summary->has_policy = reference->policy != NULL;
    summary->has_kernel = reference->kernel != NULL;
    walk_free(&walk);
    return err;
}

enum verify_verdict verify_image(const uint8_t *image, size_t bytes, const struct verify_reference *reference,
                                 struct findings *findings, struct verify_summary *summary)
{
    struct elf64 elf;
    struct facts facts;
    enum err err = elf64_open(&elf, image, bytes, findings);
    if (err == ERR_OK) {
        err = facts_read(&facts, &elf, findings);
        if (err == ERR_OK) {
            err = judge(&facts, reference, findings, summary);
        }
        facts_free(&facts);
    }
    elf64_close(&elf);
    if (err != ERR_OK) {
        return VERIFY_MALFORMED;
    }
    return findings->count == 0 ? VERIFY_PROVED : VERIFY_VIOLATED;
}
