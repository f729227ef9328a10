import { createRequire } from 'node:module';

/** A C function bound by koffi. Arguments are numbers, bigints and Buffers; the answer of every call used here is a number. */
export type NativeFunction = (...values: readonly (number | bigint | Buffer | null)[]) => number;

interface NativeLibrary {
  func(definition: string): NativeFunction;
}

interface Koffi {
  load(path: string | null): NativeLibrary;
  errno(): number;
}

let loaded: { readonly koffi: Koffi; readonly library: NativeLibrary } | undefined;

/** koffi costs tens of milliseconds to load, which a command that touches no file must not pay. */
function system(): { readonly koffi: Koffi; readonly library: NativeLibrary } {
  if (loaded === undefined) {
    const koffi: Koffi = createRequire(import.meta.url)('koffi');
    loaded = { koffi, library: koffi.load(null) };
  }
  return loaded;
}

/** Binds a function of the C library at its first call. */
export function nativeFunction(definition: string): NativeFunction {
  let bound: NativeFunction | undefined;
  return (...values) => {
    bound ??= system().library.func(definition);
    return bound(...values);
  };
}

/** `errno` of the last native call; only meaningful directly after it. */
export function lastErrno(): number {
  return system().koffi.errno();
}

// PATH_MAX bounds what the kernel takes; a longer path is left to answer ENAMETOOLONG by itself.
const scratchPaths = [Buffer.alloc(4097), Buffer.alloc(4097)] as const;

/** `path` ended by NUL, in one of two re-used buffers: valid only until the next call with the same `slot`. */
export function nulEnded(path: Uint8Array, slot: 0 | 1 = 0): Buffer {
  const scratch = scratchPaths[slot];
  if (path.length >= scratch.length) return Buffer.concat([path, Buffer.alloc(1)]);
  scratch.set(path);
  scratch[path.length] = 0;
  return scratch;
}
