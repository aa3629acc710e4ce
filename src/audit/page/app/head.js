// What stands above the views: what was run and how it went, the tools, and the legend, which filters too.

const run = page.run;
function head() {
  // What belongs to no suite is called by its command.
  const command = plain(run.command.map(quoted).join(" "));
  at("title").textContent = run.suite === null ? command || "A run" : plain(run.suite);
  at("command").textContent = command;
  at("command").hidden = run.suite === null;
  const facts = at("facts");
  const fact = (name, value, title) => value && facts.append(make("div", { title }, make("dt", { text: name }), make("dd", { text: value, title: value.length > 30 ? value : null })));
  if (whole) {
    const ended = page.end.signal ? `killed by ${plain(page.end.signal)}` : page.end.exit === 0 ? "passed" : page.end.exit === null ? "" : `exit code ${page.end.exit}`;
    fact("Ended", [ended, ...page.end.verdicts.map(plain)].filter(Boolean).join(", "));
  } else {
    fact("Ended", "cut off");
  }
  fact("Took", time(page.last));
  fact("Processes", number(page.end?.processes ?? count));
  fact("At once", number(page.end?.at_once ?? crowd), "the most that were alive at the same time");
  if (memoryPeak >= 0) fact("Peak memory", bytes(memoryPeak));
  const classes = { processes: "starts nothing", daemons: "starts no daemons", gated: "starts daemons" };
  if (page.end?.class) fact("Its tests", classes[page.end.class] ?? plain(page.end.class), `class ${plain(page.end.class)}`);
  fact("Fence", plain(run.fence ?? ""));

  const notice = (text) => at("notices").append(make("p", { class: "notice", text }));
  if (!whole) notice(`The recording ends here, at ${time(page.last)}, without an end of the run: it was killed, or is still going on. What has no end is drawn up to there.`);
  else if (page.torn) notice("The last line of the recording is cut off.");
  if (page.cut) notice(`To keep this page small, arguments are shown up to ${number(page.cut)} bytes for each process. The recording has all of them.`);
  if (count === 0) notice("No process was recorded.");
}

function legend() {
  const held = at("roles"), done = at("marks");
  const inRole = new Uint32Array(ROLES.length);
  for (const one of role) inRole[one]++;
  ROLES.forEach((name, one) => inRole[one] && held.append(chip(name, inRole[one], make("span", { class: `swatch ${name}` }), "roles", ROLE_WORDS[name])));
  MARKS.forEach((mark, kind) => {
    let having = 0;
    for (const one of bits) if (one & (1 << kind)) having++;
    if (having) done.append(chip(mark.key, having, sign(mark), "marks", mark.word));
  });
}
const ROLE_WORDS = {
  toolchain: "toolchain", runner: "runner", host: "host of the tests", worker: "worker", tool: "tool", test: "started by tests", unknown: "role not known",
};
function chip(key, having, picture, set, word) {
  const button = make("button", { type: "button", class: "chip", "data-key": key, "aria-pressed": "false" }, picture, word, make("b", { text: number(having) }));
  button.addEventListener("click", () => {
    const chosen = new Set(state[set]);
    if (!chosen.delete(key)) chosen.add(key);
    change({ [set]: chosen }, "match", "rows");
  });
  return button;
}

function tools() {
  for (const button of document.querySelectorAll("[data-view]")) {
    const on = button.dataset.view === state.view;
    button.setAttribute("aria-selected", on);
    button.tabIndex = on ? 0 : -1;
    at(`view-${button.dataset.view}`).hidden = !on;
  }
  for (const button of document.querySelectorAll(".chip")) {
    const set = button.parentElement.id === "roles" ? state.roles : state.marks;
    button.setAttribute("aria-pressed", set.has(button.dataset.key));
  }
  at("search").hidden = at("legend").hidden = state.view === "policy";
  if (at("q").value !== state.q) at("q").value = state.q;
  at("re").checked = state.re;
  at("fold").checked = state.fold;
  at("q").setAttribute("aria-invalid", wrong !== "");
  at("found").textContent = wrong ? `Not a regular expression: ${wrong}` : isFiltered() ? `${number(found)} of ${many(count, "process", "processes")}` : "";
}

for (const tab of document.querySelectorAll("[data-view]")) {
  tab.addEventListener("click", () => change({ view: tab.dataset.view }));
  tab.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const next = VIEWS[(VIEWS.indexOf(state.view) + step + VIEWS.length) % VIEWS.length];
    change({ view: next });
    at(`tab-${next}`).focus();
  });
}
at("search").addEventListener("submit", (event) => event.preventDefault());
at("q").addEventListener("input", (event) => change({ q: event.target.value }, "match", "rows"));
at("re").addEventListener("change", (event) => change({ re: event.target.checked }, "match", "rows"));
at("fold").addEventListener("change", (event) => change({ fold: event.target.checked }, "rows"));
