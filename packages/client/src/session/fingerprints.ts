import { assertInstance, assertMethods, assertObject } from '@pyrgos/core/arguments';
import type { CryptoProvider } from '@pyrgos/core/crypto';
import { NotFoundError } from '@pyrgos/core/errors';
import { computeFingerprint, FingerprintPair, PublicKeyHash } from '@pyrgos/core/keys';
import { WriterData } from '@pyrgos/core/model';
import type { FingerprintKeys } from '@pyrgos/core/social';

/** One side of a comparison. */
export interface FingerprintParty extends FingerprintKeys {
  readonly username: string;
}

/** The safety number of two people, from our side (chapter 05 section 19). Takes some milliseconds. */
export function fingerprintOf(crypto: CryptoProvider, own: FingerprintParty, friend: FingerprintParty): FingerprintPair {
  assertMethods('crypto', crypto, 'sha256');
  assertObject('own', own);
  assertObject('friend', friend);
  const half = ({ username, identity, boxing }: FingerprintParty): Uint8Array => computeFingerprint(crypto, username, [identity, boxing]);
  return FingerprintPair.of(half(own), half(friend));
}

/**
 * The keys that a user's safety number is about: the identity, which the caller has from a verified and pinned chain, and the boxing key
 * in that identity's verified WriterData. NotFoundError `not-found.key` when there is none.
 */
export function fingerprintKeys(identity: PublicKeyHash, writerData: WriterData): FingerprintKeys {
  assertInstance('identity', identity, PublicKeyHash);
  assertInstance('writerData', writerData, WriterData);
  if (writerData.inbound !== undefined) return { identity, boxing: writerData.inbound };
  throw new NotFoundError('not-found.key', 'This user has no public boxing key.', { identity: identity.toString() });
}
