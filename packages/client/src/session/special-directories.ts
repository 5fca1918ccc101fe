import { whenAborted } from '@pyrgos/core/abort';
import { PyrgosError, throwIfAborted } from '@pyrgos/core/errors';
import type { AbsoluteCapability } from '@pyrgos/core/model';
import { getOrMakeSpecialDirectory, missingSpecialDirectories } from '../files/structure/index.js';
import { CommittedView, openItem, OperationView } from '../files/view/index.js';
import { platformTimer, type SetTimer } from '../waiting/timer.js';
import type { Account } from './account.js';

/** Milliseconds that logging in waits for directories to be made anew: less than the first retries of a server that fails. */
const PATIENCE = 2000;

/**
 * Makes the directories anew that an account must have and that somebody has deleted: other clients do not log in without them (chapter 05
 * section 10.4), as far as to see it costs no request: when the list of the home directory is short enough to be in its node, and for those that are listed
 * but gone, when what is at hand of the tree shows it. It is no condition of logging in: with a full quota, a damaged list or without a server
 * everything stays as it is, and it is given up after two seconds. AbortedError, and `denied.session` of a session that was closed.
 */
export async function restoreSpecialDirectories(
  account: Account,
  signal: AbortSignal | undefined,
  timer: SetTimer = platformTimer,
): Promise<void> {
  throwIfAborted(signal, 'logging in');
  const late = new AbortController();
  const cancelTimer = timer(PATIENCE, () => late.abort());
  const stopListening = whenAborted(signal, () => late.abort());
  try {
    await restore(account, late.signal);
  } catch (error) {
    throwIfAborted(signal, 'logging in');
    if (!(error instanceof PyrgosError) || error.code === 'denied.session') throw error;
  } finally {
    cancelTimer();
    stopListening();
  }
}

async function restore({ sessions, home, mirrorBat, clock }: Account, signal: AbortSignal): Promise<void> {
  const view = new CommittedView(sessions, { signal });
  const item = await openItem(view, home);
  // A longer list would be one more request of every log-in; there `.transactions` comes back when it is used.
  if (item.node.data.fragments.length > 0) return;
  const root = await view.treeOf(home.owner, home.writer);
  const lookup = sessions.lookupOf(home.owner);
  const isGone = async ({ writer, mapKey }: AbsoluteCapability): Promise<boolean> =>
    root !== undefined && writer.equals(home.writer) && lookup.isKnownToLack(root, mapKey);
  const missing = await missingSpecialDirectories(view, item, isGone);
  if (missing.length === 0) return;
  await sessions.of(home.owner).compute(
    [home.writer],
    async (start, committer) => {
      const operation = new OperationView(sessions, committer, start, { signal });
      const directory = await openItem(operation, home);
      for (const name of missing) await getOrMakeSpecialDirectory(operation, directory, name, { mirrorBatId: mirrorBat?.id, clock });
      return { snapshot: operation.snapshot, result: undefined };
    },
    { signal },
  );
}
