// Poly1305 (RFC 8439 section 2.5) over five 26-bit limbs, two lanes and four blocks a step for long messages.
//
// A message is absorbed in pieces; what is between two pieces lives in a state block of 112 bytes:
//   0..39   h0..h4, one u64 each, every limb below 2^27
//   48..63  r (unclamped: the limb masks below clamp it), 64..79 s
//   80..95  the tag, once finished
//   96..111 the padded last block
// Every piece but the last is a multiple of 16 bytes long.

const M26: u64 = 0x3ffffff;
const HIGH: u64 = 1 << 24;
const KEY: usize = 48;
const ADD: usize = 64;
const TAG: usize = 80;
const PAD: usize = 96;

/** Below this the set-up of the lanes costs more than it saves. */
const LANES_FROM: i32 = 96;

// Results of mulmod: WebAssembly functions give back one value.
let t0: u64 = 0, t1: u64 = 0, t2: u64 = 0, t3: u64 = 0, t4: u64 = 0;

@inline function rLimb0(k: usize): u64 { return <u64>load<u32>(k) & 0x3ffffff; }
@inline function rLimb1(k: usize): u64 { return (<u64>load<u32>(k + 3) >> 2) & 0x3ffff03; }
@inline function rLimb2(k: usize): u64 { return (<u64>load<u32>(k + 6) >> 4) & 0x3ffc0ff; }
@inline function rLimb3(k: usize): u64 { return (<u64>load<u32>(k + 9) >> 6) & 0x3f03fff; }
@inline function rLimb4(k: usize): u64 { return (<u64>load<u32>(k + 12) >> 8) & 0x00fffff; }

@inline function limb0(a: u64): u64 { return a & M26; }
@inline function limb1(a: u64): u64 { return (a >> 26) & M26; }
@inline function limb2(a: u64, b: u64): u64 { return ((a >> 52) | (b << 12)) & M26; }
@inline function limb3(b: u64): u64 { return (b >> 14) & M26; }
@inline function limb4(b: u64, high: u64): u64 { return (b >> 40) | high; }

/** t = h * r mod 2^130-5, limbs below 2^26 but for t1, which may be a little above. */
function mulmod(h0: u64, h1: u64, h2: u64, h3: u64, h4: u64, r0: u64, r1: u64, r2: u64, r3: u64, r4: u64): void {
  const s1 = r1 * 5, s2 = r2 * 5, s3 = r3 * 5, s4 = r4 * 5;
  const d0 = h0 * r0 + h1 * s4 + h2 * s3 + h3 * s2 + h4 * s1;
  let d1 = h0 * r1 + h1 * r0 + h2 * s4 + h3 * s3 + h4 * s2;
  let d2 = h0 * r2 + h1 * r1 + h2 * r0 + h3 * s4 + h4 * s3;
  let d3 = h0 * r3 + h1 * r2 + h2 * r1 + h3 * r0 + h4 * s4;
  let d4 = h0 * r4 + h1 * r3 + h2 * r2 + h3 * r1 + h4 * r0;
  d1 += d0 >> 26;
  d2 += d1 >> 26;
  d3 += d2 >> 26;
  d4 += d3 >> 26;
  t0 = (d0 & M26) + (d4 >> 26) * 5;
  t1 = (d1 & M26) + (t0 >> 26);
  t0 &= M26;
  t2 = d2 & M26;
  t3 = d3 & M26;
  t4 = d4 & M26;
}

/** Begins a message; the caller has written r and s. */
export function polyStart(state: usize): void {
  memory.fill(state, 0, KEY);
}

/** Absorbs `len` bytes at `p`. A length that is no multiple of 16 ends the message. */
export function polyUpdate(state: usize, p: usize, len: i32): void {
  if (len >= LANES_FROM) {
    const done = lanes(state, p, len);
    p += <usize>done;
    len -= done;
  }
  blocks(state, p, len);
}

/** One block after the other. */
function blocks(state: usize, p: usize, len: i32): void {
  const k = state + KEY;
  const r0 = rLimb0(k), r1 = rLimb1(k), r2 = rLimb2(k), r3 = rLimb3(k), r4 = rLimb4(k);
  const s1 = r1 * 5, s2 = r2 * 5, s3 = r3 * 5, s4 = r4 * 5;
  let h0 = load<u64>(state), h1 = load<u64>(state, 8), h2 = load<u64>(state, 16), h3 = load<u64>(state, 24), h4 = load<u64>(state, 32);
  let high = HIGH;
  while (len > 0) {
    if (len < 16) {
      const pad = state + PAD;
      store<u64>(pad, 0);
      store<u64>(pad, 0, 8);
      memory.copy(pad, p, len);
      store<u8>(pad + <usize>len, 1);
      p = pad;
      high = 0;
      len = 16;
    }
    const a = load<u64>(p), b = load<u64>(p, 8);
    h0 += limb0(a);
    h1 += limb1(a);
    h2 += limb2(a, b);
    h3 += limb3(b);
    h4 += limb4(b, high);
    const d0 = h0 * r0 + h1 * s4 + h2 * s3 + h3 * s2 + h4 * s1;
    let d1 = h0 * r1 + h1 * r0 + h2 * s4 + h3 * s3 + h4 * s2;
    let d2 = h0 * r2 + h1 * r1 + h2 * r0 + h3 * s4 + h4 * s3;
    let d3 = h0 * r3 + h1 * r2 + h2 * r1 + h3 * r0 + h4 * s4;
    let d4 = h0 * r4 + h1 * r3 + h2 * r2 + h3 * r1 + h4 * r0;
    d1 += d0 >> 26;
    d2 += d1 >> 26;
    h1 = d1 & M26;
    d3 += d2 >> 26;
    h2 = d2 & M26;
    d4 += d3 >> 26;
    h3 = d3 & M26;
    h0 = (d0 & M26) + (d4 >> 26) * 5;
    h4 = d4 & M26;
    h1 += h0 >> 26;
    h0 &= M26;
    p += 16;
    len -= 16;
  }
  keep(state, h0, h1, h2, h3, h4);
}

/** Stores the accumulator with limbs 0 and 1 carried, so that every limb is below 2^27. */
function keep(state: usize, h0: u64, h1: u64, h2: u64, h3: u64, h4: u64): void {
  h1 += h0 >> 26;
  store<u64>(state, h0 & M26);
  h2 += h1 >> 26;
  store<u64>(state, h1 & M26, 8);
  store<u64>(state, h2, 16);
  store<u64>(state, h3, 24);
  store<u64>(state, h4, 32);
}

/** Writes the tag of what was absorbed. */
export function polyFinish(state: usize): void {
  let h0 = load<u64>(state), h1 = load<u64>(state, 8), h2 = load<u64>(state, 16), h3 = load<u64>(state, 24), h4 = load<u64>(state, 32);
  // Two rounds of carries: after them every limb is below 2^26 and the value below 2^130.
  for (let i = 0; i < 2; i++) {
    h1 += h0 >> 26; h0 &= M26;
    h2 += h1 >> 26; h1 &= M26;
    h3 += h2 >> 26; h2 &= M26;
    h4 += h3 >> 26; h3 &= M26;
    h0 += (h4 >> 26) * 5; h4 &= M26;
  }
  h1 += h0 >> 26; h0 &= M26;
  // h - p, taken without a branch when it is not negative.
  let g0 = h0 + 5;
  let g1 = h1 + (g0 >> 26); g0 &= M26;
  let g2 = h2 + (g1 >> 26); g1 &= M26;
  let g3 = h3 + (g2 >> 26); g2 &= M26;
  const g4 = h4 + (g3 >> 26) - (1 << 26); g3 &= M26;
  const useH = 0 - (g4 >> 63), useG = ~useH;
  h0 = (h0 & useH) | (g0 & useG);
  h1 = (h1 & useH) | (g1 & useG);
  h2 = (h2 & useH) | (g2 & useG);
  h3 = (h3 & useH) | (g3 & useG);
  h4 = (h4 & useH) | (g4 & useG);
  const low = h0 | (h1 << 26) | (h2 << 52);
  const highWord = (h2 >> 12) | (h3 << 14) | (h4 << 40);
  const tagLow = low + load<u64>(state + ADD);
  store<u64>(state + TAG, tagLow);
  store<u64>(state + TAG, highWord + load<u64>(state + ADD, 8) + <u64>(tagLow < low), 8);
}

@inline function mul(a: v128, b: v128): v128 { return i64x2.extmul_low_i32x4_u(a, b); }
@inline function pack(h: v128): v128 { return v128.shuffle<u32>(h, h, 0, 2, 0, 2); }
@inline function five(a0: v128, a1: v128, a2: v128, a3: v128, a4: v128): v128 {
  return i64x2.add(i64x2.add(i64x2.add(a0, a1), i64x2.add(a2, a3)), a4);
}
@inline function splat(limb: u64): v128 { return i32x4.splat(<i32>limb); }

/**
 * Absorbs as many whole steps as leave at least the closing pair: even blocks in lane 0, odd ones in lane 1, and for each
 * step of four blocks h = (h + first pair) * r^4 + second pair * r^2, with one carry for both. Gives back how many bytes it took.
 */
function lanes(state: usize, p: usize, len: i32): i32 {
  const k = state + KEY, all = len;
  const r0 = rLimb0(k), r1 = rLimb1(k), r2 = rLimb2(k), r3 = rLimb3(k), r4 = rLimb4(k);
  mulmod(r0, r1, r2, r3, r4, r0, r1, r2, r3, r4);
  const a0 = t0, a1 = t1, a2 = t2, a3 = t3, a4 = t4;
  mulmod(a0, a1, a2, a3, a4, a0, a1, a2, a3, a4);
  const A0 = splat(a0), A1 = splat(a1), A2 = splat(a2), A3 = splat(a3), A4 = splat(a4);
  const B0 = splat(t0), B1 = splat(t1), B2 = splat(t2), B3 = splat(t3), B4 = splat(t4);
  const SA1 = splat(a1 * 5), SA2 = splat(a2 * 5), SA3 = splat(a3 * 5), SA4 = splat(a4 * 5);
  const SB1 = splat(t1 * 5), SB2 = splat(t2 * 5), SB3 = splat(t3 * 5), SB4 = splat(t4 * 5);
  const mask = i64x2.splat(M26), high = i64x2.splat(HIGH), zero = i64x2.splat(0);
  let H0 = i64x2.replace_lane(zero, 0, load<u64>(state)), H1 = i64x2.replace_lane(zero, 0, load<u64>(state, 8));
  let H2 = i64x2.replace_lane(zero, 0, load<u64>(state, 16)), H3 = i64x2.replace_lane(zero, 0, load<u64>(state, 24));
  let H4 = i64x2.replace_lane(zero, 0, load<u64>(state, 32));
  while (len >= LANES_FROM) {
    let u = v128.load(p), v = v128.load(p, 16);
    let x = v128.shuffle<u64>(u, v, 0, 2), y = v128.shuffle<u64>(u, v, 1, 3);
    const h0 = pack(i64x2.add(H0, v128.and(x, mask)));
    const h1 = pack(i64x2.add(H1, v128.and(i64x2.shr_u(x, 26), mask)));
    const h2 = pack(i64x2.add(H2, v128.and(v128.or(i64x2.shr_u(x, 52), i64x2.shl(y, 12)), mask)));
    const h3 = pack(i64x2.add(H3, v128.and(i64x2.shr_u(y, 14), mask)));
    const h4 = pack(i64x2.add(H4, v128.or(i64x2.shr_u(y, 40), high)));
    let d0 = five(mul(h0, B0), mul(h1, SB4), mul(h2, SB3), mul(h3, SB2), mul(h4, SB1));
    let d1 = five(mul(h0, B1), mul(h1, B0), mul(h2, SB4), mul(h3, SB3), mul(h4, SB2));
    let d2 = five(mul(h0, B2), mul(h1, B1), mul(h2, B0), mul(h3, SB4), mul(h4, SB3));
    let d3 = five(mul(h0, B3), mul(h1, B2), mul(h2, B1), mul(h3, B0), mul(h4, SB4));
    let d4 = five(mul(h0, B4), mul(h1, B3), mul(h2, B2), mul(h3, B1), mul(h4, B0));
    u = v128.load(p, 32);
    v = v128.load(p, 48);
    x = v128.shuffle<u64>(u, v, 0, 2);
    y = v128.shuffle<u64>(u, v, 1, 3);
    const m0 = pack(v128.and(x, mask));
    const m1 = pack(v128.and(i64x2.shr_u(x, 26), mask));
    const m2 = pack(v128.and(v128.or(i64x2.shr_u(x, 52), i64x2.shl(y, 12)), mask));
    const m3 = pack(v128.and(i64x2.shr_u(y, 14), mask));
    const m4 = pack(v128.or(i64x2.shr_u(y, 40), high));
    d0 = i64x2.add(d0, five(mul(m0, A0), mul(m1, SA4), mul(m2, SA3), mul(m3, SA2), mul(m4, SA1)));
    d1 = i64x2.add(d1, five(mul(m0, A1), mul(m1, A0), mul(m2, SA4), mul(m3, SA3), mul(m4, SA2)));
    d2 = i64x2.add(d2, five(mul(m0, A2), mul(m1, A1), mul(m2, A0), mul(m3, SA4), mul(m4, SA3)));
    d3 = i64x2.add(d3, five(mul(m0, A3), mul(m1, A2), mul(m2, A1), mul(m3, A0), mul(m4, SA4)));
    d4 = i64x2.add(d4, five(mul(m0, A4), mul(m1, A3), mul(m2, A2), mul(m3, A1), mul(m4, A0)));
    d1 = i64x2.add(d1, i64x2.shr_u(d0, 26));
    d2 = i64x2.add(d2, i64x2.shr_u(d1, 26));
    d3 = i64x2.add(d3, i64x2.shr_u(d2, 26));
    d4 = i64x2.add(d4, i64x2.shr_u(d3, 26));
    const c = i64x2.shr_u(d4, 26);
    H0 = i64x2.add(v128.and(d0, mask), i64x2.add(c, i64x2.shl(c, 2)));
    H1 = i64x2.add(v128.and(d1, mask), i64x2.shr_u(H0, 26));
    H0 = v128.and(H0, mask);
    H2 = v128.and(d2, mask);
    H3 = v128.and(d3, mask);
    H4 = v128.and(d4, mask);
    p += 64;
    len -= 64;
  }
  closePair(
    state, p,
    i64x2.extract_lane(H0, 0), i64x2.extract_lane(H1, 0), i64x2.extract_lane(H2, 0), i64x2.extract_lane(H3, 0), i64x2.extract_lane(H4, 0),
    i64x2.extract_lane(H0, 1), i64x2.extract_lane(H1, 1), i64x2.extract_lane(H2, 1), i64x2.extract_lane(H3, 1), i64x2.extract_lane(H4, 1),
    a0, a1, a2, a3, a4,
  );
  return all - len + 32;
}

/** The pair that joins the lanes: lane 0 times r^2, lane 1 times r. */
function closePair(
  state: usize, p: usize, e0: u64, e1: u64, e2: u64, e3: u64, e4: u64, o0: u64, o1: u64, o2: u64, o3: u64, o4: u64,
  a0: u64, a1: u64, a2: u64, a3: u64, a4: u64,
): void {
  const k = state + KEY;
  let x = load<u64>(p), y = load<u64>(p, 8);
  mulmod(e0 + limb0(x), e1 + limb1(x), e2 + limb2(x, y), e3 + limb3(y), e4 + limb4(y, HIGH), a0, a1, a2, a3, a4);
  const f0 = t0, f1 = t1, f2 = t2, f3 = t3, f4 = t4;
  x = load<u64>(p, 16);
  y = load<u64>(p, 24);
  mulmod(
    o0 + limb0(x), o1 + limb1(x), o2 + limb2(x, y), o3 + limb3(y), o4 + limb4(y, HIGH),
    rLimb0(k), rLimb1(k), rLimb2(k), rLimb3(k), rLimb4(k),
  );
  keep(state, f0 + t0, f1 + t1, f2 + t2, f3 + t3, f4 + t4);
}
