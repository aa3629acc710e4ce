// On paper: everything that the views have, light, with as many processes as somebody would still read.

const PRINTED = 400;
addEventListener("beforeprint", () => {
  document.documentElement.dataset.theme = "light";
  readColours();
  if (place.width) chart();
  sort();
  const columns = COLUMNS.filter((it) => !["below", "cpu"].includes(it.key));
  const row = (i) => make("tr", {}, ...columns.map((column) => make("td", { text: plain(column.cell(i)) })));
  at("print").replaceChildren(
    make("h2", { text: sorted.length > PRINTED ? `The first ${number(PRINTED)} of ${many(sorted.length, "process", "processes")}` : many(sorted.length, "process", "processes") }),
    make("table", {}, make("thead", {}, make("tr", {}, ...columns.map((it) => make("th", { text: it.word })))), make("tbody", {}, ...sorted.slice(0, PRINTED).map(row))));
});
addEventListener("afterprint", () => {
  at("print").replaceChildren();
  sortedFor = "";
  paint();
  ask();
});
