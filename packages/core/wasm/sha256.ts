// SHA-256 (FIPS 180-4) of one input; the message schedule four words at a time with SIMD. AssemblyScript, compiled by `npm run wasm`.

/** The round constants. */
export const K: usize = memory.data<u32>([
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be,
  0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa,
  0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85,
  0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3,
  0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f,
  0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
]);
/** Sixteen words of the message schedule, each with its round constant added. */
const W: usize = memory.data(64, 16);

// @ts-ignore: decorator
@inline
function rotated(x: v128, k: i32): v128 {
  return v128.or(i32x4.shr_u(x, k), i32x4.shl(x, 32 - k));
}

// @ts-ignore: decorator
@inline
export function smallSigma0(x: v128): v128 {
  return v128.xor(v128.xor(rotated(x, 7), rotated(x, 18)), i32x4.shr_u(x, 3));
}

// @ts-ignore: decorator
@inline
export function smallSigma1(x: v128): v128 {
  return v128.xor(v128.xor(rotated(x, 17), rotated(x, 19)), i32x4.shr_u(x, 10));
}

/** Four 32-bit words in the other byte order. */
// @ts-ignore: decorator
@inline
export function swapped(x: v128): v128 {
  return v128.shuffle<i8>(x, x, 3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12);
}

/** The four words of the schedule that follow the sixteen given ones. */
// @ts-ignore: decorator
@inline
function next(w0: v128, w4: v128, w8: v128, w12: v128): v128 {
  const zero = i32x4.splat(0);
  const sum = i32x4.add(i32x4.add(w0, smallSigma0(v128.shuffle<i32>(w0, w4, 1, 2, 3, 4))), v128.shuffle<i32>(w8, w12, 1, 2, 3, 4));
  // The last two of the four need the first two.
  const half = i32x4.add(sum, v128.shuffle<i32>(smallSigma1(w12), zero, 2, 3, 4, 4));
  return i32x4.add(half, v128.shuffle<i32>(smallSigma1(half), zero, 4, 4, 0, 1));
}

// @ts-ignore: decorator
@inline
function first(e: u32, f: u32, g: u32, h: u32, w: u32): u32 {
  return h + (rotr<u32>(e, 6) ^ rotr<u32>(e, 11) ^ rotr<u32>(e, 25)) + (g ^ (e & (f ^ g))) + w;
}

// @ts-ignore: decorator
@inline
function second(a: u32, b: u32, c: u32): u32 {
  return (rotr<u32>(a, 2) ^ rotr<u32>(a, 13) ^ rotr<u32>(a, 22)) + ((a & b) | (c & (a | b)));
}

/** Sets the eight words at `state` to the initial hash value. */
export function startHash(state: usize): void {
  store<u32>(state, 0x6a09e667);
  store<u32>(state, 0xbb67ae85, 4);
  store<u32>(state, 0x3c6ef372, 8);
  store<u32>(state, 0xa54ff53a, 12);
  store<u32>(state, 0x510e527f, 16);
  store<u32>(state, 0x9b05688c, 20);
  store<u32>(state, 0x1f83d9ab, 24);
  store<u32>(state, 0x5be0cd19, 28);
}

/** Compresses `count` blocks of 64 bytes at `data` into `state`. */
export function hashBlocks(state: usize, data: usize, count: usize): void {
  let s0 = load<u32>(state), s1 = load<u32>(state, 4), s2 = load<u32>(state, 8), s3 = load<u32>(state, 12);
  let s4 = load<u32>(state, 16), s5 = load<u32>(state, 20), s6 = load<u32>(state, 24), s7 = load<u32>(state, 28);
  for (; count > 0; count--, data += 64) {
    let w0 = swapped(v128.load(data)), w4 = swapped(v128.load(data, 16)), w8 = swapped(v128.load(data, 32)), w12 = swapped(v128.load(data, 48));
    let a = s0, b = s1, c = s2, d = s3, e = s4, f = s5, g = s6, h = s7;
    for (let i: usize = 0; i < 256; i += 64) {
      const k = K + i;
      v128.store(W, i32x4.add(w0, v128.load(k)));
      v128.store(W, i32x4.add(w4, v128.load(k, 16)), 16);
      v128.store(W, i32x4.add(w8, v128.load(k, 32)), 32);
      v128.store(W, i32x4.add(w12, v128.load(k, 48)), 48);
      let t: u32;
      t = first(e, f, g, h, load<u32>(W));
      d += t;
      h = t + second(a, b, c);
      t = first(d, e, f, g, load<u32>(W, 4));
      c += t;
      g = t + second(h, a, b);
      t = first(c, d, e, f, load<u32>(W, 8));
      b += t;
      f = t + second(g, h, a);
      t = first(b, c, d, e, load<u32>(W, 12));
      a += t;
      e = t + second(f, g, h);
      if (i < 192) w0 = next(w0, w4, w8, w12);
      t = first(a, b, c, d, load<u32>(W, 16));
      h += t;
      d = t + second(e, f, g);
      t = first(h, a, b, c, load<u32>(W, 20));
      g += t;
      c = t + second(d, e, f);
      t = first(g, h, a, b, load<u32>(W, 24));
      f += t;
      b = t + second(c, d, e);
      t = first(f, g, h, a, load<u32>(W, 28));
      e += t;
      a = t + second(b, c, d);
      if (i < 192) w4 = next(w4, w8, w12, w0);
      t = first(e, f, g, h, load<u32>(W, 32));
      d += t;
      h = t + second(a, b, c);
      t = first(d, e, f, g, load<u32>(W, 36));
      c += t;
      g = t + second(h, a, b);
      t = first(c, d, e, f, load<u32>(W, 40));
      b += t;
      f = t + second(g, h, a);
      t = first(b, c, d, e, load<u32>(W, 44));
      a += t;
      e = t + second(f, g, h);
      if (i < 192) w8 = next(w8, w12, w0, w4);
      t = first(a, b, c, d, load<u32>(W, 48));
      h += t;
      d = t + second(e, f, g);
      t = first(h, a, b, c, load<u32>(W, 52));
      g += t;
      c = t + second(d, e, f);
      t = first(g, h, a, b, load<u32>(W, 56));
      f += t;
      b = t + second(c, d, e);
      t = first(f, g, h, a, load<u32>(W, 60));
      e += t;
      a = t + second(b, c, d);
      if (i < 192) w12 = next(w12, w0, w4, w8);
    }
    s0 += a;
    s1 += b;
    s2 += c;
    s3 += d;
    s4 += e;
    s5 += f;
    s6 += g;
    s7 += h;
  }
  store<u32>(state, s0);
  store<u32>(state, s1, 4);
  store<u32>(state, s2, 8);
  store<u32>(state, s3, 12);
  store<u32>(state, s4, 16);
  store<u32>(state, s5, 20);
  store<u32>(state, s6, 24);
  store<u32>(state, s7, 28);
}

/**
 * Pads and compresses the last `length` (0 to 63) bytes at `data`, of `total` in all, and writes the 32-byte hash to `state` in its
 * final byte order. `data` must have room for 128 bytes.
 */
export function finishHash(state: usize, data: usize, length: usize, total: u64): void {
  memory.fill(data + length, 0, 128 - length);
  store<u8>(data + length, 0x80);
  const blocks: usize = length < 56 ? 1 : 2;
  store<u64>(data + (blocks << 6) - 8, bswap<u64>(total << 3));
  hashBlocks(state, data, blocks);
  for (let i: usize = 0; i < 32; i += 4) store<u32>(state + i, bswap<u32>(load<u32>(state + i)));
}

/** Forgets the message schedule. */
export function wipeHash(): void {
  memory.fill(W, 0, 64);
}
