// Marks of posts on the map: one a post, or one with a number where several lie together.

const SAY_COLOURS = { water: "#0b4f8a", none: "#d55e00", neither: "#4a4a4a" };
const kindOf = (water) => (water > 0 ? "water" : water < 0 ? "none" : "neither");
const CLUSTER_PX = 40; // side of the squares in which posts are one mark
const NEAR_PX = 26; // marks whose middles are nearer than this are one

function tally(posts, rows) {
  const found = { water: 0, none: 0, neither: 0 };
  for (const row of rows) found[kindOf(posts.water[row])]++;
  return found;
}

// Shape tells what a post says, for those who do not see the colour: full disc, square with a
// bar, open ring.
function postShape(kind, box, x, y, size) {
  const colour = SAY_COLOURS[kind];
  if (kind === "water") {
    svg("circle", { cx: x, cy: y, r: size, fill: colour, stroke: "#fff", "stroke-width": 2 }, box);
  } else if (kind === "none") {
    svg("rect", { x: x - size, y: y - size, width: 2 * size, height: 2 * size, fill: colour,
      stroke: "#fff", "stroke-width": 2 }, box);
    svg("line", { x1: x - size / 2, x2: x + size / 2, y1: y, y2: y, stroke: "#fff", "stroke-width": 2 }, box);
  } else {
    svg("circle", { cx: x, cy: y, r: size, fill: "#fff", stroke: "#fff", "stroke-width": 4 }, box);
    svg("circle", { cx: x, cy: y, r: size - 1, fill: "#fff", stroke: colour, "stroke-width": 3 }, box);
  }
}

// A disc with a number; its ring is divided as the posts are.
function clusterShape(counts, total, box, middle, radius) {
  svg("circle", { cx: middle, cy: middle, r: radius, fill: "#fff", stroke: "#fff", "stroke-width": 3 }, box);
  const round = 2 * Math.PI * (radius - 3);
  let start = 0;
  for (const kind of ["water", "none", "neither"]) {
    const length = (counts[kind] / total) * round;
    if (!length) continue;
    svg("circle", { cx: middle, cy: middle, r: radius - 3, fill: "none", stroke: SAY_COLOURS[kind],
      "stroke-width": 5, "stroke-dasharray": `${length} ${round - length}`, "stroke-dashoffset": -start,
      transform: `rotate(-90 ${middle} ${middle})` }, box);
    start += length;
  }
  svg("text", { x: middle, y: middle + 4, "text-anchor": "middle", class: "mark-count" }, box, String(total));
}

function markIcon(posts, rows) {
  const total = rows.length;
  const half = total === 1 ? 11 : Math.min(26, 13 + 2 * Math.log2(total));
  const box = svg("svg", { width: 2 * half, height: 2 * half, "aria-hidden": "true" });
  if (total === 1) postShape(kindOf(posts.water[rows[0]]), box, half, half, 6);
  else clusterShape(tally(posts, rows), total, box, half, half - 2);
  return L.divIcon({ html: box, className: "post-mark", iconSize: [2 * half, 2 * half] });
}

// Groups by squares of the zoomed plane, so that moving the map changes none; groups whose
// middles come near each other are one.
function clusterPosts(map, posts, rows) {
  const squares = new Map();
  for (const row of rows) {
    const at = map.project([posts.y[row], posts.x[row]], map.getZoom());
    const key = `${Math.floor(at.x / CLUSTER_PX)}/${Math.floor(at.y / CLUSTER_PX)}`;
    if (!squares.has(key)) squares.set(key, { rows: [], x: 0, y: 0 });
    addTo(squares.get(key), { rows: [row], x: at.x, y: at.y });
  }
  const groups = [];
  for (const square of squares.values()) {
    const near = groups.find((group) => Math.hypot(group.x - square.x, group.y - square.y) < NEAR_PX);
    if (near) addTo(near, square);
    else groups.push(square);
  }
  return groups.map((group) => group.rows);
}

function addTo(group, more) {
  const share = more.rows.length / (group.rows.length + more.rows.length);
  group.x += (more.x - group.x) * share;
  group.y += (more.y - group.y) * share;
  group.rows.push(...more.rows);
}

class PostMarks {
  constructor(map, posts, { point, choose }) {
    Object.assign(this, { map, posts, point, choose });
    this.layer = L.layerGroup().addTo(map);
    this.circles = L.layerGroup().addTo(map);
    this.rows = [];
    map.on("zoomend", () => this.draw());
  }

  show(rows) {
    this.rows = rows;
    this.draw();
  }

  draw() {
    this.layer.clearLayers();
    this.groups = clusterPosts(this.map, this.posts, this.rows);
    for (const rows of this.groups) {
      const middle = (column) => rows.reduce((sum, row) => sum + this.posts[column][row], 0) / rows.length;
      const mark = L.marker([middle("y"), middle("x")],
        { icon: markIcon(this.posts, rows), keyboard: false, riseOnHover: true });
      mark.on("mouseover", () => { this.circle(rows); this.point(rows); });
      mark.on("mouseout", () => { this.circle(this.kept ?? []); this.point(null); });
      mark.on("click", () => this.choose(rows));
      this.layer.addLayer(mark);
    }
  }

  // The circles within which posts lie nine times in ten.
  circle(rows) {
    this.circles.clearLayers();
    for (const row of rows.slice(0, 30)) {
      const radius = this.posts.radius[row];
      if (radius === null) continue;
      const style = { color: "#111", weight: 2, dashArray: "6 4", fillColor: "#fff", fillOpacity: 0.12 };
      L.circle([this.posts.y[row], this.posts.x[row]], { radius, interactive: false, ...style })
        .addTo(this.circles);
    }
  }

  keep(row) {
    this.kept = row === null ? null : [row];
    this.circle(this.kept ?? []);
    this.ring?.remove();
    if (row === null) return;
    const style = { radius: 13, color: "#c0392b", weight: 3, fill: false, interactive: false };
    this.ring = L.circleMarker([this.posts.y[row], this.posts.x[row]], style).addTo(this.map);
  }

  // Zoom so that a group falls apart; false where it cannot.
  split(rows) {
    const corners = rows.map((row) => [this.posts.y[row], this.posts.x[row]]);
    const box = L.latLngBounds(corners);
    const before = this.map.getZoom();
    if (box.getNorthEast().equals(box.getSouthWest(), 1e-9)) return false;
    const zoom = Math.min(this.map.getBoundsZoom(box.pad(0.4)), before + 3, this.map.getMaxZoom());
    if (zoom <= before) return false;
    this.map.setView(box.getCenter(), zoom, { animate: false });
    return true;
  }
}
