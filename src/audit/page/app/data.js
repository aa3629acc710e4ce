// The data of the page, unpacked into one array for each field. What is not known is -1, or NaN where it is drawn.

const page = JSON.parse(document.getElementById("data").textContent);
const P = page.processes;
const count = P.id.length;
const string = (number) => (number < 0 ? "" : page.strings[number]);

// The whole time, in microseconds. A run that took none has a millisecond, so that there is something to divide by.
const span = Math.max(page.last, 1000);
const whole = page.end !== undefined;

const start = new Float64Array(count);
const end = new Float64Array(count);
const ROLES = ["toolchain", "runner", "host", "worker", "tool", "test", "unknown"];
const role = new Uint8Array(count);
const FORKED = 1, BY_GUARDRUN = 2, CUT = 4, START_UNKNOWN = 8;
{
  let at = 0;
  for (let i = 0; i < count; i++) {
    at += P.start[i];
    start[i] = at;
    // What has no end is drawn to the end of what is known.
    end[i] = P.lived[i] < 0 ? page.last : at + P.lived[i];
    const known = ROLES.indexOf(string(P.role[i]));
    role[i] = known < 0 ? ROLES.length - 1 : known;
  }
}
const unfinished = (i) => P.lived[i] < 0;
const forked = (i) => (P.flags[i] & FORKED) !== 0;

const rowOfId = new Map();
for (let i = 0; i < count; i++) rowOfId.set(P.id[i], i);

// The children of each, in the order of their birth: childFrom[i] up to childFrom[i + 1] in childList. Those without a parent stand at `count`.
const childFrom = new Int32Array(count + 3);
const childList = new Int32Array(count);
{
  const above = (i) => (P.parent[i] < 0 ? count : P.parent[i]);
  for (let i = 0; i < count; i++) childFrom[above(i) + 2]++;
  for (let i = 2; i < childFrom.length; i++) childFrom[i] += childFrom[i - 1];
  for (let i = 0; i < count; i++) childList[childFrom[above(i) + 1]++] = i;
}
const childrenOf = (i) => childList.subarray(childFrom[i], childFrom[i + 1]);
const roots = () => childrenOf(count);

// Every process after its parent. Chains can be longer than a stack, so nothing here calls itself.
const topDown = new Int32Array(count);
{
  let filled = 0;
  for (const i of roots()) topDown[filled++] = i;
  for (let next = 0; next < filled; next++) {
    for (const child of childrenOf(topDown[next])) topDown[filled++] = child;
  }
}

// The name of a program: the last part of what it was called by. A login shell has a dash before it, and cargo puts a number behind.
const lastPart = (path) => path.slice(path.lastIndexOf("/") + 1);
const argvOf = (i) => (P.argv[i] < 0 ? [] : page.argvs[P.argv[i]].map(string));
const nameByArgv = page.argvs.map((list) => (list.length ? lastPart(string(list[0])).replace(/^-/, "").replace(/-[0-9a-f]{16}$/, "") : ""));
function nameOf(i) {
  const called = P.argv[i] < 0 ? "" : nameByArgv[P.argv[i]];
  return called || lastPart(string(P.exe[i])) || `process ${P.pid[i] < 0 ? P.id[i] : P.pid[i]}`;
}

// How many were alive at a time: those born by then without those that had ended.
const births = Float64Array.from(start).sort();
const deaths = Float64Array.from(end, (at, i) => (unfinished(i) ? Infinity : at)).sort();
function upTo(sorted, at) {
  let low = 0, high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] <= at) low = middle + 1;
    else high = middle;
  }
  return low;
}
const aliveAt = (at, from = births, to = deaths) => upTo(from, at) - upTo(to, at);
function mostAtOnce(from, to) {
  let most = 0, gone = 0;
  for (let born = 0; born < from.length; born++) {
    while (gone < to.length && to[gone] <= from[born] && to[gone] < Infinity) gone++;
    most = Math.max(most, born + 1 - gone);
  }
  return most;
}
const crowd = Math.max(mostAtOnce(births, deaths), 0);

const samples = page.samples;
const memoryPeak = Math.max(page.end?.peak ?? -1, ...chunkMax(samples.memory));
function chunkMax(list) {
  // A spread of a long list would be more arguments than a call takes.
  let most = -1;
  for (const value of list) if (value > most) most = value;
  return [most];
}
// Two samples further apart than this have a gap between them, in which nothing is known.
const gap = (() => {
  const steps = [];
  for (let i = 1; i < samples.at.length; i++) steps.push(samples.at[i] - samples.at[i - 1]);
  steps.sort((a, b) => a - b);
  return Math.max(2.5e6, 3 * (steps[steps.length >> 1] ?? 0));
})();
