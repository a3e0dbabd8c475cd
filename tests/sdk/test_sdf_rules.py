# SPDX-License-Identifier: BSD-2-Clause
"""That the oracle of test_sdk.py can say no: one defect each."""

import subprocess
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

import sdf_rules

HERE = Path(__file__).resolve().parent
IMAGE = '<program_image path="a.elf"/>'
MR = '<memory_region name="m" size="0x1000"/>'
MAP = '<map mr="m" vaddr="0x100000"/>'
VCPU = '<vcpu id="0"/>'


def pd(content="", name="a", more='priority="10"'):
    return f'<protection_domain name="{name}" {more}>{IMAGE}{content}</protection_domain>'


def vm(content=VCPU):
    return f'<virtual_machine name="v">{content}</virtual_machine>'


def channel(a, b):
    return pd() + pd(name="b", more='priority="20"') + f'<channel><end pd="a" {a}/><end pd="b" {b}/></channel>'


def grammar_takes(content, version):
    run = subprocess.run(["xmllint", "--noout", "--relaxng", HERE / f"microkit-{version}.rng", "-"], text=True,
                         input=f"<system>{content}</system>", capture_output=True, check=False)
    return run.returncode == 0


def problems(content, version="2.3.0"):
    assert grammar_takes(content, version)
    return sdf_rules.problems(ElementTree.fromstring(f"<system>{content}</system>"), version)


SOUND = [
    pd(),
    channel('id="0" pp="true"', 'id="61" notify="false"'),
    MR + pd('<map mr="m" vaddr="0x10_0000" perms="rx" setvar_vaddr="s"/><irq irq="33" id="3" trigger="edge"/>'
            '<setvar symbol="t" region_paddr="m"/>'),
    MR + pd(vm(VCPU + MAP) + pd(name="c", more='id="1"')),
]


@pytest.mark.parametrize("version", ["2.0.1", "2.1.0", "2.2.0", "2.3.0"])
@pytest.mark.parametrize("content", SOUND)
def test_sound(content, version):
    assert problems(content, version) == []


@pytest.mark.parametrize("content", [
    "", pd() + "<guest/>", '<protection_domain name="a"/>', pd(IMAGE), f"<protection_domain>{IMAGE}</protection_domain>",
    pd(more='colour="1"'), pd(more='id="1"'), pd(pd(name="c")), pd(vm("")), pd() + vm(), MR + pd(vm(VCPU + MAP.replace(
        "/>", ' setvar_vaddr="s"/>'))), pd() + '<channel><end pd="a" id="0"/></channel>', pd(more='priority="high"'),
    pd(more='priority="255"'), pd(more='priority="0x"'), pd(more='passive="yes"'), pd('<irq irq="1" id="62"/>'),
    pd('<irq irq="1" id="0x1"/>'), pd('<irq irq="1" id="-1"/>'), pd('<irq irq="1" id="1" trigger="both"/>'),
    MR + pd('<map mr="m" vaddr="0" perms="w"/>'), MR + pd('<map mr="m" vaddr="0" perms="rq"/>'),
    MR + pd('<map mr="" vaddr="0"/>'), pd(vm('<vcpu id="62"/>')),
    '<memory_region name="m" size="0x4000" page_size="0x4000"/>' + pd(MAP), '<memory_region name="m"/>' + pd(MAP),
])
def test_grammar_refuses(content):
    assert not grammar_takes(content, "2.3.0")


@pytest.mark.parametrize("content, since", [
    (pd(more='cpu="0"'), "2.1.0"),
    (pd('<irq irq="1" id="1" setvar_id="s"/>'), "2.1.0"),
    ('<memory_region name="m" prefill_path="f"/>' + pd(MAP), "2.2.0"),
    (pd(more='fpu="true"'), "2.3.0"),
])
def test_what_an_sdk_does_not_know_yet(content, since):
    for version in ("2.0.1", "2.1.0", "2.2.0", "2.3.0"):
        assert grammar_takes(content, version) == (version >= since)


@pytest.mark.parametrize("content, words", [
    (pd(more='budget="2000" period="1000"'), "budget above period"),
    (pd(more='period="999"'), "budget above period"),
    (pd(more='stack_size="0x800"'), "whole pages"),
    (pd(more='stack_size="0x2000000"'), "whole pages"),
    (pd(name="monitor"), "Microkit's own"),
    (pd() + pd(), "protection domain a is there twice"),
    (MR + MR + pd(MAP), "region m is there twice"),
    (pd(vm(VCPU + VCPU)), "child of a 0"),
    (pd(vm('<vcpu id="1"/>') + pd(name="c", more='id="1"')), "child of a 1"),
    (pd(vm()) + pd(vm(), name="b"), "virtual machine v is there twice"),
    (pd('<irq irq="1" id="1"/><irq irq="2" id="1"/>'), "channel of a 1"),
    (pd('<irq irq="1" id="1"/><irq irq="1" id="2"/>'), "interrupt 1"),
    (pd() + '<channel><end pd="a" id="0"/><end pd="x" id="0"/></channel>', "no such protection domain"),
    (channel('id="0" pp="true"', 'id="0" pp="true"'), "b calls a"),
    (MR + pd('<map mr="m" vaddr="0" setvar_vaddr="s" setvar_size="s"/>'), "symbol of a s"),
    ('<memory_region name="m" size="0x1800"/>' + pd(MAP), "whole pages"),
    ('<memory_region name="m" size="0x1000" page_size="0x200000"/>' + pd('<map mr="m" vaddr="0"/>'), "whole pages"),
    ('<memory_region name="m" size="0x1000" phys_addr="0x800"/>' + pd(MAP), "whole pages"),
    ('<memory_region name="m" size="0x2000" phys_addr="0x1000"/><memory_region name="n" size="0x1000" phys_addr="0x2000"/>'
     + pd(MAP + '<map mr="n" vaddr="0x5000"/>'), "physical memory: m overlaps n"),
    (MR + pd(), "mapped by nobody"),
    (pd(MAP), "there is no region m"),
    (pd('<setvar symbol="s" region_paddr="m"/>'), "there is no region m"),
    (MR + pd('<map mr="m" vaddr="0x800"/>'), "unaligned"),
    (MR + pd('<map mr="m" vaddr="0xffffffd000"/>'), "above 0xffffffd000"),
    (MR + pd(MAP + MAP), "a: m overlaps m"),
    (MR + pd('<map mr="m" vaddr="0" setvar_prefill_size="s"/>'), "not prefilled"),
    ("".join(pd(name=f"p{i}") for i in range(64)), "63 are possible"),
])
def test_rules_refuse(content, words):
    assert [found for found in problems(content) if words in found], problems(content)
