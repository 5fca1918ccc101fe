import { hasUnsavedText } from '../features/viewers/drafts.js';
import { transfers } from '../features/transfers/transfer-store.js';
import { engine } from '../engine/start-engine.js';
import { leaveSession } from './leave-session.js';
import { sessionNow } from './session-store.js';

/** What the tabs of one browser tell each other. */
type TabMessage =
  /** Whoever is logged in under this name and would lose something by logging out says so. */
  | { readonly kind: 'ask'; readonly username: string }
  | { readonly kind: 'busy'; readonly username: string }
  /** Somebody has logged out under this name. */
  | { readonly kind: 'out'; readonly username: string };

const CHANNEL = 'pyrgos-tabs';
/** Milliseconds that another tab has to answer. */
const PATIENCE = 200;

/** Whether leaving the account would lose something in this tab. */
export function isTabBusy(): boolean {
  return hasUnsavedText() || transfers().isBusy;
}

/** Whether another tab with the same account would lose something. */
export async function isOtherTabBusy(username: string): Promise<boolean> {
  const channel = new BroadcastChannel(CHANNEL);
  try {
    return await new Promise<boolean>((resolve) => {
      channel.addEventListener('message', ({ data }: MessageEvent<TabMessage>) => {
        if (data.kind === 'busy' && data.username === username) resolve(true);
      });
      channel.postMessage({ kind: 'ask', username } satisfies TabMessage);
      setTimeout(() => {
        resolve(false);
      }, PATIENCE);
    });
  } finally {
    channel.close();
  }
}

/** Has every other tab with the same account log out as well: whoever leaves a shared computer leaves it in all of them. */
export function logOutOtherTabs(username: string): void {
  const channel = new BroadcastChannel(CHANNEL);
  channel.postMessage({ kind: 'out', username } satisfies TabMessage);
  channel.close();
}

/** Listens to the other tabs until the function that it returns is called. */
export function listenToOtherTabs(): () => void {
  const channel = new BroadcastChannel(CHANNEL);
  channel.addEventListener('message', ({ data }: MessageEvent<TabMessage>) => {
    const now = sessionNow();
    if (now.state !== 'in' || now.session.username !== data.username) return;
    if (data.kind === 'ask' && isTabBusy()) channel.postMessage({ kind: 'busy', username: data.username } satisfies TabMessage);
    if (data.kind !== 'out') return;
    engine()
      .call('session.leave', undefined)
      .catch(() => undefined);
    leaveSession();
  });
  return () => {
    channel.close();
  };
}
