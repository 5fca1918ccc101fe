import type { Cid } from '@pyrgos/core/codec';

const names = new WeakMap<Uint8Array, Cid>();

/**
 * Notes that an array is known to have the hash that a CID names and is changed by nobody: layers above need neither hash nor copy it again.
 * Only for whoever has computed the hash, and gives the array away.
 */
export function markVerified(cid: Cid, bytes: Uint8Array): void {
  names.set(bytes, cid);
}

/** Whether {@link markVerified} was called for this very array and CID. */
export function isVerifiedAs(cid: Cid, bytes: Uint8Array): boolean {
  return names.get(bytes)?.equals(cid) === true;
}
