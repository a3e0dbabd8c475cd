/* SPDX-License-Identifier: BSD-2-Clause */
/** Memory regions of a model, as an emitted Microkit description has them. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "tool/microkit/sdf_version.h"
#include "tool/model/model.h"

/** Whether its contents travel in programs instead of a prefilled region. */
bool sdf_region_is_carried(const struct model_mr *mr, const struct sdf_features *features);

/** Whether anybody maps it or asks where it is: the SDK's tool warns about others. */
bool sdf_region_is_used(const struct model *model, const struct model_mr *mr);

/** Its page size: that of the model, unless a map does not keep to it, which Microkit demands. */
uint64_t sdf_region_page_bytes(const struct model *model, const struct model_mr *mr);
