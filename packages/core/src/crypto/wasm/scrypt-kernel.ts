import { pbkdf2 } from '@noble/hashes/pbkdf2.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { CryptoError } from '../../errors.js';
import type { ScryptParameters } from '../provider.js';
import { instantiate } from './instantiate.js';
import { scryptBinary } from './scrypt-binary.js';

/** The functions of packages/core/wasm/scrypt.ts. */
interface ScryptExports {
  readonly memory: WebAssembly.Memory;
  readonly start: (r: number) => number;
  readonly enter: () => void;
  readonly leave: () => void;
  readonly fill: (from: number, to: number) => void;
  readonly mix: (steps: number, n: number) => void;
}

const PAGE = 65_536;
/** Steps of progress over the whole computation. */
const STEPS = 100;

/**
 * scrypt in steps (RFC 7914): yields the fraction done, from 0 to 1, about a hundred times and returns the key. Its memory belongs to an
 * instance of its own and goes with it. CryptoError `crypto.unavailable` without WASM, SIMD or enough memory.
 */
export async function startScryptKernel(
  password: Uint8Array,
  salt: Uint8Array,
  { logN, r, p, length }: ScryptParameters,
): Promise<Generator<number, Uint8Array, undefined>> {
  // The exports are ours, compiled from the file named above.
  const wasm = (await instantiate(scryptBinary)) as unknown as ScryptExports;
  const n = 2 ** logN;
  const block = 128 * r;
  const base = wasm.start(r);
  const missing = Math.ceil((base + block * (n + 2)) / PAGE) - wasm.memory.buffer.byteLength / PAGE;
  try {
    if (missing > 0) wasm.memory.grow(missing);
  } catch (error) {
    throw new CryptoError('crypto.unavailable', `scrypt cannot get ${missing * PAGE} bytes of memory`, {}, error);
  }

  return (function* steps(): Generator<number, Uint8Array, undefined> {
    const blocks = pbkdf2(sha256, password, salt, { c: 1, dkLen: p * block });
    // N is 2 at least; both loops of the kernel take an even number of steps.
    const batch = Math.max(2, 2 * Math.ceil((n * p) / STEPS));
    const total = 2 * n * p;
    let done = 0;
    yield 0;
    for (let lane = 0; lane < p; lane++) {
      const memory = new Uint8Array(wasm.memory.buffer);
      memory.set(blocks.subarray(lane * block, (lane + 1) * block), base);
      wasm.enter();
      for (let i = 0; i < n; i += batch) {
        const count = Math.min(batch, n - i);
        wasm.fill(i, i + count);
        done += count;
        yield done / total;
      }
      for (let i = 0; i < n; i += batch) {
        const count = Math.min(batch, n - i);
        wasm.mix(count, n);
        done += count;
        if (done < total) yield done / total;
      }
      wasm.leave();
      blocks.set(memory.subarray(base, base + block), lane * block);
    }
    const key = pbkdf2(sha256, password, blocks, { c: 1, dkLen: length });
    blocks.fill(0);
    new Uint8Array(wasm.memory.buffer, 0, base + 2 * block).fill(0);
    yield 1;
    return key;
  })();
}
