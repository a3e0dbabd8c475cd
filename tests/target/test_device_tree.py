# SPDX-License-Identifier: BSD-2-Clause
"""Device trees that the user brings: an overlay on vm1's, a whole one for vm2."""

import subprocess

import pytest

SYSTEM = """<system name="device_tree">
  <serial/>
  <guest name="vm1" ram="64M">
    <linux kernel="debian" initrd="demo" overlay="{directory}/note.dtbo {directory}/slow.dtbo"/>
    <console/>
  </guest>
  <guest name="vm2" ram="64M">
    <linux kernel="debian" initrd="demo"{own}/>
    <console/>
  </guest>
</system>
"""

NOTE = """/dts-v1/; /plugin/;
&{/} { note { compatible = "test,note"; text = "hello from the overlay"; }; };
"""
SLOW = """/dts-v1/; /plugin/;
&uart0 { current-speed = <9600>; };
"""


def compile_tree(source, path):
    subprocess.run(["dtc", "-q", "-@", "-I", "dts", "-O", "dtb", "-o", path], input=source, text=True, check=True)


@pytest.fixture(scope="module")
def guests(machine, boot_pair, tmp_path_factory):
    directory = tmp_path_factory.mktemp("trees")
    compile_tree(NOTE, directory / "note.dtbo")
    compile_tree(SLOW, directory / "slow.dtbo")
    # vm2's own tree: what the tool would make, decompiled, changed by hand, compiled.
    plain = machine.write_system("device_tree_plain", SYSTEM.format(directory=directory, own=""))
    source = subprocess.run([machine.tool, "dts", "--pd-dir", machine.build_dir / "pd", "--guest-dir",
                             machine.guest_dir, plain, "vm2"], check=True, capture_output=True, text=True).stdout
    compile_tree(source.replace('model = "Causeway virtual machine"', 'model = "My own machine"'), directory / "own.dtb")
    return boot_pair(machine.write_system("device_tree", SYSTEM.format(directory=directory,
                                                                       own=f' dtb="{directory}/own.dtb"')))


def test_overlays_reach_the_guest(guests):
    vm1, _ = guests
    assert "hello from the overlay" in vm1.run("cat /proc/device-tree/note/text; echo")
    assert vm1.run("od -An -tx1 /proc/device-tree/serial@9000000/current-speed").split() == ["00", "00", "25", "80"]
    assert "Causeway virtual machine" in vm1.run("cat /proc/device-tree/model; echo")


def test_own_tree_reaches_the_guest(guests):
    _, vm2 = guests
    assert "My own machine" in vm2.run("cat /proc/device-tree/model; echo")
    assert "No such file" in vm2.run("ls /proc/device-tree/note")
    assert "causeway.hostname=vm2" in vm2.run("cat /proc/cmdline")
