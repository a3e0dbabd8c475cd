# SPDX-License-Identifier: BSD-2-Clause
"""What Microkit's manual demands of a system description and a grammar cannot say. `problems(root)` lists what breaks it.

Written apart from what emits descriptions. What only an SDK knows is left out: whether programs exist and have the symbols,
whether the board has the cores and interrupts."""

from collections import Counter
from itertools import combinations

PAGE_BYTES = 0x1000
# The kernel ends user addresses here on AArch64 with a hypervisor and 40-bit physical addresses. From 2.3.0 on two pages
# for the IPC buffer are at the end of a PD's, the stack below them.
USER_TOP = 1 << 40
DOMAINS = 63
SYMBOLS = ("symbol", "setvar_vaddr", "setvar_size", "setvar_prefill_size", "setvar_id")


def number(element, name, fallback=0):
    return int(element.get(name, str(fallback)).replace("_", ""), 0)


def twice(kind, names):
    return [f"{kind} {name} is there twice" for name, count in Counter(names).items() if count > 1]


def overlaps(kind, ranges):
    """Of (start, bytes, name)."""
    return [f"{kind}: {a[2]} overlaps {b[2]}" for a, b in combinations(ranges, 2)
            if a[0] < b[0] + b[1] and b[0] < a[0] + a[1]]


def regions_of(root):
    found = []
    for region in root.iter("memory_region"):
        name, page, size = region.get("name"), number(region, "page_size", PAGE_BYTES), number(region, "size")
        if size % page or number(region, "phys_addr") % page or (size == 0 and region.get("prefill_path") is None):
            found.append(f"region {name}: size and address are not whole pages")
    placed = [(number(r, "phys_addr"), number(r, "size"), r.get("name")) for r in root.iter("memory_region")
              if r.get("phys_addr") is not None]
    mapped = {m.get("mr") for m in root.iter("map")}
    unused = [f"region {r.get('name')} is mapped by nobody" for r in root.iter("memory_region") if r.get("name") not in mapped]
    return found + overlaps("physical memory", placed) + unused


def maps_of(owner, regions, top):
    found, ranges = [], []
    for entry in owner.findall("map"):
        region = regions.get(entry.get("mr"))
        if region is None:
            found.append(f"there is no region {entry.get('mr')}")
            continue
        start, size = number(entry, "vaddr"), number(region, "size", PAGE_BYTES)
        if start % number(region, "page_size", PAGE_BYTES) or start + size > top:
            found.append(f"map of {entry.get('mr')} at {start:#x}: unaligned, or above {top:#x}")
        if entry.get("setvar_prefill_size") is not None and region.get("prefill_path") is None:
            found.append(f"map of {entry.get('mr')}: the region is not prefilled")
        ranges.append((start, size, entry.get("mr")))
    return found + overlaps(owner.get("name"), ranges)


def scheduling_of(element):
    budget = number(element, "budget", 1000)
    return [f"{element.get('name')}: budget above period"] if budget > number(element, "period", budget) else []


def domain(pd, regions, ends, version):
    name, stack = pd.get("name"), number(pd, "stack_size", PAGE_BYTES)
    machine = pd.find("virtual_machine")
    children = [c.get("id") for c in pd.findall("protection_domain")]
    children += [c.get("id") for c in machine.findall("vcpu")] if machine is not None else []
    found = twice(f"child of {name}", children) + scheduling_of(pd)
    found += twice(f"channel of {name}", [i.get("id") for i in pd.findall("irq")] + [e.get("id") for e in ends if e.get("pd") == name])
    found += twice(f"symbol of {name}", [c.get(s) for c in pd for s in SYMBOLS if c.get(s) is not None])
    found += maps_of(pd, regions, USER_TOP - (2 * PAGE_BYTES if version >= "2.3" else 0) - stack)
    found += [f"there is no region {s.get('region_paddr')}" for s in pd.findall("setvar") if s.get("region_paddr") not in regions]
    if name == "monitor" or not PAGE_BYTES <= stack <= 0x1000000 or stack % PAGE_BYTES:
        found.append(f"{name}: a name of Microkit's own, or a stack that is not whole pages up to 16 MiB")
    if machine is not None:
        found += scheduling_of(machine) + maps_of(machine, regions, USER_TOP)
    return found


def calls(channel, pds):
    ends = channel.findall("end")
    if any(end.get("pd") not in pds for end in ends):
        return [f"channel of {ends[0].get('pd')} and {ends[1].get('pd')}: there is no such protection domain"]
    return [f"{a.get('pd')} calls {b.get('pd')}, which has no higher priority" for a, b in (ends, ends[::-1])
            if a.get("pp") == "true" and number(pds[a.get("pd")], "priority") >= number(pds[b.get("pd")], "priority")]


def problems(root, version):
    """Sentences, for a tree of xml.etree that keeps to the grammar of SDK `version`."""
    pds = list(root.iter("protection_domain"))
    regions = {r.get("name"): r for r in root.iter("memory_region")}
    ends = list(root.iter("end"))
    found = twice("protection domain", [pd.get("name") for pd in pds])
    found += twice("region", [r.get("name") for r in root.iter("memory_region")])
    found += twice("virtual machine", [vm.get("name") for vm in root.iter("virtual_machine")])
    found += twice("interrupt", [number(irq, "irq") for irq in root.iter("irq")])
    found += [f"{len(pds)} protection domains; {DOMAINS} are possible"] if len(pds) > DOMAINS else []
    found += regions_of(root)
    for pd in pds:
        found += domain(pd, regions, ends, version)
    for channel in root.iter("channel"):
        found += calls(channel, {pd.get("name"): pd for pd in pds})
    return found
