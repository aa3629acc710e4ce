// A lane for each row: its name at the left, its time as a bar. Only what is in sight is drawn, however many rows there are.

const size = () => (place.narrow ? { row: 36, bar: 9, middle: 27 } : { row: 22, bar: 11, middle: 11 });
const MOST_INDENTED = 12;

function measure() {
  const width = at("view-lanes").clientWidth;
  place.narrow = width < 640;
  place.left = place.narrow ? 0 : Math.round(Math.min(Math.max(width * 0.26, 190), 460));
  const bar = at("scroll").offsetWidth - at("scroll").clientWidth;
  place.width = Math.max(60, width - place.left - bar);
  place.height = at("scroll").clientHeight;
  const root = document.documentElement.style;
  root.setProperty("--left", `${place.left}px`);
  root.setProperty("--row", `${size().row}px`);
}

// The rows in sight.
function window_() {
  const top = at("scroll").scrollTop;
  const { row } = size();
  const first = Math.max(0, Math.floor(top / row));
  return { top, first, last: Math.min(rows.length, Math.ceil((top + place.height) / row)) };
}

function lanes() {
  const { row } = size();
  at("tall").style.height = `${Math.max(rows.length * row, 1)}px`;
  at("stage").style.height = `${place.height}px`;
  const { top, first, last } = window_();
  names(first, last, top);
  const c = canvas(at("bars"), place.width, place.height);
  grid(c, 0, place.height);
  pointer(c, 0, place.height);
  for (let n = first; n < last; n++) {
    const y = n * row - top;
    const one = rows[n];
    if (one.members) group(c, one, y);
    else bar(c, one.process, y);
  }
  family(c, first, last, top);
  for (let n = first; n < last; n++) signs(c, rows[n].members ?? [rows[n].process], n * row - top);
  emptyWord(c);
}

function emptyWord(c) {
  if (rows.length) return;
  c.fillStyle = colours.soft;
  c.font = "13px system-ui, sans-serif";
  c.textAlign = "center";
  c.fillText(count ? "Nothing fits what is asked for." : "No process was recorded.", place.width / 2, Math.min(60, place.height / 2));
}

// What was asked for is drawn full, what is only above it pale.
const strength = (i) => (matched[i] ? 1 : 0.3);

function bar(c, i, y) {
  const [x1, x2] = [X(start[i]), X(end[i])];
  if (x2 < -4 || x1 > place.width + 4) return;
  const left = Math.max(x1, -4);
  const width = Math.max(Math.min(x2, place.width + 4) - left, 2);
  const { bar: usual, middle } = size();
  const height = forked(i) ? Math.round(usual / 2) : usual;
  const top = y + middle - height / 2;
  c.globalAlpha = strength(i);
  c.fillStyle = colours[ROLES[role[i]]];
  if (unfinished(i)) {
    // Its last part fades: it went on for nobody knows how long.
    const from = left + Math.max(width - 24, 0);
    const fading = c.createLinearGradient(from, 0, left + width, 0);
    fading.addColorStop(0, colours[ROLES[role[i]]]);
    fading.addColorStop(1, colours.paper);
    c.fillStyle = fading;
  }
  c.fillRect(left, top, width, height);
  c.globalAlpha = 1;
}

function group(c, row, y) {
  const { row: height, bar: usual, middle } = size();
  const all = crowdOf(row);
  const tall = Math.min(usual + 6, height - 4);
  const floor = y + middle + tall / 2;
  steps(c, all.from, all.to, all.most, floor, tall);
  c.fillStyle = colours[ROLES[role[row.process]]];
  c.globalAlpha = strength(row.process);
  c.fill();
  c.globalAlpha = 1;
}

// Signs that would cover each other are drawn once.
function signs(c, processes, y) {
  if (!bits[processes[0]]) return;
  const { middle } = size();
  const apart = processes.length > 1 ? 16 : 7;
  const drawn = new Map();
  const draw = (kind, t) => {
    const x = X(t);
    // In a fold it says enough, once in a while, that all of them ended badly.
    const room = kind === 6 && processes.length > 1 ? 90 : apart;
    if (x < -8 || x > place.width + 8 || Math.abs((drawn.get(kind) ?? -999) - x) < room) return;
    drawn.set(kind, x);
    drawSign(c, kind, x, y + middle);
  };
  for (const i of processes) {
    for (let k = markFrom[i]; k < markFrom[i + 1]; k++) {
      const [, t, kind, , refused] = page.marks[k];
      draw(refused ? 3 : kind, t);
    }
    if (bits[i] & OUTLIVED) draw(5, end[i]);
    else if (bits[i] & bitOf("failed")) draw(6, end[i]);
  }
}

// From the row that is pointed at or pinned up to its parents: who started it, and when.
function family(c, first, last, top) {
  const { row, middle } = size();
  const line = new Map();
  for (const i of [state.select, pointed.row >= 0 && rows[pointed.row] ? rows[pointed.row].process : -1]) {
    for (let up = i; up >= 0 && P.parent[up] >= 0; up = P.parent[up]) line.set(up, P.parent[up]);
  }
  if (!line.size) return;
  const kin = new Set([...line.keys(), ...line.values()]);
  const rowAt = new Map();
  rows.forEach((one, n) => { if (!one.members && kin.has(one.process)) rowAt.set(one.process, n); });
  c.strokeStyle = colours.ink;
  c.lineWidth = 1;
  c.beginPath();
  for (const [child, parent] of line) {
    if (!rowAt.has(child) || !rowAt.has(parent)) continue;
    const [a, b] = [rowAt.get(parent), rowAt.get(child)];
    if (b < first || a > last) continue;
    const x = Math.round(X(start[child])) + 0.5;
    c.moveTo(x, a * row - top + middle);
    c.lineTo(x, b * row - top + middle);
  }
  c.stroke();
}

// The names of the rows in sight are elements, for everybody who does not look at the picture.
function names(first, last, top) {
  const box = at("rows");
  while (box.children.length > last - first) box.lastChild.remove();
  while (box.children.length < last - first) {
    box.append(make("div", { role: "treeitem" }, make("span", { class: "twig" }), make("span", { class: "swatch" }), make("bdi", { class: "program" }), make("bdi", { class: "rest" })));
  }
  const { row } = size();
  for (let n = first; n < last; n++) {
    const element = box.children[n - first];
    element.style.transform = `translateY(${n * row - top}px)`;
    element.id = `row-${n}`;
    nameRow(element, n);
  }
  at("scroll").setAttribute("aria-activedescendant", rows.length && current >= first && current < last ? `row-${current}` : "");
}

const canOpen = (row) => (row.members ? true : childrenOf(row.process).length > 0);
const isOpen = (row) => (row.members ? opened.has(row.key) : !closed.has(row.key));

function nameRow(element, n) {
  const row = rows[n];
  const i = row.process;
  const [twig, swatch, program, rest] = element.children;
  element.className = ["row", n === current && "current", i === state.select && !row.members && "selected", !matched[i] && "above", n === pointed.row && "pointed"].filter(Boolean).join(" ");
  element.style.setProperty("--depth", Math.min(row.depth, MOST_INDENTED));
  element.setAttribute("aria-level", row.depth + 1);
  element.setAttribute("aria-selected", i === state.select && !row.members);
  if (canOpen(row)) element.setAttribute("aria-expanded", isOpen(row));
  else element.removeAttribute("aria-expanded");
  twig.textContent = canOpen(row) ? (isOpen(row) ? "▾" : "▸") : "";
  swatch.className = `swatch ${ROLES[role[i]]}`;
  const name = plain(nameOf(i));
  if (row.members) {
    const most = crowdOf(row).most;
    const inner = row.members.reduce((sum, member) => sum + below[member], 0);
    program.textContent = `${name} × ${number(row.members.length)}`;
    rest.textContent = [`${number(most)} at once`, inner && `${number(inner)} below`, ...wordsOf(i)].filter(Boolean).join(", ");
    element.setAttribute("aria-label", `${row.members.length} alike: ${name}, ${[ROLE_WORDS[ROLES[role[i]]], `${most} at once`, ...wordsOf(i)].join(", ")}`);
  } else {
    program.textContent = name;
    rest.textContent = forked(i) ? "forked" : shortArguments(i);
    element.setAttribute("aria-label", spoken(i));
  }
}
const shortened = page.argvs.map(() => null);
function shortArguments(i) {
  const list = P.argv[i];
  if (list < 0) return "";
  // As much as fits into any lane.
  if (shortened[list] === null) {
    let text = "";
    for (const argument of page.argvs[list].slice(1)) {
      if (text.length > 160) break;
      text += `${quoted(string(argument).slice(0, 160))} `;
    }
    shortened[list] = plain(text.trim().slice(0, 160));
  }
  return shortened[list];
}
const spoken = (i) => [plain(nameOf(i)), P.pid[i] >= 0 && `pid ${P.pid[i]}`, ROLE_WORDS[ROLES[role[i]]], `from ${time(start[i])} for ${time(end[i] - start[i])}`, howItEnded(i), ...wordsOf(i)].filter(Boolean).join(", ");

// Brings a row into sight.
function scrollToRow(n) {
  const box = at("scroll");
  const { row } = size();
  if (n * row < box.scrollTop) box.scrollTop = n * row;
  else if ((n + 1) * row > box.scrollTop + place.height) box.scrollTop = (n + 1) * row - place.height;
}
function goTo(i) {
  // What a filter hides has no row; asking for it by a link shows it all the same.
  if (!kept[i]) {
    Object.assign(state, { q: "", roles: new Set(), marks: new Set() });
    match();
  }
  const n = reveal(i);
  if (n < 0) return;
  current = n;
  if (end[i] < state.from || start[i] > state.to) show(start[i] - (state.to - state.from) / 2, start[i] + (state.to - state.from) / 2);
  at("tall").style.height = `${rows.length * size().row}px`;
  scrollToRow(n);
  ask("rows");
}
