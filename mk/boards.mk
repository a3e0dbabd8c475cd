# SPDX-License-Identifier: BSD-2-Clause
# Boards: what there is, and images in the form that their firmware starts.

.PHONY: boards flat
boards:
	@sed -n '/^| board/,/^$$/p' docs/boards/README.md

flat: image
	$(call say,FLAT,$(IMAGE:.elf=.img))
	$(Q)$(TOOL) flat $(IMAGE) -o $(IMAGE:.elf=.img)
