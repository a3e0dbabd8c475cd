# SPDX-License-Identifier: BSD-2-Clause
"""The same two guests with Debian's 6.12 kernel, on a Cortex-A57, and beside them a PD that faults."""

import pytest

from conftest import ROOT, ping

pytestmark = pytest.mark.more

SECONDS = 120

FAULTY = """
  <protection_domain name="faulty" priority="20"><program_image path="null_deref.elf"/></protection_domain>
</system>"""


def test_newer_kernel_on_another_core(machine, boot_pair):
    text = (ROOT / "systems" / "virtio_demo.system").read_text()
    text = text.replace('kernel="debian"', 'kernel="debian-6.12"').replace('initrd="demo"', 'initrd="demo-6.12"')
    assert text.count('"debian-6.12"') == 2 and text.count('"demo-6.12"') == 2
    text = text.replace("\n</system>", FAULTY)
    vm1, vm2 = boot_pair(machine.write_system("kernel_6_12", text), "-cpu", "cortex-a57")
    assert vm1.run("uname -r").startswith("6.12")
    ping(vm1, "-c 3 -i 0.2", "192.168.1.1")
    ping(vm2, "-c 3 -i 0.2 -s 1400", "192.168.1.2")
    assert machine.fault_report("faulty") in vm1.consoles.log
