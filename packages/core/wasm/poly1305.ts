// Poly1305 in limbs of 26 bits. Whole blocks come two at a time: one SIMD lane each, multiplied by r squared, joined at the end of a
// call. AssemblyScript. No branch and no address depends on a secret.

const MASK: u64 = 0x3ffffff;

/** h: five limbs of the accumulator; r, r squared: five limbs each; s: the second half of the key. */
const H: usize = memory.data(40, 16);
const R: usize = memory.data(40, 16);
const R2: usize = memory.data(40, 16);
const S: usize = memory.data(16, 16);
const PARTIAL: usize = memory.data(16, 16);

/** Takes the 32-byte one-time key. */
export function startMac(key: usize): void {
  store<u64>(R, load<u32>(key) & 0x3ffffff);
  store<u64>(R, (load<u32>(key, 3) >>> 2) & 0x3ffff03, 8);
  store<u64>(R, (load<u32>(key, 6) >>> 4) & 0x3ffc0ff, 16);
  store<u64>(R, (load<u32>(key, 9) >>> 6) & 0x3f03fff, 24);
  store<u64>(R, (load<u32>(key, 12) >>> 8) & 0x00fffff, 32);
  v128.store(S, v128.load(key, 16));
  memory.copy(H, R, 40);
  multiply();
  memory.copy(R2, H, 40);
  memory.fill(H, 0, 40);
}

/** h = h * r, partially reduced: every limb below 2^26, the second a little more. */
function multiply(): void {
  const h0 = load<u64>(H), h1 = load<u64>(H, 8), h2 = load<u64>(H, 16), h3 = load<u64>(H, 24), h4 = load<u64>(H, 32);
  const r0 = load<u64>(R), r1 = load<u64>(R, 8), r2 = load<u64>(R, 16), r3 = load<u64>(R, 24), r4 = load<u64>(R, 32);
  const s1 = r1 * 5, s2 = r2 * 5, s3 = r3 * 5, s4 = r4 * 5;
  reduce(
    h0 * r0 + h1 * s4 + h2 * s3 + h3 * s2 + h4 * s1,
    h0 * r1 + h1 * r0 + h2 * s4 + h3 * s3 + h4 * s2,
    h0 * r2 + h1 * r1 + h2 * r0 + h3 * s4 + h4 * s3,
    h0 * r3 + h1 * r2 + h2 * r1 + h3 * r0 + h4 * s4,
    h0 * r4 + h1 * r3 + h2 * r2 + h3 * r1 + h4 * r0,
  );
}

// @ts-ignore: decorator
@inline
function reduce(d0: u64, d1: u64, d2: u64, d3: u64, d4: u64): void {
  d1 += d0 >>> 26;
  d2 += d1 >>> 26;
  d3 += d2 >>> 26;
  d4 += d3 >>> 26;
  const low = (d0 & MASK) + (d4 >>> 26) * 5;
  store<u64>(H, low & MASK);
  store<u64>(H, (d1 & MASK) + (low >>> 26), 8);
  store<u64>(H, d2 & MASK, 16);
  store<u64>(H, d3 & MASK, 24);
  store<u64>(H, d4 & MASK, 32);
}

/** h = (h + block) * r. `high` is 2^24 for a whole block and 0 for a padded one. */
function block(data: usize, high: u64): void {
  store<u64>(H, load<u64>(H) + (load<u32>(data) & 0x3ffffff));
  store<u64>(H, load<u64>(H, 8) + ((load<u32>(data, 3) >>> 2) & 0x3ffffff), 8);
  store<u64>(H, load<u64>(H, 16) + ((load<u32>(data, 6) >>> 4) & 0x3ffffff), 16);
  store<u64>(H, load<u64>(H, 24) + (load<u32>(data, 9) >>> 6), 24);
  store<u64>(H, load<u64>(H, 32) + ((load<u32>(data, 12) >>> 8) | high), 32);
  multiply();
}

// @ts-ignore: decorator
@inline
function mul(a: v128, b: v128): v128 {
  return i64x2.extmul_low_i32x4_u(a, b);
}

// @ts-ignore: decorator
@inline
function pack(x: v128): v128 {
  return v128.shuffle<i32>(x, x, 0, 2, 0, 2);
}

/** One limb of r squared in both lanes, as 32-bit words. */
// @ts-ignore: decorator
@inline
function limb(at: usize, factor: u64): v128 {
  return i32x4.splat(<i32>(load<u64>(R2 + at) * factor));
}

/** A limb pair: the even-numbered block in lane 0, the odd-numbered in lane 1. */
// @ts-ignore: decorator
@inline
function pair(a: u64, b: u64): v128 {
  return i64x2.replace_lane(i64x2.splat(<i64>a), 1, <i64>b);
}

/**
 * Absorbs `length` bytes; every call but the last has a multiple of 16.
 * Lanes: lane 0 sums blocks 0, 2, 4 …, lane 1 blocks 1, 3, 5 …; each step multiplies both by r². At the end lane 0 still lacks
 * a factor r² and lane 1 a factor r.
 */
export function absorb(data: usize, length: usize): void {
  const pairs = length >>> 5;
  if (pairs > 1) {
    const r0 = limb(0, 1), r1 = limb(8, 1), r2 = limb(16, 1), r3 = limb(24, 1), r4 = limb(32, 1);
    const s1 = limb(8, 5), s2 = limb(16, 5), s3 = limb(24, 5), s4 = limb(32, 5);
    const mask = i64x2.splat(<i64>MASK);
    const high = i64x2.splat(1 << 24);
    let a0 = pair(load<u64>(H), 0), a1 = pair(load<u64>(H, 8), 0), a2 = pair(load<u64>(H, 16), 0), a3 = pair(load<u64>(H, 24), 0), a4 = pair(load<u64>(H, 32), 0);
    const end = data + (pairs << 5);
    for (;;) {
      // Words of two blocks: low halves and high halves side by side.
      const first = v128.load(data);
      const second = v128.load(data, 16);
      const low = v128.shuffle<i64>(first, second, 0, 2);
      const top = v128.shuffle<i64>(first, second, 1, 3);
      a0 = i64x2.add(a0, v128.and(low, mask));
      a1 = i64x2.add(a1, v128.and(i64x2.shr_u(low, 26), mask));
      a2 = i64x2.add(a2, v128.and(v128.or(i64x2.shr_u(low, 52), i64x2.shl(top, 12)), mask));
      a3 = i64x2.add(a3, v128.and(i64x2.shr_u(top, 14), mask));
      a4 = i64x2.add(a4, v128.or(i64x2.shr_u(top, 40), high));
      data += 32;
      if (data == end) break;
      const h0 = pack(a0), h1 = pack(a1), h2 = pack(a2), h3 = pack(a3), h4 = pack(a4);
      let d0 = i64x2.add(i64x2.add(mul(h0, r0), mul(h1, s4)), i64x2.add(i64x2.add(mul(h2, s3), mul(h3, s2)), mul(h4, s1)));
      let d1 = i64x2.add(i64x2.add(mul(h0, r1), mul(h1, r0)), i64x2.add(i64x2.add(mul(h2, s4), mul(h3, s3)), mul(h4, s2)));
      let d2 = i64x2.add(i64x2.add(mul(h0, r2), mul(h1, r1)), i64x2.add(i64x2.add(mul(h2, r0), mul(h3, s4)), mul(h4, s3)));
      let d3 = i64x2.add(i64x2.add(mul(h0, r3), mul(h1, r2)), i64x2.add(i64x2.add(mul(h2, r1), mul(h3, r0)), mul(h4, s4)));
      let d4 = i64x2.add(i64x2.add(mul(h0, r4), mul(h1, r3)), i64x2.add(i64x2.add(mul(h2, r2), mul(h3, r1)), mul(h4, r0)));
      // Two carry chains at once, to keep the way short.
      d1 = i64x2.add(d1, i64x2.shr_u(d0, 26));
      d4 = i64x2.add(d4, i64x2.shr_u(d3, 26));
      d0 = v128.and(d0, mask);
      d3 = v128.and(d3, mask);
      d2 = i64x2.add(d2, i64x2.shr_u(d1, 26));
      const carry = i64x2.shr_u(d4, 26);
      d0 = i64x2.add(d0, i64x2.add(carry, i64x2.shl(carry, 2)));
      a1 = v128.and(d1, mask);
      a4 = v128.and(d4, mask);
      d3 = i64x2.add(d3, i64x2.shr_u(d2, 26));
      a2 = v128.and(d2, mask);
      a1 = i64x2.add(a1, i64x2.shr_u(d0, 26));
      a0 = v128.and(d0, mask);
      a4 = i64x2.add(a4, i64x2.shr_u(d3, 26));
      a3 = v128.and(d3, mask);
    }
    // h = (lane 0 * r + lane 1) * r.
    store<u64>(H, i64x2.extract_lane(a0, 0));
    store<u64>(H, i64x2.extract_lane(a1, 0), 8);
    store<u64>(H, i64x2.extract_lane(a2, 0), 16);
    store<u64>(H, i64x2.extract_lane(a3, 0), 24);
    store<u64>(H, i64x2.extract_lane(a4, 0), 32);
    multiply();
    store<u64>(H, load<u64>(H) + i64x2.extract_lane(a0, 1));
    store<u64>(H, load<u64>(H, 8) + i64x2.extract_lane(a1, 1), 8);
    store<u64>(H, load<u64>(H, 16) + i64x2.extract_lane(a2, 1), 16);
    store<u64>(H, load<u64>(H, 24) + i64x2.extract_lane(a3, 1), 24);
    store<u64>(H, load<u64>(H, 32) + i64x2.extract_lane(a4, 1), 32);
    multiply();
    length -= pairs << 5;
  }
  for (; length >= 16; length -= 16, data += 16) block(data, 1 << 24);
  if (length > 0) {
    memory.fill(PARTIAL, 0, 16);
    memory.copy(PARTIAL, data, length);
    store<u8>(PARTIAL + length, 1);
    block(PARTIAL, 0);
  }
}

/** Writes the 16-byte tag and forgets the key. */
export function finishMac(tag: usize): void {
  let h0 = load<u64>(H), h1 = load<u64>(H, 8), h2 = load<u64>(H, 16), h3 = load<u64>(H, 24), h4 = load<u64>(H, 32);
  // Carry fully.
  h2 += h1 >>> 26;
  h1 &= MASK;
  h3 += h2 >>> 26;
  h2 &= MASK;
  h4 += h3 >>> 26;
  h3 &= MASK;
  h0 += (h4 >>> 26) * 5;
  h4 &= MASK;
  h1 += h0 >>> 26;
  h0 &= MASK;
  h2 += h1 >>> 26;
  h1 &= MASK;
  h3 += h2 >>> 26;
  h2 &= MASK;
  h4 += h3 >>> 26;
  h3 &= MASK;
  // g = h - p; take it when it is not negative, without a branch.
  let g0 = h0 + 5;
  let g1 = h1 + (g0 >>> 26);
  g0 &= MASK;
  let g2 = h2 + (g1 >>> 26);
  g1 &= MASK;
  let g3 = h3 + (g2 >>> 26);
  g2 &= MASK;
  const g4 = h4 + (g3 >>> 26) - (1 << 26);
  g3 &= MASK;
  const keep: u64 = <u64>(<i64>g4 >> 63);
  h0 = (h0 & keep) | (g0 & ~keep);
  h1 = (h1 & keep) | (g1 & ~keep);
  h2 = (h2 & keep) | (g2 & ~keep);
  h3 = (h3 & keep) | (g3 & ~keep);
  h4 = (h4 & keep) | (g4 & ~keep);
  // Into 32-bit words, plus s modulo 2^128.
  let sum: u64 = ((h0 | (h1 << 26)) & 0xffffffff) + load<u32>(S);
  store<u32>(tag, <u32>sum);
  sum = (((h1 >>> 6) | (h2 << 20)) & 0xffffffff) + load<u32>(S, 4) + (sum >>> 32);
  store<u32>(tag, <u32>sum, 4);
  sum = (((h2 >>> 12) | (h3 << 14)) & 0xffffffff) + load<u32>(S, 8) + (sum >>> 32);
  store<u32>(tag, <u32>sum, 8);
  sum = (((h3 >>> 18) | (h4 << 8)) & 0xffffffff) + load<u32>(S, 12) + (sum >>> 32);
  store<u32>(tag, <u32>sum, 12);
  memory.fill(H, 0, 40);
  memory.fill(R, 0, 40);
  memory.fill(R2, 0, 40);
  memory.fill(S, 0, 16);
  memory.fill(PARTIAL, 0, 16);
}
