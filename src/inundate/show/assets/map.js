// The page: one clock, one layer, one reading cell.

const byId = (id) => document.getElementById(id);
const grid = data.grid;
const layers = data.layers;
const cache = new FrameCache(layers);
const tables = layers.map((layer) => colourTable(layer, data.missing));
const state = { frame: data.start_frame, layer: data.start_layer, cell: null, kept: null, timer: null };
let shown = 0; // serial number of the last request to draw, so that a late frame is dropped

const map = L.map("map", {
  crs: makeCrs(grid), attributionControl: false, keyboard: false, zoomAnimation: false,
  fadeAnimation: false, markerZoomAnimation: false, zoomSnap: 0.25, zoomDelta: 0.5, wheelPxPerZoomLevel: 90,
  minZoom: -30, maxZoom: 30,
});
const bounds = [[grid.bottom, grid.left], [grid.top, grid.right]];
const frameBounds = [[grid.top - grid.dy * grid.height, grid.left], [grid.top, grid.left + grid.dx * grid.width]];
map.fitBounds(bounds, { padding: [4, 4] });
map.setMinZoom(map.getZoom() - 2).setMaxZoom(Math.log2(60 / grid.dy));
map.setMaxBounds(L.latLngBounds(bounds).pad(0.6));
const hillshade = L.imageOverlay(`data:image/png;base64,${data.hillshade}`, bounds, { alt: "" }).addTo(map);
L.control.scale({ imperial: false, maxWidth: 140 }).addTo(map);
const raster = new Raster(frameBounds, grid.width, grid.height).addTo(map);
L.rectangle(bounds, { color: "#555", weight: 1, fill: false, interactive: false }).addTo(map);
const cursor = L.rectangle(bounds, { color: "#111", weight: 2, fill: false, interactive: false });
const keptMark = L.rectangle(bounds, { color: "#c0392b", weight: 3, fill: false, interactive: false });

const strip = new TimeStrip(byId("strip"), byId("strip-words"), data.steps, data.posts,
  (time) => goTo(nearestFrame(time)));
const posts = data.posts && new PostPanel(byId("posts"), data.posts, map, {
  say, point: pointAtPosts, redraw: showPosts });

function nearestFrame(time) {
  const away = data.times.map((iso) => Math.abs(Date.parse(iso) - time));
  return away.indexOf(Math.min(...away));
}

function say(text) {
  byId("live").textContent = text;
}

function fail(error) {
  byId("message").textContent = t("page.failed", { error: String(error.message ?? error) });
  byId("message").hidden = false;
}

async function redraw() {
  const serial = ++shown;
  const codes = await cache.get(state.layer, state.frame);
  if (serial !== shown) return;
  raster.paint(codes, tables[state.layer]);
  state.codes = codes;
  readCell();
}

async function goTo(frame, announce = false) {
  state.frame = Math.min(Math.max(frame, 0), data.times.length - 1);
  const iso = data.times[state.frame];
  byId("slider").value = state.frame;
  byId("slider").setAttribute("aria-valuetext", fullTime(iso));
  byId("time").replaceChildren(iso.slice(0, 10), html("br"), ` ${clockTime(iso)} UTC`,
    html("small", null, t("page.frame", { number: state.frame + 1, count: data.times.length })));
  strip.mark(Date.parse(iso));
  const layer = layers[state.layer];
  byId("slider").title = layer.timed ? "" : t("page.timeless", { layer: layer.title });
  posts?.show(Date.parse(iso));
  await redraw();
  if (announce) say(stepWords(iso));
  if (state.kept) drawKept();
  if (state.frame + 1 < data.times.length) cache.get(state.layer, state.frame + 1);
}

// What a frame shows, for those who do not see it.
function stepWords(iso) {
  const i = data.steps.times.indexOf(iso);
  const told = [t("page.step", {
    time: fullTime(iso), area: short(data.steps.area[i]), deepest: short(data.steps.deepest[i]) })];
  const rain = data.steps.rain?.[i] ?? null;
  if (rain !== null) told.push(t("page.step.rain", { rain: short(rain) }));
  return posts ? `${told.join("")}. ${posts.frameWords()}` : told.join("");
}

function showPosts(announce) {
  posts.show(Date.parse(data.times[state.frame]));
  if (announce) say(posts.frameWords());
}

function pointAtPosts(words) {
  state.pointed = words;
  readCell();
}

async function show(number) {
  state.layer = number;
  drawLegend(byId("legend"), layers[number], data.missing);
  document.querySelectorAll("#layers label").forEach((label, i) => {
    label.classList.toggle("chosen", i === number);
    label.querySelector("input").checked = i === number;
  });
  await goTo(state.frame);
}

function cellAt(x, y) {
  const column = Math.floor((x - grid.left) / grid.dx);
  const row = Math.floor((grid.top - y) / grid.dy);
  const inside = x < grid.right && y > grid.bottom && column >= 0 && row >= 0;
  return inside ? { row, column } : null;
}

const centreOf = (cell) =>
  ({ x: grid.left + (cell.column + 0.5) * grid.dx, y: grid.top - (cell.row + 0.5) * grid.dy });
const boxOf = (cell) => [
  [grid.top - (cell.row + 1) * grid.dy, grid.left + cell.column * grid.dx],
  [grid.top - cell.row * grid.dy, grid.left + (cell.column + 1) * grid.dx]];

function placeWords(x, y) {
  const [lon, lat] = lonLat(grid, x, y);
  const angle = `${Math.abs(lat).toFixed(5)}° ${lat < 0 ? "S" : "N"}, `
    + `${Math.abs(lon).toFixed(5)}° ${lon < 0 ? "W" : "E"}`;
  if (!grid.unit_metres) return angle;
  return `E ${x.toFixed(grid.digits)}  N ${y.toFixed(grid.digits)}\n${angle}`;
}

function valueOf(cell) {
  return codeValue(layers[state.layer], state.codes[cell.row * grid.width + cell.column]);
}

function readCell() {
  const box = byId("readout");
  if (state.pointed) {
    box.replaceChildren(html("b", null, state.pointed[0]), "\n", html("bdi", null, state.pointed[1], { dir: "auto" }));
    return;
  }
  if (!state.cell) {
    box.textContent = t("page.point");
    return;
  }
  const { x, y } = state.point ?? centreOf(state.cell);
  const value = valueOf(state.cell);
  const place = placeWords(x, y).replace("\n", "  ·  ");
  box.replaceChildren(html("b", null, value.words), `  ${t(layers[state.layer].title)}\n${place}`);
}

function moveCursor(rows, columns) {
  const from = state.cell ?? { row: Math.floor(grid.height / 2), column: Math.floor(grid.width / 2) };
  const clamp = (value, size) => Math.min(Math.max(value, 0), size - 1);
  state.point = null;
  state.cell = { row: clamp(from.row + rows, grid.height), column: clamp(from.column + columns, grid.width) };
  cursor.setBounds(boxOf(state.cell)).addTo(map);
  const { x, y } = centreOf(state.cell);
  if (!map.getBounds().pad(-0.05).contains([y, x])) map.panTo([y, x], { animate: false });
  readCell();
  say(`${valueOf(state.cell).words}, ${placeWords(x, y).replace("\n", ", ")}`);
}

function keepCell(cell) {
  state.kept = cell;
  keptMark.setBounds(boxOf(cell)).addTo(map);
  drawKept();
}

async function drawKept() {
  const panel = byId("cell");
  const cell = state.kept;
  const number = layers[state.layer].timed ? state.layer : 0;
  const layer = layers[number];
  const values = await Promise.all(data.times.map(async (_, frame) => {
    const codes = await cache.get(number, frame);
    return codeValue(layer, codes[cell.row * grid.width + cell.column]).value;
  }));
  if (state.kept !== cell) return;
  const { x, y } = centreOf(cell);
  panel.replaceChildren();
  const close = html("button", panel, "×", { type: "button", "aria-label": t("page.curve.close") });
  close.addEventListener("click", letCellGo);
  html("h2", panel, t(layer.title));
  html("div", panel, placeWords(x, y).split("\n")[0]);
  const chart = svg("svg", { role: "img", "aria-label": curveWords(layer, values) }, panel);
  panel.hidden = false;
  const now = Date.parse(data.times[state.frame]);
  if (!drawCurve(chart, values, data.times, now, layer)) html("p", panel, t("page.curve.unknown"));
}

function letCellGo() {
  state.kept = null;
  keptMark.remove();
  byId("cell").hidden = true;
}

function curveWords(layer, values) {
  const known = values.filter((value) => value !== null);
  if (!known.length) return t("page.curve.unknown");
  const high = Math.max(...known);
  const time = fullTime(data.times[values.indexOf(high)]);
  return t("page.curve.high", { value: short(high), unit: layer.unit, time });
}

function markPlaying(playing) {
  const [sign, word] = byId("play").children;
  sign.textContent = playing ? "❚❚" : "▶";
  word.dataset.say = playing ? "page.stop" : "page.play";
  word.textContent = t(word.dataset.say);
  byId("play").setAttribute("aria-pressed", String(playing));
}

function stop() {
  clearTimeout(state.timer);
  state.timer = null;
  markPlaying(false);
}

function play() {
  if (state.timer) return stop();
  markPlaying(true);
  if (state.frame === data.times.length - 1) state.frame = -1;
  const tick = async () => {
    await goTo(state.frame + 1);
    if (!state.timer) return;
    if (state.frame === data.times.length - 1) stop();
    else state.timer = setTimeout(tick, 450);
  };
  state.timer = setTimeout(tick, 0);
}

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const onMap = document.activeElement === byId("map");
  const field = document.activeElement?.matches?.("input, select");
  const pressed = document.activeElement?.matches?.("button, summary, select, a, input:not([type=range])");
  const by = event.shiftKey ? 10 : 1;
  const moves = { ArrowLeft: [0, -by], ArrowRight: [0, by], ArrowUp: [-by, 0], ArrowDown: [by, 0] };
  const steps = { ArrowLeft: -1, ArrowRight: 1, Home: -1e9, End: 1e9 };
  if (onMap && event.key in moves) moveCursor(...moves[event.key]);
  else if (onMap && event.key === "Enter" && state.cell) keepCell(state.cell);
  else if (event.key === "Escape") { if (!posts?.letGo()) letCellGo(); }
  else if (event.key === " " && !pressed) play();
  else if (!field && event.key in steps) { stop(); goTo(state.frame + steps[event.key], true); }
  else if (!field && (event.key === "+" || event.key === "=")) map.zoomIn();
  else if (!field && event.key === "-") map.zoomOut();
  else if (!field && event.key === "0") map.fitBounds(bounds, { padding: [4, 4] });
  else return;
  event.preventDefault();
}

// Paper has another shape than the window: the style fixes the map's size and the view follows.
function resizeFor(paper) {
  if (paper) state.view = map.getBounds().pad(-0.02);
  document.body.classList.toggle("printing", paper);
  map.invalidateSize({ animate: false });
  map.fitBounds(L.latLngBounds(bounds).contains(state.view) ? state.view : bounds, { animate: false });
}

function offerBasemap() {
  const box = byId("basemap");
  if (!data.basemap) return;
  const { origin, credit, tiles } = data.basemap;
  const failed = () => { byId("basemap-note").textContent = t("base.failed", { origin }); };
  const ground = (offerBasemap.layer ??= new Basemap(tiles, failed));
  box.hidden = false;
  box.replaceChildren();
  const label = html("label", box, undefined, { class: "choice" });
  const input = html("input", label, undefined, { type: "checkbox", id: "basemap-show" });
  html("span", label, t("base.show", { origin }));
  html("p", box, map.hasLayer(ground) ? credit : t("base.note", { origin }), { id: "basemap-note" });
  input.checked = map.hasLayer(ground);
  input.addEventListener("change", () => {
    byId("basemap-note").textContent = input.checked ? credit : t("base.note", { origin });
    if (input.checked) ground.addTo(map);
    else ground.remove();
    hillshade.setOpacity(input.checked ? 0 : 1);
  });
}

function nameLayers() {
  const fieldset = byId("layers");
  fieldset.querySelectorAll("label").forEach((label) => label.remove());
  layers.forEach((layer, i) => {
    const label = html("label", fieldset);
    const input = html("input", label, undefined, { type: "radio", name: "layer", value: layer.name });
    input.addEventListener("change", () => show(i).then(() => say(t("page.shown", { layer: layer.title }))));
    html("span", label, t(layer.title));
  });
}

async function speakIn(chosen) {
  language = chosen;
  byId("language").value = chosen;
  sayAll();
  markPlaying(Boolean(state.timer));
  nameLayers();
  strip.draw();
  posts?.build();
  offerBasemap();
  await show(state.layer);
}

function start() {
  nameLayers();
  offerBasemap();
  byId("language").addEventListener("change", (event) => speakIn(event.target.value));
  byId("slider").max = data.times.length - 1;
  byId("slider").addEventListener("input", (event) => { stop(); goTo(Number(event.target.value)); });
  byId("play").addEventListener("click", play);
  byId("back").addEventListener("click", () => { stop(); goTo(state.frame - 1, true); });
  byId("next").addEventListener("click", () => { stop(); goTo(state.frame + 1, true); });
  byId("opacity").addEventListener("input", (event) => raster.setOpacity(event.target.value / 100));
  raster.setOpacity(0.9);
  map.on("mousemove", (event) => {
    const { lng: x, lat: y } = event.latlng;
    state.cell = cellAt(x, y);
    state.point = { x, y };
    cursor.remove();
    readCell();
  });
  map.on("mouseout", () => { state.cell = null; readCell(); });
  map.on("click", (event) => {
    const cell = cellAt(event.latlng.lng, event.latlng.lat);
    if (!cell) return;
    state.cell = cell;
    state.point = null;
    readCell();
    keepCell(cell);
  });
  document.addEventListener("keydown", onKey);
  window.addEventListener("beforeprint", () => resizeFor(true));
  window.addEventListener("afterprint", () => resizeFor(false));
  strip.draw(); // its words take room, and the map is fitted into what is left
  map.invalidateSize({ animate: false });
  map.fitBounds(bounds, { padding: [4, 4], animate: false });
  return show(state.layer);
}

// What a test or a person at the console may use.
window.inundateMap = Object.freeze({
  map, data, state, posts, goTo, show, speakIn,
  showNamed: (name) => show(layers.findIndex((layer) => layer.name === name)),
  valueAt(x, y) {
    const cell = cellAt(x, y);
    return cell ? valueOf(cell) : null;
  },
  lonLat: (x, y) => lonLat(grid, x, y),
  ready: start().catch((error) => { fail(error); throw error; }),
});
