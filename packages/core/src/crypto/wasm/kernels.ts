import { CryptoError } from '../../errors.js';
import type { Sha256Stream } from '../provider.js';
/** Interface placeholder until the kernels are in place. */
export interface WasmKernels {
  secretboxSeal(plaintext: Uint8Array, nonce: Uint8Array, key: Uint8Array): Uint8Array;
  secretboxOpen(boxed: Uint8Array, nonce: Uint8Array, key: Uint8Array): Uint8Array | undefined;
  sha256(data: Uint8Array): Uint8Array;
  sha256Many(inputs: readonly Uint8Array[]): Uint8Array[];
  createSha256(): Sha256Stream;
}
/** Refuses. */
export async function loadWasmKernels(): Promise<WasmKernels> {
  throw new CryptoError('crypto.unavailable', 'no kernels yet');
}
