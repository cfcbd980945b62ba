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

// Undo the row filters 0 (none), 1 (left) and 2 (above); the writer uses no others.
function unfilter(raw, width, height) {
  const codes = new Uint8Array(width * height);
  for (let row = 0; row < height; row++) {
    const from = row * (width + 1);
    const to = row * width;
    const kind = raw[from];
    for (let column = 0; column < width; column++) {
      let value = raw[from + 1 + column];
      if (kind === 1 && column > 0) value += codes[to + column - 1];
      else if (kind === 2 && row > 0) value += codes[to + column - width];
      codes[to + column] = value;
    }
  }
  return codes;
}

async function decodePng(text) {
  const { width, height, parts } = readChunks(base64Bytes(text));
  const raw = await inflate(new Blob(parts));
  return unfilter(raw, width, height);
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
