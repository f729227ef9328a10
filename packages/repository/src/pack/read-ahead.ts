/** A part of a pack that was read. */
interface Window {
  readonly packId: string;
  readonly offset: number;
  readonly bytes: Promise<Uint8Array>;
}

const windowBytes = 1024 * 1024;
const windowCount = 4;

/**
 * Reads more than what is asked for and keeps it for the neighbours: folders are small, lie side by side in their packs, and are
 * asked for one by one.
 */
export class ReadAhead {
  /** Least recently used first. */
  readonly #windows: Window[] = [];

  /** Bytes of `range`; `packEnd` is how far the pack surely goes, `fetch` reads from it. Failures are not kept. */
  async read(
    packId: string,
    range: { readonly offset: number; readonly length: number },
    packEnd: number,
    fetch: (offset: number, length: number) => Promise<Uint8Array>,
  ): Promise<Uint8Array> {
    const { offset, length } = range;
    if (length > windowBytes / 4) return await fetch(offset, length);
    const at = this.#windows.findIndex((window) => window.packId === packId && covers(window.offset, packEnd, offset, length));
    const [known] = at < 0 ? [] : this.#windows.splice(at, 1);
    const window = known ?? open(packId, offset, packEnd, length, fetch);
    this.#windows.push(window);
    if (this.#windows.length > windowCount) this.#windows.shift();
    try {
      const bytes = await window.bytes;
      return bytes.subarray(offset - window.offset, offset - window.offset + length);
    } catch (error) {
      const index = this.#windows.indexOf(window);
      if (index >= 0) this.#windows.splice(index, 1);
      throw error;
    }
  }
}

function covers(start: number, packEnd: number, offset: number, length: number): boolean {
  return offset >= start && offset + length <= Math.min(start + windowBytes, packEnd);
}

/** The window begins a little before what is asked: walks go both ways. */
function open(
  packId: string,
  offset: number,
  packEnd: number,
  length: number,
  fetch: (offset: number, length: number) => Promise<Uint8Array>,
): Window {
  const start = Math.max(0, Math.min(offset - windowBytes / 4, packEnd - windowBytes));
  const end = Math.max(offset + length, Math.min(start + windowBytes, packEnd));
  return { packId, offset: start, bytes: fetch(start, end - start) };
}
