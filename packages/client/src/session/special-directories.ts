import { PyrgosError } from '@pyrgos/core/errors';
import { getOrMakeSpecialDirectory, missingSpecialDirectories } from '../files/structure/index.js';
import { CommittedView, openItem, OperationView } from '../files/view/index.js';
import type { Account } from './account.js';

/** Errors that are about the session, not about its directories. */
const FINAL: ReadonlySet<string> = new Set(['aborted', 'denied.session']);

/**
 * Makes the directories anew that an account must have and that somebody has deleted: other clients do not log in without them (chapter 05
 * section 10.4), as far as that costs no request: when the list of the home directory is short enough to be in its node. It is no condition of logging in: with a full quota, a damaged list or
 * without a server everything stays as it is.
 */
export async function restoreSpecialDirectories(account: Account, signal: AbortSignal | undefined): Promise<void> {
  const { sessions, home, mirrorBat, clock } = account;
  try {
    const view = new CommittedView(sessions, { signal });
    const item = await openItem(view, home);
    // A longer list would be one more request of every log-in; there `.transactions` comes back when it is used.
    if (item.node.data.fragments.length > 0) return;
    const missing = await missingSpecialDirectories(view, item);
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
  } catch (error) {
    if (!(error instanceof PyrgosError) || FINAL.has(error.code)) throw error;
  }
}
