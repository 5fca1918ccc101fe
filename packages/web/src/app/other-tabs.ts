import { outbox } from '../features/chat/outbox.js';
import { hasUnsavedText } from '../features/viewers/drafts.js';
import { transfers } from '../features/transfers/transfer-store.js';
import { engine } from '../engine/start-engine.js';
import { leaveSession } from './leave-session.js';
import { guestNow } from './guest-store.js';
import { sessionNow } from './session-store.js';
import { CHANNEL, type TabMessage } from './tab-messages.js';

/** Milliseconds that another tab has to answer. */
const PATIENCE = 200;

/** Whether leaving the account would lose something in this tab. An open link stays open, with what was begun in it. */
export function isTabBusy(): boolean {
  const kept = guestNow()?.tree;
  return hasUnsavedText(kept) || transfers().isBusyBut(kept) || outbox().isBusy;
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

/** What this tab does when another one has said something. */
export function hearOtherTab(data: TabMessage, channel: BroadcastChannel): void {
  const now = sessionNow();
  if (now.state !== 'in' || now.session.username !== data.username) return;
  if (data.kind === 'ask' && isTabBusy()) channel.postMessage({ kind: 'busy', username: data.username } satisfies TabMessage);
  if (data.kind !== 'out') return;
  engine()
    .call('session.leave', undefined)
    .catch(() => undefined);
  leaveSession();
}
