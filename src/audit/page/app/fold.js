// Who is shown, and in which rows: the tree from above, with alike short siblings folded into one row.

// Two processes are alike when they and all below them have the same names, roles, ends and marks. One that outlived the run, or has
// no end, is worth seeing by itself, and is like none.
const ALONE = OUTLIVED | bitOf("unfinished");
const likeness = new Int32Array(count).fill(-1);
const below = new Int32Array(count);
{
  const numbers = new Map();
  for (let k = count - 1; k >= 0; k--) {
    const i = topDown[k];
    let like = (bits[i] & ALONE) === 0;
    const parts = new Set();
    for (const child of childrenOf(i)) {
      below[i] += 1 + below[child];
      if (likeness[child] < 0) like = false;
      else parts.add(likeness[child]);
    }
    if (!like) continue;
    const key = `${nameOf(i)}\n${role[i]}\n${bits[i]}\n${forked(i)}\n${P.status[i]}\n${[...parts].sort().join()}`;
    if (!numbers.has(key)) numbers.set(key, numbers.size);
    likeness[i] = numbers.get(key);
  }
}
// So many siblings are a group, if each took no more than this part of the whole time.
const FEWEST = 4;
const short = (i) => end[i] - start[i] <= span / 10;

// matched[i]: what was asked for. kept[i]: that, or somebody above it.
const matched = new Uint8Array(count);
const kept = new Uint8Array(count);
let found = count;
let wrong = "";

function match() {
  const { roles, marks } = state;
  const wanted = [...marks].reduce((all, key) => all | bitOf(key), 0);
  const fits = query();
  found = 0;
  kept.fill(0);
  for (let i = 0; i < count; i++) {
    matched[i] = (roles.size === 0 || roles.has(ROLES[role[i]])) && (wanted === 0 || (bits[i] & wanted) !== 0) && fits(i) ? 1 : 0;
    found += matched[i];
  }
  for (let k = count - 1; k >= 0; k--) {
    const i = topDown[k];
    if (matched[i]) kept[i] = 1;
    if (kept[i] && P.parent[i] >= 0) kept[P.parent[i]] = 1;
  }
}

// Each list of arguments is looked at once, however many processes had it.
function query() {
  wrong = "";
  const { q, re } = state;
  if (q === "") return () => true;
  let finds;
  if (re) {
    try {
      const pattern = new RegExp(q, "iu");
      finds = (text) => pattern.test(text);
    } catch (error) {
      wrong = String(error.message).replace(/^Invalid regular expression: /, "");
      return () => true;
    }
  } else {
    const low = q.toLowerCase();
    finds = (text) => text.toLowerCase().includes(low);
  }
  const inArgv = page.argvs.map((list) => finds(list.map(string).join(" ")));
  const inText = new Map();
  const textFits = (text) => {
    if (!inText.has(text)) inText.set(text, finds(string(text)));
    return inText.get(text);
  };
  return (i) => (P.argv[i] >= 0 && inArgv[P.argv[i]]) || (P.exe[i] >= 0 && textFits(P.exe[i])) || (P.pid[i] >= 0 && finds(String(P.pid[i])));
}

const isFiltered = () => state.q !== "" || state.roles.size > 0 || state.marks.size > 0;

// The rows from above: { process, depth, members } where members is a group's.
let rows = [];
function lay() {
  const keptOf = (list) => {
    const all = [];
    for (const i of list) if (kept[i]) all.push(i);
    return all;
  };
  rows = [];
  const stack = [];
  const push = (list, depth, parent) => {
    const items = grouped(keptOf(list), depth, parent);
    for (let k = items.length - 1; k >= 0; k--) stack.push(items[k]);
  };
  push(roots(), 0, -1);
  while (stack.length) {
    const row = stack.pop();
    rows.push(row);
    if (row.members) {
      if (!opened.has(row.key)) continue;
      for (let k = row.members.length - 1; k >= 0; k--) stack.push({ process: row.members[k], depth: row.depth + 1, key: `p${row.members[k]}`, of: row.key });
    } else if (!closed.has(row.key)) {
      push(childrenOf(row.process), row.depth + 1, row.process);
    }
  }
  current = Math.max(0, Math.min(current, rows.length - 1));
}

function grouped(list, depth, parent) {
  const single = (i) => ({ process: i, depth, key: `p${i}` });
  if (!state.fold || list.length < FEWEST) return list.map(single);
  const alike = new Map();
  for (const i of list) {
    if (likeness[i] < 0 || !short(i)) continue;
    if (!alike.has(likeness[i])) alike.set(likeness[i], []);
    alike.get(likeness[i]).push(i);
  }
  const items = [];
  for (const i of list) {
    const members = likeness[i] >= 0 && short(i) ? alike.get(likeness[i]) : undefined;
    if (!members || members.length < FEWEST) items.push(single(i));
    else if (members[0] === i) items.push({ process: i, depth, key: `g${parent}/${likeness[i]}`, members });
  }
  return items;
}

// When a group's members came and went, for drawing how many there were.
const crowds = new Map();
function crowdOf(row) {
  const name = `${row.key}/${row.members.length}/${row.members[0]}`;
  if (!crowds.has(name)) {
    const from = Float64Array.from(row.members, (i) => start[i]).sort();
    const to = Float64Array.from(row.members, (i) => end[i]).sort();
    crowds.set(name, { from, to, most: Math.max(1, mostAtOnce(from, to)) });
  }
  return crowds.get(name);
}

// Opens everything above a process, so that it has a row, and says which.
function reveal(i) {
  for (let up = P.parent[i]; up >= 0; up = P.parent[up]) closed.delete(`p${up}`);
  lay();
  let at = rows.findIndex((row) => row.process === i && !row.members);
  if (at >= 0) return at;
  // Somebody above it, or itself, is in a group.
  for (let up = i; up >= 0; up = P.parent[up]) {
    const group = rows.find((row) => row.members && row.members.includes(up));
    if (group) { opened.add(group.key); return reveal(i); }
  }
  return -1;
}
