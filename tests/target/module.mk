# SPDX-License-Identifier: BSD-2-Clause
# Scenarios in QEMU. What their descriptions name as kernel or initrd, beside what every build has.
TEST_TARGET_GUESTS := debian-6.12 demo-6.12 hostile storage $(GUEST_DISKS)
