import { BlockWrite, LoginData, PointerWrite, type UserStaticData } from '@pyrgos/core/accounts';
import { ConflictError, DeniedError, PyrgosError } from '@pyrgos/core/errors';
import type { PublicSigningKey, ScryptSecretGeneration, Signer } from '@pyrgos/core/keys';
import { type CommittedWriterData, PointerUpdate, type WriterData } from '@pyrgos/core/model';
import { isConflict } from '../commit/retry.js';
import { writerDataOf } from '../commit/index.js';
import type { ClientContext } from './client-context.js';
import { isAnswerLost } from './online-state.js';

/** Times that a change is tried again after somebody else has changed the identity's data. */
const MAX_ATTEMPTS = 3;

/** A new password, ready to be published. */
export interface NewLogin {
  readonly username: string;
  readonly identity: Signer;
  /** The algorithm that the old password was checked against. */
  readonly before: ScryptSecretGeneration;
  readonly algorithm: ScryptSecretGeneration;
  readonly loginKey: PublicSigningKey;
  readonly sealed: UserStaticData;
}

/**
 * Publishes a new algorithm and new login data in one step (chapter 05 section 13.1 steps 5 and 6): both, or the old password stays valid.
 * ConflictError `conflict.snapshot` when somebody else has changed the password meanwhile; DeniedError `denied.password` with `data.reason`
 * `not-stored` when the server says yes and shows the old algorithm all the same. When the answer is lost and the server cannot be
 * asked, the `network` error leaves open which password is valid.
 */
export async function publishLogin(context: ClientContext, login: NewLogin, signal?: AbortSignal): Promise<void> {
  await publish(context, login, signal);
  // The session has not committed this itself: it reads it, or will find out at its next commit.
  const shown = await shownAlgorithm(context, login);
  if (shown === undefined || !login.before.equals(shown)) return;
  throw new DeniedError('denied.password', 'The server has kept the old password, although it said that it has changed it.', {
    reason: 'not-stored',
  });
}

async function publish(context: ClientContext, login: NewLogin, signal: AbortSignal | undefined): Promise<void> {
  const session = context.sessions.of(login.identity.publicKeyHash);
  const writer = login.identity.publicKeyHash;
  for (let attempt = 1; ; attempt++) {
    await session.read(writer, { current: true, signal });
    try {
      // Nothing else in this session changes the identity meanwhile.
      await session.compute(
        [writer],
        async (snapshot) => {
          writerDataOf(snapshot, writer);
          const version = snapshot.get(writer);
          if (version !== undefined) await send(context, login, version, signal);
          return { snapshot, result: undefined };
        },
        { signal },
      );
      return;
    } catch (error) {
      if (isAnswerLost(error)) {
        if (await isPublished(context, login)) return;
        throw error;
      }
      if (!isConflict(error) || error.code === 'conflict.snapshot' || attempt >= MAX_ATTEMPTS) throw error;
    }
  }
}

async function send(context: ClientContext, login: NewLogin, version: CommittedWriterData, signal: AbortSignal | undefined): Promise<void> {
  const { crypto, network } = context;
  const { identity, algorithm, before, username, sealed, loginKey } = login;
  const current = version.writerData;
  if (current === undefined || !before.equals(current.algorithm)) {
    throw new ConflictError('conflict.snapshot', 'The password was changed by somebody else meanwhile. Log in again.');
  }
  const next = current.with({ algorithm });
  const block = BlockWrite.sign(crypto, identity, next.encode(), false);
  const update = PointerUpdate.next({ updated: version.hash, sequence: version.sequence }, block.cid(crypto));
  const pointer = PointerWrite.of(identity.publicKeyHash, update.sign(crypto, identity));
  const data = LoginData.of(username, sealed, loginKey, { block, pointer });
  const isStored = await network.accounts.setLogin(data, identity, signal === undefined ? {} : { signal });
  if (!isStored) throw new ConflictError('conflict.pointer', 'another update of the identity was faster');
}

/** Whether the new algorithm is on the server; false also when it does not say. */
async function isPublished(context: ClientContext, login: NewLogin): Promise<boolean> {
  return login.algorithm.equals(await shownAlgorithm(context, login));
}

/** The algorithm that the account has now; undefined when the server does not say. */
async function shownAlgorithm(context: ClientContext, { identity }: NewLogin): Promise<WriterData['algorithm']> {
  const writer = identity.publicKeyHash;
  try {
    const snapshot = await context.sessions.of(writer).read(writer, { current: true });
    return snapshot.get(writer)?.writerData?.algorithm;
  } catch (error) {
    if (error instanceof PyrgosError) return undefined;
    throw error;
  }
}
