// What a process did, as signs: how each is drawn, and who has which. The same path is drawn into the lanes and into the legend.

const MARKS = [
  { key: "session", word: "made a session", path: "M0-4.5 4.5 0 0 4.5-4.5 0z" },
  { key: "terminal", word: "opened a terminal", path: "M-4.5-3.5h9v7h-9zM-2.5-1.2l1.6 1.2-1.6 1.2" },
  { key: "listen", word: "listened", path: "M-4.3 0a4.3 4.3 0 1 0 8.6 0a4.3 4.3 0 1 0-8.6 0M-1 0a1 1 0 1 0 2 0a1 1 0 1 0-2 0" },
  { key: "refused", word: "was refused", path: "M-3.6-3.6 3.6 3.6M3.6-3.6-3.6 3.6" },
  { key: "orphan", word: "was orphaned", path: "M0-4 4.2 3.4H-4.2z" },
  { key: "outlived", word: "outlived the run", path: "M-4.5 0H4M.8-3.2 4 0 .8 3.2" },
  { key: "failed", word: "ended badly", path: "M0-4.5V1M0 3.8V4" },
  { key: "unfinished", word: "has no end", path: "M-4 0h.1M0 0h.1M4 0h.1" },
];
const bitOf = (key) => 1 << MARKS.findIndex((mark) => mark.key === key);
const REFUSED = bitOf("refused"), OUTLIVED = bitOf("outlived");

// Of each process: its marks as bits, and where they stand in page.marks: markFrom[i] up to markFrom[i + 1].
const bits = new Uint16Array(count);
const markFrom = new Int32Array(count + 1);
for (const [i, , kind, , refused] of page.marks) {
  bits[i] |= 1 << kind;
  if (refused) bits[i] |= REFUSED;
  markFrom[i + 1]++;
}
for (let i = 0; i < count; i++) markFrom[i + 1] += markFrom[i];
for (const i of page.outlived) bits[i] |= OUTLIVED;
for (let i = 0; i < count; i++) {
  if (failed(i)) bits[i] |= bitOf("failed");
  if (unfinished(i)) bits[i] |= bitOf("unfinished");
}
const marksOf = (i) => page.marks.slice(markFrom[i], markFrom[i + 1]);
const wordsOf = (i) => MARKS.filter((_, kind) => bits[i] & (1 << kind)).map((mark) => mark.word);

// One mark as a sentence.
function told([, , kind, object, refused]) {
  const what = plain(string(object));
  switch (MARKS[kind].key) {
    case "session": return (refused ? "was refused a session of its own " : "made a session of its own ") + what;
    case "terminal": return (refused ? "was refused a terminal " : "opened a terminal ") + what;
    case "listen": return `${refused ? "was refused to listen on" : "listens on"} ${what || "an address that is not known"}`;
    case "refused": return `was refused: ${what || "something"}`;
    default: return "its parent ended, and it went on";
  }
}

const SVG = "http://www.w3.org/2000/svg";
function sign(mark) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "-6 -6 12 12");
  svg.setAttribute("class", "sign");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", mark.path);
  svg.append(path);
  return svg;
}
const paths = MARKS.map((mark) => new Path2D(mark.path));

// Draws a sign over bars of any colour: with a rim in the colour of the paper.
function drawSign(c, kind, x, y) {
  c.save();
  c.translate(x, y);
  c.lineCap = c.lineJoin = "round";
  c.lineWidth = 4.6;
  c.strokeStyle = colours.paper;
  c.stroke(paths[kind]);
  c.lineWidth = 1.5;
  c.strokeStyle = colours.ink;
  c.stroke(paths[kind]);
  c.restore();
}
