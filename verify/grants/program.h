/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * PDs' programs and the kernel as they were built, and what of them an image may have changed:
 * configurations, libmicrokit's variables and those that the policy names; of the kernel, the address of its
 * descriptor.
 */
#pragma once

#include "verify/grants/grants.h"
#include "verify/grants/view.h"
#include "verify/image/facts.h"
#include "verify/image/findings.h"
#include "verify/image/walk.h"

/** Where a PD's program is looked for. */
struct program_places {
    const char *const *dirs;
    size_t dir_count;
};

/** Read a file, to be freed; NULL after the reason was put into *findings. */
uint8_t *program_read_file(const char *path, size_t *bytes, struct findings *findings);

/** Load the program that the policy names for each PD. Returns ERR_FORMAT if one cannot be read. */
ERR_CHECKED enum err program_load(struct view *view, const struct grants_policy *policy,
                                  const struct program_places *places, struct findings *findings);

/** Where a variable of PD `pd` is; false: its program has none of that name with 8 bytes. */
bool program_variable(const struct view *view, uint32_t pd, const char *symbol, uint64_t *address);

/** Copy what PD `pd` of the image has at `address`. False: it has nothing there. */
bool program_copy(const struct facts *facts, const struct walk *walk, uint32_t pd, uint64_t address,
                  void *out, uint64_t bytes);

/** Compare every PD's own memory with its program. */
void program_check(const struct view *view, const struct facts *facts, const struct walk *walk,
                   const struct grants_policy *policy, struct findings *findings);

/** The same of programs for seL4, as they were emitted (view_pd.patched). */
void program_check_emitted(const struct view *view, const struct grants_policy *policy,
                           struct findings *findings);

/** Compare the image's kernel with `kernel`. */
void program_check_kernel(const struct elf64 *kernel, const struct facts *facts, const struct walk *walk,
                          struct findings *findings);
