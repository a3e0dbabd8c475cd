# SPDX-License-Identifier: BSD-2-Clause
# `causeway-verify`: a program of its own, which shares no code with the composer.
VERIFY_SRCS := verify/verify.c \
	$(addprefix verify/image/,rule_channels.c rule_maps.c rule_rows.c rule_sharing.c elf64.c facts.c findings.c walk.c) \
	$(addprefix verify/grants/,config.c config_tables.c grants.c program.c view.c view_image.c)
HOST_PROGRAMS += causeway-verify
causeway-verify_SRCS := $(VERIFY_SRCS) verify/view_sdf.c verify/rule_description.c verify/main.c
causeway-verify_LIBS = $(shell $(PKG_CONFIG) --libs libxml-2.0)

TESTS += test_verify_rules
test_verify_rules_SRCS := $(VERIFY_SRCS) tests/mock/verify_forge.c tests/mock/breach_memory.c \
	tests/mock/breach_rows.c

FUZZERS += fuzz_verify
fuzz_verify_RUNS := 4000
fuzz_verify_SRCS := $(VERIFY_SRCS) tests/mock/verify_forge.c

TESTS += test_image_verify
test_image_verify_SRCS := $(VERIFY_SRCS) $(test_image_SRCS)
test_image_verify_LIBS := -lelf

# The mutator of tests/verify.
VERIFY_MUTATE_OBJS := $(call objs,$(B)/san,$(VERIFY_SRCS) $(addprefix tests/verify/,mutate.c mutate_rows.c mutate_configs.c \
	mutate_file.c mutate_attacks.c attack_rows.c attack_memory.c mutate_crafted.c))
$(B)/verify_mutate: $(VERIFY_MUTATE_OBJS)
	$(call say,TESTLD,$@)
	$(Q)$(CC) $(HOST_SANITIZE) $^ -o $@
TEST_OBJS += $(VERIFY_MUTATE_OBJS)
