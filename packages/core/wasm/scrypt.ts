// The memory-hard part of scrypt (RFC 7914, SMix) with SIMD. Every 64-byte block is kept as the four diagonals of its Salsa20 matrix, so
// that the quarter rounds of a whole row are one vector operation. AssemblyScript, compiled by `npm run wasm`.
//
// Memory: X (128·r bytes) || Y (the same) || V (N · 128·r bytes), from BASE on. JavaScript calls in steps, for progress and cancelling.

/** Where X begins; the module itself needs nothing of the memory before. */
const BASE: usize = 1024;

let blockSize: usize = 0;

// @ts-ignore: decorator
@inline
function xorRotated(target: v128, a: v128, b: v128, k: i32): v128 {
  const sum = i32x4.add(a, b);
  return v128.xor(target, v128.xor(i32x4.shl(sum, k), i32x4.shr_u(sum, 32 - k)));
}

/** Sets r; returns where the caller puts the 128·r input bytes. */
export function start(r: usize): usize {
  blockSize = 128 * r;
  return BASE;
}

/** The word of a block that stands at position i of the diagonal layout. */
// @ts-ignore: decorator
@inline
function wordAt(i: usize): usize {
  return (i * 5) & 15;
}

/** Rearranges X into diagonals. Uses Y. */
export function enter(): void {
  const y = BASE + blockSize;
  memory.copy(y, BASE, blockSize);
  for (let at: usize = 0; at < blockSize; at += 64) {
    for (let i: usize = 0; i < 16; i++) store<u32>(BASE + at + (i << 2), load<u32>(y + at + (wordAt(i) << 2)));
  }
}

/** Puts X back into its usual order. Uses Y. */
export function leave(): void {
  const y = BASE + blockSize;
  memory.copy(y, BASE, blockSize);
  for (let at: usize = 0; at < blockSize; at += 64) {
    for (let i: usize = 0; i < 16; i++) store<u32>(BASE + at + (wordAt(i) << 2), load<u32>(y + at + (i << 2)));
  }
}

/** BlockMix from `from` (XORed with `with` unless that is 0) to `to`; the order of the output blocks is even ones first. */
// @ts-ignore: decorator
@inline
function blockMix(from: usize, other: usize, to: usize): void {
  const last = from + blockSize - 64;
  let x0 = v128.load(last), x1 = v128.load(last, 16), x2 = v128.load(last, 32), x3 = v128.load(last, 48);
  if (other != 0) {
    const q = other + blockSize - 64;
    x0 = v128.xor(x0, v128.load(q));
    x1 = v128.xor(x1, v128.load(q, 16));
    x2 = v128.xor(x2, v128.load(q, 32));
    x3 = v128.xor(x3, v128.load(q, 48));
  }
  let even = to;
  let odd = to + (blockSize >> 1);
  for (let at: usize = 0; at < blockSize; at += 64) {
    const p = from + at;
    x0 = v128.xor(x0, v128.load(p));
    x1 = v128.xor(x1, v128.load(p, 16));
    x2 = v128.xor(x2, v128.load(p, 32));
    x3 = v128.xor(x3, v128.load(p, 48));
    if (other != 0) {
      const q = other + at;
      x0 = v128.xor(x0, v128.load(q));
      x1 = v128.xor(x1, v128.load(q, 16));
      x2 = v128.xor(x2, v128.load(q, 32));
      x3 = v128.xor(x3, v128.load(q, 48));
    }
    const i0 = x0, i1 = x1, i2 = x2, i3 = x3;
    for (let round = 0; round < 4; round++) {
      // Diagonal layout: x0 = words 0 5 10 15, x1 = 4 9 14 3, x2 = 8 13 2 7, x3 = 12 1 6 11.
      x1 = xorRotated(x1, x0, x3, 7);
      x2 = xorRotated(x2, x1, x0, 9);
      x3 = xorRotated(x3, x2, x1, 13);
      x0 = xorRotated(x0, x3, x2, 18);
      x1 = v128.shuffle<i32>(x1, x1, 3, 0, 1, 2);
      x2 = v128.shuffle<i32>(x2, x2, 2, 3, 0, 1);
      x3 = v128.shuffle<i32>(x3, x3, 1, 2, 3, 0);
      x3 = xorRotated(x3, x0, x1, 7);
      x2 = xorRotated(x2, x3, x0, 9);
      x1 = xorRotated(x1, x2, x3, 13);
      x0 = xorRotated(x0, x1, x2, 18);
      x1 = v128.shuffle<i32>(x1, x1, 1, 2, 3, 0);
      x2 = v128.shuffle<i32>(x2, x2, 2, 3, 0, 1);
      x3 = v128.shuffle<i32>(x3, x3, 3, 0, 1, 2);
    }
    x0 = i32x4.add(x0, i0);
    x1 = i32x4.add(x1, i1);
    x2 = i32x4.add(x2, i2);
    x3 = i32x4.add(x3, i3);
    const t = (at & 64) == 0 ? even : odd;
    v128.store(t, x0);
    v128.store(t, x1, 16);
    v128.store(t, x2, 32);
    v128.store(t, x3, 48);
    if ((at & 64) == 0) even += 64;
    else odd += 64;
  }
}

/** Fills V[from … to). `from` and `to` are even; V[from] is made from X. */
export function fill(from: usize, to: usize): void {
  const y = BASE + blockSize;
  const v = y + blockSize;
  for (let i = from; i < to; i += 2) {
    memory.copy(v + i * blockSize, BASE, blockSize);
    blockMix(BASE, 0, y);
    memory.copy(v + (i + 1) * blockSize, y, blockSize);
    blockMix(y, 0, BASE);
  }
}

/** Steps of the second loop, an even number; `n` is a power of two. */
export function mix(steps: usize, n: usize): void {
  const y = BASE + blockSize;
  const v = y + blockSize;
  const lastX = BASE + blockSize - 64;
  const lastY = y + blockSize - 64;
  for (let i: usize = 0; i < steps; i += 2) {
    // Integerify: word 0 of the last block, which the diagonal layout leaves at position 0.
    blockMix(BASE, v + (load<u32>(lastX) & (n - 1)) * blockSize, y);
    blockMix(y, v + (load<u32>(lastY) & (n - 1)) * blockSize, BASE);
  }
}
