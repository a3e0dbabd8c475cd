# SPDX-License-Identifier: BSD-2-Clause
# `make bench`: measure systems under -icount, where one virtual nanosecond is one instruction, and compare with
# bench/baseline.json. A row is SYSTEM/DATAPATH-TRANSPORT, or that with @CPU; virtio_demo_smpN: N vCPUs a guest, all on one
# core. BENCH_SHORT=1: what CI prints, in less than a minute.
BENCH_ROWS ?= $(if $(BENCH_SHORT),virtio_demo/vhost-mmio,$(BENCH_ALL_ROWS))
BENCH_ALL_ROWS := virtio_demo/vhost-mmio virtio_demo/vhost-mmio@cortex-a53 virtio_demo/ring-mmio virtio_demo/vhost-pci virtio_demo/ring-pci \
	three_vms/vhost-mmio three_vms/ring-mmio
# Microkit's kernels are built for the board's processor. They count nothing but in the configuration `benchmark`,
# where counting costs: what is measured is `release`, unless another one is asked for.
BENCH_QEMU_CPU ?= $(if $(MICROKIT_SDK),$(QEMU_CPU),cortex-a57)
BENCH_CONFIG := $(if $(filter file,$(origin MICROKIT_CONFIG)),$(or $(SEL4CP_CONFIG),release),$(MICROKIT_CONFIG))
BENCH_PLACE = $(if $(MICROKIT_SDK),$(B)/sel4/$(BOARD)-$(BENCH_CONFIG),$(B))
BENCH_JSON ?= $(BENCH_PLACE)/bench.json
# Each version of an SDK has its own; the first was 2.0.1's.
BENCH_BASELINE = bench/baseline$(if $(MICROKIT_SDK),_sel4$(if $(filter-out 2.0.1,$(SDK_VERSION)),-$(SDK_VERSION))).json
BENCH_PLOT := $(BENCH_JSON:.json=.svg)
# The same random seed and the same time of day in every run.
BENCH_BOARD_ARGS = $(if $(MICROKIT_SDK),$(SEL4_QEMU_ARGS),-machine $(QEMU_MACHINE) $(QEMU_ARGS))
BENCH_QEMU_ARGS = $(patsubst $(QEMU_CPU),$(call bench_cpu,$(ROW)),$(BENCH_BOARD_ARGS)) \
	-icount shift=0$(comma)sleep=off -seed 1 -rtc base=2024-01-01$(comma)clock=vm -serial mon:stdio

# The description of a row's system, and the parts of its name.
bench_file = bench/$(if $(filter three_vms/%,$(1)),three,$(if $(filter echo/%,$(1)),echo,bench)).system
bench_vcpus = $(or $(patsubst virtio_demo_smp%/,%,$(filter virtio_demo_smp%/,$(dir $(1)))),1)
bench_paths = $(subst -, ,$(notdir $(firstword $(subst @, ,$(1)))))
bench_datapath = $(firstword $(bench_paths))
bench_transport = $(lastword $(bench_paths))
bench_cpu = $(or $(word 2,$(subst @, ,$(1))),$(BENCH_QEMU_CPU))
bench_image = $(BENCH_PLACE)/bench-$(subst /,-,$(subst @,-,$(1))).$(if $(MICROKIT_SDK),img,elf)
bench_boot = $(if $(MICROKIT_SDK),-device loader$(comma)file=$(1)$(comma)addr=$(SEL4_LOAD_ADDRESS)$(comma)cpu-num=0,-kernel $(1))
# Where the build leaves image and report of a description.
bench_name = $(basename $(notdir $(call bench_file,$(1))))
bench_built = $(if $(MICROKIT_SDK),$(BENCH_PLACE)/systems/$(call bench_name,$(1))/$(2),$(B)/$(call bench_name,$(1)).$(3))

.PHONY: bench
bench:
	$(Q)scripts/setup run
	$(Q)+for row in $(BENCH_ROWS); do $(MAKE) --no-print-directory bench-row ROW=$$row MICROKIT_CONFIG=$(BENCH_CONFIG) || exit; done
	$(Q)$(PYTHON) bench/plot.py $(BENCH_JSON) -o $(BENCH_PLOT)

# One row. The image has a name of its own, so that rows don't overwrite each other's.
.PHONY: bench-row
bench-row:
	$(Q)+DATAPATH=$(call bench_datapath,$(ROW)) TRANSPORT=$(call bench_transport,$(ROW)) VCPUS=$(call bench_vcpus,$(ROW)) \
		BENCH_SHORT=$(BENCH_SHORT) $(MAKE) --no-print-directory -j$(shell nproc) image SYSTEM=$(call bench_file,$(ROW))
	$(Q)cp $(call bench_built,$(ROW),loader.img,elf) $(call bench_image,$(ROW))
	$(Q)cp $(call bench_built,$(ROW),report.txt,report.txt) $(basename $(call bench_image,$(ROW))).report.txt
	$(Q)$(PYTHON) bench/bench.py --name $(ROW) --output $(BENCH_JSON) --baseline $(BENCH_BASELINE) \
		--report $(basename $(call bench_image,$(ROW))).report.txt $(if $(BENCH_SHORT),--short) -- \
		$(QEMU) $(BENCH_QEMU_ARGS) $(call bench_boot,$(call bench_image,$(ROW)))

# What limits of rate leave to TCP and UDP.
.PHONY: bench-rates
bench-rates:
	$(Q)+$(MAKE) --no-print-directory -j$(shell nproc) image SYSTEM=bench/rates.system
	$(Q)$(PYTHON) bench/rates.py $(QEMU) $(patsubst $(QEMU_CPU),cortex-a57,$(BENCH_BOARD_ARGS)) -icount shift=0$(comma)sleep=off -seed 1 \
		-rtc base=2024-01-01$(comma)clock=vm -serial mon:stdio -kernel $(B)/rates.elf

# What is worth keeping becomes the new baseline, and the plot and the tables of docs/performance.md.
.PHONY: bench-baseline
bench-baseline:
	cp $(BENCH_JSON) $(BENCH_BASELINE)
	$(PYTHON) bench/plot.py bench/baseline.json -o docs/performance.svg
	$(PYTHON) bench/tables.py bench/baseline.json docs/performance.md

# `make profile`: where the instructions of the events in PROFILE go (bench.py has them), and of each way between guest,
# kernel and PDs. PROFILE_SYMBOLS=1: functions of the guests' kernels as well.
PROFILE ?= ping tcp udp64
PROFILE_ROW ?= virtio_demo/vhost-mmio
PROFILE_PLUGIN := $(B)/host/bench/qemu_plugin.so
PROFILE_IMAGE = $(B)/profile-$(subst /,-,$(PROFILE_ROW)).elf

# What a plugin calls is QEMU's own.
$(B)/host/bench/%.so: bench/%.c bench/qemu_plugin.h
	$(call say,HOSTCC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(HOST_CFLAGS) -O2 -fPIC -fvisibility=hidden -shared $< -o $@

.PHONY: profile profile-event
profile: $(PROFILE_PLUGIN)
	$(Q)scripts/setup run
	$(Q)+DATAPATH=$(call bench_datapath,$(PROFILE_ROW)) TRANSPORT=$(call bench_transport,$(PROFILE_ROW)) \
		VCPUS=$(call bench_vcpus,$(PROFILE_ROW)) BENCH_SHORT=none $(MAKE) --no-print-directory -j$(shell nproc) image SYSTEM=$(call bench_file,$(PROFILE_ROW))
	$(Q)for kind in elf report.txt; do \
		cp $(B)/$(basename $(notdir $(call bench_file,$(PROFILE_ROW)))).$$kind $(basename $(PROFILE_IMAGE)).$$kind; done
	$(Q)+for event in $(PROFILE); do $(MAKE) --no-print-directory profile-event PROFILE_EVENT=$$event || exit; done

profile-event:
	$(call say,PROFILE,$(PROFILE_ROW): $(PROFILE_EVENT))
	$(Q)$(PYTHON) bench/bench.py --name $(PROFILE_ROW) --profile $(PROFILE_EVENT) $(if $(PROFILE_SYMBOLS),--symbols $(B)) -- \
		$(QEMU) $(BENCH_QEMU_ARGS) -kernel $(PROFILE_IMAGE) \
		-plugin $(PROFILE_PLUGIN)$(comma)output=$(B)/profile-$(PROFILE_EVENT).history
	$(Q)$(PYTHON) bench/profile.py $(B)/profile-$(PROFILE_EVENT).history $(basename $(PROFILE_IMAGE)).report.txt $(KERNEL) $(B)/pd \
		--event $(PROFILE_EVENT) $(if $(PROFILE_SYMBOLS),--symbols vm1=$(B)/vm1.symbols --symbols vm2=$(B)/vm2.symbols) \
		| tee $(B)/profile-$(PROFILE_EVENT).txt
	$(Q)rm $(B)/profile-$(PROFILE_EVENT).history

# The echo program (pd/echo) at a switch's port.
.PHONY: profile-echo
profile-echo:
	$(Q)+$(MAKE) --no-print-directory profile PROFILE_ROW=echo/vhost-mmio PROFILE="echo_ping echo_udp64 echo_udp1472 echo_tcp"

# Ways to copy, compared.
PDS += bench_copy
BUNDLED_PDS += bench_copy
bench_copy_SRCS := bench/copy.c
.PHONY: bench-copy
bench-copy:
	$(SUBMAKE) image SYSTEM=bench/copy.system
	$(Q)timeout 20 $(QEMU) $(BENCH_QEMU_ARGS) -kernel $(B)/copy.elf 2>/dev/null | sed '/copy: done/q' | sed -n 's/.*copy: //p'

# `make bench-storage`: a guest's disk on both data paths, and the same guest directly on QEMU.
BENCH_STORAGE_PATHS := copy shared
BENCH_STORAGE = $(Q)$(PYTHON) bench/bench_storage.py --output $(BENCH_JSON)
BENCH_STORAGE_QEMU = $(patsubst $(QEMU_CPU),$(BENCH_QEMU_CPU),$(QEMU_ARGS)) -icount shift=0$(comma)sleep=off -serial mon:stdio
.PHONY: bench-storage bench-storage-plain $(BENCH_STORAGE_PATHS:%=bench-storage-%)
bench-storage: bench-storage-plain $(BENCH_STORAGE_PATHS:%=bench-storage-%)

$(BENCH_STORAGE_PATHS:%=bench-storage-%): bench-storage-%:
	$(Q)scripts/setup run
	$(Q)rm -f $(B)/bench-storage.img
	$(SUBMAKE) image DATAPATH=$* SYSTEM=bench/bench_storage.system
	$(BENCH_STORAGE) --name storage/$* -- $(QEMU) -machine $(QEMU_MACHINE) $(BENCH_STORAGE_QEMU) \
		-readconfig $(B)/bench_storage.qemu -kernel $(B)/bench_storage.elf

# vm1 of bench/bench_storage.system without anything of ours.
bench-storage-plain: guest guest-share
	$(Q)rm -f $(B)/bench-plain.img && truncate -s 128M $(B)/bench-plain.img
	$(BENCH_STORAGE) --name storage/plain --plain -- $(QEMU) -machine virt$(comma)gic-version=2 $(BENCH_STORAGE_QEMU) -m 256M \
		-drive if=none$(comma)id=data$(comma)format=raw$(comma)file=$(B)/bench-plain.img \
		-drive if=none$(comma)id=share$(comma)format=raw$(comma)readonly=on$(comma)file=$(GUEST_DIR)/share/ext4.img \
		-device virtio-blk-device$(comma)drive=data$(comma)bus=virtio-mmio-bus.0 \
		-device virtio-blk-device$(comma)drive=share$(comma)bus=virtio-mmio-bus.1 \
		-kernel $(GUEST_DIR)/debian/Image -initrd $(GUEST_DIR)/demo/initrd.cpio.gz \
		-append "console=ttyAMA0 quiet causeway.hostname=vm1"
