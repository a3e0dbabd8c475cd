#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Plot BENCH.json beside what others reach on the same emulated machine (bench/others.json), as one SVG.

    plot.py BENCH.json -o PLOT.svg

Same input, same bytes.
"""

import argparse
import json
from pathlib import Path
from xml.sax.saxutils import escape

PANELS = [("ping_us_median", "ping, median (us): less is better"),
          ("tcp_mbps", "TCP, one stream (Mb/s)"),
          ("udp64_pps_received", "UDP of 64 bytes (received/s)")]
OURS, OTHERS = "#1f6f8b", "#b0b7bd"
LABEL_WIDTH, BAR_WIDTH, VALUE_WIDTH = 330, 420, 90
BAR_HEIGHT, GAP, TITLE_HEIGHT = 16, 5, 34


def bars(figure, ours, others):
    """(label, value, colour) of each system that has the figure, ours first."""
    rows = [(f"Causeway {name}", result[figure], OURS) for name, result in sorted(ours.items())
            if figure in result and not name.startswith("three_vms/")]
    return rows + [(name, result[figure], OTHERS) for name, result in others.items() if figure in result]


def draw_panel(title, rows, top):
    """The panel's elements, and where the next one starts."""
    longest = max(value for _, value, _ in rows)
    out = [f'<text x="8" y="{top + 22}" font-weight="bold">{escape(title)}</text>']
    y = top + TITLE_HEIGHT
    for label, value, colour in rows:
        width = BAR_WIDTH * value / longest
        middle = y + BAR_HEIGHT - 4
        out.append(f'<text x="{LABEL_WIDTH - 8}" y="{middle}" text-anchor="end">{escape(label)}</text>')
        out.append(f'<rect x="{LABEL_WIDTH}" y="{y}" width="{width:.1f}" height="{BAR_HEIGHT}" fill="{colour}"/>')
        out.append(f'<text x="{LABEL_WIDTH + width + 6:.1f}" y="{middle}">{value:,.0f}</text>')
        y += BAR_HEIGHT + GAP
    return out, y + GAP


def draw(ours, others):
    out, y = [], 0
    for figure, title in PANELS:
        rows = bars(figure, ours, others)
        if rows:
            panel, y = draw_panel(title, rows, y)
            out += panel
    width = LABEL_WIDTH + BAR_WIDTH + VALUE_WIDTH
    head = (f'<!-- SPDX-License-Identifier: BSD-2-Clause -->\n<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{y}" font-family="sans-serif" '
            f'font-size="12">\n<rect width="{width}" height="{y}" fill="white"/>')
    return "\n".join([head, *out, "</svg>"]) + "\n"


def main():
    parser = argparse.ArgumentParser(description="Plot benchmark results.")
    parser.add_argument("results", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    arguments = parser.parse_args()
    others = json.loads((Path(__file__).parent / "others.json").read_text())
    arguments.output.write_text(draw(json.loads(arguments.results.read_text()), others))


if __name__ == "__main__":
    main()
