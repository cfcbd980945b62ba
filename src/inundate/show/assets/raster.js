// The raster on the map: its place, its colours and the values behind them.

const MISSING = 254;

function makeCrs(grid) {
  const radius = 6371008.8;
  const radians = Math.PI / 180;
  return L.extend({}, L.CRS.Simple, {
    transformation: new L.Transformation(grid.aspect, 0, -1, 0),
    distance(a, b) {
      if (grid.unit_metres) return Math.hypot(a.lng - b.lng, a.lat - b.lat) * grid.unit_metres;
      const across = (a.lng - b.lng) * Math.cos(((a.lat + b.lat) / 2) * radians);
      return Math.hypot(across, a.lat - b.lat) * radians * radius;
    },
  });
}

const Raster = L.Layer.extend({
  initialize(bounds, width, height) {
    this._bounds = L.latLngBounds(bounds);
    this._canvas = L.DomUtil.create("canvas", "raster");
    this._canvas.width = width;
    this._canvas.height = height;
  },
  onAdd() {
    this.getPane().appendChild(this._canvas);
    this._place();
  },
  onRemove() {
    this._canvas.remove();
  },
  getEvents() {
    return { zoom: this._place, viewreset: this._place };
  },
  setOpacity(value) {
    this._canvas.style.opacity = value;
  },
  paint(codes, colours) {
    const image = new ImageData(this._canvas.width, this._canvas.height);
    const pixels = new Uint32Array(image.data.buffer);
    for (let i = 0; i < codes.length; i++) pixels[i] = colours[codes[i]];
    this._canvas.getContext("2d").putImageData(image, 0, 0);
  },
  _place() {
    const corner = this._map.latLngToLayerPoint(this._bounds.getNorthWest());
    const size = this._map.latLngToLayerPoint(this._bounds.getSouthEast()).subtract(corner);
    L.DomUtil.setPosition(this._canvas, corner);
    this._canvas.style.width = `${size.x}px`;
    this._canvas.style.height = `${size.y}px`;
    this._canvas.classList.toggle("smooth", size.x < this._canvas.width);
  },
});

// The colour of every code, as little-endian ABGR for one write a pixel.
function colourTable(layer, missing) {
  const table = new Uint32Array(256);
  const abgr = (hex) => {
    const value = parseInt(hex.slice(1), 16);
    return (0xff000000 | ((value & 0xff) << 16) | (value & 0xff00) | (value >> 16)) >>> 0;
  };
  for (let code = 0; code < layer.levels.length - 1; code++) {
    const index = classOf(layer, code);
    if (index >= 0 && index !== layer.neutral) table[code] = abgr(layer.colours[index]);
  }
  missing.forEach((hex, i) => (table[MISSING + i] = abgr(hex)));
  return table;
}

// A level lies inside one class, so its middle tells which.
function classOf(layer, code) {
  const middle = (layer.levels[code] + layer.levels[code + 1]) / 2;
  const below = layer.edges.filter((edge) => edge <= middle).length;
  return layer.diverging ? below : below - 1;
}

// To one digit, never down.
function roundUp(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return Number((Math.ceil(value / power - 1e-9) * power).toPrecision(1));
}

// What a code says in words: the middle of its level and half its width.
function codeValue(layer, code) {
  if (code >= MISSING) return { value: null, half: 0, words: t("page.unknown") };
  const [low, high] = [layer.levels[code], layer.levels[code + 1]];
  const value = (low + high) / 2;
  const half = (high - low) / 2;
  const unit = layer.unit ? ` ${layer.unit}` : "";
  if (code === 0 && !layer.diverging) {
    const key = layer.dry ? "page.dry" : "page.less";
    return { value: 0, half, words: t(key, { value: `${high}${unit}` }) };
  }
  const digits = half > 0 ? Math.min(4, Math.max(0, Math.ceil(-Math.log10(half)))) : 2;
  const sign = layer.diverging && value > 0 ? "+" : "";
  const number = `${sign}${value.toFixed(digits)}`.replace("-", "\u2212");
  const within = roundUp(half + 0.5 * 10 ** -digits); // the words are rounded as well
  return { value, half, words: `${number}${unit} (±\u2009${within})` };
}

// Longitude and latitude between nodes that were computed beforehand.
function lonLat(grid, x, y) {
  const n = grid.nodes_count - 1;
  const across = Math.min(Math.max(((x - grid.left) / (grid.right - grid.left)) * n, 0), n - 1e-9);
  const down = Math.min(Math.max(((grid.top - y) / (grid.top - grid.bottom)) * n, 0), n - 1e-9);
  const [i, j] = [Math.floor(across), Math.floor(down)];
  const [u, v] = [across - i, down - j];
  return grid.nodes.map((nodes) => {
    const at = (row, column) => nodes[row * (n + 1) + column];
    const upper = at(j, i) * (1 - u) + at(j, i + 1) * u;
    const lower = at(j + 1, i) * (1 - u) + at(j + 1, i + 1) * u;
    return upper * (1 - v) + lower * v;
  });
}
