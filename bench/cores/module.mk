# SPDX-License-Identifier: BSD-2-Clause
# `make bench-cores`: instructions of each core for what goes between cores, against bench/cores/baseline.json. -icount: a run
# repeats, whatever the host does meanwhile. CORES_ROWS="bare": some of it; CORES_FUNCTIONS=1: the kernel's by function.
CORES_ROWS ?= bare
CORES_PLUGIN := $(B)/host/bench/cores/qemu_plugin.so
cores_system = $(if $(filter bare,$(1)),cores,$(1))

PDS += bench_notify
BUNDLED_PDS += bench_notify
bench_notify_SRCS := bench/cores/notify.c

$(CORES_PLUGIN): lib/base/mark.h

.PHONY: bench-cores bench-cores-row bench-cores-baseline
bench-cores:
	$(Q)scripts/setup run
	$(Q)+for row in $(CORES_ROWS); do $(MAKE) --no-print-directory bench-cores-row ROW=$$row || exit; done

bench-cores-row: $(CORES_PLUGIN)
	$(Q)+$(MAKE) --no-print-directory -j$(shell nproc) image SYSTEM=bench/cores/$(call cores_system,$(ROW)).system
	$(Q)$(PYTHON) -B bench/cores/cores.py --name $(ROW) --output $(B)/bench-cores.json --baseline bench/cores/baseline.json \
		--report $(B)/$(call cores_system,$(ROW)).report.txt --kernel $(KERNEL) --kernel-base $(KERNEL_BASE) \
		--plugin $(abspath $(CORES_PLUGIN)) $(if $(CORES_FUNCTIONS),--functions) -- \
		$(QEMU) $(BENCH_QEMU_ARGS) -readconfig $(B)/$(call cores_system,$(ROW)).qemu -kernel $(B)/$(call cores_system,$(ROW)).elf

# What is worth keeping becomes the new baseline.
bench-cores-baseline:
	cp $(B)/bench-cores.json bench/cores/baseline.json
