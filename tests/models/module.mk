# SPDX-License-Identifier: BSD-2-Clause
# `make test-models`: Spin looks at every interleaving of the protocols in *.pml. Each model has a defect behind
# -DBROKEN, which must be found: a model that can't fail proves nothing.
SPIN ?= spin
MODELS := $(patsubst tests/models/%.pml,%,$(wildcard tests/models/*.pml))

# $(call spin_run,folder,model,flags): the verifier's report in folder/report.
spin_run = rm -rf $(1) && mkdir -p $(1) && cd $(1) && $(SPIN) -a $(3) $(CURDIR)/tests/models/$(2).pml >report && \
	$(CC) -O1 -w -DSAFETY -DNOREDUCE -o pan pan.c && ./pan -m100000 >>report

.PHONY: test-models
test-models: $(MODELS:%=test-model-%)

.PHONY: $(MODELS:%=test-model-%)
$(MODELS:%=test-model-%): test-model-%:
	$(call say,SPIN,$*)
	$(Q)($(call spin_run,$(B)/models/$*,$*,)) && grep -q 'errors: 0' $(B)/models/$*/report || { cat $(B)/models/$*/report; exit 1; }
	$(Q)($(call spin_run,$(B)/models/$*-broken,$*,-DBROKEN)) && grep -q 'errors: 1' $(B)/models/$*-broken/report || \
		{ echo "the defect in $*.pml is not found"; exit 1; }
