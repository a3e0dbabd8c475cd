# SPDX-License-Identifier: BSD-2-Clause
# `make bench`: measure each data path under -icount, compare with bench/baseline.json. BENCH_SHORT=1: what CI prints.
BENCH_DATAPATHS ?= vhost ring
BENCH_QEMU_CPU ?= cortex-a57
BENCH_JSON := $(B)/bench.json

.PHONY: bench
bench: $(BENCH_DATAPATHS:%=bench-%)

.PHONY: $(BENCH_DATAPATHS:%=bench-%)
$(BENCH_DATAPATHS:%=bench-%): bench-%:
	$(Q)scripts/setup run
	$(SUBMAKE) bench-image DATAPATH=$* SYSTEM=bench/bench.system
	$(Q)$(PYTHON) bench/bench.py --name bench/$*-mmio --output $(BENCH_JSON) --baseline bench/baseline.json \
		$(if $(BENCH_SHORT),--short) -- $(QEMU) -machine $(QEMU_MACHINE) \
		$(patsubst $(QEMU_CPU),$(BENCH_QEMU_CPU),$(QEMU_ARGS)) -icount shift=0$(comma)sleep=off -serial mon:stdio \
		-kernel $(B)/bench-$*.elf

# The image under a name of its own, so that data paths don't overwrite each other.
.PHONY: bench-image
bench-image: export DATAPATH := $(DATAPATH)
bench-image: image
	$(Q)cp $(IMAGE) $(B)/bench-$(DATAPATH).elf
