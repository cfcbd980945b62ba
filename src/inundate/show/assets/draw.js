// Small drawings: legend, time strip, curve of a cell. Text is only ever set as text.

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
  html("h2", panel, layer.unit ? `${layer.legend} (${layer.unit})` : layer.legend);
  const list = html("ul", panel);
  const entries = layer.colours.map((colour, i) => [colour, layer.labels[i]]).reverse();
  for (const [colour, words] of entries) {
    const item = html("li", list);
    swatch(item, colour);
    html("span", item, words);
  }
  if (layer.below) {
    const item = html("li", list);
    swatch(item, "#ffffff");
    html("span", item, layer.below);
  }
  const item = html("li", list);
  swatch(item, missing[1], missing[0]);
  html("span", item, "unknown: no data, not dry");
  html("p", panel, layer.note);
}

// Rain as bars from the top, flooded area as a line, over true time.
class TimeStrip {
  constructor(element, steps, choose) {
    this.element = element;
    this.steps = steps;
    this.times = steps.times.map((iso) => Date.parse(iso));
    const first = this.times[0] - this.interval(0);
    this.span = [first, this.times[this.times.length - 1]];
    element.addEventListener("click", (event) => {
      const box = element.getBoundingClientRect();
      const share = (event.clientX - box.left - 8) / (box.width - 16);
      choose(this.span[0] + share * (this.span[1] - this.span[0]));
    });
    new ResizeObserver(() => this.draw()).observe(element);
  }

  interval(i) {
    const n = this.times.length;
    if (n === 1) return 60000;
    return i > 0 ? this.times[i] - this.times[i - 1] : this.times[1] - this.times[0];
  }

  x(time) {
    const [first, last] = this.span;
    return 8 + ((time - first) / (last - first)) * (this.width - 16);
  }

  draw() {
    this.width = this.element.clientWidth || 400;
    this.element.replaceChildren();
    this.element.setAttribute("viewBox", `0 0 ${this.width} 58`);
    this.gaps();
    if (this.steps.rain) this.bars(this.steps.rain);
    this.line(this.steps.area);
    svg("text", { x: 8, y: 54 }, this.element, this.words());
    this.cursor = svg(
      "line", { y1: 0, y2: 42, stroke: "#c0392b", "stroke-width": 2 }, this.element);
    this.mark(this.now ?? this.times[0]);
  }

  words() {
    const most = Math.max(...this.steps.area);
    const rain = this.steps.rain ? ", bars: mean rain" : "";
    return `Line: flooded area, at most ${short(most)} km²${rain}${this.gapCount ? ", hatched: no frames" : ""}`;
  }

  gaps() {
    const steps = this.times.slice(1).map((time, i) => time - this.times[i]);
    const usual = [...steps].sort((a, b) => a - b)[Math.floor(steps.length / 2)] ?? 0;
    this.gapCount = 0;
    steps.forEach((step, i) => {
      if (step <= 1.5 * usual) return;
      this.gapCount++;
      const [from, to] = [this.x(this.times[i]), this.x(this.times[i + 1] - usual)];
      svg("rect", { x: from, y: 0, width: to - from, height: 42, fill: "#ddd" }, this.element);
      for (let x = from; x < to - 4; x += 7) {
        svg("line", { x1: x, y1: 42, x2: x + 4, y2: 0, stroke: "#aaa" }, this.element);
      }
    });
  }

  bars(rain) {
    const most = Math.max(...rain.filter((rate) => rate !== null), 0.1);
    const usual = Math.min(...this.times.map((_, i) => this.interval(i)));
    rain.forEach((rate, i) => {
      if (rate === null) return;
      const [from, to] = [this.x(this.times[i] - usual), this.x(this.times[i])];
      const height = (rate / most) * 24;
      svg("rect", { x: from, y: 0, width: Math.max(to - from, 0.5), height, fill: "#8fb8d8" },
        this.element);
    });
  }

  line(area) {
    const most = Math.max(...area, 1e-9);
    const points = area.map((value, i) => `${this.x(this.times[i])},${41 - (value / most) * 38}`);
    svg("line", { x1: 8, x2: this.width - 8, y1: 42, y2: 42, stroke: "#99a" }, this.element);
    svg("polyline",
      { points: points.join(" "), fill: "none", stroke: "#3b3a8f", "stroke-width": 2 }, this.element);
  }

  mark(time) {
    this.now = time;
    if (!this.cursor) return;
    this.cursor.setAttribute("x1", this.x(time));
    this.cursor.setAttribute("x2", this.x(time));
  }
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
