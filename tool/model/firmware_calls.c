/* SPDX-License-Identifier: BSD-2-Clause */
#include "tool/model/firmware_calls.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "tool/base/mem.h"
#include "tool/base/suggest.h"

static const struct {
    const char *name;
    uint32_t function;
} known[] = {
    {"psci_version", SMCCC_PSCI_VERSION},      {"system_off", SMCCC_PSCI_SYSTEM_OFF},
    {"system_reset", SMCCC_PSCI_SYSTEM_RESET}, {"psci_features", SMCCC_PSCI_FEATURES},
    {"trng_version", SMCCC_TRNG_VERSION},      {"trng_features", SMCCC_TRNG_FEATURES},
    {"trng_get_uuid", SMCCC_TRNG_GET_UUID},    {"trng_rnd", SMCCC_TRNG_RND},
    {"trng_rnd64", SMCCC_TRNG_RND_64},
};
#define KNOWN_COUNT (sizeof(known) / sizeof(known[0]))

void firmware_calls_add(struct model_pd *pd, uint32_t function)
{
    for (uint32_t i = 0; i < pd->smc_count; i++) {
        if (pd->smc_calls[i] == function) {
            return;
        }
    }
    if (pd->smc_count == MODEL_MAX_SMC_CALLS) {
        abort();
    }
    pd->smc_calls[pd->smc_count++] = function;
}

static bool find_number(struct diag *diag, struct loc loc, const char *word, uint32_t *function)
{
    char *end;
    const unsigned long long value = strtoull(word, &end, 0);

    if (*end != '\0' || value > UINT32_MAX) {
        diag_error(
            diag, loc,
            "<protection_domain>: smc: \"%s\" is no function id: those have 32 bits, such as 0x82000001",
            word);
        return false;
    }
    *function = (uint32_t)value;
    if (!smccc_is_grantable(*function)) {
        diag_error(
            diag, loc,
            "<protection_domain>: smc: nobody may be given call %s: of the standard services (PSCI starts "
            "cores at "
            "EL2) there are those with a name, and numbers are fast calls of a silicon or board vendor's, "
            "0x82000000, 0x83000000, 0xc2000000, 0xc3000000 and up",
            word);
        return false;
    }
    return true;
}

static bool find(struct diag *diag, struct loc loc, const char *word, uint32_t *function)
{
    struct suggest suggest;
    char suggestion[SUGGEST_TEXT_BYTES];

    if (isdigit((unsigned char)word[0])) {
        return find_number(diag, loc, word, function);
    }
    suggest_start(&suggest, word);
    for (size_t i = 0; i < KNOWN_COUNT; i++) {
        if (strcmp(known[i].name, word) == 0) {
            *function = known[i].function;
            return true;
        }
        suggest_offer(&suggest, known[i].name);
    }
    diag_error(diag, loc,
               "<protection_domain>: smc: \"%s\" is no call of the firmware that may be given (system_off, "
               "system_reset, "
               "trng_rnd64, ..., or a vendor's number)%s",
               word, suggest_text(&suggest, suggestion));
    return false;
}

void firmware_calls_parse(struct diag *diag, struct loc loc, const char *text, struct model_pd *pd)
{
    char *copy = mem_strdup(text);
    char *rest = NULL;

    if (strcmp(text, "true") == 0) {
        diag_error(diag, loc,
                   "<protection_domain>: smc=\"true\" would give it every call of the firmware, to start a "
                   "core at EL2 among "
                   "them: name those that it needs, such as smc=\"system_off system_reset\"");
    }
    for (char *word = strtok_r(copy, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest)) {
        uint32_t function;

        if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0 || !find(diag, loc, word, &function)) {
            continue;
        }
        if (pd->smc_count == MODEL_MAX_SMC_CALLS) {
            diag_error(diag, loc, "<protection_domain>: smc: more than %u calls", MODEL_MAX_SMC_CALLS);
            break;
        }
        firmware_calls_add(pd, function);
    }
    free(copy);
}
