// The posts beside the map: which are shown, as a list that keys and screen readers reach.

const LISTED = 20; // posts listed at first, and by each "more"
const HOUR = 3600e3;

const coded = (column, row) => column.words[column.code[row]];

function lengthWords(metres) {
  return metres >= 1000 ? `${short(metres / 1000)} km` : `${short(metres)} m`;
}

function durationWords(milliseconds) {
  const hours = milliseconds / HOUR;
  return Number.isInteger(hours) ? counted("posts.hours", hours)
    : t("posts.minutes", { count: Math.round(milliseconds / 60e3) });
}

class PostPanel {
  constructor(panel, posts, map, { say, point, redraw }) {
    Object.assign(this, { panel, posts, say, redraw });
    this.copies = new Map();
    for (const story of posts.story) this.copies.set(story, (this.copies.get(story) ?? 0) + 1);
    this.windows = [posts.window, 3 * posts.window, 12 * posts.window, Infinity];
    this.window = posts.window;
    this.shown = true;
    this.chosen = null;
    this.listed = LISTED;
    this.marks = new PostMarks(map, posts, {
      point: (rows) => point(rows && this.pointWords(rows)),
      choose: (rows) => this.chooseOf(rows),
    });
    panel.hidden = false;
    this.build();
  }

  build() {
    const { panel } = this;
    panel.replaceChildren();
    html("h2", panel, t("posts.title"));
    const label = html("label", panel, undefined, { class: "choice" });
    const box = html("input", label, undefined, { type: "checkbox", id: "posts-show" });
    box.checked = this.shown;
    html("span", label, t("posts.show"));
    box.addEventListener("change", () => { this.shown = box.checked; this.redraw(true); });
    this.buildWindow();
    this.buildLegend();
    this.summary = html("p", panel, "", { id: "posts-summary" });
    html("h3", panel, t("posts.list"), { id: "posts-list-name" });
    this.list = html("ol", panel, undefined, { id: "posts-list", "aria-labelledby": "posts-list-name" });
    this.more = html("button", panel, "", { type: "button", id: "posts-more" });
    this.more.addEventListener("click", () => {
      const first = this.listed;
      this.listed += LISTED;
      this.fill();
      this.list.children[first]?.querySelector("button").focus();
    });
  }

  buildWindow() {
    const label = html("label", this.panel, undefined, { class: "choice" });
    html("span", label, t("posts.window"));
    const choice = html("select", label, undefined, { id: "posts-window" });
    this.windows.forEach((window, i) => {
      html("option", choice, window === Infinity ? t("posts.all") : durationWords(window), { value: i });
    });
    choice.value = this.windows.indexOf(this.window);
    choice.addEventListener("change", () => {
      this.window = this.windows[Number(choice.value)];
      this.redraw(true);
    });
  }

  buildLegend() {
    const list = html("ul", this.panel, undefined, { class: "post-legend" });
    for (const kind of ["water", "none", "neither"]) {
      const item = html("li", list);
      const box = svg("svg", { width: 20, height: 20, "aria-hidden": "true" }, item);
      postShape(kind, box, 10, 10, 6);
      html("span", item, t(`posts.${kind}`));
    }
    const item = html("li", list);
    const box = svg("svg", { width: 24, height: 24, "aria-hidden": "true" }, item);
    clusterShape({ water: 2, none: 1, neither: 0 }, 3, box, 12, 11);
    html("span", item, t("posts.cluster"));
  }

  rowsAt(time) {
    if (!this.shown) return [];
    const found = [];
    this.posts.time.forEach((at, row) => { if (at <= time && at > time - this.window) found.push(row); });
    return found.reverse(); // the newest first
  }

  show(time) {
    this.time = time;
    this.rows = this.rowsAt(time);
    if (this.chosen !== null && !this.rows.includes(this.chosen)) this.letGo();
    this.listed = LISTED;
    this.marks.show(this.rows);
    this.summary.textContent = this.frameWords();
    this.fill();
  }

  frameWords() {
    if (!this.shown) return t("posts.hidden");
    const counts = tally(this.posts, this.rows);
    const told = [this.rows.length
      ? t("posts.frame", { posts: counted("post.count", this.rows.length), ...counts })
      : t("posts.frame.none")];
    const deaf = this.posts.gaps.find((gap) => gap.from < this.time && gap.to > this.time - this.window);
    if (deaf) told.push(t("posts.frame.gap", { why: deaf.why }));
    return told.join(" ");
  }

  fill() {
    this.list.replaceChildren();
    for (const row of this.rows.slice(0, this.listed)) this.item(row);
    const rest = this.rows.length - this.listed;
    this.more.hidden = rest <= 0;
    this.more.textContent = t("posts.more", { count: Math.min(rest, LISTED) });
  }

  item(row) {
    const item = html("li", this.list);
    const chosen = row === this.chosen;
    const button = html("button", item, undefined,
      { type: "button", class: "post", "data-row": row, "aria-pressed": String(chosen) });
    const box = svg("svg", { width: 18, height: 18, "aria-hidden": "true" }, button);
    postShape(kindOf(this.posts.water[row]), box, 9, 9, 6);
    html("b", button, this.claim(row));
    html("span", button, fullTime(new Date(this.posts.time[row]).toISOString()), { class: "when" });
    html("bdi", button, this.text(row), { class: this.hasText(row) ? "text" : "text none", dir: "auto" });
    html("bdi", button, this.where(row), { class: "where", dir: "auto" });
    button.addEventListener("click", () => this.choose(row === this.chosen ? null : row));
    button.addEventListener("focus", () => this.marks.circle([row]));
    button.addEventListener("blur", () => this.marks.circle(this.marks.kept ?? []));
    button.addEventListener("mouseenter", () => this.marks.circle([row]));
    button.addEventListener("mouseleave", () => this.marks.circle(this.marks.kept ?? []));
  }

  claim(row) {
    const told = [t(`posts.${kindOf(this.posts.water[row])}`)];
    const label = coded(this.posts.label, row);
    if (label && !told[0].endsWith(label)) told.push(label);
    if (this.posts.severity[row] !== null) told.push(t("posts.severity", { value: this.posts.severity[row] }));
    if (this.posts.probability[row] !== null) {
      told.push(t("posts.probability", { value: this.posts.probability[row] }));
    }
    return told.join(", ");
  }

  hasText(row) {
    return Boolean(this.posts.text?.[row]);
  }

  text(row) {
    return this.hasText(row) ? this.posts.text[row] : t("posts.notext");
  }

  where(row) {
    const place = coded(this.posts.place, row);
    const radius = this.posts.radius_m[row];
    const copies = this.copies.get(this.posts.story[row]);
    return [
      place && t("posts.place", { place }),
      radius === null ? t("posts.radius.unknown") : t("posts.radius", { value: lengthWords(radius) }),
      copies > 1 && t("posts.copies", { count: copies }),
      coded(this.posts.why, row),
    ].filter(Boolean).join(" · ");
  }

  pointWords(rows) {
    if (rows.length > 1) {
      return [t("posts.here", { posts: counted("post.count", rows.length), ...tally(this.posts, rows) }), ""];
    }
    const text = this.text(rows[0]);
    return [this.claim(rows[0]), text.length > 180 ? `${text.slice(0, 180)}…` : text];
  }

  // A click on a mark: one post is chosen; several fall apart, or the list shows them.
  chooseOf(rows) {
    if (rows.length > 1 && this.marks.split(rows)) return;
    this.choose(rows[0], true);
  }

  choose(row, scroll = false) {
    this.chosen = row;
    this.marks.keep(row);
    if (row === null) return this.press();
    const place = this.rows.indexOf(row);
    if (place >= this.listed) { this.listed = place + 1; this.fill(); }
    this.press();
    const at = [this.posts.y[row], this.posts.x[row]];
    if (!this.marks.map.getBounds().contains(at)) this.marks.map.panTo(at, { animate: false });
    if (scroll) this.list.querySelector("[aria-pressed=true]")?.scrollIntoView({ block: "nearest" });
    this.say(t("posts.chosen", { words: `${this.claim(row)}. ${this.text(row)}. ${this.where(row)}` }));
  }

  press() {
    for (const button of this.list.querySelectorAll("button.post")) {
      button.setAttribute("aria-pressed", String(Number(button.dataset.row) === this.chosen));
    }
  }

  letGo() {
    if (this.chosen === null) return false;
    this.choose(null);
    return true;
  }
}
