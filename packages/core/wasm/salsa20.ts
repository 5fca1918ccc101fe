// XSalsa20 with SIMD: four blocks at a time, each vector holding one word of all four. AssemblyScript, compiled by `npm run wasm`.
// No branch and no address depends on a secret.

/** "expand 32-byte k". */
const SIGMA0: u32 = 0x61707865;
const SIGMA1: u32 = 0x3320646e;
const SIGMA2: u32 = 0x79622d32;
const SIGMA3: u32 = 0x6b206574;

/** The 16 words of the current Salsa20 input: constants, subkey, nonce and counter, as the algorithm lays them out. */
const STATE: usize = memory.data(64, 16);
/** The four keystream blocks of one step. */
const STREAM: usize = memory.data(256, 16);

// @ts-ignore: decorator
@inline
function rotl(x: u32, k: i32): u32 {
  return (x << k) | (x >>> (32 - k));
}

// @ts-ignore: decorator
@inline
function mix(target: v128, a: v128, b: v128, k: i32): v128 {
  const sum = i32x4.add(a, b);
  return v128.xor(target, v128.or(i32x4.shl(sum, k), i32x4.shr_u(sum, 32 - k)));
}

/** Scalar double rounds over 16 words at `x`; for key setup only. */
function rounds(x: usize, count: i32): void {
  let x0 = load<u32>(x), x1 = load<u32>(x, 4), x2 = load<u32>(x, 8), x3 = load<u32>(x, 12);
  let x4 = load<u32>(x, 16), x5 = load<u32>(x, 20), x6 = load<u32>(x, 24), x7 = load<u32>(x, 28);
  let x8 = load<u32>(x, 32), x9 = load<u32>(x, 36), x10 = load<u32>(x, 40), x11 = load<u32>(x, 44);
  let x12 = load<u32>(x, 48), x13 = load<u32>(x, 52), x14 = load<u32>(x, 56), x15 = load<u32>(x, 60);
  for (let i = 0; i < count; i++) {
    x4 ^= rotl(x0 + x12, 7);
    x8 ^= rotl(x4 + x0, 9);
    x12 ^= rotl(x8 + x4, 13);
    x0 ^= rotl(x12 + x8, 18);
    x9 ^= rotl(x5 + x1, 7);
    x13 ^= rotl(x9 + x5, 9);
    x1 ^= rotl(x13 + x9, 13);
    x5 ^= rotl(x1 + x13, 18);
    x14 ^= rotl(x10 + x6, 7);
    x2 ^= rotl(x14 + x10, 9);
    x6 ^= rotl(x2 + x14, 13);
    x10 ^= rotl(x6 + x2, 18);
    x3 ^= rotl(x15 + x11, 7);
    x7 ^= rotl(x3 + x15, 9);
    x11 ^= rotl(x7 + x3, 13);
    x15 ^= rotl(x11 + x7, 18);
    x1 ^= rotl(x0 + x3, 7);
    x2 ^= rotl(x1 + x0, 9);
    x3 ^= rotl(x2 + x1, 13);
    x0 ^= rotl(x3 + x2, 18);
    x6 ^= rotl(x5 + x4, 7);
    x7 ^= rotl(x6 + x5, 9);
    x4 ^= rotl(x7 + x6, 13);
    x5 ^= rotl(x4 + x7, 18);
    x11 ^= rotl(x10 + x9, 7);
    x8 ^= rotl(x11 + x10, 9);
    x9 ^= rotl(x8 + x11, 13);
    x10 ^= rotl(x9 + x8, 18);
    x12 ^= rotl(x15 + x14, 7);
    x13 ^= rotl(x12 + x15, 9);
    x14 ^= rotl(x13 + x12, 13);
    x15 ^= rotl(x14 + x13, 18);
  }
  store<u32>(x, x0);
  store<u32>(x, x1, 4);
  store<u32>(x, x2, 8);
  store<u32>(x, x3, 12);
  store<u32>(x, x4, 16);
  store<u32>(x, x5, 20);
  store<u32>(x, x6, 24);
  store<u32>(x, x7, 28);
  store<u32>(x, x8, 32);
  store<u32>(x, x9, 36);
  store<u32>(x, x10, 40);
  store<u32>(x, x11, 44);
  store<u32>(x, x12, 48);
  store<u32>(x, x13, 52);
  store<u32>(x, x14, 56);
  store<u32>(x, x15, 60);
}

function layOut(key: usize, input: usize): void {
  store<u32>(STATE, SIGMA0);
  store<u32>(STATE, SIGMA1, 20);
  store<u32>(STATE, SIGMA2, 40);
  store<u32>(STATE, SIGMA3, 60);
  v128.store(STATE + 4, v128.load(key));
  store<u32>(STATE, SIGMA1, 20);
  store<u64>(STATE, load<u64>(input), 24);
  store<u64>(STATE, load<u64>(input, 8), 32);
  store<u32>(STATE, SIGMA2, 40);
  v128.store(STATE + 44, v128.load(key, 16));
  store<u32>(STATE, SIGMA3, 60);
}

/** Derives the subkey of a 32-byte key and a 24-byte nonce (HSalsa20) and points the stream at block 0. `key` is overwritten. */
export function startStream(key: usize, nonce: usize): void {
  layOut(key, nonce);
  rounds(STATE, 10);
  // The subkey is the diagonal and the input words of the permuted state.
  store<u32>(key, load<u32>(STATE));
  store<u32>(key, load<u32>(STATE, 20), 4);
  store<u32>(key, load<u32>(STATE, 40), 8);
  store<u32>(key, load<u32>(STATE, 60), 12);
  v128.store(key + 16, v128.load(STATE, 24));
  const tail = load<u64>(nonce, 16);
  store<u64>(nonce, tail);
  store<u64>(nonce, 0, 8);
  layOut(key, nonce);
}

/** Makes the next four blocks in STREAM and moves on. */
function nextBlocks(): void {
  const counter = load<u64>(STATE, 32);
  const i0 = v128.load32_splat(STATE), i1 = v128.load32_splat(STATE, 4), i2 = v128.load32_splat(STATE, 8), i3 = v128.load32_splat(STATE, 12);
  const i4 = v128.load32_splat(STATE, 16), i5 = v128.load32_splat(STATE, 20), i6 = v128.load32_splat(STATE, 24), i7 = v128.load32_splat(STATE, 28);
  const c1 = counter + 1, c2 = counter + 2, c3 = counter + 3;
  let i8 = i32x4.splat(<i32>counter);
  i8 = i32x4.replace_lane(i8, 1, <i32>c1);
  i8 = i32x4.replace_lane(i8, 2, <i32>c2);
  i8 = i32x4.replace_lane(i8, 3, <i32>c3);
  let i9 = i32x4.splat(<i32>(counter >>> 32));
  i9 = i32x4.replace_lane(i9, 1, <i32>(c1 >>> 32));
  i9 = i32x4.replace_lane(i9, 2, <i32>(c2 >>> 32));
  i9 = i32x4.replace_lane(i9, 3, <i32>(c3 >>> 32));
  const i10 = v128.load32_splat(STATE, 40), i11 = v128.load32_splat(STATE, 44);
  const i12 = v128.load32_splat(STATE, 48), i13 = v128.load32_splat(STATE, 52), i14 = v128.load32_splat(STATE, 56), i15 = v128.load32_splat(STATE, 60);
  let x0 = i0, x1 = i1, x2 = i2, x3 = i3, x4 = i4, x5 = i5, x6 = i6, x7 = i7;
  let x8 = i8, x9 = i9, x10 = i10, x11 = i11, x12 = i12, x13 = i13, x14 = i14, x15 = i15;
  for (let i = 0; i < 10; i++) {
    x4 = mix(x4, x0, x12, 7);
    x9 = mix(x9, x5, x1, 7);
    x14 = mix(x14, x10, x6, 7);
    x3 = mix(x3, x15, x11, 7);
    x8 = mix(x8, x4, x0, 9);
    x13 = mix(x13, x9, x5, 9);
    x2 = mix(x2, x14, x10, 9);
    x7 = mix(x7, x3, x15, 9);
    x12 = mix(x12, x8, x4, 13);
    x1 = mix(x1, x13, x9, 13);
    x6 = mix(x6, x2, x14, 13);
    x11 = mix(x11, x7, x3, 13);
    x0 = mix(x0, x12, x8, 18);
    x5 = mix(x5, x1, x13, 18);
    x10 = mix(x10, x6, x2, 18);
    x15 = mix(x15, x11, x7, 18);
    x1 = mix(x1, x0, x3, 7);
    x6 = mix(x6, x5, x4, 7);
    x11 = mix(x11, x10, x9, 7);
    x12 = mix(x12, x15, x14, 7);
    x2 = mix(x2, x1, x0, 9);
    x7 = mix(x7, x6, x5, 9);
    x8 = mix(x8, x11, x10, 9);
    x13 = mix(x13, x12, x15, 9);
    x3 = mix(x3, x2, x1, 13);
    x4 = mix(x4, x7, x6, 13);
    x9 = mix(x9, x8, x11, 13);
    x14 = mix(x14, x13, x12, 13);
    x0 = mix(x0, x3, x2, 18);
    x5 = mix(x5, x4, x7, 18);
    x10 = mix(x10, x9, x8, 18);
    x15 = mix(x15, x14, x13, 18);
  }
  put(0, i32x4.add(x0, i0), i32x4.add(x1, i1), i32x4.add(x2, i2), i32x4.add(x3, i3));
  put(16, i32x4.add(x4, i4), i32x4.add(x5, i5), i32x4.add(x6, i6), i32x4.add(x7, i7));
  put(32, i32x4.add(x8, i8), i32x4.add(x9, i9), i32x4.add(x10, i10), i32x4.add(x11, i11));
  put(48, i32x4.add(x12, i12), i32x4.add(x13, i13), i32x4.add(x14, i14), i32x4.add(x15, i15));
  store<u64>(STATE, counter + 4, 32);
}

/** Turns four vectors of one word each into 16 bytes of each of the four blocks, at `offset` within a block. */
// @ts-ignore: decorator
@inline
function put(offset: usize, a: v128, b: v128, c: v128, d: v128): void {
  const ab = v128.shuffle<i32>(a, b, 0, 4, 1, 5);
  const cd = v128.shuffle<i32>(c, d, 0, 4, 1, 5);
  const ab2 = v128.shuffle<i32>(a, b, 2, 6, 3, 7);
  const cd2 = v128.shuffle<i32>(c, d, 2, 6, 3, 7);
  v128.store(STREAM + offset, v128.shuffle<i64>(ab, cd, 0, 2));
  v128.store(STREAM + 64 + offset, v128.shuffle<i64>(ab, cd, 1, 3));
  v128.store(STREAM + 128 + offset, v128.shuffle<i64>(ab2, cd2, 0, 2));
  v128.store(STREAM + 192 + offset, v128.shuffle<i64>(ab2, cd2, 1, 3));
}

/** Copies block 0 to `target` and makes block 1 the next one. */
export function firstBlock(target: usize): void {
  nextBlocks();
  memory.copy(target, STREAM, 64);
  store<u64>(STATE, 1, 32);
}

/** XORs the stream onto `length` bytes at `data`. Every call but the last has a multiple of 256 bytes. */
export function xorStream(data: usize, length: usize): void {
  let at: usize = 0;
  for (; at + 256 <= length; at += 256) {
    nextBlocks();
    for (let i: usize = 0; i < 256; i += 64) {
      const p = data + at + i;
      const s = STREAM + i;
      v128.store(p, v128.xor(v128.load(p), v128.load(s)));
      v128.store(p, v128.xor(v128.load(p, 16), v128.load(s, 16)), 16);
      v128.store(p, v128.xor(v128.load(p, 32), v128.load(s, 32)), 32);
      v128.store(p, v128.xor(v128.load(p, 48), v128.load(s, 48)), 48);
    }
  }
  if (at < length) {
    nextBlocks();
    for (let i: usize = 0; at < length; at++, i++) store<u8>(data + at, load<u8>(data + at) ^ load<u8>(STREAM + i));
  }
}

/** Forgets key and stream. */
export function wipeStream(): void {
  memory.fill(STATE, 0, 64);
  memory.fill(STREAM, 0, 256);
}
