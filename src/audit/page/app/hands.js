// Wheel, drag, pinch and keys in the timeline, and the small details beside the pointer.

const scroller = at("scroll"), graph = at("graph");
scroller.addEventListener("scroll", () => { hideTip(); ask(); }, { passive: true });
new ResizeObserver(() => ask("size")).observe(at("view-lanes"));

const inLanes = (event) => event.clientX - scroller.getBoundingClientRect().left - place.left;
const rowUnder = (event) => {
  const n = Math.floor((event.clientY - scroller.getBoundingClientRect().top + scroller.scrollTop) / size().row);
  return n >= 0 && n < rows.length ? n : -1;
};

function wheel(event) {
  const sideways = event.shiftKey ? event.deltaY || event.deltaX : event.deltaX;
  const inChart = event.currentTarget === graph;
  if (event.ctrlKey || event.metaKey || (inChart && !event.shiftKey && Math.abs(event.deltaY) > Math.abs(event.deltaX))) {
    event.preventDefault();
    const x = inChart ? event.offsetX : Math.max(0, inLanes(event));
    zoom(Math.exp(-event.deltaY * (event.deltaMode === 1 ? 0.05 : 0.0022)), T(x));
  } else if (Math.abs(sideways) > Math.abs(event.shiftKey ? 0 : event.deltaY)) {
    event.preventDefault();
    move((sideways / place.width) * (state.to - state.from));
  }
}
scroller.addEventListener("wheel", wheel, { passive: false });
graph.addEventListener("wheel", wheel, { passive: false });

// Drag in the lanes moves in time; two fingers zoom; a press without a drag is a click.
const FAR = 4;
const fingers = new Map();
let drag = null;
scroller.addEventListener("pointerdown", (event) => {
  if (event.button !== 0 || event.target === scroller) return;
  fingers.set(event.pointerId, event.clientX);
  const row = rowUnder(event);
  drag = { x: event.clientX, y: event.clientY, from: state.from, to: state.to, row, far: false, apart: apart(), name: inLanes(event) < 0, row_x: event.clientX };
});
const apart = () => {
  const [a, b] = [...fingers.values()];
  return b === undefined ? 0 : Math.max(20, Math.abs(a - b));
};
scroller.addEventListener("pointermove", (event) => {
  if (fingers.has(event.pointerId)) fingers.set(event.pointerId, event.clientX);
  if (!drag || !fingers.has(event.pointerId)) return point(event);
  const perPixel = (drag.to - drag.from) / Math.max(1, place.width - 2 * EDGE);
  if (fingers.size === 2 && drag.apart) {
    const width = (drag.to - drag.from) * (drag.apart / apart());
    const middle = (drag.from + drag.to) / 2;
    drag.far = true;
    show(middle - width / 2, middle + width / 2);
    return change({});
  }
  const by = event.clientX - drag.x;
  if (!drag.far && (Math.abs(by) > FAR || Math.abs(event.clientY - drag.y) > FAR)) {
    drag.far = true;
    scroller.setPointerCapture(event.pointerId);
    hideTip();
  }
  if (drag.far && !drag.name) {
    show(drag.from - by * perPixel, drag.to - by * perPixel);
    if (event.pointerType === "mouse") scroller.scrollTop -= event.movementY;
    change({});
  }
});
function lift(event) {
  fingers.delete(event.pointerId);
  const was = drag;
  drag = null;
  if (event.type === "pointerup" && was && !was.far && was.row >= 0 && was.row === rowUnder(event)) {
    current = was.row;
    press(rows[was.row], event.target.classList.contains("twig"));
  }
}
scroller.addEventListener("pointerup", lift);
scroller.addEventListener("pointercancel", lift);
scroller.addEventListener("pointerleave", () => { if (!drag) unpoint(); });
graph.addEventListener("pointerleave", () => { if (pointed.from === null) unpoint(); });

// A click: on a group or a twig opens and closes, elsewhere pins the details.
function press(row, twig) {
  if (row.members || (twig && canOpen(row))) turn(row, !isOpen(row));
  else select(row.process);
}
function turn(row, open) {
  if (row.members) open ? opened.add(row.key) : opened.delete(row.key);
  else open ? closed.delete(row.key) : closed.add(row.key);
  pointed.row = -1;
  hideTip();
  ask("rows");
}

// Drag in the chart chooses a time.
graph.addEventListener("pointerdown", (event) => {
  if (event.button !== 0) return;
  graph.setPointerCapture(event.pointerId);
  pointed.from = pointed.t = T(event.offsetX);
});
graph.addEventListener("pointermove", (event) => {
  pointed.t = Math.min(Math.max(T(event.offsetX), 0), span);
  pointed.row = -1;
  ask();
});
graph.addEventListener("pointerup", (event) => {
  const from = pointed.from;
  pointed.from = null;
  if (from !== null && Math.abs(X(from) - event.offsetX) > FAR) show(Math.min(from, T(event.offsetX)), Math.max(from, T(event.offsetX)));
  change({});
});
graph.addEventListener("dblclick", () => DEEDS.all());

function point(event) {
  const x = inLanes(event);
  pointed.t = x >= 0 ? Math.min(Math.max(T(x), 0), span) : null;
  const n = rowUnder(event);
  if (n !== pointed.row) pointed.row = n;
  if (n >= 0 && event.pointerType === "mouse") tip(rows[n], event.clientX, event.clientY);
  else hideTip();
  ask();
}
function unpoint() {
  pointed.t = null;
  pointed.row = -1;
  hideTip();
  ask();
}

function tip(row, x, y) {
  const box = at("tip");
  const i = row.process;
  if (row.members) {
    const all = row.members;
    const shortest = all.reduce((least, it) => Math.min(least, end[it] - start[it]), Infinity);
    const longest = all.reduce((most, it) => Math.max(most, end[it] - start[it]), 0);
    box.replaceChildren(
      make("p", {}, make("b", { text: `${plain(nameOf(i))} × ${number(all.length)}` }), ` ${ROLE_WORDS[ROLES[role[i]]]}`),
      make("p", { text: `each ${time(shortest)} to ${time(longest)}, ${number(crowdOf(row).most)} at once` }),
      make("p", { class: "soft", text: isOpen(row) ? "Click to fold." : "Click to unfold." }));
  } else {
    box.replaceChildren(...[
      make("p", {}, make("b", {}, make("bdi", { text: plain(nameOf(i)) })), ` ${ROLE_WORDS[ROLES[role[i]]]}${P.pid[i] >= 0 ? `, pid ${P.pid[i]}` : ""}`),
      shortArguments(i) && make("p", { class: "mono" }, make("bdi", { text: shortArguments(i) })),
      make("p", { text: `${time(start[i])} to ${unfinished(i) ? "?" : time(end[i])}, ${time(end[i] - start[i])} · ${howItEnded(i)}` }),
      (P.peak[i] >= 0 || P.cpu[i] >= 0) && make("p", { text: [P.peak[i] >= 0 && `peak ${bytes(P.peak[i] * 1024)}`, P.cpu[i] >= 0 && `processor ${time(P.cpu[i] * 1000)}`].filter(Boolean).join(", ") }),
      ...marksOf(i).slice(0, 4).map((mark) => make("p", {}, sign(MARKS[mark[4] ? 3 : mark[2]]), make("bdi", { text: ` ${time(mark[1])} ${told(mark)}`.slice(0, 200) }))),
      bits[i] & OUTLIVED && make("p", {}, sign(MARKS[5]), " outlived the run"),
    ].filter(Boolean));
  }
  box.hidden = false;
  const { offsetWidth: w, offsetHeight: h } = box;
  box.style.left = `${Math.max(6, Math.min(x + 14, innerWidth - w - 6))}px`;
  box.style.top = `${y + 18 + h > innerHeight ? Math.max(6, y - h - 12) : y + 18}px`;
}
function hideTip() {
  at("tip").hidden = true;
}

// Keys of the tree, and of time.
function go(n) {
  if (!rows.length) return;
  current = Math.max(0, Math.min(n, rows.length - 1));
  scrollToRow(current);
  ask();
  const box = scroller.getBoundingClientRect();
  const y = box.top + (current + 1) * size().row - scroller.scrollTop;
  requestAnimationFrame(() => tip(rows[current], box.left + place.left + Math.max(0, X(start[rows[current].process])), y - 14));
}
const KEYS = {
  ArrowDown: () => go(current + 1), ArrowUp: () => go(current - 1), Home: () => go(0), End: () => go(rows.length - 1),
  PageDown: () => go(current + Math.floor(place.height / size().row)), PageUp: () => go(current - Math.floor(place.height / size().row)),
  ArrowRight: () => (canOpen(rows[current]) && !isOpen(rows[current]) ? turn(rows[current], true) : go(current + 1)),
  ArrowLeft: () => {
    const row = rows[current];
    if (canOpen(row) && isOpen(row)) return turn(row, false);
    for (let n = current - 1; n >= 0; n--) if (rows[n].depth < row.depth) return go(n);
  },
  Enter: () => press(rows[current], false), " ": () => press(rows[current], false),
};
scroller.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || !rows.length) return;
  if (event.shiftKey && event.key === "ArrowLeft") DEEDS.left();
  else if (event.shiftKey && event.key === "ArrowRight") DEEDS.right();
  else if (KEYS[event.key]) KEYS[event.key]();
  else return;
  event.preventDefault();
});
scroller.addEventListener("blur", hideTip);
addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape") {
    hideTip();
    if (state.select >= 0) { select(-1); scroller.focus(); }
    return;
  }
  if (/^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName ?? "")) return;
  const deed = { "/": () => at("q").focus(), "+": DEEDS.in, "=": DEEDS.in, "-": DEEDS.out, 0: DEEDS.all }[event.key];
  if (!deed || (state.view !== "lanes" && event.key !== "/")) return;
  event.preventDefault();
  deed();
});
