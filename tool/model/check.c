/* SPDX-License-Identifier: BSD-2-Clause */
#include "tool/model/check.h"

void check_model(const struct model *model, struct diag *diag)
{
    check_names(model, diag);
    check_ids(model, diag);
    check_symbols(model, diag);
    check_sched(model, diag);
    check_regions(model, diag);
    check_maps(model, diag);
}
