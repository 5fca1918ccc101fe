import { assertInstance } from '@pyrgos/core/arguments';
import { DeniedError, NotFoundError } from '@pyrgos/core/errors';
import { type FingerprintPair, resolveSigningKey } from '@pyrgos/core/keys';
import { writerDataOf } from '../commit/index.js';
import { type Account, contextOf } from './account.js';
import { fingerprintKeys, fingerprintOf } from './fingerprints.js';
import type { FingerprintKeys } from '@pyrgos/core/social';
import { IdentityLinkProof } from './identity-link-proof.js';
import { IdentityService } from './identity-service.js';
import { chainKeyLookup } from './key-lookup.js';
import { keyStoreOf } from './key-store-file.js';
import { type CallOptions, checkedOptions } from './call-options.js';

/** A safety number, and the friend's keys that it is about: keep them in a `FriendAnnotation` when people have compared the numbers. */
export interface SafetyNumber {
  readonly fingerprint: FingerprintPair;
  readonly friend: FingerprintKeys;
}

/**
 * The safety number of an account and another user (chapter 05 section 19). The user's key is pinned from now on. NotFoundError
 * `not-found.user`, also when the account was deleted, and `not-found.key`; DeniedError for a server that lies.
 */
export async function safetyNumberWith(account: Account, username: string, options: CallOptions = {}): Promise<SafetyNumber> {
  const { signal } = checkedOptions(options);
  const { crypto, sessions } = contextOf(account);
  const keys = async (name: string, identity: FingerprintKeys['identity']): Promise<FingerprintKeys & { readonly username: string }> => {
    const snapshot = await sessions.of(identity).read(identity, { signal });
    if (snapshot.get(identity)?.writerData === undefined) {
      throw new NotFoundError('not-found.user', 'The account of this user was deleted.', { username: name, deleted: true });
    }
    const writerData = writerDataOf(snapshot, identity);
    return { username: name, ...fingerprintKeys(identity, writerData) };
  };
  const identity = await (await keyStoreOf(account)).getIdentity(username, signal);
  const [own, friend] = await Promise.all([keys(account.username, account.identity.publicKeyHash), keys(username, identity)]);
  return { fingerprint: fingerprintOf(crypto, own, friend), friend: { identity: friend.identity, boxing: friend.boxing } };
}

/**
 * Requires that the user whom an identity proof is about has signed it (chapter 05 section 20): the key is the one that this account has
 * pinned. DeniedError `denied.proof`. Whether the account on the other service is the same person's is for people to see: they compare
 * the post there.
 */
export async function verifyIdentityProof(account: Account, proof: IdentityLinkProof, options: CallOptions = {}): Promise<void> {
  const { signal } = checkedOptions(options);
  const { crypto, network } = contextOf(account);
  assertInstance('proof', proof, IdentityLinkProof);
  const { from } = proof.link;
  if (!from.service.equals(IdentityService.peergos))
    throw new DeniedError('denied.proof', 'The identity proof is about no user of this network.');
  const identity = await (await keyStoreOf(account)).getIdentity(from.username, signal);
  proof.verify(crypto, await resolveSigningKey(identity, chainKeyLookup(crypto, network.blocks, identity, signal)));
}
