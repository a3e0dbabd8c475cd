# SPDX-License-Identifier: BSD-2-Clause
PDS += entropy
entropy_SRCS := pd/entropy/main.c pd/entropy/entropy.c lib/blake2s/blake2s.c lib/fdt/fdt_view.c

TESTS += test_entropy
test_entropy_SRCS := pd/entropy/entropy.c lib/blake2s/blake2s.c lib/fdt/fdt_view.c
test_entropy_LIBS := -lfdt
FUZZERS += fuzz_entropy
fuzz_entropy_SRCS := pd/entropy/entropy.c lib/blake2s/blake2s.c
