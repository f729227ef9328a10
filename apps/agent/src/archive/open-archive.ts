import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { PassThrough, pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { formatBytes } from '@fortfail/base';
import { systemErrorCode } from '@fortfail/source';
import { brokenArchive, hostileArchive } from './archive-error.ts';

/** What a compressed archive may grow to: so many times its size, and this much in any case. */
export interface GrowthLimits {
  readonly ratio: number;
  readonly freeBytes: number;
}

export const growthLimits: GrowthLimits = { ratio: 200, freeBytes: 16 * 1024 * 1024 };

const others: readonly (readonly [name: string, magic: string])[] = [
  ['bzip2', '425a68'],
  ['xz', 'fd377a585a00'],
  ['zstd', '28b52ffd'],
  ['lzip', '4c5a4950'],
];

/**
 * The bytes of a tar archive in a file, unpacked when it is a gzip file. Throws `damaged` for broken or other compression,
 * `denied` when it grows beyond the limits: a bomb is noticed before it has been written anywhere.
 */
export async function* openArchive(path: string, limits: GrowthLimits = growthLimits): AsyncGenerator<Buffer, void, undefined> {
  const { start, sizeBytes } = await look(path);
  const other = others.find(([, magic]) => start.startsWith(magic));
  if (other !== undefined) throw brokenArchive(`it is packed with ${other[0]}; tar archives are read plain or packed with gzip`);
  if (!start.startsWith('1f8b')) {
    yield* createReadStream(path, { highWaterMark: 256 * 1024 }) as AsyncIterable<Buffer>;
    return;
  }
  const most = Math.max(limits.freeBytes, sizeBytes * limits.ratio);
  let grown = 0;
  for await (const piece of gunzip(path)) {
    grown += piece.length;
    if (grown > most) throw hostileArchive(`it grows to more than ${formatBytes(most)}, ${limits.ratio} times its size`);
    yield piece;
  }
}

async function* gunzip(path: string): AsyncGenerator<Buffer, void, undefined> {
  const unpacked = new PassThrough({ highWaterMark: 256 * 1024 });
  const file = createReadStream(path, { highWaterMark: 256 * 1024 });
  // Its failure comes out of `unpacked`.
  pipeline(file, createGunzip({ chunkSize: 64 * 1024 }), unpacked, () => undefined);
  try {
    yield* unpacked as AsyncIterable<Buffer>;
  } catch (error) {
    if (systemErrorCode(error)?.startsWith('Z_') === true) throw brokenArchive('its gzip packing is damaged or cut short');
    throw error;
  } finally {
    file.destroy();
  }
}

async function look(path: string): Promise<{ readonly start: string; readonly sizeBytes: number }> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(8), 0, 8, 0);
    const { size } = await file.stat();
    return { start: buffer.toString('hex', 0, bytesRead), sizeBytes: size };
  } finally {
    await file.close();
  }
}
