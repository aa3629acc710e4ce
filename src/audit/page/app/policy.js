// What a fence would refuse, what was refused, how the suite was seen, and the lines of policy that come of it.

function policy() {
  const box = at("view-policy");
  const part = (title, ...children) => make("section", {}, make("h2", { text: title }), ...children);
  const soft = (text) => make("p", { class: "soft", text });
  const lines = page.end?.policy ?? "";
  const code = make("pre", { class: "mono policy", tabindex: "0", "aria-label": "Policy" }, make("code", { text: lines.replace(unseen, (c) => (c === "\n" || c === "\t" ? c : plain(c))) }));
  box.append(
    part("Policy for this suite", ...(lines
      ? [soft("Derived from this run. Read it before you paste it into guardrun.toml: it allows what was seen, and nothing else."), code, make("p", {}, copyButton("Copy the policy", () => lines, code))]
      : [soft(whole ? "The recording has no policy." : "A run that is cut off gives no policy: nobody knows what would have come.")])),
    part("Refused in this run", ...refusedList(page.marks.filter((mark) => mark[4]).map((mark) => ({ i: mark[0], what: told(mark), who: nameOf(mark[0]), times: 1 })), "Nothing was refused.")),
    part("What fence = \"daemons\" would refuse", ...refusedList(page.would_refuse.daemons.map(asRefusal), notKnown("Nothing: this suite may have it."))),
    part("What fence = \"processes\" would refuse", ...refusedList(page.would_refuse.processes.map(asRefusal), notKnown("Nothing: its tests start no program."))),
    part("How it was seen", seen(),
      run.gaps.length ? make("ul", {}, ...run.gaps.map((text) => make("li", { text: plain(text) }))) : null));
}
function seen() {
  const list = make("dl", { class: "pairs" });
  const pair = (name, value) => value && list.append(make("dt", { text: name }), make("dd", {}, make("bdi", { text: plain(value) })));
  pair("Seen by", run.eyes.join(", "));
  pair("Held by", run.level);
  pair("Run", run.run);
  pair("Started", run.started?.replace("T", " ").replace(/(\.\d+)?Z$/, " UTC"));
  pair("Directory", run.cwd);
  pair("Machine", [run.cpus && many(run.cpus, "processor"), run.memory && bytes(run.memory)].filter(Boolean).join(", "));
  pair("guardrun", run.guardrun);
  return list;
}
const notKnown = (text) => (whole ? text : "Not known: the recording is cut off.");
const DEEDS_DONE = { start: "starts a program", listen: "listens", pty: "opens a terminal", setsid: "makes a session of its own" };
const refusalWords = ([, deed, rule]) => plain([DEEDS_DONE[string(deed)] ?? string(deed), string(rule)].filter(Boolean).join(": "));
const asRefusal = (refusal) => ({ i: refusal[0], what: refusalWords(refusal), who: string(refusal[3]) || nameOf(refusal[0]), times: refusal[4] });

// The same of the same program is told once, with a few links to those who did it.
const LINKED = 6;
function refusedList(list, nothing) {
  if (!list.length) return [make("p", { class: "soft", text: nothing })];
  const kinds = new Map();
  for (const { i, what, who, times } of list) {
    const key = `${who}\n${what}`;
    if (!kinds.has(key)) kinds.set(key, { what, who, times: 0, all: new Set() });
    kinds.get(key).times += times;
    kinds.get(key).all.add(i);
  }
  const items = [...kinds.values()].sort((a, b) => b.times - a.times);
  const rows = items.slice(0, 200).map(({ what, who, times, all }) => make("tr", {},
    make("td", { class: "number", text: number(times) }), make("th", { scope: "row" }, make("bdi", { text: plain(who) })), make("td", {}, make("bdi", { text: what })),
    make("td", {}, ...links([...all]), times > all.size ? "first of them" : "")));
  const heads = ["Times", "Program", "What", "Processes"].map((text) => make("th", { scope: "col", text }));
  const more = items.length > rows.length ? [make("p", { class: "soft", text: `and ${number(items.length - rows.length)} more kinds` })] : [];
  return [make("div", { class: "wide" }, make("table", { class: "refusals" }, make("thead", {}, make("tr", {}, ...heads)), make("tbody", {}, ...rows))), ...more];
}
function links(processes) {
  const more = processes.length - LINKED;
  return [...processes.slice(0, LINKED).flatMap((it) => [pidLink(it), " "]), more > 0 ? `and ${number(more)} more` : ""];
}
function pidLink(i) {
  const anchor = link(i);
  anchor.replaceChildren(P.pid[i] < 0 ? `#${P.id[i]}` : String(P.pid[i]));
  return anchor;
}
