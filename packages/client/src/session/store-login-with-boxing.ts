import type { UserStaticData } from '@pyrgos/core/accounts';
import type { BoxingKeyPair, PublicSigningKey, Signer } from '@pyrgos/core/keys';
import type { WriterData } from '@pyrgos/core/model';
import { newTransactionId } from '../commit/transaction-id.js';
import { planUploads, uploadBatches } from '../commit/upload.js';
import type { ClientContext } from './client-context.js';
import { storeLogin } from './store-login.js';

/** Login data, and the boxing key that it holds the secret of and that is to be the published one. */
export interface BoxingLogin {
  readonly username: string;
  readonly identity: Signer;
  readonly boxing: BoxingKeyPair;
  readonly loginKey: PublicSigningKey;
  readonly sealed: UserStaticData;
  /** Throws a ConflictError `conflict.snapshot` when the login data must not take the place of what belongs to that version. */
  readonly require: (current: WriterData) => void;
}

/**
 * Stores login data together with the link to its boxing key, which must not be the published one yet (chapter 05 section 14): both, or neither. The key
 * itself is on the server first. Resolves to false when the server has said yes and shows another key. Errors of {@link storeLogin}.
 */
export async function storeLoginWithBoxing(context: ClientContext, login: BoxingLogin, signal?: AbortSignal): Promise<boolean> {
  const { crypto, network } = context;
  const { boxing, identity, loginKey, require, sealed, username } = login;
  const owner = identity.publicKeyHash;
  const inbound = boxing.publicKey.hash(crypto);
  const isMade = (shown: WriterData): boolean => inbound.equals(shown.inbound);
  const change = (current: WriterData): WriterData => {
    require(current);
    return current.with({ inbound });
  };
  const transaction = newTransactionId(crypto);
  try {
    if (inbound.inlineKey === undefined) {
      const key = { cid: inbound.cid, bytes: boxing.publicKey.encode(), isRaw: false, writers: [owner] };
      await uploadBatches(planUploads(identity, [key]), { owner, store: network.blocks, crypto, transaction }, signal);
    }
    const shown = await storeLogin(context, { username, identity, loginKey, sealed, change, isMade }, signal);
    return shown === undefined || isMade(shown);
  } finally {
    // A courtesy: a transaction that is not closed expires by itself.
    network.blocks.closeTransaction(owner, transaction).catch(() => undefined);
  }
}
