import { assertMethods, assertObject } from '../arguments.js';
import { assertBytes } from '../bytes.js';
import type { CryptoProvider } from '../crypto/provider.js';
import { ArgumentError, DeniedError, PyrgosError } from '../errors.js';
import { PublicKeyHash } from '../keys/public-key-hash.js';
import { type KeyLookup, resolveSigningKey } from '../keys/resolve-signing-key.js';
import { openSigned, PublicSigningKey } from '../keys/signing-key.js';
import { MAX_SIGNED_POINTER_SIZE } from '../limits.js';
import type { PointerStore } from '../store/pointer-store.js';
import { equalTargets } from './maybe-multihash.js';
import { pointerConflictError } from './pointer-cas.js';
import { PointerUpdate } from './pointer-update.js';

/**
 * Steps 2 and 4 to 7 of what a server checks before it accepts an update (chapter 03 section 2.6): size, signature, form, CAS, sequence.
 * `writerKey` is the resolved key of the writer (step 3); `current` the stored signed update, which the server verified when it took it.
 *
 * DeniedError `denied.pointer` for the size and the sequence (with the protocol's texts), CryptoError `crypto.signature`, FormatError
 * for a malformed update, ConflictError `conflict.pointer` when the claimed original is not the current target.
 */
export function validatePointerUpdate(
  crypto: CryptoProvider,
  writerKey: PublicSigningKey,
  current: Uint8Array | undefined,
  signed: Uint8Array,
): PointerUpdate {
  assertBytes('signed', signed);
  if (current !== undefined) assertBytes('current', current);
  if (signed.length > MAX_SIGNED_POINTER_SIZE) {
    throw new DeniedError('denied.pointer', `Pointer update too big! ${signed.length}`, { size: signed.length });
  }
  const update = PointerUpdate.decode(openSigned(crypto, writerKey, signed));
  const existing = current === undefined ? undefined : PointerUpdate.decodeVerifiedBefore(current);
  if (!equalTargets(existing?.updated, update.original)) {
    throw pointerConflictError({ existing: existing?.updated, sequence: existing?.sequence, claimed: update.original });
  }
  const before = existing?.sequence;
  if (before !== undefined && (update.sequence === undefined || update.sequence <= before)) {
    throw new DeniedError(
      'denied.pointer',
      `Invalid sequence number update in mutable pointer: ${before} => ${update.sequence ?? 'none'}`,
      { existing: before, sequence: update.sequence ?? null },
    );
  }
  return update;
}

/**
 * Verifies a signed update and returns it: its `updated` and `sequence` are the current version (chapter 03 section 2.9 steps 3 and 4).
 * CryptoError `crypto.signature` or FormatError; a bad pointer is never "absent".
 */
export function openPointer(crypto: CryptoProvider, writerKey: PublicSigningKey, signed: Uint8Array): PointerUpdate {
  if (!(writerKey instanceof PublicSigningKey)) throw new ArgumentError('writerKey', 'must be a PublicSigningKey');
  return PointerUpdate.decode(openSigned(crypto, writerKey, signed));
}

/**
 * Reads and verifies the pointer of a writer (chapter 03 section 2.9); undefined when it has none, or when its key cannot be resolved.
 * A deleted subspace is an update whose `updated` is EMPTY.
 */
export async function readPointer(
  crypto: CryptoProvider,
  pointers: PointerStore,
  owner: PublicKeyHash,
  writer: PublicKeyHash,
  lookup: KeyLookup,
): Promise<{ readonly update: PointerUpdate; readonly signed: Uint8Array } | undefined> {
  if (!(owner instanceof PublicKeyHash)) throw new ArgumentError('owner', 'must be a PublicKeyHash');
  if (!(writer instanceof PublicKeyHash)) throw new ArgumentError('writer', 'must be a PublicKeyHash');
  assertMethods('pointers', pointers, 'getPointer');
  assertObject('lookup', lookup);
  assertObject('lookup.context', lookup.context);
  const signed = await pointers.getPointer(owner, writer, lookup.context.signal);
  if (signed === undefined) return undefined;
  assertBytes('signed', signed);
  if (signed.length === 0) return undefined;
  let writerKey: PublicSigningKey;
  try {
    writerKey = await resolveSigningKey(writer, lookup);
  } catch (error) {
    if (error instanceof PyrgosError && error.code === 'not-found.key') return undefined;
    throw error;
  }
  return { update: openPointer(crypto, writerKey, signed), signed };
}

/**
 * Rollback protection (chapter 03 section 2.9): throws DeniedError `denied.stale` when `currentSigned` is older than the remembered
 * `previousSigned`: a lower sequence, none where there was one, or no pointer at all (records are never removed). Both must have
 * been verified. Nothing remembered, or an equal sequence, is fine.
 */
export function assertNotRolledBack(previousSigned: Uint8Array | undefined, currentSigned: Uint8Array | undefined): void {
  if (previousSigned === undefined) return;
  const before = PointerUpdate.decodeVerifiedBefore(previousSigned).sequence;
  if (currentSigned === undefined) throw stale(before, undefined);
  const now = PointerUpdate.decodeVerifiedBefore(currentSigned).sequence;
  if (before !== undefined && (now === undefined || now < before)) throw stale(before, now);
}

function stale(before: number | undefined, now: number | undefined): DeniedError {
  return new DeniedError('denied.stale', 'the server returned an older version of a mutable pointer than before', {
    previous: before ?? null,
    current: now ?? null,
  });
}
