// The whole suite above its lanes: memory as it was sampled, and how many processes were alive, on the same time.

// Where the names stand in the picture and not beside it, each part leaves them a line.
const MEMORY = { top: 6, height: 52 }, CROWD = { top: 66, height: 38 }, AXIS = { top: 106, height: 18 };
const CHART = AXIS.top + AXIS.height;
function leaveRoom() {
  Object.assign(MEMORY, place.narrow ? { top: 22, height: 38 } : { top: 6, height: 52 });
  Object.assign(CROWD, place.narrow ? { top: 84, height: 22 } : { top: 66, height: 38 });
}

function chart() {
  leaveRoom();
  const c = canvas(at("graph"), place.width, CHART);
  grid(c, 0, AXIS.top + 3);
  c.font = FONT;
  c.fillStyle = colours.soft;
  c.textBaseline = "middle";
  const { step, list } = ticks();
  for (const t of list) {
    const word = tickWord(t, step);
    const half = c.measureText(word).width / 2;
    c.textAlign = "center";
    c.fillText(word, Math.min(Math.max(X(t), half + 1), place.width - half - 1), AXIS.top + AXIS.height / 2 + 1);
  }
  memory(c);
  people(c);
  choosing(c);
  pointer(c, 0, AXIS.top);
}

function grid(c, top, bottom) {
  c.strokeStyle = colours.line;
  c.lineWidth = 1;
  c.beginPath();
  for (const t of ticks().list) {
    const x = Math.round(X(t)) + 0.5;
    c.moveTo(x, top);
    c.lineTo(x, bottom);
  }
  c.stroke();
}

// Where nothing was sampled nothing is drawn: each stretch without a gap is an area of its own.
function memory(c) {
  const floor = MEMORY.top + MEMORY.height;
  const { at: when, memory: amount } = samples;
  const most = Math.max(memoryPeak, 1);
  const Y = (value) => floor - (value / most) * MEMORY.height;
  line(c, floor);
  let stretch = [];
  const finish = () => {
    if (!stretch.length) return;
    c.beginPath();
    c.moveTo(stretch[0][0], floor);
    for (const [x, y] of stretch) c.lineTo(x, y);
    c.lineTo(stretch.at(-1)[0], floor);
    c.fillStyle = colours.memory;
    c.globalAlpha = 0.28;
    c.fill();
    c.globalAlpha = 1;
    c.beginPath();
    for (const [x, y] of stretch) c.lineTo(x, y);
    c.strokeStyle = colours.memory;
    c.lineWidth = 1.5;
    c.stroke();
    if (stretch.length === 1) c.fillRect(stretch[0][0] - 1.5, stretch[0][1] - 1.5, 3, 3);
    stretch = [];
  };
  c.save();
  c.beginPath();
  c.rect(0, 0, place.width, AXIS.top);
  c.clip();
  for (let i = 0; i < when.length; i++) {
    if (i > 0 && when[i] - when[i - 1] > gap) {
      finish();
      const [x, to] = [X(when[i - 1]), X(when[i])];
      c.setLineDash([2, 4]);
      c.strokeStyle = colours.soft;
      c.beginPath();
      c.moveTo(x, floor - 0.5);
      c.lineTo(to, floor - 0.5);
      c.stroke();
      c.setLineDash([]);
    }
    if (amount[i] < 0) finish();
    else stretch.push([X(when[i]), Y(amount[i])]);
  }
  finish();
  c.restore();
}

function people(c) {
  const floor = CROWD.top + CROWD.height;
  line(c, floor);
  if (!count) return;
  steps(c, births, deaths, crowd, floor, CROWD.height);
  c.fillStyle = colours.crowd;
  c.globalAlpha = 0.75;
  c.fill();
  c.globalAlpha = 1;
}

function line(c, y) {
  c.strokeStyle = colours.line;
  c.lineWidth = 1;
  c.beginPath();
  c.moveTo(0, y + 0.5);
  c.lineTo(place.width, y + 0.5);
  c.stroke();
}

// How many there were, as a shape with one step for each pixel: the most within that pixel, so that nothing short is missed.
function steps(c, from, to, most, floor, height) {
  c.beginPath();
  const [first, last] = [Math.max(0, Math.floor(X(0))), Math.min(place.width, Math.ceil(X(span)))];
  let born = upTo(from, T(first)), gone = upTo(to, T(first));
  c.moveTo(first, floor);
  for (let x = first; x < last; x++) {
    let top = born - gone;
    const until = T(x + 1);
    while ((born < from.length && from[born] <= until) || (gone < to.length && to[gone] <= until)) {
      if (gone < to.length && !(born < from.length && from[born] <= to[gone])) gone++;
      else born++;
      top = Math.max(top, born - gone);
    }
    const y = floor - (top / most) * height;
    c.lineTo(x, y);
    c.lineTo(x + 1, y);
  }
  c.lineTo(last, floor);
  c.closePath();
}

// What the gutter says, which is also how the chart reads without a picture.
function gutter() {
  const box = at("gutter");
  const now = pointed.t;
  const sampled = now === null ? -1 : memoryAt(now);
  const memoryText = samples.at.length === 0 ? "not sampled" : now === null ? `peak ${memoryPeak < 0 ? "not known" : bytes(memoryPeak)}` : sampled < 0 ? "not known here" : bytes(sampled);
  const crowdText = now === null ? `most ${number(crowd)} at once` : number(aliveAt(now));
  box.replaceChildren(
    make("div", { class: "memory" }, make("b", { text: "Memory" }), make("span", { text: memoryText })),
    make("div", { class: "crowd" }, make("b", { text: "Processes" }), make("span", { text: crowdText })),
    now === null ? "" : make("div", { class: "axis" }, make("b", { text: "At" }), make("span", { text: time(now) })));
}
function memoryAt(t) {
  const next = upTo(samples.at, t);
  const [a, b] = [next - 1, next];
  if (a < 0) return -1;
  if (b >= samples.at.length || samples.at[b] - samples.at[a] > gap) return t - samples.at[a] > gap ? -1 : samples.memory[a];
  if (samples.memory[a] < 0 || samples.memory[b] < 0) return -1;
  const part = (t - samples.at[a]) / Math.max(1, samples.at[b] - samples.at[a]);
  return samples.memory[a] + part * (samples.memory[b] - samples.memory[a]);
}

// Where the pointer is in time, and which time is being chosen.
const pointed = { t: null, row: -1, from: null };
function pointer(c, top, bottom) {
  if (pointed.t === null) return;
  c.strokeStyle = colours.edge;
  c.lineWidth = 1;
  c.beginPath();
  const x = Math.round(X(pointed.t)) + 0.5;
  c.moveTo(x, top);
  c.lineTo(x, bottom);
  c.stroke();
}
function choosing(c) {
  if (pointed.from === null || pointed.t === null) return;
  c.fillStyle = colours.ink;
  c.globalAlpha = 0.12;
  const [a, b] = [X(pointed.from), X(pointed.t)];
  c.fillRect(Math.min(a, b), 0, Math.abs(b - a), AXIS.top);
  c.globalAlpha = 1;
}
