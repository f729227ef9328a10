// Content-defined cuts as restic makes them: the digest of the last 64 bytes over GF(2), polynomial of degree 53.
//
// The digest before a byte depends on nothing but the 64 bytes in front of it, so any position can be taken up without
// history, and four pieces can be scanned side by side to hide the latency of the table look-ups.
// Tables at `t`: mod[256] then out[256], u64 each; out is shifted by one byte more than restic's, which folds the removal of
// the oldest byte and the appending of the newest into one step.

const SEGMENT: i32 = 8192;
const WINDOW: usize = 64;

@inline function append(t: usize, d: u64, byte: u64): u64 {
  return (d << 8) ^ byte ^ load<u64>(t + (<usize>(d >> 45) << 3));
}

@inline function roll(t: usize, q: usize, d: u64): u64 {
  return append(t, d, <u64>load<u8>(q)) ^ load<u64>(t + (<usize>load<u8>(q - WINDOW) << 3), 2048);
}

/** Digest of the 64 bytes before `p`. */
@inline function prime(t: usize, p: usize): u64 {
  let d: u64 = 0;
  for (let i: usize = 0; i < WINDOW; i++) d = append(t, d, <u64>load<u8>(p - WINDOW + i));
  return d;
}

/**
 * The smallest i below n for which the digest of the 64 bytes before p + i has all bits of `mask` clear, or n. Reads from
 * p - 64 to p + n - 1.
 */
export function rabinScan(t: usize, p: usize, n: i32, mask: u64): i32 {
  let base: i32 = 0;
  while (n - base >= 4 * SEGMENT) {
    const hit = fourLanes(t, p + <usize>base, mask);
    if (hit < 4 * SEGMENT) return base + hit;
    base += 4 * SEGMENT;
  }
  return base + oneLane(t, p + <usize>base, n - base, mask);
}

function oneLane(t: usize, p: usize, n: i32, mask: u64): i32 {
  let d = prime(t, p);
  for (let i: i32 = 0; i < n; i++) {
    if (!(d & mask)) return i;
    d = roll(t, p + <usize>i, d);
  }
  return n;
}

function fourLanes(t: usize, p0: usize, mask: u64): i32 {
  const p1 = p0 + SEGMENT, p2 = p1 + SEGMENT, p3 = p2 + SEGMENT;
  let d0 = prime(t, p0), d1 = prime(t, p1), d2 = prime(t, p2), d3 = prime(t, p3);
  let hit1: i32 = -1, hit2: i32 = -1, hit3: i32 = -1;
  for (let i: usize = 0; i < <usize>SEGMENT; i++) {
    if (!(d0 & mask)) return <i32>i;
    if (!(d1 & mask)) { if (hit1 < 0) hit1 = <i32>i; }
    if (!(d2 & mask)) { if (hit2 < 0) hit2 = <i32>i; }
    if (!(d3 & mask)) { if (hit3 < 0) hit3 = <i32>i; }
    d0 = roll(t, p0 + i, d0);
    d1 = roll(t, p1 + i, d1);
    d2 = roll(t, p2 + i, d2);
    d3 = roll(t, p3 + i, d3);
  }
  if (hit1 >= 0) return SEGMENT + hit1;
  if (hit2 >= 0) return 2 * SEGMENT + hit2;
  if (hit3 >= 0) return 3 * SEGMENT + hit3;
  return 4 * SEGMENT;
}
