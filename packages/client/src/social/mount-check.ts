import { NotFoundError, PyrgosError } from '@pyrgos/core/errors';
import type { EntryPoint } from '@pyrgos/core/model';
import { CommittedView, isDamage, openItem } from '../files/view/index.js';
import type { Account } from '../session/account.js';
import { keyStoreOf } from '../session/key-store-file.js';
import { identityOf } from '../session/user-chain.js';
import { endsCall } from './peers.js';

/** Whether an entry leads to a directory now; `unreachable` when the server cannot be asked, `changed` when it shows somebody else under the name. */
export type MountState = 'open' | 'gone' | 'unreachable' | 'changed';

/**
 * Whether the entry of somebody whom the account follows leads anywhere now: it does not once they have removed the account from their followers. When
 * their identity has changed, it is looked for in the account that they have now (chapter 06 section 4.6).
 */
export async function checkMount(account: Account, entry: EntryPoint, signal?: AbortSignal): Promise<MountState> {
  try {
    if (await opens(account, entry.capability, signal)) return 'open';
    const store = await keyStoreOf(account);
    if (store.pinned(entry.ownerName) === undefined) return 'gone';
    const identity = identityOf(await store.refresh(entry.ownerName, signal));
    if (identity.equals(entry.capability.owner)) return 'gone';
    return (await opens(account, entry.capability.withOwner(identity), signal)) ? 'open' : 'gone';
  } catch (error) {
    if (endsCall(error)) throw error;
    if (!(error instanceof PyrgosError)) throw error;
    return error.code === 'not-found.user' ? 'gone' : error.code === 'denied.chain' ? 'changed' : 'unreachable';
  }
}

async function opens(account: Account, capability: EntryPoint['capability'], signal: AbortSignal | undefined): Promise<boolean> {
  const view = new CommittedView(account.sessions, { fresh: true, signal });
  try {
    return (await openItem(view, capability)).isDirectory;
  } catch (error) {
    if (error instanceof NotFoundError || isDamage(error)) return false;
    throw error;
  }
}
