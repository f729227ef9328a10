import { crc32, deflateSync, inflateSync } from 'node:zlib';

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const COLOURS = 256;
const RARE = 64;

interface Picture {
  readonly width: number;
  readonly height: number;
  /** One number a pixel: 0xRRGGBB. */
  readonly pixels: Uint32Array;
}

const chunksOf = (png: Buffer): { type: string; data: Buffer }[] => {
  const chunks: { type: string; data: Buffer }[] = [];
  for (let at = 8; at < png.length; ) {
    const length = png.readUInt32BE(at);
    chunks.push({ type: png.toString('latin1', at + 4, at + 8), data: png.subarray(at + 8, at + 8 + length) });
    at += 12 + length;
  }
  return chunks;
};

const paeth = (left: number, up: number, corner: number): number => {
  const guess = left + up - corner;
  const [toLeft, toUp, toCorner] = [Math.abs(guess - left), Math.abs(guess - up), Math.abs(guess - corner)];
  return toLeft <= toUp && toLeft <= toCorner ? left : toUp <= toCorner ? up : corner;
};

/** Undoes the filters of PNG's section 9.2, row by row, in place. */
const unfilter = (raw: Buffer, stride: number, step: number): Buffer[] => {
  const rows: Buffer[] = [];
  let above: Buffer = Buffer.alloc(stride);
  for (let at = 0; at < raw.length; at += stride + 1) {
    const filter = raw[at];
    const row = raw.subarray(at + 1, at + 1 + stride);
    for (let x = 0; x < stride; x += 1) {
      const left = x >= step ? (row[x - step] ?? 0) : 0;
      const up = above[x] ?? 0;
      const corner = x >= step ? (above[x - step] ?? 0) : 0;
      const add = filter === 1 ? left : filter === 2 ? up : filter === 3 ? (left + up) >> 1 : filter === 4 ? paeth(left, up, corner) : 0;
      row[x] = ((row[x] ?? 0) + add) & 255;
    }
    rows.push(row);
    above = row;
  }
  return rows;
};

/** Reads what a browser's screenshot is: 8 bits a channel, RGB or RGBA, not interlaced. */
const decode = (png: Buffer): Picture => {
  const chunks = chunksOf(png);
  const header = chunks[0]?.data ?? Buffer.alloc(13);
  const [width, height, step] = [header.readUInt32BE(0), header.readUInt32BE(4), header[9] === 6 ? 4 : 3];
  const raw = inflateSync(Buffer.concat(chunks.filter(({ type }) => type === 'IDAT').map(({ data }) => data)));
  const pixels = new Uint32Array(width * height);
  unfilter(raw, width * step, step).forEach((row, y) => {
    for (let x = 0; x < width; x += 1) pixels[y * width + x] = row.readUIntBE(x * step, 3);
  });
  return { width, height, pixels };
};

const distance = (a: number, b: number): number => {
  const [red, green, blue] = [(a >> 16) - (b >> 16), ((a >> 8) & 255) - ((b >> 8) & 255), (a & 255) - (b & 255)];
  return 2 * red * red + 4 * green * green + 3 * blue * blue;
};

/**
 * The most used colours: the pages are flat, so that what is left out are shades of letters' edges. Then those unlike all
 * of them, since a small mark's colour says what it means.
 */
const paletteOf = (pixels: Uint32Array): number[] => {
  const uses = new Map<number, number>();
  for (const pixel of pixels) uses.set(pixel, (uses.get(pixel) ?? 0) + 1);
  const byUse = [...uses].sort((a, b) => b[1] - a[1]).map(([colour]) => colour);
  const palette = byUse.slice(0, COLOURS - RARE);
  let others = byUse.slice(COLOURS - RARE).map((colour) => ({ colour, gap: Math.min(...palette.map((known) => distance(known, colour))) }));
  while (palette.length < COLOURS && others.length > 0) {
    const { colour } = others.reduce((most, each) => (each.gap > most.gap ? each : most));
    palette.push(colour);
    others = others
      .filter((each) => each.colour !== colour)
      .map((each) => ({ ...each, gap: Math.min(each.gap, distance(colour, each.colour)) }));
  }
  return palette;
};

const chunk = (type: string, data: Buffer): Buffer => {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(data.length, 0);
  frame.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
};

/** The same picture with 256 colours: a third of the bytes, for pictures that live in the repository. */
export const smallPng = (png: Buffer): Buffer => {
  const { width, height, pixels } = decode(png);
  const palette = paletteOf(pixels);
  const nearest = new Map(palette.map((colour, index) => [colour, index]));
  const indexOf = (pixel: number): number => {
    const known = nearest.get(pixel);
    if (known !== undefined) return known;
    const index = palette.reduce((best, colour, at) => (distance(colour, pixel) < distance(palette[best] ?? 0, pixel) ? at : best), 0);
    nearest.set(pixel, index);
    return index;
  };
  const rows = Buffer.alloc((width + 1) * height);
  pixels.forEach((pixel, at) => {
    rows[at + Math.floor(at / width) + 1] = indexOf(pixel);
  });
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 3, 0, 0, 0], 8);
  const colours = Buffer.from(palette.flatMap((colour) => [colour >> 16, (colour >> 8) & 255, colour & 255]));
  return Buffer.concat([
    SIGNATURE,
    chunk('IHDR', header),
    chunk('PLTE', colours),
    chunk('IDAT', deflateSync(rows, { level: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ]);
};
