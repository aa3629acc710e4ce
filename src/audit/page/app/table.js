// The same as a table, which sorts. Only the rows in sight exist; assistive technology is told how many there are.

const COLUMNS = [
  { key: "name", word: "Program", cell: (i) => nameOf(i), text: true },
  { key: "pid", word: "Pid", cell: (i) => (P.pid[i] < 0 ? "" : String(P.pid[i])), by: (i) => P.pid[i] },
  { key: "role", word: "Role", cell: (i) => ROLE_WORDS[ROLES[role[i]]], by: (i) => role[i] },
  { key: "start", word: "Start", cell: (i) => time(start[i]), by: (i) => start[i] },
  { key: "lasted", word: "Lasted", cell: (i) => time(end[i] - start[i]), by: (i) => end[i] - start[i] },
  { key: "memory", word: "Peak memory", cell: (i) => (P.peak[i] < 0 ? "" : bytes(P.peak[i] * 1024)), by: (i) => P.peak[i] },
  { key: "cpu", word: "Processor", cell: (i) => (P.cpu[i] < 0 ? "" : time(P.cpu[i] * 1000)), by: (i) => P.cpu[i] },
  { key: "below", word: "Started", cell: (i) => (childrenOf(i).length ? number(childrenOf(i).length) : ""), by: (i) => childrenOf(i).length },
  { key: "ended", word: "Ended", cell: (i) => howItEnded(i), text: true },
  { key: "did", word: "What it did", cell: (i) => wordsOf(i).join(", "), text: true },
  { key: "command", word: "Arguments", cell: (i) => (forked(i) ? `(forked from) ${shortArguments(i)}` : shortArguments(i)), text: true },
];
const LINE = 28;

let sorted = [];
let sortedFor = "";
function sort() {
  const column = COLUMNS.find((it) => it.key === state.sort);
  sorted = [];
  for (let i = 0; i < count; i++) if (matched[i]) sorted.push(i);
  const key = column.by ?? column.cell;
  const keys = new Map(sorted.map((i) => [i, key(i)]));
  const order = column.by ? (a, b) => keys.get(a) - keys.get(b) : (a, b) => (keys.get(a) < keys.get(b) ? -1 : keys.get(a) > keys.get(b) ? 1 : 0);
  const sign = state.down ? -1 : 1;
  sorted.sort((a, b) => sign * order(a, b) || a - b);
}

function headings() {
  const row = at("table").tHead.rows[0];
  for (const column of COLUMNS) {
    const button = make("button", { type: "button" }, column.word, make("span", { class: "arrow", "aria-hidden": "true" }));
    button.addEventListener("click", () => {
      // Numbers are mostly asked for from above.
      const down = state.sort === column.key ? !state.down : Boolean(column.by) && column.key !== "start" && column.key !== "pid";
      change({ sort: column.key, down }, "rows");
    });
    row.append(make("th", { scope: "col", class: `c-${column.key}` }, button));
  }
}

function table() {
  if (sortedFor !== "fresh") { sort(); sortedFor = "fresh"; }
  const box = at("sheet");
  [...at("table").tHead.rows[0].cells].forEach((cell, n) => {
    const here = COLUMNS[n].key === state.sort;
    if (here) cell.setAttribute("aria-sort", state.down ? "descending" : "ascending");
    else cell.removeAttribute("aria-sort");
    cell.querySelector(".arrow").textContent = here ? (state.down ? " ↓" : " ↑") : "";
  });
  const most = Math.max(0, sorted.length - 1);
  const first = Math.max(0, Math.min(most, Math.floor(box.scrollTop / LINE) - 4));
  const last = Math.min(sorted.length, first + Math.ceil(box.clientHeight / LINE) + 9);
  const body = at("table").tBodies[0];
  const space = (lines) => {
    const row = make("tr", { class: "space", "aria-hidden": "true" }, make("td", { colspan: COLUMNS.length }));
    row.style.height = `${lines * LINE}px`;
    return row;
  };
  const focused = document.activeElement?.dataset?.row;
  body.replaceChildren(space(first), ...sorted.slice(first, last).map((i, n) => line_(i, first + n)), space(sorted.length - last));
  at("table").setAttribute("aria-rowcount", sorted.length + 1);
  if (focused !== undefined) body.querySelector(`[data-row="${focused}"]`)?.focus({ preventScroll: true });
}

function line_(i, n) {
  const row = make("tr", { "aria-rowindex": n + 2, class: i === state.select ? "selected" : "" });
  for (const column of COLUMNS) {
    const value = plain(column.cell(i));
    if (column.key === "name") {
      const button = make("button", { type: "button", "data-row": i, "aria-pressed": String(i === state.select) }, make("span", { class: `swatch ${ROLES[role[i]]}` }), make("bdi", { text: value }));
      button.addEventListener("keydown", (event) => {
        const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
        if (!step || !(n + step in sorted)) return;
        event.preventDefault();
        const box = at("sheet");
        const y = (n + step) * LINE;
        if (y < box.scrollTop) box.scrollTop = y;
        else if (y + 2 * LINE + LINE > box.scrollTop + box.clientHeight) box.scrollTop = y + 3 * LINE - box.clientHeight;
        table();
        at("table").tBodies[0].querySelector(`[data-row="${sorted[n + step]}"]`)?.focus({ preventScroll: true });
      });
      row.append(make("th", { scope: "row", class: "c-name" }, button));
    } else {
      row.append(make("td", { class: `c-${column.key}` }, make("bdi", { text: value, title: column.text && value.length > 24 ? value : null })));
    }
  }
  row.addEventListener("click", () => { if (String(getSelection()) === "") select(i); });
  return row;
}
at("sheet").addEventListener("scroll", () => { if (state.view === "table") ask(); }, { passive: true });
new ResizeObserver(() => ask()).observe(at("sheet"));
