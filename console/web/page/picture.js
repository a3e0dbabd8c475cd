// SPDX-License-Identifier: BSD-2-Clause
// The system as a picture: guests above, switches in the middle, disks and everything else at a switch below. What it shows
// comes from `causeway top`; elements are made when there is something new, and only changed after that.
"use strict";

class Picture {
  static WIDTH = 150;
  static HEIGHT = 84;
  static GAP = 30;

  constructor(svg, onGuest) {
    this.svg = svg;
    this.onGuest = onGuest;
    this.shape = "";
    this.nodes = new Map();
    this.links = new Map();
  }

  static make(name, attributes, text) {
    const element = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) {
      element.setAttribute(key, value);
    }
    if (text !== undefined) {
      element.textContent = text;
    }
    return element;
  }

  static rate(bytes) {
    const units = ["B/s", "kB/s", "MB/s", "GB/s"];
    let unit = 0;
    while (bytes >= 1000 && unit < units.length - 1) {
      bytes /= 1000;
      unit++;
    }
    return `${bytes >= 100 || unit === 0 ? Math.round(bytes) : bytes.toFixed(1)} ${units[unit]}`;
  }

  // `parts`: {guests, switches, disks, others: names, links: [{id, from, to}]}.
  draw(parts) {
    const shape = JSON.stringify(parts);
    if (shape === this.shape) {
      return;
    }
    this.shape = shape;
    this.svg.replaceChildren();
    this.nodes.clear();
    this.links.clear();
    const below = [...parts.disks.map((name) => ["disk", name]), ...parts.others.map((name) => ["other", name])];
    const columns = Math.max(parts.guests.length, parts.switches.length, below.length, 1);
    const step = Picture.WIDTH + Picture.GAP;
    const width = columns * step + Picture.GAP;
    const rows = [parts.guests.map((name) => ["guest", name]), parts.switches.map((name) => ["switch", name]), below];
    let y = 20;
    for (const row of rows) {
      if (row.length === 0) {
        continue;
      }
      const room = width / row.length;
      row.forEach(([kind, name], i) => this.place(kind, name, room * (i + 0.5), y));
      y += Picture.HEIGHT + 90;
    }
    this.svg.setAttribute("viewBox", `0 0 ${width} ${Math.max(y - 70, 60)}`);
    for (const link of parts.links) {
      this.join(link);
    }
    for (const node of this.nodes.values()) {
      this.svg.append(node.group); // in front of the links
    }
  }

  place(kind, name, x, y) {
    const group = Picture.make("g", {class: `node ${kind}`, transform: `translate(${x - Picture.WIDTH / 2},${y})`});
    const box = Picture.make("rect", {width: Picture.WIDTH, height: Picture.HEIGHT, rx: kind === "switch" ? 40 : 8});
    const title = Picture.make("text", {x: Picture.WIDTH / 2, y: 26, class: "name"}, name);
    const detail = Picture.make("text", {x: Picture.WIDTH / 2, y: 46, class: "detail"}, "");
    const rail = Picture.make("rect", {x: 12, y: 58, width: Picture.WIDTH - 24, height: 8, rx: 4, class: "rail"});
    const bar = Picture.make("rect", {x: 12, y: 58, width: 0, height: 8, rx: 4, class: "bar"});
    group.append(box, title, detail, rail, bar);
    if (kind === "guest") {
      group.setAttribute("role", "button");
      group.setAttribute("tabindex", "0");
      group.addEventListener("click", () => this.onGuest(name));
      group.addEventListener("keydown", (event) => {
        if (event.key === "Enter" || event.key === " ") {
          event.preventDefault();
          this.onGuest(name);
        }
      });
    } else {
      group.setAttribute("role", "img");
    }
    this.nodes.set(`${kind}:${name}`, {group, detail, bar, x, y, kind, name});
    this.show(kind, name, {detail: "", percent: null, trouble: ""});
  }

  // Two lanes, one for each direction, so that one sees who sends.
  join({id, from, to}) {
    const a = this.nodes.get(from);
    const b = this.nodes.get(to);
    if (!a || !b) {
      return;
    }
    const [upper, lower] = a.y < b.y ? [a, b] : [b, a];
    const top = upper.y + Picture.HEIGHT;
    const group = Picture.make("g", {class: "link", role: "img"});
    const lane = (offset, reverse) => {
      const x1 = upper.x + offset;
      const x2 = lower.x + offset;
      const middle = (top + lower.y) / 2;
      const path = reverse ? `M${x2},${lower.y} C${x2},${middle} ${x1},${middle} ${x1},${top}`
                           : `M${x1},${top} C${x1},${middle} ${x2},${middle} ${x2},${lower.y}`;
      const wire = Picture.make("path", {d: path, class: "wire"});
      const flow = Picture.make("path", {d: path, class: "flow"});
      group.append(wire, flow);
      return flow;
    };
    const link = {group, from: a, to: b, out: lane(-6, a !== upper), back: lane(6, a === upper)};
    const x = upper.x + (lower.x - upper.x) * 0.3 + 14;
    link.label = Picture.make("text", {x, y: top + (lower.y - top) * 0.34, class: "rate"}, "");
    group.append(link.label);
    this.svg.append(group);
    this.links.set(id, link);
    this.flow(id, {out: 0, back: 0, dropped: 0});
  }

  show(kind, name, {detail, percent, trouble}) {
    const node = this.nodes.get(`${kind}:${name}`);
    if (!node) {
      return;
    }
    node.detail.textContent = detail;
    node.bar.setAttribute("width", percent === null ? 0 : ((Picture.WIDTH - 24) * Math.min(percent, 100)) / 100);
    node.group.setAttribute("class", `node ${kind} ${trouble}`);
    const load = percent === null ? "" : `, ${Math.round(percent)} % of a core`;
    node.group.setAttribute("aria-label", `${kind === "other" ? "" : kind} ${name}: ${detail}${load}`);
  }

  // Bytes a second: `out` from the link's first end, `back` to it.
  flow(id, {out, back, dropped}) {
    const link = this.links.get(id);
    if (!link) {
      return;
    }
    for (const [lane, bytes] of [[link.out, out], [link.back, back]]) {
      lane.classList.toggle("moves", bytes > 0);
      lane.style.strokeWidth = bytes > 0 ? Math.min(2 + Math.log10(1 + bytes) * 0.8, 8) : 0;
      lane.style.animationDuration = `${Math.max(0.25, 3 - Math.log10(1 + bytes) * 0.4)}s`;
    }
    link.group.setAttribute("class", dropped > 0 ? "link drops" : "link");
    link.label.textContent = out + back > 0 || dropped > 0
      ? Picture.rate(out + back) + (dropped > 0 ? `, ${Math.round(dropped)} dropped/s` : "") : "";
    link.group.dataset.bytes = String(Math.round(out + back));
    link.group.setAttribute("aria-label", `between ${link.from.name} and ${link.to.name}: ${Picture.rate(out)} out, ` +
      `${Picture.rate(back)} back${dropped > 0 ? `, ${Math.round(dropped)} frames dropped a second` : ""}`);
  }
}
