// SPDX-License-Identifier: BSD-2-Clause
// The page's tabs, tables and terminals, and what the server says. The messages are those of console/web/message.h.
"use strict";

// Debian's xterm.js is modules for Node.js (console/web/bundle.h).
const loadModule = (() => {
  const loaded = new Map();
  const load = (name) => {
    if (!loaded.has(name)) {
      const module = {exports: {}};
      loaded.set(name, module);
      const folder = name.split("/").slice(0, -1);
      const require = (relative) => {
        const path = [...folder];
        for (const part of relative.split("/")) {
          if (part === "..") {
            path.pop();
          } else if (part !== ".") {
            path.push(part);
          }
        }
        return load(path.join("/"));
      };
      causewayModules[name].call(module.exports, module.exports, require, module);
    }
    return loaded.get(name).exports;
  };
  return load;
})();
const Terminal = loadModule("public/Terminal").Terminal;

const INPUT_BYTES = 1024;
const MAX_EVENTS = 300;
const VERBS = ["start", "stop", "reset", "pause", "resume"];
// Which of them make sense.
const POSSIBLE = {running: ["stop", "reset", "pause"], paused: ["stop", "reset", "resume"], off: ["start", "reset"],
                  waiting: ["start", "reset"]};
const encoder = new TextEncoder();
const byId = (id) => document.getElementById(id);

let system = null; // what there is
let top_ = null; // what it does
let socket = null;
let consoles = [];
let selected = 0;
const picture = new Picture(byId("picture"), (name) => {
  const index = system.consoles.indexOf(name);
  if (index >= 0) {
    select(index, true);
  }
});

function say(kind, index, ...bytes) {
  if (socket !== null && socket.readyState === WebSocket.OPEN) {
    socket.send(Uint8Array.of(kind.charCodeAt(0), index, ...bytes));
  }
}

// A console: a tab, its panel, and what was typed and not passed on yet.
class Console {
  constructor(index, name) {
    this.index = index;
    this.name = name;
    this.waits = false;
    this.typed = [];
    this.decoder = new TextDecoder();
    this.tab = document.createElement("button");
    this.tab.type = "button";
    this.tab.id = `tab-${index}`;
    this.tab.setAttribute("role", "tab");
    this.tab.setAttribute("aria-controls", `panel-${index}`);
    this.tab.textContent = name;
    this.tab.addEventListener("click", () => select(index, false));
    this.panel = document.createElement("div");
    this.panel.id = `panel-${index}`;
    this.panel.className = "panel";
    this.panel.setAttribute("role", "tabpanel");
    this.panel.setAttribute("aria-labelledby", this.tab.id);
    byId("tabs").append(this.tab);
    byId("panels").append(this.panel);
    this.terminal = null;
  }

  get isLog() {
    return this.index === system.consoles.length - 1;
  }

  // A terminal is made when it is looked at: it has no size before.
  show() {
    if (this.terminal === null) {
      this.terminal = new Terminal({cursorBlink: false, scrollback: 5000, fontSize: 14, theme: {background: "#10161d"},
                                    screenReaderMode: byId("screen-reader").checked});
      this.terminal.open(this.panel);
      this.terminal.textarea.setAttribute("aria-label", `console ${this.name}`);
      this.terminal.on("data", (text) => this.type(text));
      this.terminal.on("resize", () => this.sayPlace());
      this.terminal.attachCustomKeyEventHandler((event) => {
        if (event.ctrlKey && event.key === "]") {
          this.tab.focus();
          return false;
        }
        return true;
      });
      say("O", this.index);
    }
    this.fit();
  }

  fit() {
    const cell = this.terminal._core.renderer.dimensions;
    const bar = this.terminal._core.viewport.scrollBarWidth;
    if (cell.actualCellWidth > 0 && this.panel.clientWidth > 0) {
      const cols = Math.max(20, Math.floor((this.panel.clientWidth - bar) / cell.actualCellWidth));
      const rows = Math.max(5, Math.floor(this.panel.clientHeight / cell.actualCellHeight));
      this.terminal.resize(Math.min(cols, 1000), Math.min(rows, 1000));
      this.sayPlace();
    }
  }

  sayPlace() {
    const {cols, rows} = this.terminal;
    if (!system.readOnly && !this.isLog) {
      say("S", this.index, cols & 255, cols >> 8, rows & 255, rows >> 8);
    }
  }

  // Answers of the terminal to what a guest asks it count as typed only where somebody types: each tab would answer.
  type(text) {
    if (system.readOnly || this.isLog || !document.hasFocus() || document.activeElement !== this.terminal.textarea) {
      return;
    }
    const bytes = encoder.encode(text);
    for (let i = 0; i < bytes.length; i += INPUT_BYTES) {
      this.typed.push(bytes.slice(i, i + INPUT_BYTES));
    }
    this.pass();
  }

  pass() {
    if (!this.waits && this.typed.length > 0) {
      // What is typed quickly goes together.
      let bytes = this.typed.shift();
      while (this.typed.length > 0 && bytes.length + this.typed[0].length <= INPUT_BYTES) {
        const more = this.typed.shift();
        const both = new Uint8Array(bytes.length + more.length);
        both.set(bytes);
        both.set(more, bytes.length);
        bytes = both;
      }
      this.waits = true;
      say("D", this.index, ...bytes);
    }
  }

  take(kind, bytes) {
    if (kind === "R" && this.terminal !== null) {
      this.terminal.reset();
      this.decoder = new TextDecoder();
    } else if (kind === "A") {
      this.waits = false;
      this.pass();
    } else if (kind === "D" && this.terminal !== null) {
      this.terminal.write(this.decoder.decode(bytes, {stream: true}));
    }
  }
}

function select(index, withFocus) {
  selected = index;
  for (const console of consoles) {
    const is = console.index === index;
    console.tab.setAttribute("aria-selected", String(is));
    console.tab.tabIndex = is ? 0 : -1;
    console.panel.hidden = !is;
  }
  consoles[index].show();
  if (withFocus) {
    consoles[index].terminal.focus();
  }
}

byId("tabs").addEventListener("keydown", (event) => {
  const steps = {ArrowRight: 1, ArrowLeft: -1};
  let next = null;
  if (event.key in steps) {
    next = (selected + steps[event.key] + consoles.length) % consoles.length;
  } else if (event.key === "Home" || event.key === "End") {
    next = event.key === "Home" ? 0 : consoles.length - 1;
  } else if (event.key === "Enter") {
    event.preventDefault();
    consoles[selected].terminal.focus();
  }
  if (next !== null) {
    event.preventDefault();
    select(next, false);
    consoles[next].tab.focus();
  }
});

byId("screen-reader").addEventListener("change", (event) => {
  for (const console of consoles.filter((c) => c.terminal !== null)) {
    console.terminal.setOption("screenReaderMode", event.target.checked);
  }
});

window.addEventListener("resize", () => {
  if (consoles.length > 0 && consoles[selected].terminal !== null) {
    consoles[selected].fit();
  }
});

// What `top` says, by what is drawn.

function guestNames() {
  const names = new Set(system.guests.map((guest) => guest.name));
  for (const thread of top_?.thread ?? []) {
    if (thread.type === "vcpu") {
      names.add(thread.name.replace(/\.\d+$/, ""));
    }
  }
  if (names.size === 0) { // nobody says which consoles are guests'
    system.consoles.slice(0, -1).forEach((name) => names.add(name));
  }
  const order = (name) => (system.consoles.indexOf(name) + system.consoles.length + 1) % (system.consoles.length + 1);
  return [...names].sort((a, b) => order(a) - order(b));
}

function threadsOf(guest) {
  return (top_?.thread ?? []).filter((thread) => thread.type === "vcpu" && thread.name.replace(/\.\d+$/, "") === guest);
}

// Ports are called SWITCH.PEER, and the second of a name SWITCH.PEER#2.
function ports() {
  return (top_?.port ?? []).map((port) => {
    const lan = (top_.switch ?? []).map((s) => s.name).find((name) => port.name.startsWith(`${name}.`));
    return {port, lan, peer: port.name.slice((lan ?? "").length + 1).replace(/#\d+$/, "")};
  }).filter(({lan}) => lan !== undefined);
}

// Disks are called SERVER.GUEST or by a name of their own; who has one is in front of or behind the dot.
function disks(guests) {
  return (top_?.disk ?? []).map((disk) => ({disk, guest: guests.find((name) => disk.name.split(".").includes(name))}));
}

function redraw() {
  const guests = guestNames();
  const all = ports();
  const others = [...new Set(all.map(({peer}) => peer).filter((peer) => !guests.includes(peer)))];
  const store = disks(guests);
  picture.draw({
    guests, others,
    switches: (top_?.switch ?? []).map(({name}) => name),
    disks: store.map(({disk}) => disk.name),
    links: [...all.map(({port, lan, peer}) => ({id: `port:${port.name}`, to: `switch:${lan}`,
                                                from: `${guests.includes(peer) ? "guest" : "other"}:${peer}`})),
            ...store.filter(({guest}) => guest).map(({disk, guest}) => ({id: `disk:${disk.name}`, from: `guest:${guest}`,
                                                                         to: `disk:${disk.name}`}))],
  });
  for (const {port} of all) {
    const now = port.per_second;
    const dropped = Object.keys(now).filter((key) => key.startsWith("dropped")).reduce((sum, key) => sum + now[key], 0);
    picture.flow(`port:${port.name}`, {out: now.rx_bytes, back: now.tx_bytes, dropped});
  }
  for (const {disk} of store) {
    const now = disk.per_second;
    picture.flow(`disk:${disk.name}`, {out: now.written_bytes ?? 0, back: now.read_bytes ?? 0, dropped: now.errors ?? 0});
    picture.show("disk", disk.name, {percent: null, trouble: (now.errors ?? 0) > 0 ? "bad" : "",
                                     detail: `${Math.round((now.reads ?? 0) + (now.writes ?? 0))} requests/s`});
  }
  for (const lan of top_?.switch ?? []) {
    const thread = top_.thread?.find((t) => t.name === lan.name);
    picture.show("switch", lan.name, {detail: `${Math.round(lan.per_second.frames)} frames/s`,
                                      percent: thread ? thread.cpu_percent : null, trouble: ""});
  }
  for (const name of others) {
    picture.show("other", name, {detail: "", percent: null, trouble: ""});
  }
  guests.forEach(showGuest);
  showGuestTable(guests);
  showDomains();
  showCores();
}

function figuresOf(name) {
  const threads = threadsOf(name);
  const sum = (get) => threads.reduce((total, thread) => total + get(thread), 0);
  return {has: threads.length > 0, percent: sum((t) => t.cpu_percent), exits: sum((t) => t.per_second.exits)};
}

function showGuest(name) {
  const guest = system.guests.find((g) => g.name === name);
  const {has, percent, exits} = figuresOf(name);
  const state = guest?.state ?? "";
  const trouble = state === "off" ? "bad" : state === "paused" || state === "waiting" || percent > 90 ? "odd" : "";
  picture.show("guest", name, {detail: [state, has ? `${Math.round(exits)} exits/s` : ""].filter((t) => t).join(", "),
                               percent: has ? percent : null, trouble});
}

// Rows stay what they are, so that the focus does.
function rowsOf(body, names, make) {
  const rows = new Map([...body.rows].map((row) => [row.dataset.name, row]));
  for (const name of names) {
    if (!rows.has(name)) {
      const row = body.insertRow();
      row.dataset.name = name;
      make(row, name);
      rows.set(name, row);
    }
  }
  for (const [name, row] of rows) {
    if (!names.includes(name)) {
      row.remove();
    }
  }
  return names.map((name) => rows.get(name));
}

function makeGuestRow(row, name) {
  const head = document.createElement("th");
  head.scope = "row";
  head.textContent = name;
  row.append(head, row.insertCell(), row.insertCell(), row.insertCell());
  const commands = row.insertCell();
  for (const verb of VERBS) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = verb;
    button.dataset.verb = verb;
    button.setAttribute("aria-label", `${verb} ${name}`);
    button.addEventListener("click", () => {
      if (button.getAttribute("aria-disabled") !== "true") {
        say("V", system.guests.findIndex((guest) => guest.name === name), VERBS.indexOf(verb));
      }
    });
    commands.append(button);
  }
}

// A button that does nothing now keeps the focus, and says why.
function whyNot(guest, verb) {
  if (system.hasEnded) {
    return "the system has ended";
  }
  if (system.readOnly) {
    return "this page is read-only";
  }
  if (guest === undefined) {
    return "the description has no control=\"true\" for this guest";
  }
  if (guest.isBusy) {
    return "a command is under way";
  }
  return (POSSIBLE[guest.state] ?? VERBS).includes(verb) ? "" : `it is ${guest.state}`;
}

function showGuestTable(guests) {
  rowsOf(byId("guests").tBodies[0], guests, makeGuestRow).forEach((row) => {
    const name = row.dataset.name;
    const guest = system.guests.find((g) => g.name === name);
    const {has, percent, exits} = figuresOf(name);
    row.cells[1].textContent = guest?.state || "-";
    row.cells[2].textContent = has ? percent.toFixed(1) : "-";
    row.cells[3].textContent = has ? Math.round(exits) : "-";
    for (const button of row.querySelectorAll("button")) {
      const why = whyNot(guest, button.dataset.verb);
      button.setAttribute("aria-disabled", String(why !== ""));
      button.title = why;
    }
  });
}

function showDomains() {
  const threads = (top_?.thread ?? []).filter((thread) => thread.type === "pd");
  byId("domains").hidden = threads.length === 0;
  const make = (row) => {
    for (let i = 0; i < 6; i++) {
      row.insertCell();
    }
  };
  rowsOf(byId("domains").querySelector("tbody"), threads.map(({name}) => name), make).forEach((row, i) => {
    const {name, core, priority, cpu_percent: percent, per_second: now} = threads[i];
    [name, core, priority, percent.toFixed(1), Math.round(now.notifications), Math.round(now.switches)]
      .forEach((value, k) => { row.cells[k].textContent = value; });
  });
}

function showCores() {
  byId("cores").replaceChildren(...(top_?.core ?? []).map(({name, per_second: now}) => {
    const busy = Math.max(0, Math.min(100, 100 - (100 * now.idle_ticks) / top_.hz));
    const item = document.createElement("li");
    const meter = document.createElement("meter");
    Object.assign(meter, {min: 0, max: 100, high: 90, value: busy});
    item.append(`core ${name} `, meter, ` ${busy.toFixed(0)} %`);
    return item;
  }));
}

// The server.

function showSystem(message) {
  system = message;
  byId("title").textContent = system.title;
  document.title = `${system.title} - Causeway`;
  byId("status").textContent = system.hasEnded ? "the system has ended" : system.readOnly ? "running, read-only" : "running";
  byId("no-top").hidden = system.hasTop;
  if (consoles.length === 0) {
    consoles = system.consoles.map((name, index) => new Console(index, name));
    select(0, false);
  }
  redraw();
}

function showEvent({time, level, text}) {
  const list = byId("events");
  const atEnd = list.scrollTop + list.clientHeight >= list.scrollHeight - 4;
  const item = document.createElement("li");
  const when = document.createElement("time");
  when.dateTime = new Date(time).toISOString();
  when.textContent = new Date(time).toLocaleTimeString("en-GB");
  item.className = level;
  item.append(when, level === "info" ? " " : ` ${level}: `, text);
  list.append(item);
  while (list.children.length > MAX_EVENTS) {
    list.firstElementChild.remove();
  }
  if (atEnd) {
    list.scrollTop = list.scrollHeight;
  }
}

function take(data) {
  if (typeof data !== "string") {
    const bytes = new Uint8Array(data);
    consoles[bytes[1]]?.take(String.fromCharCode(bytes[0]), bytes.subarray(2));
    return;
  }
  const message = JSON.parse(data);
  if (message.kind === "system") {
    showSystem(message);
  } else if (message.kind === "top") {
    top_ = message.top;
    redraw();
  } else if (message.kind === "event") {
    showEvent(message);
  }
}

const address = new URL("socket", location.href);
address.protocol = "ws:";
socket = new WebSocket(address, "causeway");
socket.binaryType = "arraybuffer";
socket.addEventListener("message", (event) => take(event.data));
socket.addEventListener("close", () => {
  document.body.classList.add("gone");
  if (system === null || !system.hasEnded) {
    byId("status").textContent = "causeway web has ended: start it again, and open the address that it prints";
  }
});
