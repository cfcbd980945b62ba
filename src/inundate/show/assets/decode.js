// Pictures back to codes: a PNG reader for 8-bit paletted frames, and a cache of them.

const base64Bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

async function inflate(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

function readChunks(bytes) {
  const view = new DataView(bytes.buffer);
  const found = { width: 0, height: 0, parts: [] };
  for (let at = 8; at < bytes.length; ) {
    const length = view.getUint32(at);
    const name = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (name === "IHDR") {
      found.width = view.getUint32(at + 8);
      found.height = view.getUint32(at + 12);
    } else if (name === "IDAT") {
      found.parts.push(bytes.subarray(at + 8, at + 8 + length));
    }
    at += 12 + length;
  }
  return found;
}

// Drop the filter byte in front of each row; the writer of this page filters no row.
function dropFilters(raw, width, height) {
  const codes = new Uint8Array(width * height);
  for (let row = 0; row < height; row++) {
    const from = row * (width + 1);
    if (raw[from] !== 0) throw new Error("a frame is not as it was written");
    codes.set(raw.subarray(from + 1, from + 1 + width), row * width);
  }
  return codes;
}

async function decodePng(text) {
  const { width, height, parts } = readChunks(base64Bytes(text));
  const raw = await inflate(new Blob(parts));
  return dropFilters(raw, width, height);
}

// Codes by layer and frame; the oldest go when more than 64 MB are held.
class FrameCache {
  constructor(layers) {
    this.layers = layers;
    this.held = new Map();
    this.limit = 64e6;
  }

  get(layer, frame) {
    const frames = this.layers[layer].frames;
    const number = frames.length === 1 ? 0 : frame;
    const key = `${layer}/${number}`;
    const found = this.held.get(key) ?? decodePng(frames[number]);
    this.held.delete(key);
    this.held.set(key, found);
    found.then((codes) => this.trim(codes.length));
    return found;
  }

  trim(size) {
    while (this.held.size > 2 && this.held.size * size > this.limit) {
      this.held.delete(this.held.keys().next().value);
    }
  }
}
