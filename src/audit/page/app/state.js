// What is being looked at. It stands in the address after `#`, so that a link shows the same to somebody else.

const fresh = () => ({
  view: "lanes", q: "", re: false, roles: new Set(), marks: new Set(), select: -1, theme: "auto",
  from: 0, to: span, sort: "start", down: false, fold: true,
});
const state = fresh();
// What is opened and closed by hand is not worth an address.
const closed = new Set();
const opened = new Set();
// The row that the keys are at.
let current = 0;

const VIEWS = ["lanes", "table", "policy"];
const THEMES = ["auto", "light", "dark"];

function readAddress() {
  const words = new URLSearchParams(location.hash.slice(1));
  const known = (name, of, usual) => (of.includes(words.get(name)) ? words.get(name) : usual);
  const set = (name, of) => new Set((words.get(name) ?? "").split(",").filter((word) => of.includes(word)));
  Object.assign(state, fresh(), {
    view: known("view", VIEWS, "lanes"),
    theme: known("theme", THEMES, "auto"),
    q: words.get("q") ?? "",
    re: words.get("re") === "1",
    roles: set("role", ROLES),
    marks: set("mark", MARKS.map((mark) => mark.key)),
    select: rowOfId.get(Number(words.get("select"))) ?? -1,
    fold: words.get("fold") !== "0",
  });
  const sort = words.get("sort") ?? "";
  const column = sort.replace(/^-/, "");
  if (COLUMNS.some((it) => it.key === column)) Object.assign(state, { sort: column, down: sort.startsWith("-") });
  const range = /^(\d+(?:\.\d+)?)-(\d+(?:\.\d+)?)$/.exec(words.get("t") ?? "");
  if (range) show(Number(range[1]) * 1e6, Number(range[2]) * 1e6);
}

function writeAddress() {
  const words = new URLSearchParams();
  if (state.view !== "lanes") words.set("view", state.view);
  if (state.q) words.set("q", state.q);
  if (state.re) words.set("re", "1");
  if (state.roles.size) words.set("role", [...state.roles].join(","));
  if (state.marks.size) words.set("mark", [...state.marks].join(","));
  if (state.select >= 0) words.set("select", P.id[state.select]);
  if (!state.fold) words.set("fold", "0");
  if (state.sort !== "start" || state.down) words.set("sort", (state.down ? "-" : "") + state.sort);
  if (state.from > 0 || state.to < span) words.set("t", `${digits(state.from / 1e6, 6)}-${digits(state.to / 1e6, 6)}`);
  if (state.theme !== "auto") words.set("theme", state.theme);
  const hash = words.size ? `#${words}` : "";
  if (hash === location.hash) return;
  try {
    history.replaceState(null, "", hash || location.pathname + location.search);
  } catch {
    // Some places that show files allow no address; what is seen is the same.
  }
}

// Shows this time, kept inside the run and not closer than a browser can tell apart.
const closest = Math.min(20, span);
function show(from, to) {
  const width = Math.min(Math.max(to - from, closest), span);
  const middle = (from + to) / 2;
  state.from = Math.min(Math.max(middle - width / 2, 0), span - width);
  state.to = state.from + width;
}

// Changes are drawn together, once for each frame. The first time nobody waits for a frame.
const stale = { match: true, rows: true, all: true };
let asked = false;
function ask(...what) {
  for (const part of what) stale[part] = true;
  if (asked) return;
  asked = true;
  requestAnimationFrame(() => { asked = false; draw(); });
}
let writing = 0;
function change(part, ...what) {
  Object.assign(state, part);
  ask(...what);
  clearTimeout(writing);
  writing = setTimeout(writeAddress, 200);
}
