import type { UserStaticData } from '@pyrgos/core/accounts';
import { ConflictError, DeniedError } from '@pyrgos/core/errors';
import type { PublicKeyHash, PublicSigningKey, ScryptSecretGeneration, Signer } from '@pyrgos/core/keys';
import type { ClientContext } from './client-context.js';
import { assertSameAlgorithm, storeLogin } from './store-login.js';

/** A new password, ready to be published. */
export interface NewLogin {
  readonly username: string;
  readonly identity: Signer;
  /** The algorithm that the old password was checked against. */
  readonly before: ScryptSecretGeneration;
  /** The public boxing key that the account showed then: `sealed` holds the secret of no later one. */
  readonly inbound: PublicKeyHash | undefined;
  readonly algorithm: ScryptSecretGeneration;
  readonly loginKey: PublicSigningKey;
  readonly sealed: UserStaticData;
}

/**
 * Publishes a new algorithm and new login data in one step (chapter 05 section 13.1 steps 5 and 6): both, or the old password stays valid.
 * Resolves to false, and nothing is changed, when the boxing key was replaced since the login data was fetched: what is published would destroy the secret of the new one.
 *
 * ConflictError `conflict.snapshot` when somebody else has changed the password meanwhile; DeniedError `denied.password` with `data.reason`
 * `not-stored` when the server says yes and shows the old algorithm all the same. When the answer is lost and the server cannot be
 * asked, the `network` error leaves open which password is valid.
 */
export async function publishLogin(context: ClientContext, login: NewLogin, signal?: AbortSignal): Promise<boolean> {
  const { before, algorithm, inbound } = login;
  let isReplaced = false;
  let shown;
  try {
    shown = await storeLogin(
      context,
      {
        ...login,
        change: (current) => {
          assertSameAlgorithm(current, before);
          isReplaced = inbound === undefined ? current.inbound !== undefined : !inbound.equals(current.inbound);
          if (isReplaced) throw new ConflictError('conflict.snapshot', 'The boxing key was replaced by somebody else meanwhile.');
          return current.with({ algorithm });
        },
        isMade: (writerData) => algorithm.equals(writerData.algorithm),
      },
      signal,
    );
  } catch (error) {
    if (isReplaced) return false;
    throw error;
  }
  if (shown === undefined || !before.equals(shown.algorithm)) return true;
  throw new DeniedError('denied.password', 'The server has kept the old password, although it said that it has changed it.', {
    reason: 'not-stored',
  });
}
