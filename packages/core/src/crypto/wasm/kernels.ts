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
  readonly hashWipe: () => void;
}

const MAC = 16;
/** Bytes of the message that are encrypted with the rest of the first stream block. */
const FIRST = 32;
const HASH = 32;
const HASH_BLOCK = 64;

/** The SIMD kernels. Arguments are checked by the caller. */
export interface WasmKernels {
  readonly secretboxSeal: (plaintext: Uint8Array, nonce: Uint8Array, key: Uint8Array) => Uint8Array;
  /** Undefined when the MAC is wrong; `boxed` has at least 16 bytes. */
  readonly secretboxOpen: (boxed: Uint8Array, nonce: Uint8Array, key: Uint8Array) => Uint8Array | undefined;
  readonly sha256: (data: Uint8Array) => Uint8Array;
  readonly sha256Many: (inputs: readonly Uint8Array[]) => Uint8Array[];
  readonly createSha256: () => Sha256Stream;
}

/**
 * Loads the kernels. Data passes through a fixed buffer inside the module, a slice at a time, so that its memory stays at a few pages
 * whatever the size of a message; keys are wiped after each call. CryptoError `crypto.unavailable` when they cannot run here.
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

  /** Sends `input` through the module into `output`: 32 bytes first, then slices. */
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

  function hashInto(data: Uint8Array): void {
    const whole = data.length - (data.length % HASH_BLOCK);
    for (let at = 0; at < whole; at += slice) {
      const length = Math.min(slice, whole - at);
      memory.set(data.subarray(at, at + length), buffer);
      wasm.hashNext(length / HASH_BLOCK);
    }
  }

  function sha256(data: Uint8Array): Uint8Array {
    wasm.hashStart();
    hashInto(data);
    const rest = data.subarray(data.length - (data.length % HASH_BLOCK));
    memory.set(rest, buffer);
    wasm.hashFinish(rest.length, data.length);
    return memory.slice(hashAt, hashAt + HASH);
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
        wasm.hashWipe();
        return digest;
      },
    };
  }

  return {
    secretboxSeal: (plaintext, nonce, key) => {
      const out = new Uint8Array(plaintext.length + MAC);
      start(nonce, key);
      stream(plaintext, out.subarray(MAC), wasm.sealFirst, wasm.sealNext);
      wasm.secretboxFinish();
      out.set(memory.subarray(setup, setup + MAC));
      return out;
    },
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
    sha256Many: (inputs) => inputs.map((input) => sha256(input)),
    createSha256,
  };
}
