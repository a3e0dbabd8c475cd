/* SPDX-License-Identifier: BSD-2-Clause */
/** What lwIP includes by this name: a PD's memory and string functions. */
#pragma once

#include "lib/base/mem.h"
