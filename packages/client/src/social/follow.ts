import { SymmetricKey } from '@pyrgos/core/keys';
import type { AbsoluteCapability } from '@pyrgos/core/model';
import { ConflictError, PyrgosError } from '@pyrgos/core/errors';
import { listEntries } from '../files/view/index.js';
import { recipientDirectory } from './capability-store.js';
import { fullInbox, post } from './follow-messages.js';
import { changePending, unblock } from './list-changes.js';
import { checkMount } from './mount-check.js';
import type { OwnSpace } from './own-space.js';
import { Peers } from './peers.js';
import { deleteRecipient, getOrMakeRecipient } from './recipient-directories.js';
import type { SocialFacts } from './social-facts.js';

/** What has come of following somebody. */
export type FollowOutcome =
  /** A request was sent. */
  | 'requested'
  /** The account could follow them all the time, and had only stopped to: it does again, and nobody was asked. */
  | 'following';

/** What {@link follow} has noted before it sent the request. */
interface Noted {
  readonly directory: AbsoluteCapability;
  readonly isNew: boolean;
  readonly isPending: boolean;
}

/**
 * Asks a user whether the account may follow them (chapter 06 section 4.2). What is needed to understand the answer is committed first: a request that nobody
 * here knows of would be answered in vain. `facts`: what the account knows of others now.
 */
export async function follow(
  space: OwnSpace,
  facts: SocialFacts,
  username: string,
  signal: AbortSignal | undefined,
): Promise<FollowOutcome> {
  const { account } = space;
  const entry = facts.entries.get(username);
  if (entry !== undefined) {
    const mount = await checkMount(account, entry, signal);
    if (mount === 'open' && facts.blocked.has(username)) {
      await space.changeHome(signal, async (operation, home) => unblock(operation, space, home, username));
      return 'following';
    }
    if (mount === 'open') throw new ConflictError('conflict.exists', 'You follow this user already.', { username });
  }
  const peers = new Peers(account);
  const peer = await peers.get(username, { pins: true, newest: true, signal });
  // Whoever cannot be asked is not noted either.
  await peers.boxingKeyOf(peer, signal);
  const noted = await space.changeHome(signal, async (operation, home): Promise<Noted> =>
    operation.committer.withoutFlush(async () => {
      let isPending = true;
      await changePending(operation, space, home, (pending) => {
        isPending = pending.pendingOutgoing.has(username);
        return pending.with(username);
      });
      const { directory, isNew } = await getOrMakeRecipient(operation, space, home, username);
      await unblock(operation, space, home, username);
      return { directory: directory.capability, isNew, isPending };
    }),
  );
  const key = SymmetricKey.generate(account.crypto);
  try {
    if (await post(account, peers, peer, { directory: noted.directory, key }, signal)) return 'requested';
  } catch (error) {
    // Not sent, for certain.
    if (error instanceof PyrgosError && error.code === 'rate') await undo(space, username, noted);
    throw error;
  }
  await undo(space, username, noted);
  throw fullInbox(username);
}

/** Takes back what was noted for a request that nobody has got. Not cancelled: it is part of refusing. */
async function undo(space: OwnSpace, username: string, { isNew, isPending }: Noted): Promise<void> {
  await space.changeHome(undefined, async (operation, home) =>
    operation.committer.withoutFlush(async () => {
      // Somebody who was asked before may still answer.
      if (!isPending) await changePending(operation, space, home, (pending) => pending.without(username));
      const directory = isNew ? await recipientDirectory(operation, home, username) : undefined;
      if (directory === undefined) return;
      for await (const entry of listEntries(operation, directory)) if (entry.name !== undefined) return;
      await deleteRecipient(operation, home, username);
    }),
  );
}
