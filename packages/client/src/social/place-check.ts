import { NotFoundError } from '@pyrgos/core/errors';
import type { EntryPoint } from '@pyrgos/core/model';
import { CommittedView, isDamage, openItem, parentOf } from '../files/view/index.js';
import type { Account } from '../session/account.js';
import { SHARED } from './capability-store.js';
import { endsCall } from './peers.js';

/** What the place of an entry says about who has sent it; `unknown` while the server cannot be asked. */
export type PlaceProof = 'proven' | 'unproven' | 'unknown';

/**
 * Whether an entry, which must have been checked to be in the space of its owner, leads to the directory that its owner has made for the account, `/<owner>/shared/<account>`: only
 * its owner can have sent that. Places that others know do not count, nor do directories in writing spaces to which others may have access (chapter 06 section 4.10).
 */
export async function checkPlace(account: Account, entry: EntryPoint, signal: AbortSignal | undefined): Promise<PlaceProof> {
  const view = new CommittedView(account.sessions, { fresh: true, signal });
  try {
    const directory = await openItem(view, entry.capability);
    if (!directory.isDirectory || !directory.isReadable || directory.name !== account.username) return 'unproven';
    const shared = await parentOf(view, directory);
    const root = shared?.name === SHARED ? await parentOf(view, shared) : undefined;
    if (root === undefined || root.opened.parentLink !== undefined || root.name !== entry.ownerName) return 'unproven';
    return root.capability.writer.equals(entry.capability.writer) ? 'proven' : 'unproven';
  } catch (error) {
    if (endsCall(error)) throw error;
    return error instanceof NotFoundError || isDamage(error) ? 'unproven' : 'unknown';
  }
}
