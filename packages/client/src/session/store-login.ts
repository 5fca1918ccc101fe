import { BlockWrite, LoginData, PointerWrite, type UserStaticData } from '@pyrgos/core/accounts';
import { ConflictError, PyrgosError } from '@pyrgos/core/errors';
import type { PublicSigningKey, ScryptSecretGeneration, Signer } from '@pyrgos/core/keys';
import { type CommittedWriterData, PointerUpdate, type WriterData } from '@pyrgos/core/model';
import { isConflict } from '../commit/retry.js';
import { writerDataOf } from '../commit/index.js';
import type { Account } from './account.js';
import type { ClientContext } from './client-context.js';
import { isAnswerLost } from './online-state.js';

/** Times that a change is tried again after somebody else has changed the identity's data. */
const MAX_ATTEMPTS = 3;

/** Login data, and the change of the identity's data that it is stored together with. */
export interface LoginChange {
  readonly username: string;
  readonly identity: Signer;
  readonly loginKey: PublicSigningKey;
  readonly sealed: UserStaticData;
  /**
   * The identity's data as it is to be, made from what the server shows; asked again after a lost race. What it throws is the end: a ConflictError
   * `conflict.snapshot` when the login data must not take the place of what belongs to that version.
   */
  readonly change: (current: WriterData) => WriterData | Promise<WriterData>;
  /** Whether this change is in a version: each makes something that no other does. */
  readonly isMade: (shown: WriterData) => boolean;
}

/**
 * Stores login data by a compare-and-swap with the pointer of the identity (chapter 05 section 7.2 step 5): both, or neither. Login data that is
 * stored without it takes the place of whatever is there, such as that of a password which another device has set, and locks everybody out.
 *
 * Resolves, when the server has said yes, to the identity's data that it shows now, or undefined when it cannot be asked. ConflictError
 * when others are faster all the time. When the answer is lost and the server cannot be asked, the `network` error leaves the outcome open.
 */
export async function storeLogin(context: ClientContext, login: LoginChange, signal?: AbortSignal): Promise<WriterData | undefined> {
  const writer = login.identity.publicKeyHash;
  const session = context.sessions.of(writer);
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
      // The session has not committed this itself: it reads it, or will find out at its next commit.
      return await shownData(context, writer);
    } catch (error) {
      if (isAnswerLost(error)) {
        const shown = await shownData(context, writer);
        if (shown !== undefined && login.isMade(shown)) return shown;
        throw error;
      }
      if (!isConflict(error) || error.code === 'conflict.snapshot' || attempt >= MAX_ATTEMPTS) throw error;
    }
  }
}

async function send(
  { crypto, network }: ClientContext,
  { identity, username, sealed, loginKey, change }: LoginChange,
  version: CommittedWriterData,
  signal: AbortSignal | undefined,
): Promise<void> {
  const current = version.writerData;
  if (current === undefined) throw new ConflictError('conflict.snapshot', 'The account was deleted meanwhile.');
  const next = await change(current);
  const block = BlockWrite.sign(crypto, identity, next.encode(), false);
  const update = PointerUpdate.next({ updated: version.hash, sequence: version.sequence }, block.cid(crypto));
  const pointer = PointerWrite.of(identity.publicKeyHash, update.sign(crypto, identity));
  const data = LoginData.of(username, sealed, loginKey, { block, pointer });
  const isStored = await network.accounts.setLogin(data, identity, signal === undefined ? {} : { signal });
  if (!isStored) throw new ConflictError('conflict.pointer', 'another update of the identity was faster');
}

/** Requires the password that login data is made with: ConflictError `conflict.snapshot` when another device has set another one. */
export function assertSameAlgorithm({ algorithm }: WriterData, expected: ScryptSecretGeneration): void {
  if (expected.equals(algorithm)) return;
  throw new ConflictError('conflict.snapshot', 'The password was changed by somebody else meanwhile. Log in again.');
}

/** Whether the boxing key that an account was opened with is the published one, or none is. */
export function isPublishedBoxing({ inbound }: WriterData, account: Account): boolean {
  return inbound === undefined || (account.hasBoxing && inbound.equals(account.boxing.publicKey.hash(account.crypto)));
}

/** Requires {@link isPublishedBoxing}: ConflictError `conflict.snapshot` when another device has replaced it. */
export function assertSameBoxing(writerData: WriterData, account: Account): void {
  if (isPublishedBoxing(writerData, account)) return;
  throw new ConflictError('conflict.snapshot', 'Another device has replaced the boxing key meanwhile. Log in again.');
}

/** The identity's data as the server itself shows it now; undefined when it does not say. */
async function shownData(context: ClientContext, writer: Signer['publicKeyHash']): Promise<WriterData | undefined> {
  try {
    return (await context.sessions.of(writer).read(writer, { current: true })).get(writer)?.writerData;
  } catch (error) {
    if (error instanceof PyrgosError) return undefined;
    throw error;
  }
}
