/* SPDX-License-Identifier: BSD-2-Clause */
/* All checks of a model, in the order in which their messages help most. */
#include "tool/model/check.h"

void check_model(const struct model *model, struct diag *diag)
{
    check_names(model, diag);
    check_ids(model, diag);
    check_symbols(model, diag);
    check_sched(model, diag);
    check_regions(model, diag);
    check_maps(model, diag);
    if (diag_error_count(diag) == 0) { /* else most of what it says would follow from that */
        check_wiring(model, diag);
    }
}
