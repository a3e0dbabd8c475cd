# SPDX-License-Identifier: BSD-2-Clause
"""Boards other than QEMU's virt: `make demo` boots two guests there, and one pings the other."""

import os
import subprocess

import pytest

from conftest import ROOT

pytestmark = pytest.mark.bundled


@pytest.mark.parametrize("board", ["zcu102", "qemu_virt_gicv3_aarch64", "versal_virt"])
def test_demo(machine, board):
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    run = subprocess.run(["make", "--no-print-directory", "demo", f"BOARD={board}", f"BUILD_DIR={machine.build_dir}",
                          f"GUEST_DIR={machine.guest_dir}", f"IMAGE={machine.work_dir / board}.elf"], cwd=ROOT, env=environment, capture_output=True, text=True,
                         check=False)
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-3000:]
    assert "6 packets transmitted, 6 packets received, 0% packet loss" in run.stdout
