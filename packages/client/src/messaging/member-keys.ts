import { type PublicKeyHash, type PublicSigningKey, resolveSigningKey } from '@pyrgos/core/keys';
import type { View } from '../files/view/index.js';
import type { Account } from '../session/account.js';

/**
 * The public key behind a hash (chapter 07 section 3.9): in the hash itself for today's accounts, and in a block of its owner for old ones. Errors of fetching
 * that.
 */
export async function signingKeyOf(account: Account, view: View, hash: PublicKeyHash, owner: PublicKeyHash): Promise<PublicSigningKey> {
  const { crypto, sessions } = account;
  const session = sessions.of(owner);
  return resolveSigningKey(hash, {
    hasher: crypto,
    blocks: { getBlock: async (cid, context) => session.getBlock(cid, { signal: context.signal }) },
    context: view.signal === undefined ? { owner } : { owner, signal: view.signal },
  });
}
