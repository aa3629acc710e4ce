// The axis of time, the same for the chart and the lanes: where a time stands, and which times are written at it.

// Room at both sides, so that a sign at the very end can be seen.
const EDGE = 9;
const place = { left: 0, width: 0, narrow: false };
const X = (t) => EDGE + ((t - state.from) / (state.to - state.from)) * (place.width - 2 * EDGE);
const T = (x) => state.from + ((x - EDGE) / (place.width - 2 * EDGE)) * (state.to - state.from);

const STEPS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 2e5, 5e5, 1e6, 2e6, 5e6, 1e7, 1.5e7, 3e7, 6e7,
  1.2e8, 3e8, 6e8, 9e8, 1.8e9, 3.6e9, 7.2e9, 1.44e10, 2.16e10, 4.32e10, 8.64e10, 1.728e11, 4.32e11, 8.64e11];
function ticks() {
  const wanted = ((state.to - state.from) * 86) / Math.max(place.width, 1);
  const step = STEPS.find((it) => it >= wanted) ?? Math.ceil(wanted / 8.64e11) * 8.64e11;
  const list = [];
  for (let t = Math.ceil(state.from / step) * step; t <= state.to; t += step) list.push(t);
  return { step, list };
}
// One unit for the whole axis, with as many digits as tell its steps apart.
function tickWord(t, step) {
  if (state.to >= 6e7 && step >= 1e6) return face(t);
  const unit = step >= 1e5 || state.from >= 1e6 ? [1e6, "s"] : step >= 100 || state.from >= 1e4 ? [1e3, "ms"] : [1, "µs"];
  const decimals = Math.max(0, Math.ceil(-Math.log10(step / unit[0]) - 1e-9));
  return `${(t / unit[0]).toFixed(decimals)} ${unit[1]}`;
}

// 1:05, or 2:01:05 with hours.
function face(t) {
  const seconds = Math.round(t / 1e6);
  const two = (value) => String(value).padStart(2, "0");
  const minutes = Math.floor(seconds / 60);
  return minutes < 60 ? `${minutes}:${two(seconds % 60)}` : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(seconds % 60)}`;
}

function zoom(factor, around = (state.from + state.to) / 2) {
  const width = Math.min(Math.max((state.to - state.from) / factor, closest), span);
  const part = (around - state.from) / (state.to - state.from);
  show(around - part * width, around + (1 - part) * width);
  change({});
}
function move(by) {
  show(state.from + by, state.to + by);
  change({});
}
function zoomTo(i) {
  const around = Math.max((end[i] - start[i]) * 0.3, closest);
  show(start[i] - around, end[i] + around);
  change({ view: "lanes" });
  goTo(i);
}
const DEEDS = {
  in: () => zoom(1.6), out: () => zoom(1 / 1.6), all: () => { show(0, span); change({}); },
  left: () => move(-(state.to - state.from) / 4), right: () => move((state.to - state.from) / 4),
};
for (const button of document.querySelectorAll("[data-do]")) button.addEventListener("click", () => DEEDS[button.dataset.do]());

// A canvas of this size in CSS pixels, sharp on any screen, and empty.
function canvas(element, width, height) {
  const scale = window.devicePixelRatio || 1;
  const [w, h] = [Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale))];
  if (element.width !== w) element.width = w;
  if (element.height !== h) element.height = h;
  element.style.width = `${width}px`;
  element.style.height = `${height}px`;
  const c = element.getContext("2d");
  c.setTransform(scale, 0, 0, scale, 0, 0);
  c.clearRect(0, 0, width, height);
  c.direction = "ltr";
  return c;
}
const FONT = "11px system-ui, sans-serif";
