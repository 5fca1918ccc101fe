import type { RandomSource } from '@pyrgos/core/crypto';

/** A random source that answers with one byte value for ever: the fixed randomness of the protocol's vectors. */
export function constantRandom(byte: number): RandomSource {
  return { randomBytes: (length) => new Uint8Array(length).fill(byte) };
}

/** A random source that plays back the given byte strings in order and fails on any other length. */
export function scriptedRandom(...script: readonly Uint8Array[]): RandomSource {
  let next = 0;
  return {
    randomBytes: (length) => {
      const bytes = script[next++];
      if (bytes === undefined) throw new Error(`random script of ${script.length} entries is used up`);
      if (bytes.length !== length) throw new Error(`random script entry ${next - 1} has ${bytes.length} bytes, ${length} wanted`);
      return bytes.slice();
    },
  };
}

/** A deterministic random source (xorshift128 over a seed); for reproducible tests only, never for keys. */
export function seededRandom(seed: number): RandomSource & { readonly nextInteger: (bound: number) => number } {
  let [a, b, c, d] = [seed | 0, 0x9e3779b9 | 0, 0x243f6a88 | 0, 0xb7e15162 | 0];
  const next = (): number => {
    let t = a ^ (a << 11);
    [a, b, c] = [b, c, d];
    t ^= t >>> 8;
    d = d ^ (d >>> 19) ^ t;
    return d >>> 0;
  };
  for (let i = 0; i < 16; i++) next();
  return {
    randomBytes: (length) => Uint8Array.from({ length }, () => next() & 255),
    nextInteger: (bound) => next() % bound,
  };
}
