/**
 * A shared buffer that can grow while other threads look at it. Only addresses are reserved: memory is taken as it is touched.
 * Where the system limits addresses, half as many are asked for, and again, down to what is needed at once.
 */
export function reserveShared(bytes: number, maxBytes: number): SharedArrayBuffer {
  for (let maxByteLength = maxBytes; ; maxByteLength = Math.max(bytes, Math.floor(maxByteLength / 2))) {
    try {
      return new SharedArrayBuffer(bytes, { maxByteLength });
    } catch (error) {
      if (!(error instanceof RangeError) || maxByteLength <= bytes) throw error;
    }
  }
}

/** Grows a shared buffer to at least `bytes`, also when another thread does so at the same moment. */
export function growShared(buffer: SharedArrayBuffer, bytes: number): void {
  while (buffer.byteLength < bytes) {
    try {
      buffer.grow(bytes);
    } catch (error) {
      if (!(error instanceof RangeError) || buffer.byteLength < bytes) throw error;
    }
  }
}
