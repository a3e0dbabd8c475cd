/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * A checker of Microkit system descriptions, written from the Microkit manual (chapter "System Description
 * File", for AArch64) and apart from sdf_emit.c: what it accepts, the SDK's own tool accepts.
 *
 * Left out is what only an SDK knows: whether programs exist and have the symbols, whether the board has the
 * cores and interrupts. Of elements that other architectures or advanced uses need (ioport, cspace, domains,
 * io_address_space) none is accepted, because no emitted system has one.
 */
#pragma once

#include "lib/base/err.h"
#include "tool/diag.h"
#include "tool/sdf_version.h"
#include "tool/xml.h"

/** Check the file `path`. Problems are reported; ERR_FORMAT if there was one. */
ERR_CHECKED enum err sdf_check_file(const char *path, struct sdf_version version, struct diag *diag);

/** The same for a description read already. */
ERR_CHECKED enum err sdf_check_tree(const struct xml_element *root, struct sdf_version version,
                                    struct diag *diag);
