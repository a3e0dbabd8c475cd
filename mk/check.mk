# SPDX-License-Identifier: BSD-2-Clause
# `make check`: the checks that read sources only.

CLANG_FORMAT ?= clang-format
CPPCHECK ?= cppcheck
# New files count before they are committed.
CHECK_FILES := git ls-files --cached --others --exclude-standard
# Tests misuse memset on purpose; cppcheck takes register variables bound by asm for unused statements, and does
# not know that NULL is a pointer in every C library that we use. Proofs make tables smaller than it sees.
CPPCHECK_SUPPRESS := --suppress="memsetValueOutOfRange:tests/*" --suppress="constStatement:microkit/bundled/*" \
	--suppress="constStatement:kernel/aarch64/*" --suppress=varFuncNullUB \
	--suppress="shiftTooManyBits:proofs/*"
CHECK_HEADER_FLAGS = -fsyntax-only $(filter-out -MMD -MP,$(COMMON_CFLAGS)) -x c -

.PHONY: check check-format check-headers check-cppcheck check-layers check-style
check: check-style check-layers check-format check-headers check-cppcheck

check-style:
	$(call say,CHECK,style)
	$(Q)$(PYTHON) scripts/style_check.py

check-layers:
	$(call say,CHECK,layers)
	$(Q)$(PYTHON) -B scripts/layers_check.py

check-format:
	$(call say,CHECK,format)
	$(Q)$(CHECK_FILES) '*.c' '*.h' | xargs $(CLANG_FORMAT) --dry-run -Werror

# Each header compiles alone, and twice in a row. Headers of the target are compiled for it, the others for
# the host.
check-headers:
	$(call say,CHECK,headers)
	$(Q)status=0; for h in $$($(CHECK_FILES) '*.h'); do case $$h in \
		kernel/aarch64/*|microkit/*|microkit/bundled/*) cc="$(TARGET_CC) -ffreestanding -Imicrokit/include" ;; \
		vmm/sel4/*|tests/libsel4/*|tests/mock/libsel4_record.h|tests/mock/sel4_machine.h) cc="$(CC) -Itests/libsel4 $(HOST_INCLUDES)" ;; \
		*) cc="$(CC) -D_GNU_SOURCE $(TOOL_CFLAGS) $(HOST_INCLUDES) -I$(B)/include" ;; esac; \
		printf '#include "%s"\n#include "%s"\n' $$h $$h | $$cc $(CHECK_HEADER_FLAGS) -Ikernel/include || \
		{ echo "$$h does not compile by itself"; status=1; }; done; exit $$status

check-cppcheck:
	$(call say,CHECK,cppcheck)
	@mkdir -p $(B)/cppcheck
	$(Q)$(CHECK_FILES) '*.c' | $(CPPCHECK) --file-list=- --cppcheck-build-dir=$(B)/cppcheck -j2 --quiet --std=c11 \
		--language=c --platform=unix64 --max-configs=1 --inline-suppr --error-exitcode=1 \
		--enable=warning,performance,portability --suppress=missingInclude --suppress=unknownMacro $(CPPCHECK_SUPPRESS) \
		-I. -Imicrokit/include -Ikernel/include
