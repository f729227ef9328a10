/**
 * The one place that knows node:zlib's internals. A public zstd call makes a new native context every time, which costs three
 * times what compressing a small blob does, and cannot write into given memory. The handle inside a stream object can do both:
 * `writeSync(flush, in, inOffset, inLength, out, outOffset, outLength)` leaves in its state what is left of both.
 *
 * Nothing of that is documented. So every user of this module proves its handle against the public calls before first use and
 * falls back to them when anything differs. `reset()` is never called: it drops the level. A frame that was ended leaves the
 * context ready for the next; after a failure the handle is thrown away.
 */
import { constants, createZstdCompress, createZstdDecompress } from 'node:zlib';

type WriteSync = (
  flush: number,
  input: Uint8Array,
  inputAt: number,
  inputLength: number,
  out: Uint8Array,
  outAt: number,
  outLength: number,
) => void;

/** What a call left over. */
export interface StreamState {
  readonly inputLeft: number;
  readonly outputLeft: number;
  /** Name of zstd's error, when it failed. */
  readonly failure: string | undefined;
}

/** A native context that takes input and output memory at each call. */
export class StreamHandle {
  // The stream owns the handle: while this is reachable, neither is closed.
  readonly #stream: object;
  readonly #handle: object;
  readonly #writeSync: WriteSync;
  readonly #state: Uint32Array;
  #failure: string | undefined;

  private constructor(stream: object, handle: object, writeSync: WriteSync, state: Uint32Array) {
    this.#stream = stream;
    this.#handle = handle;
    this.#writeSync = writeSync;
    this.#state = state;
    Reflect.set(handle, 'onerror', (message: unknown, _errno: unknown, code: unknown) => {
      this.#failure = `${String(code)}: ${String(message)}`;
    });
  }

  /** A handle over the internals of `stream`, or undefined when they do not look as known. */
  static #over(stream: object): StreamHandle | undefined {
    const handle: unknown = Reflect.get(stream, '_handle');
    const state: unknown = Reflect.get(stream, '_writeState');
    if (typeof handle !== 'object' || handle === null) return undefined;
    if (!(state instanceof Uint32Array) || state.length !== 2) return undefined;
    const writeSync: unknown = Reflect.get(handle, 'writeSync');
    if (typeof writeSync !== 'function') return undefined;
    return new StreamHandle(stream, handle, writeSync as WriteSync, state);
  }

  static compressor(level: number): StreamHandle | undefined {
    return StreamHandle.#over(createZstdCompress({ params: { [constants.ZSTD_c_compressionLevel]: level } }));
  }

  static decompressor(): StreamHandle | undefined {
    return StreamHandle.#over(createZstdDecompress());
  }

  /** Feeds `input` and writes to `output`; `isEnd` closes a frame. */
  write(input: Uint8Array, output: Uint8Array, isEnd: boolean): StreamState {
    this.#failure = undefined;
    const flush = isEnd ? constants.ZSTD_e_end : constants.ZSTD_e_continue;
    this.#writeSync.call(this.#handle, flush, input, 0, input.length, output, 0, output.length);
    return { outputLeft: this.#state[0] ?? 0, inputLeft: this.#state[1] ?? 0, failure: this.#failure };
  }

  /** Frees the native context now. */
  close(): void {
    const close: unknown = Reflect.get(this.#stream, 'close');
    if (typeof close === 'function') close.call(this.#stream);
  }
}
