// Draws what has changed, and begins.

function draw() {
  const told = document.documentElement.dataset;
  if (stale.match) { match(); sortedFor = ""; }
  if (stale.match || stale.rows) { lay(); sortedFor = ""; }
  stale.match = stale.rows = stale.all = false;
  tools();
  panel();
  if (state.view === "lanes") {
    measure();
    chart();
    gutter();
    lanes();
  } else if (state.view === "table") {
    table();
  }
  Object.assign(told, { view: state.view, processes: count, shown: found, rows: rows.length });
}

const began = performance.now();
readAddress();
paint();
head();
legend();
headings();
policy();
draw();
if (state.select >= 0) { goTo(state.select); draw(); }
addEventListener("hashchange", () => {
  const before = state.select;
  readAddress();
  paint();
  if (state.select !== before && state.select >= 0 && state.view === "lanes") goTo(state.select);
  ask("match", "rows");
});
// When this page was first to be seen, in milliseconds: since it was asked for, and of those in this script.
Object.assign(document.documentElement.dataset, { ready: "yes", firstSeen: Math.round(performance.now()), script: Math.round(performance.now() - began) });
})();
