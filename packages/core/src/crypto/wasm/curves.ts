import { concatBytes, copyBytes } from '../../bytes.js';
import type { CryptoEngine } from '../engine.js';
import { curvesBinary } from './curves-binary.js';
import { instantiate } from './instantiate.js';

/** The C functions of libsodium; pointers are places in the memory, a message length comes as its lower and upper half. */
interface CurveExports {
  readonly memory: WebAssembly.Memory;
  readonly crypto_sign_seed_keypair: (publicKey: number, secretKey: number, seed: number) => number;
  readonly crypto_sign_detached: (signature: number, length: 0, message: number, low: number, high: 0, secretKey: number) => number;
  readonly crypto_sign_verify_detached: (signature: number, message: number, low: number, high: 0, publicKey: number) => number;
  readonly crypto_scalarmult_base: (publicKey: number, secretKey: number) => number;
  readonly crypto_scalarmult: (shared: number, secretKey: number, publicKey: number) => number;
}

/** Ed25519 and X25519 of one engine. `ed25519Sign` does not compare the halves of its key. */
export type CurveEngine = Pick<CryptoEngine, 'curve25519PublicKey' | 'x25519' | 'ed25519PublicKey' | 'ed25519Verify'> & {
  readonly ed25519Sign: (message: Uint8Array, secretKey: Uint8Array) => Uint8Array;
};

/** Where our data begins: libsodium's tables and its stack end below, in the second of the three pages that there are at the start. */
const START = 131_072;
const PAGE = 65_536;
const KEY = 32;

/**
 * The curves of libsodium, in constant time: its own WASM code without everything else that it can do (see tools/curves-of-libsodium.mjs).
 * Nothing of an argument stays in the memory. CryptoError `crypto.unavailable` without WASM.
 */
export async function loadCurves(): Promise<CurveEngine> {
  const sodium = (await instantiate(curvesBinary)) as unknown as CurveExports;

  /** Runs `call` with its arguments one after the other in memory, and after them `size` bytes for its result, which are returned. */
  const run = <T>(inputs: readonly Uint8Array[], size: number, call: (result: number, ...places: number[]) => T): [T, Uint8Array] => {
    const total = inputs.reduce((sum, input) => sum + input.length, size);
    const missing = START + total - sodium.memory.buffer.byteLength;
    if (missing > 0) sodium.memory.grow(Math.ceil(missing / PAGE));
    // After growing: a memory that grows gets another buffer.
    const memory = new Uint8Array(sodium.memory.buffer, START, total);
    const places: number[] = [];
    let used = 0;
    for (const input of inputs) {
      memory.set(input, used);
      places.push(START + used);
      used += input.length;
    }
    try {
      const outcome = call(START + used, ...places);
      return [outcome, copyBytes(memory.subarray(used))];
    } finally {
      memory.fill(0);
    }
  };

  return {
    curve25519PublicKey: (secretKey) => run([secretKey], KEY, (result, secret = 0) => sodium.crypto_scalarmult_base(result, secret))[1],
    x25519: (secretKey, publicKey) => {
      const [outcome, shared] = run([secretKey, publicKey], KEY, (result, secret = 0, point = 0) =>
        sodium.crypto_scalarmult(result, secret, point),
      );
      return outcome === 0 ? shared : undefined;
    },
    ed25519PublicKey: (seed) => {
      const [, pair] = run([seed], 3 * KEY, (result, place = 0) => sodium.crypto_sign_seed_keypair(result, result + KEY, place));
      const publicKey = pair.slice(0, KEY);
      pair.fill(0);
      return publicKey;
    },
    ed25519Sign: (message, secretKey) =>
      run([secretKey, message], 2 * KEY, (result, secret = 0, text = 0) =>
        sodium.crypto_sign_detached(result, 0, text, message.length, 0, secret),
      )[1],
    ed25519Verify: (signature, message, publicKey) =>
      run([concatBytes(signature, publicKey), message], 0, (_, keys = 0, text = 0) =>
        sodium.crypto_sign_verify_detached(keys, text, message.length, 0, keys + 2 * KEY),
      )[0] === 0,
  };
}
