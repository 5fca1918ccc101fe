import { lazy, type ReactNode, Suspense, useEffect, useMemo, useRef } from 'react';
import { RouterProvider } from 'react-aria-components';
import { setGuest, useGuest } from '../../app/guest-store.js';
import { goTo, parseRoute, useLinkPlace } from '../../app/router.js';
import { sessionNow } from '../../app/session-store.js';
import type { SessionInfo } from '../../engine/calls.js';
import { parentOf } from '../../engine/paths.js';
import { engine } from '../../engine/start-engine.js';
import { useText } from '../../i18n/text.js';
import { clearToasts } from '../../ui/toasts.js';
import { ProgressBar } from '../../ui/progress-bar.js';
import { forgetSearch } from '../search/search-store.js';
import { transfers } from '../transfers/transfer-store.js';
import { DoorFrame } from '../welcome/door-frame.js';
import { LinkFailed } from './link-failed.js';
import { LinkPasswordForm } from './link-password-form.js';
import { linkIdOf, linkOf } from './link-text.js';
import { type LinkState, useLink } from './use-link.js';

const DriveScreen = lazy(async () => ({ default: (await import('../drive/drive-screen.js')).DriveScreen }));
const ViewerScreen = lazy(async () => ({ default: (await import('../viewers/viewer-screen.js')).ViewerScreen }));
const SearchScreen = lazy(async () => ({ default: (await import('../search/search-screen.js')).SearchScreen }));

/** What somebody sees who follows a link to something shared, with or without an account. One address, one screen: give it a key for every address. */
export function LinkScreen(): ReactNode {
  const text = useText();
  const link = useLink(useMemo(() => linkOf(location), []));
  const guest = useGuest();
  useGuestOf(link.state);
  if (link.state.kind === 'open' && guest !== undefined) return <Inside owner={guest.owner} rootPath={guest.rootPath} />;
  switch (link.state.kind) {
    case 'password':
      return (
        <DoorFrame title={text('link.title')}>
          <LinkPasswordForm isWrong={link.state.isWrong} isWorking={link.state.isWorking} onSubmit={link.answer} />
        </DoorFrame>
      );
    case 'failed':
      return <LinkFailed error={link.state.error} onRetry={link.retry} />;
    default:
      return (
        <DoorFrame title={text('link.title')}>
          <ProgressBar label={text('link.opening')} value={undefined} />
        </DoorFrame>
      );
  }
}

/** The files behind the link, in the screens that everybody has for theirs. */
function Inside({ owner, rootPath }: { readonly owner: string; readonly rootPath: string }): ReactNode {
  const text = useText();
  const guest = useGuest();
  const session: SessionInfo = useMemo(() => ({ username: owner, homePath: rootPath, isKept: false }), [owner, rootPath]);
  const begin = guest?.begin ?? { path: rootPath, isDirectory: true };
  const place = useLinkPlace() ?? { name: begin.isDirectory ? ('drive' as const) : ('view' as const), path: begin.path };
  const screen = (): ReactNode => {
    switch (place.name) {
      case 'view':
        return <ViewerScreen session={session} path={place.path} />;
      case 'search':
        return <SearchScreen session={session} path={place.path} />;
      default:
        return <DriveScreen session={session} path={place.path} />;
    }
  };
  return (
    // Steps of the way are links: followed by the browser they would put themselves in the place of the secret in the address.
    <RouterProvider navigate={follow} useHref={useAddress}>
      <Suspense fallback={<ProgressBar label={text('app.loading')} value={undefined} isLabelHidden />}>{screen()}</Suspense>
    </RouterProvider>
  );
}

function follow(href: string): void {
  goTo(parseRoute({ pathname: '/', search: '', hash: href }));
}

/** In another tab every step leads to the beginning. */
function useAddress(): string {
  return location.href;
}

/**
 * Tells the screens for files whose files they show, as long as the link is open. Afterwards nothing of it is to be seen: a text that was not saved is kept for when the link is opened
 * again.
 */
function useGuestOf(state: LinkState): void {
  const opened = state.kind === 'open' ? state.opened : undefined;
  const id = useRef(linkIdOf(location));
  useEffect(() => {
    if (opened === undefined) return undefined;
    const tree = id.current;
    setGuest({ ...opened, tree, rootPath: opened.isDirectory ? opened.path : parentOf(opened.path) });
    transfers().enter(tree);
    return () => {
      setGuest(undefined);
      engine()
        .call('link.close', undefined)
        .catch(() => undefined);
      forgetSearch();
      // Before the editor says, when it ends after this, what it keeps.
      clearToasts();
      // Whoever has an account here comes back to what was begun in the link.
      if (sessionNow().state === 'in') transfers().exit();
      else transfers().leave();
    };
  }, [opened]);
}
