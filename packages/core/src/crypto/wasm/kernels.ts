import { constantTimeEqual } from '../../bytes.js';
import type { Sha256Stream } from '../provider.js';
import { instantiate } from './instantiate.js';
import { kernelsBinary } from './kernels-binary.js';

/** The functions of packages/core/wasm/kernels.ts; addresses and lengths in bytes. */
interface KernelExports {
  readonly memory: WebAssembly.Memory;
  readonly bufferAt: () => number;
  readonly setupAt: () => number;
  readonly hashAt: () => number;
  readonly sliceSize: () => number;
  readonly secretboxStart: () => void;
  readonly sealFirst: (length: number) => void;
  readonly sealNext: (length: number) => void;
  readonly openFirst: (length: number) => void;
  readonly openNext: (length: number) => void;
  readonly secretboxFinish: () => void;
  readonly hashStart: () => void;
  readonly hashNext: (blocks: number) => void;
  readonly hashFinish: (length: number, total: number) => void;
  readonly hashFourStart: () => void;
  readonly hashFourNext: (blocks: number) => void;
  readonly hashFourTake: (lane: number) => void;
  readonly hashFourWipe: () => void;
  readonly hashWipe: (used: number) => void;
}

const MAC = 16;
/** Bytes of the message that are encrypted with the rest of the first stream block. */
const FIRST = 32;
const HASH = 32;
const HASH_BLOCK = 64;
/** Inputs that the SIMD hash takes at once. Three fill it well enough to pay, two do not. */
const LANES = 4;
const MIN_LANES = 3;
/** Blocks that the inputs must have in common before hashing them at once pays. */
const MIN_COMMON_BLOCKS = 4;

/** The SIMD kernels. Arguments are checked by the caller. */
export interface WasmKernels {
  readonly secretboxSeal: (plaintext: Uint8Array, nonce: Uint8Array, key: Uint8Array) => Uint8Array;
  /** `boxed`: 16 bytes of any content and the plaintext; becomes the secretbox. */
  readonly secretboxSealInPlace: (boxed: Uint8Array, nonce: Uint8Array, key: Uint8Array) => void;
  /** Undefined when the MAC is wrong; `boxed` has at least 16 bytes. */
  readonly secretboxOpen: (boxed: Uint8Array, nonce: Uint8Array, key: Uint8Array) => Uint8Array | undefined;
  readonly sha256: (data: Uint8Array) => Uint8Array;
  /** Hashes inputs of similar length four at a time. */
  readonly sha256Many: (inputs: readonly Uint8Array[]) => Uint8Array[];
  readonly createSha256: () => Sha256Stream;
}

/**
 * Loads the kernels. Data passes through a fixed buffer inside the module, a slice at a time, so that its memory stays at a few pages
 * whatever the size of a message; keys and data are wiped after each call. CryptoError `crypto.unavailable` when they cannot run here.
 */
export async function loadWasmKernels(): Promise<WasmKernels> {
  // The exports are ours, compiled from the file named above.
  const wasm = (await instantiate(kernelsBinary)) as unknown as KernelExports;
  // The memory never grows, so this view stays valid.
  const memory = new Uint8Array(wasm.memory.buffer);
  const buffer = wasm.bufferAt();
  const setup = wasm.setupAt();
  const hashAt = wasm.hashAt();
  const slice = wasm.sliceSize();

  /** Sends `input` through the module into `output`, which may be the same: 32 bytes first, then slices. */
  function stream(input: Uint8Array, output: Uint8Array, first: (length: number) => void, next: (length: number) => void): void {
    let length = Math.min(FIRST, input.length);
    for (let at = 0; at < input.length || at === 0; at += length) {
      if (at > 0) length = Math.min(slice, input.length - at);
      memory.set(input.subarray(at, at + length), buffer);
      (at === 0 ? first : next)(length);
      output.set(memory.subarray(buffer, buffer + length), at);
      if (length === 0) break;
    }
  }

  function start(nonce: Uint8Array, key: Uint8Array): void {
    memory.set(key, setup);
    memory.set(nonce, setup + 32);
    wasm.secretboxStart();
  }

  function seal(plaintext: Uint8Array, out: Uint8Array, nonce: Uint8Array, key: Uint8Array): void {
    start(nonce, key);
    stream(plaintext, out.subarray(MAC), wasm.sealFirst, wasm.sealNext);
    wasm.secretboxFinish();
    out.set(memory.subarray(setup, setup + MAC));
  }

  function hashInto(data: Uint8Array): void {
    const whole = data.length - (data.length % HASH_BLOCK);
    for (let at = 0; at < whole; at += slice) {
      const length = Math.min(slice, whole - at);
      memory.set(data.subarray(at, at + length), buffer);
      wasm.hashNext(length / HASH_BLOCK);
    }
  }

  /** Goes on with the hash in the module from offset `from`, a multiple of the block; forgets everything. */
  function finishHash(data: Uint8Array, from: number): Uint8Array {
    hashInto(data.subarray(from));
    const rest = data.subarray(data.length - (data.length % HASH_BLOCK));
    memory.set(rest, buffer);
    wasm.hashFinish(rest.length, data.length);
    const digest = memory.slice(hashAt, hashAt + HASH);
    wasm.hashWipe(Math.min(slice, data.length - from));
    return digest;
  }

  function sha256(data: Uint8Array): Uint8Array {
    wasm.hashStart();
    return finishHash(data, 0);
  }

  /** Three or four inputs at once as far as the shortest goes, then each alone. */
  function sha256Lanes(inputs: readonly Uint8Array[], common: number): Uint8Array[] {
    const lane = slice / LANES;
    wasm.hashFourStart();
    for (let at = 0; at < common; at += lane) {
      const length = Math.min(lane, common - at);
      inputs.forEach((input, i) => memory.set(input.subarray(at, at + length), buffer + i * lane));
      wasm.hashFourNext(length / HASH_BLOCK);
    }
    memory.fill(0, buffer, buffer + slice);
    const digests = inputs.map((input, i) => {
      wasm.hashFourTake(i);
      return finishHash(input, common);
    });
    wasm.hashFourWipe();
    return digests;
  }

  function sha256Many(inputs: readonly Uint8Array[]): Uint8Array[] {
    const out: Uint8Array[] = [];
    // Inputs of similar length side by side; the order of the results does not change.
    const order = inputs.map((input, index) => ({ input, index })).sort((a, b) => b.input.length - a.input.length);
    for (let at = 0; at < order.length; at += LANES) {
      const group = order.slice(at, at + LANES);
      const shortest = group.at(-1)?.input.length ?? 0;
      const common = shortest - (shortest % HASH_BLOCK);
      const together = group.length >= MIN_LANES && common >= MIN_COMMON_BLOCKS * HASH_BLOCK;
      const digests = together
        ? sha256Lanes(
            group.map(({ input }) => input),
            common,
          )
        : group.map(({ input }) => sha256(input));
      group.forEach(({ index }, i) => {
        out[index] = digests[i] as Uint8Array;
      });
    }
    return out;
  }

  /** The state between calls is kept here, not in the module, so that any number of streams may be interleaved. */
  function createSha256(): Sha256Stream {
    wasm.hashStart();
    const state = memory.slice(hashAt, hashAt + HASH);
    const rest = new Uint8Array(HASH_BLOCK);
    let restLength = 0;
    let total = 0;
    return {
      update(data) {
        total += data.length;
        let taken = 0;
        if (restLength > 0) {
          taken = Math.min(HASH_BLOCK - restLength, data.length);
          rest.set(data.subarray(0, taken), restLength);
          restLength += taken;
          if (restLength < HASH_BLOCK) return this;
        }
        memory.set(state, hashAt);
        if (restLength === HASH_BLOCK) hashInto(rest);
        const remaining = data.subarray(taken);
        hashInto(remaining);
        state.set(memory.subarray(hashAt, hashAt + HASH));
        restLength = remaining.length % HASH_BLOCK;
        rest.set(remaining.subarray(remaining.length - restLength));
        return this;
      },
      digest() {
        memory.set(state, hashAt);
        memory.set(rest.subarray(0, restLength), buffer);
        wasm.hashFinish(restLength, total);
        const digest = memory.slice(hashAt, hashAt + HASH);
        state.fill(0);
        rest.fill(0);
        // Any of the earlier parts may have filled the buffer.
        wasm.hashWipe(slice);
        return digest;
      },
    };
  }

  return {
    secretboxSeal: (plaintext, nonce, key) => {
      const out = new Uint8Array(plaintext.length + MAC);
      seal(plaintext, out, nonce, key);
      return out;
    },
    secretboxSealInPlace: (boxed, nonce, key) => seal(boxed.subarray(MAC), boxed, nonce, key),
    secretboxOpen: (boxed, nonce, key) => {
      const out = new Uint8Array(boxed.length - MAC);
      start(nonce, key);
      stream(boxed.subarray(MAC), out, wasm.openFirst, wasm.openNext);
      wasm.secretboxFinish();
      if (constantTimeEqual(memory.subarray(setup, setup + MAC), boxed.subarray(0, MAC))) return out;
      // What was decrypted is not authentic and must not be seen.
      out.fill(0);
      return undefined;
    },
    sha256,
    sha256Many,
    createSha256,
  };
}
