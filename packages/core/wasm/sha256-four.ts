// SHA-256 of four inputs at once: each vector holds one word of all four. About twice as fast as one after the other. AssemblyScript.
import { K, smallSigma0, smallSigma1, swapped } from './sha256';

/** The message schedule, 64 words of each of the four. */
const W: usize = memory.data(1024, 16);
/** The eight words of each of the four hashes in progress. */
const STATE: usize = memory.data(128, 16);

// @ts-ignore: decorator
@inline
function rotated(x: v128, k: i32): v128 {
  return v128.or(i32x4.shr_u(x, k), i32x4.shl(x, 32 - k));
}

// @ts-ignore: decorator
@inline
function first(e: v128, f: v128, g: v128, h: v128, k: usize, w: v128): v128 {
  const sigma = v128.xor(v128.xor(rotated(e, 6), rotated(e, 11)), rotated(e, 25));
  const choice = v128.xor(g, v128.and(e, v128.xor(f, g)));
  return i32x4.add(i32x4.add(i32x4.add(h, sigma), choice), i32x4.add(v128.load32_splat(k), w));
}

// @ts-ignore: decorator
@inline
function second(a: v128, b: v128, c: v128): v128 {
  const sigma = v128.xor(v128.xor(rotated(a, 2), rotated(a, 13)), rotated(a, 22));
  return i32x4.add(sigma, v128.or(v128.and(a, b), v128.and(c, v128.or(a, b))));
}

/** The schedule word at `p` of round `i`: from the message for the first sixteen, computed after that. */
// @ts-ignore: decorator
@inline
function word(p: usize, i: usize): v128 {
  if (i < 16) return v128.load(p);
  const w = i32x4.add(
    i32x4.add(v128.load(p - 256), smallSigma0(v128.load(p - 240))),
    i32x4.add(v128.load(p - 112), smallSigma1(v128.load(p - 32))),
  );
  v128.store(p, w);
  return w;
}

/** Takes 16 bytes from each of four inputs that lie `stride` apart, as four words of all four. */
// @ts-ignore: decorator
@inline
function gather(data: usize, stride: usize, w: usize): void {
  const a = swapped(v128.load(data)), b = swapped(v128.load(data + stride));
  const c = swapped(v128.load(data + 2 * stride)), d = swapped(v128.load(data + 3 * stride));
  const ab = v128.shuffle<i32>(a, b, 0, 4, 1, 5), cd = v128.shuffle<i32>(c, d, 0, 4, 1, 5);
  const ab2 = v128.shuffle<i32>(a, b, 2, 6, 3, 7), cd2 = v128.shuffle<i32>(c, d, 2, 6, 3, 7);
  v128.store(w, v128.shuffle<i64>(ab, cd, 0, 2));
  v128.store(w, v128.shuffle<i64>(ab, cd, 1, 3), 16);
  v128.store(w, v128.shuffle<i64>(ab2, cd2, 0, 2), 32);
  v128.store(w, v128.shuffle<i64>(ab2, cd2, 1, 3), 48);
}

/** Begins four hashes from the eight words at `initial`. */
export function startFour(initial: usize): void {
  for (let i: usize = 0; i < 8; i++) v128.store(STATE + (i << 4), v128.load32_splat(initial + (i << 2)));
}

/** Compresses `count` blocks of 64 bytes of each of four inputs, which lie `stride` bytes apart from `data` on. */
export function hashFourBlocks(data: usize, stride: usize, count: usize): void {
  for (; count > 0; count--, data += 64) {
    for (let at: usize = 0; at < 64; at += 16) gather(data + at, stride, W + (at << 2));
    let a = v128.load(STATE), b = v128.load(STATE, 16), c = v128.load(STATE, 32), d = v128.load(STATE, 48);
    let e = v128.load(STATE, 64), f = v128.load(STATE, 80), g = v128.load(STATE, 96), h = v128.load(STATE, 112);
    for (let i: usize = 0; i < 64; i += 8) {
      const p = W + (i << 4);
      const k = K + (i << 2);
      let t: v128;
      t = first(e, f, g, h, k, word(p, i));
      d = i32x4.add(d, t);
      h = i32x4.add(t, second(a, b, c));
      t = first(d, e, f, g, k + 4, word(p + 16, i));
      c = i32x4.add(c, t);
      g = i32x4.add(t, second(h, a, b));
      t = first(c, d, e, f, k + 8, word(p + 32, i));
      b = i32x4.add(b, t);
      f = i32x4.add(t, second(g, h, a));
      t = first(b, c, d, e, k + 12, word(p + 48, i));
      a = i32x4.add(a, t);
      e = i32x4.add(t, second(f, g, h));
      t = first(a, b, c, d, k + 16, word(p + 64, i));
      h = i32x4.add(h, t);
      d = i32x4.add(t, second(e, f, g));
      t = first(h, a, b, c, k + 20, word(p + 80, i));
      g = i32x4.add(g, t);
      c = i32x4.add(t, second(d, e, f));
      t = first(g, h, a, b, k + 24, word(p + 96, i));
      f = i32x4.add(f, t);
      b = i32x4.add(t, second(c, d, e));
      t = first(f, g, h, a, k + 28, word(p + 112, i));
      e = i32x4.add(e, t);
      a = i32x4.add(t, second(b, c, d));
    }
    v128.store(STATE, i32x4.add(v128.load(STATE), a));
    v128.store(STATE, i32x4.add(v128.load(STATE, 16), b), 16);
    v128.store(STATE, i32x4.add(v128.load(STATE, 32), c), 32);
    v128.store(STATE, i32x4.add(v128.load(STATE, 48), d), 48);
    v128.store(STATE, i32x4.add(v128.load(STATE, 64), e), 64);
    v128.store(STATE, i32x4.add(v128.load(STATE, 80), f), 80);
    v128.store(STATE, i32x4.add(v128.load(STATE, 96), g), 96);
    v128.store(STATE, i32x4.add(v128.load(STATE, 112), h), 112);
  }
}

/** Copies the eight words of one of the four hashes to `target`. */
export function takeOfFour(lane: usize, target: usize): void {
  for (let i: usize = 0; i < 8; i++) store<u32>(target + (i << 2), load<u32>(STATE + (i << 4) + (lane << 2)));
}

/** Forgets the message schedule and the four hashes. */
export function wipeFour(): void {
  memory.fill(W, 0, 1024);
  memory.fill(STATE, 0, 128);
}
