import { webcrypto } from 'node:crypto';
import type { Hasher } from '@pyrgos/core/crypto';

/**
 * Blocks from this size are hashed on a thread of Node's pool. It costs a copy, but the 0.7 ms that a full block takes are then not taken
 * from all other requests; for smaller ones the way to another thread is longer than the hash.
 */
const POOLED_SIZE = 65_536;

/** SHA-256 of a block; large ones on another thread. The bytes must not change meanwhile. */
export async function sha256Of(hasher: Hasher, bytes: Uint8Array): Promise<Uint8Array> {
  if (bytes.length < POOLED_SIZE) return hasher.sha256(bytes);
  return new Uint8Array(await webcrypto.subtle.digest('SHA-256', bytes));
}
