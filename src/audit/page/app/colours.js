// The colours of the style sheet, as a canvas understands them, and the choice between light and dark.

const colours = {};
const COLOURS = ["paper", "raised", "line", "edge", "ink", "soft", "accent", "memory", "crowd", ...ROLES];
function readColours() {
  const probe = at("probe");
  for (const name of COLOURS) {
    probe.style.color = `var(--${name})`;
    colours[name] = getComputedStyle(probe).color;
  }
}
function paint() {
  document.documentElement.dataset.theme = state.theme;
  at("theme").value = state.theme;
  readColours();
}
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { paint(); ask(); });
at("theme").addEventListener("change", (event) => {
  state.theme = event.target.value;
  paint();
  change({});
});
