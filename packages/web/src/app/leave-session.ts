import { forgetEmojis } from '../features/chat/recent-emojis.js';
import { forgetSearch } from '../features/search/search-store.js';
import { transfers } from '../features/transfers/transfer-store.js';
import { forgetDrafts } from '../features/viewers/drafts.js';
import { clearToasts } from '../ui/toasts.js';
import { guestNow } from './guest-store.js';
import { tellLeaving } from './leaving.js';
import { noteSession } from './reload-note.js';
import { newsWatch } from './news-watch.js';
import { goTo, parseRoute } from './router.js';
import { setSession } from './session-store.js';

/**
 * Shows the front door, and forgets whatever the page still knows of who was logged in: somebody else may be next. Every way out leads through here. A page that shows a link goes
 * on doing so: nobody needs to be logged in for that.
 */
export function leaveSession(): void {
  const kept = guestNow()?.tree;
  noteSession(undefined);
  setSession({ state: 'out' });
  transfers().leave(kept);
  tellLeaving();
  newsWatch().leave();
  forgetDrafts(kept);
  forgetSearch();
  forgetEmojis();
  clearToasts();
  if (parseRoute(location).name !== 'link') goTo({ name: 'start' }, { replace: true });
}
