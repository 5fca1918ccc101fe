import { forgetSearch } from '../features/search/search-store.js';
import { transfers } from '../features/transfers/transfer-store.js';
import { forgetDrafts } from '../features/viewers/drafts.js';
import { clearToasts } from '../ui/toasts.js';
import { noteSession } from './reload-note.js';
import { newsWatch } from './news-watch.js';
import { goTo } from './router.js';
import { setSession } from './session-store.js';

/** Shows the front door, and forgets whatever the page still knows of who was logged in: somebody else may be next. Every way out leads through here. */
export function leaveSession(): void {
  noteSession(undefined);
  setSession({ state: 'out' });
  transfers().leave();
  newsWatch().leave();
  forgetDrafts();
  forgetSearch();
  clearToasts();
  goTo({ name: 'start' }, { replace: true });
}
