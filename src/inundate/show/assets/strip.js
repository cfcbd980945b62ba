// The time axis: rain as bars from the top, flooded area as a line, posts as bars below, and
// hatched what is missing: frames of the data, and times in which no posts were collected.

const STRIP = { height: 62, base: 42, posts: 60 };

class TimeStrip {
  constructor(element, caption, steps, posts, choose) {
    Object.assign(this, { element, caption, steps, posts });
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
    return 8 + ((Math.min(Math.max(time, first), last) - first) / (last - first)) * (this.width - 16);
  }

  draw() {
    this.width = this.element.clientWidth || 400;
    this.element.replaceChildren();
    const height = this.posts ? STRIP.height : STRIP.base + 1;
    this.element.setAttribute("viewBox", `0 0 ${this.width} ${height}`);
    this.element.style.height = `${height}px`;
    this.missingFrames();
    if (this.steps.rain) this.bars(this.steps.rain);
    this.line(this.steps.area);
    if (this.posts) this.postBars();
    this.caption.textContent = this.words();
    this.cursor = svg("line", { y1: 0, y2: height, stroke: "#c0392b", "stroke-width": 2 }, this.element);
    this.mark(this.now ?? this.times[0]);
  }

  words() {
    const area = t("strip.area", { value: short(Math.max(...this.steps.area)) });
    const more = [
      [this.steps.rain, "strip.rain"], [this.gapCount, "strip.frames"], [this.posts, "strip.posts"],
      [this.posts?.gaps.length, "strip.deaf"]];
    return area + more.filter(([there]) => there).map(([, key]) => t(key)).join("");
  }

  hatch(from, to, top, bottom, colours) {
    svg("rect", { x: from, y: top, width: Math.max(to - from, 1), height: bottom - top, fill: colours[0] },
      this.element);
    for (let x = from; x < to - 3; x += 6) {
      svg("line", { x1: x, y1: bottom, x2: x + 3, y2: top, stroke: colours[1] }, this.element);
    }
  }

  missingFrames() {
    const steps = this.times.slice(1).map((time, i) => time - this.times[i]);
    const usual = [...steps].sort((a, b) => a - b)[Math.floor(steps.length / 2)] ?? 0;
    this.gapCount = 0;
    steps.forEach((step, i) => {
      if (step <= 1.5 * usual) return;
      this.gapCount++;
      this.hatch(this.x(this.times[i]), this.x(this.times[i + 1] - usual), 0, STRIP.base, ["#ddd", "#aaa"]);
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
    svg("line", { x1: 8, x2: this.width - 8, y1: STRIP.base, y2: STRIP.base, stroke: "#99a" }, this.element);
    svg("polyline",
      { points: points.join(" "), fill: "none", stroke: "#3b3a8f", "stroke-width": 2 }, this.element);
  }

  // Posts by bins of equal time, and the gaps of their collection beneath.
  postBars() {
    const bins = new Array(Math.max(12, Math.min(96, Math.floor(this.width / 7)))).fill(0);
    const [first, last] = this.span;
    for (const time of this.posts.time) {
      if (time > first) bins[Math.min(bins.length - 1, Math.floor(((time - first) / (last - first)) * bins.length))]++;
    }
    for (const gap of this.posts.gaps) {
      if (gap.to > first) this.hatch(this.x(gap.from), this.x(gap.to), STRIP.base + 2, STRIP.posts, ["#fde6d0", "#d55e00"]);
    }
    const most = Math.max(...bins, 1);
    const wide = (this.width - 16) / bins.length;
    bins.forEach((count, i) => {
      const height = (count / most) * (STRIP.posts - STRIP.base - 3);
      if (count) {
        svg("rect", { x: 8 + i * wide + 0.5, y: STRIP.posts - height, width: wide - 1, height, fill: "#5c5c5c" },
          this.element);
      }
    });
    svg("line", { x1: 8, x2: this.width - 8, y1: STRIP.posts, y2: STRIP.posts, stroke: "#99a" }, this.element);
  }

  mark(time) {
    this.now = time;
    if (!this.cursor) return;
    this.cursor.setAttribute("x1", this.x(time));
    this.cursor.setAttribute("x2", this.x(time));
  }
}
