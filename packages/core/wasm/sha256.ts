// SHA-256 (FIPS 180-4). AssemblyScript, compiled by `npm run wasm`.

const K: usize = memory.data<u32>([
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be,
  0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa,
  0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85,
  0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3,
  0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f,
  0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
]);
const W: usize = memory.data(256, 16);

// @ts-ignore: decorator
@inline
function schedule(i: usize): u32 {
  const p = W + (i << 2);
  const w15 = load<u32>(p - 60);
  const w2 = load<u32>(p - 8);
  const s0 = rotr<u32>(w15, 7) ^ rotr<u32>(w15, 18) ^ (w15 >>> 3);
  const s1 = rotr<u32>(w2, 17) ^ rotr<u32>(w2, 19) ^ (w2 >>> 10);
  const w = load<u32>(p - 64) + s0 + load<u32>(p - 28) + s1;
  store<u32>(p, w);
  return w;
}

// @ts-ignore: decorator
@inline
function first(e: u32, f: u32, g: u32, h: u32, k: u32, w: u32): u32 {
  return h + (rotr<u32>(e, 6) ^ rotr<u32>(e, 11) ^ rotr<u32>(e, 25)) + (g ^ (e & (f ^ g))) + k + w;
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
    let a = s0, b = s1, c = s2, d = s3, e = s4, f = s5, g = s6, h = s7;
    for (let i: usize = 0; i < 64; i += 8) {
      let w0: u32, w1: u32, w2: u32, w3: u32, w4: u32, w5: u32, w6: u32, w7: u32;
      const p = W + (i << 2);
      if (i < 16) {
        const q = data + (i << 2);
        w0 = bswap<u32>(load<u32>(q));
        w1 = bswap<u32>(load<u32>(q, 4));
        w2 = bswap<u32>(load<u32>(q, 8));
        w3 = bswap<u32>(load<u32>(q, 12));
        w4 = bswap<u32>(load<u32>(q, 16));
        w5 = bswap<u32>(load<u32>(q, 20));
        w6 = bswap<u32>(load<u32>(q, 24));
        w7 = bswap<u32>(load<u32>(q, 28));
        store<u32>(p, w0);
        store<u32>(p, w1, 4);
        store<u32>(p, w2, 8);
        store<u32>(p, w3, 12);
        store<u32>(p, w4, 16);
        store<u32>(p, w5, 20);
        store<u32>(p, w6, 24);
        store<u32>(p, w7, 28);
      } else {
        w0 = schedule(i);
        w1 = schedule(i + 1);
        w2 = schedule(i + 2);
        w3 = schedule(i + 3);
        w4 = schedule(i + 4);
        w5 = schedule(i + 5);
        w6 = schedule(i + 6);
        w7 = schedule(i + 7);
      }
      const k = K + (i << 2);
      let t: u32;
      t = first(e, f, g, h, load<u32>(k), w0);
      d += t;
      h = t + second(a, b, c);
      t = first(d, e, f, g, load<u32>(k, 4), w1);
      c += t;
      g = t + second(h, a, b);
      t = first(c, d, e, f, load<u32>(k, 8), w2);
      b += t;
      f = t + second(g, h, a);
      t = first(b, c, d, e, load<u32>(k, 12), w3);
      a += t;
      e = t + second(f, g, h);
      t = first(a, b, c, d, load<u32>(k, 16), w4);
      h += t;
      d = t + second(e, f, g);
      t = first(h, a, b, c, load<u32>(k, 20), w5);
      g += t;
      c = t + second(d, e, f);
      t = first(g, h, a, b, load<u32>(k, 24), w6);
      f += t;
      b = t + second(c, d, e);
      t = first(f, g, h, a, load<u32>(k, 28), w7);
      e += t;
      a = t + second(b, c, d);
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
  memory.fill(W, 0, 256);
}
