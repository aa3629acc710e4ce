// The details of one process, pinned until it is closed.

function select(i, where = "stay") {
  change({ select: i });
  if (i >= 0 && where === "go" && state.view === "lanes") goTo(i);
}

// A process as a link to it.
function link(i) {
  const address = new URLSearchParams(location.hash.slice(1));
  address.set("select", P.id[i]);
  const anchor = make("a", { href: `#${address}`, class: "process" }, make("span", { class: `swatch ${ROLES[role[i]]}` }), make("bdi", { text: plain(nameOf(i)) }));
  anchor.addEventListener("click", (event) => {
    // In another tab it is a link like any other.
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    select(i, "go");
  });
  return anchor;
}

let pinned = -2;
function panel() {
  const i = state.select;
  const aside = at("panel");
  if (pinned === i) return;
  pinned = i;
  document.body.classList.toggle("pinned", i >= 0);
  aside.hidden = i < 0;
  if (i < 0) return aside.replaceChildren();
  aside.replaceChildren(
    make("div", { class: "bar" },
      make("h2", {}, make("span", { class: `swatch ${ROLES[role[i]]}` }), make("bdi", { text: plain(nameOf(i)) })),
      make("button", { type: "button", class: "close", "aria-label": "Close the details", title: "Close (Esc)", text: "×", onclick: () => { select(-1); at("scroll").focus(); } })),
    make("p", { class: "soft", text: [ROLE_WORDS[ROLES[role[i]]], P.pid[i] >= 0 && `pid ${P.pid[i]}`, forked(i) && "forked, executed nothing itself"].filter(Boolean).join(" · ") }),
    ...commandPart(i),
    fields(i),
    ...listPart("What it did", marksOf(i).map((mark) => [time(mark[1]), told(mark)])),
    ...listPart("What it was before", page.before.filter((it) => it[0] === i).map(([, t, argv, exe]) =>
      [time(t), plain(argv < 0 ? string(exe) : page.argvs[argv].map(string).map(quoted).join(" ")).slice(0, 400)])),
    ...listPart("Would be refused", refusalsOf(i)),
    ...childrenPart(i),
  );
  aside.scrollTop = 0;
}

function commandPart(i) {
  const command = commandOf(i);
  if (!command) return [];
  const box = make("pre", { class: "mono command", tabindex: "0", "aria-label": "Command" }, make("bdi", { text: plain(command) }));
  return [box, make("div", { class: "buttons" },
    copyButton("Copy the command", () => command, box),
    make("button", { type: "button", text: "Zoom to it", onclick: () => { zoomTo(i); } }),
    P.flags[i] & CUT ? make("span", { class: "soft", text: "its arguments are cut here" }) : null)];
}

function fields(i) {
  const list = make("dl");
  const field = (name, ...value) => value.some((part) => part !== "" && part !== null) && list.append(make("dt", { text: name }), make("dd", {}, ...value));
  field("Program", make("bdi", { class: "mono", text: plain(string(P.exe[i])) || "not known" }));
  if (P.cwd[i] >= 0) field("Directory", make("bdi", { class: "mono", text: plain(string(P.cwd[i])) }));
  const chain = [];
  for (let up = P.parent[i]; up >= 0 && chain.length < 60; up = P.parent[up]) chain.push(up);
  field("Started by", chain.length ? make("ol", { class: "chain" }, ...chain.map((up) => make("li", {}, link(up)))) : "the run itself, or it is not known");
  field("Started", P.flags[i] & START_UNKNOWN ? `not seen; first heard of at ${time(start[i])}` : time(start[i]));
  field("Ended", unfinished(i) ? howItEnded(i) : `${time(end[i])}, ${howItEnded(i)}`);
  field("Lasted", unfinished(i) ? `${time(end[i] - start[i])} at least` : time(end[i] - start[i]));
  if (P.peak[i] >= 0) field("Peak memory", bytes(P.peak[i] * 1024));
  if (P.cpu[i] >= 0) field("Processor", time(P.cpu[i] * 1000));
  const addresses = marksOf(i).filter((mark) => MARKS[mark[2]].key === "listen" && !mark[4]).map((mark) => plain(string(mark[3])));
  if (addresses.length) field("Listened on", make("bdi", { class: "mono", text: [...new Set(addresses)].join(", ") }));
  if (bits[i] & OUTLIVED) field("Outlived", "the run: it was there when the suite had ended");
  field("Number", String(P.id[i]));
  return list;
}

function refusalsOf(i) {
  const under = (name) => page.would_refuse[name].filter((it) => it[0] === i).map((refusal) => [name, refusalWords(refusal)]);
  return [...under("daemons"), ...under("processes")];
}

const LISTED = 50;
function listPart(title, items) {
  if (!items.length) return [];
  const list = make("dl", { class: "events" });
  for (const [when, what] of items.slice(0, LISTED)) list.append(make("dt", { text: when }), make("dd", {}, make("bdi", { text: what })));
  if (items.length > LISTED) list.append(make("dt"), make("dd", { text: `and ${number(items.length - LISTED)} more` }));
  return [make("h3", { text: title }), list];
}

function childrenPart(i) {
  const children = childrenOf(i);
  if (!children.length) return [];
  const list = make("ul", { class: "plain" }, ...Array.from(children.subarray(0, LISTED), (child) => make("li", {}, link(child), make("span", { class: "soft", text: ` ${time(end[child] - start[child])}` }))));
  if (children.length > LISTED) list.append(make("li", { class: "soft", text: `and ${number(children.length - LISTED)} more` }));
  const all = below[i] > children.length ? `, ${number(below[i])} with all below` : "";
  return [make("h3", { text: `It started ${many(children.length, "process", "processes")}${all}` }), list];
}

// Copies a text; where the browser gives no clipboard, what is to be copied is marked.
function copyButton(label, text, shown) {
  const button = make("button", { type: "button", text: label });
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text());
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(shown);
      button.textContent = "Marked: press Ctrl+C";
    }
    setTimeout(() => { button.textContent = label; }, 2000);
  });
  return button;
}
