# SPDX-License-Identifier: BSD-2-Clause
VIRTQ_SRCS := lib/virtq/virtq.c
