# SPDX-License-Identifier: BSD-2-Clause
# Boards: what there is, and images in the form that their firmware starts.

.PHONY: boards flat sdcard
boards:
	@sed -n '/^| board/,/^$$/p' docs/boards/README.md

flat: image
	$(call say,FLAT,$(IMAGE:.elf=.img))
	$(Q)$(TOOL) flat $(IMAGE) -o $(IMAGE:.elf=.img)

# SDCARD_LOAD: where the board's U-Boot loads the flat image to, which booti then moves to where it is linked. SDCARD_KIND rpi:
# the firmware loads it itself.
SDCARD_OPTIONS = $(if $(SDCARD_KIND),--$(SDCARD_KIND) $(KERNEL_BASE),--load $(SDCARD_LOAD))
sdcard:
	$(if $(SDCARD_LOAD)$(SDCARD_KIND),,$(error BOARD=$(BOARD): nothing boots from a card there; boards with one are \
		$(patsubst boards/%/board.mk,%,$(shell grep -l '^SDCARD_' boards/*/board.mk))))
	$(SUBMAKE) flat
	$(call say,CARD,$(IMAGE:.elf=.card.img))
	$(Q)$(PYTHON) scripts/sdcard.py --image $(IMAGE:.elf=.img) $(SDCARD_OPTIONS) -o $(IMAGE:.elf=.card.img)
