// Numbers and texts as people read them.

// Characters that cannot be seen, or that turn around what stands beside them, are written out.
const unseen = /[\p{Cc}\p{Cf}\u2028\u2029\ufffe\uffff]/gu;
const plain = (text) => text.replace(unseen, (c) =>
  c === "\n" ? "\\n" : c === "\t" ? "\\t" : `\\u{${c.codePointAt(0).toString(16)}}`);

const digits = (value, most) => {
  const text = value.toFixed(most);
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
};

// A time in microseconds.
function time(micros) {
  const sign = micros < 0 ? "−" : "";
  const t = Math.abs(micros);
  if (t === 0) return "0 s";
  if (t < 1000) return `${sign}${digits(t, 0)} µs`;
  if (t < 1e6) return `${sign}${digits(t / 1000, t < 1e4 ? 2 : t < 1e5 ? 1 : 0)} ms`;
  if (t < 6e7) return `${sign}${digits(t / 1e6, t < 1e7 ? 2 : 1)} s`;
  return sign + clock(t, 0);
}
function clock(t, decimals) {
  const minutes = Math.floor(t / 6e7);
  const seconds = digits((t - minutes * 6e7) / 1e6, decimals);
  if (minutes < 60) return `${minutes} min ${seconds} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min${decimals || seconds !== "0" ? ` ${seconds} s` : ""}`;
}

function bytes(amount) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  while (amount >= 1024 && unit < units.length - 1) { amount /= 1024; unit++; }
  return `${digits(amount, amount < 10 && unit > 0 ? 1 : 0)} ${units[unit]}`;
}

const number = (value) => value.toLocaleString("en");
const many = (value, one, more) => `${number(value)} ${value === 1 ? one : more ?? one + "s"}`;

// Arguments as one would type them into a shell.
const safe = /^[\w@%+=:,./-]+$/;
const quoted = (argument) => (safe.test(argument) ? argument : `'${argument.replaceAll("'", "'\\''")}'`);
const commandOf = (i) => argvOf(i).map(quoted).join(" ") || string(P.exe[i]);

const statusOf = (i) => string(P.status[i]);
// Whether it ended in another way than well, by itself.
const failed = (i) => P.status[i] >= 0 && statusOf(i) !== "0" && (P.flags[i] & BY_GUARDRUN) === 0;
function howItEnded(i) {
  if (unfinished(i)) return whole ? "no end was seen" : "cut off here: the recording ends";
  const status = statusOf(i);
  const by = P.flags[i] & BY_GUARDRUN ? ", by guardrun" : "";
  if (status === "") return `ended, how is not known${by}`;
  return (/^-?\d+$/.test(status) ? `exit code ${status}` : `killed by ${plain(status)}`) + by;
}

// An element with properties and children. Text is only ever text.
function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "text") element.textContent = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return element;
}
const at = (id) => document.getElementById(id);
