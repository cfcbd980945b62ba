// Tiles of a background map, bent into the map's own system; nothing is loaded before it is asked.

const TILE_PX = 256;

const Basemap = L.Layer.extend({
  initialize(tiles, failed) {
    this._tiles = tiles;
    this._failed = failed;
  },
  onAdd() {
    this._box = L.DomUtil.create("div", "basemap", this.getPane("tilePane"));
    this._images = this._tiles.map(({ url }) => {
      const image = html("img", this._box, undefined, { alt: "", referrerpolicy: "no-referrer" });
      image.addEventListener("error", this._failed, { once: true });
      image.src = url;
      return image;
    });
    this._place();
  },
  onRemove() {
    this._box.remove();
  },
  getEvents() {
    return { zoom: this._place, viewreset: this._place };
  },
  _place() {
    this._tiles.forEach(({ at }, i) => {
      const [corner, right, below] = [0, 2, 4].map((n) => this._map.latLngToLayerPoint([at[n + 1], at[n]]));
      const part = (point, axis) => (point[axis] - corner[axis]) / TILE_PX;
      const matrix = [part(right, "x"), part(right, "y"), part(below, "x"), part(below, "y"), corner.x, corner.y];
      this._images[i].style.transform = `matrix(${matrix.join(",")})`;
    });
  },
});
