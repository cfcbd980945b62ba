// Small drawings: legend, curve of a cell. Text is only ever set as text.

const SVG = "http://www.w3.org/2000/svg";

function svg(name, attributes, parent, text) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  if (parent) parent.appendChild(element);
  return element;
}

function html(name, parent, text, attributes = {}) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  if (parent) parent.appendChild(element);
  return element;
}

const short = (value) =>
  value === null ? "–" : Math.abs(value) >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)));
const clockTime = (iso) => iso.slice(11, 16);
const fullTime = (iso) => `${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC`;

function swatch(parent, colour, stripe) {
  const box = svg("svg", { width: 26, height: 15, "aria-hidden": "true" }, parent);
  svg("rect", { x: 0.5, y: 0.5, width: 25, height: 14, fill: colour, stroke: "#0006" }, box);
  if (stripe) {
    for (let x = -10; x < 26; x += 6) {
      svg("line", { x1: x, y1: 14, x2: x + 13, y2: 1, stroke: stripe, "stroke-width": 2 }, box);
    }
  }
}

function drawLegend(panel, layer, missing) {
  panel.replaceChildren();
  html("h2", panel, layer.unit ? `${t(layer.legend)} (${layer.unit})` : t(layer.legend));
  const list = html("ul", panel);
  const entries = layer.colours.map((colour, i) => [colour, layer.labels[i]]).reverse();
  for (const [colour, label] of entries) {
    const item = html("li", list);
    swatch(item, colour);
    html("span", item, words(label));
  }
  if (layer.below) {
    const item = html("li", list);
    swatch(item, "#ffffff");
    html("span", item, t(layer.below));
  }
  const item = html("li", list);
  swatch(item, missing[1], missing[0]);
  html("span", item, t("legend.unknown"));
  html("p", panel, t(layer.note));
}

// Round values between two ends, at most four intervals, zero among them.
function niceTicks(low, high) {
  const power = 10 ** Math.floor(Math.log10((high - low) / 4));
  const step = [1, 2, 5, 10].map((n) => n * power).find((size) => (high - low) / size <= 4);
  const found = [];
  for (let i = Math.ceil(low / step); i * step <= high * (1 + 1e-9); i++) found.push(i * step);
  return found;
}

// One value over time, with its axis; gaps where it is unknown.
function drawCurve(element, values, times, now, layer) {
  const [width, height, left, top, bottom] = [300, 120, 40, 8, 22];
  element.replaceChildren();
  element.setAttribute("viewBox", `0 0 ${width} ${height}`);
  const known = values.filter((value) => value !== null);
  const high = Math.max(...known, layer.kind === "probability" ? 1 : 2 * Math.abs(layer.nearest));
  const low = Math.min(...known, 0);
  const clock = times.map((iso) => Date.parse(iso));
  const span = clock[clock.length - 1] - clock[0] || 1;
  const x = (time) => left + ((time - clock[0]) / span) * (width - left - 8);
  const y = (value) => top + (1 - (value - low) / (high - low)) * (height - top - bottom);
  for (const value of niceTicks(low, high)) {
    svg("line", { x1: left, x2: width - 8, y1: y(value), y2: y(value), stroke: "#dde" }, element);
    svg("text", { x: left - 4, y: y(value) + 4, "text-anchor": "end" }, element, short(value));
  }
  svg("text", { x: 2, y: height - 6 }, element, layer.unit);
  svg("text", { x: left, y: height - 6 }, element, clockTime(times[0]));
  svg("text", { x: width - 8, y: height - 6, "text-anchor": "end" }, element,
    `${clockTime(times[times.length - 1])} UTC`);
  let path = "";
  values.forEach((value, i) => {
    if (value === null) return;
    const move = i === 0 || values[i - 1] === null ? "M" : "L";
    path += `${move}${x(clock[i]).toFixed(1)},${y(value).toFixed(1)}`;
  });
  svg("path", { d: path, fill: "none", stroke: "#3565b5", "stroke-width": 2 }, element);
  svg("line", { x1: x(now), x2: x(now), y1: top, y2: height - bottom, stroke: "#c0392b" }, element);
  return known.length;
}
