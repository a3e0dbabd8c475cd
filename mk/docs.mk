# SPDX-License-Identifier: BSD-2-Clause
# Pictures of the documentation. The SVGs are committed, so that a browser of the repository sees them.

DOT ?= dot

.PHONY: docs
docs: $(patsubst %.dot,%.svg,$(wildcard docs/*.dot))
docs/%.svg: docs/%.dot
	$(call say,DOT,$@)
	$(Q)$(DOT) -Tsvg $< | sed '1a <!-- SPDX-License-Identifier: BSD-2-Clause -->' > $@

# What is made from the tool's tables of elements.
.PHONY: schema
schema: tool
	$(Q)$(TOOL) schema > systems/causeway.rng
	$(Q)$(TOOL) help --markdown > docs/reference.md
