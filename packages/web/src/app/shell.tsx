import { type ReactNode, useEffect } from 'react';
import { engine } from '../engine/start-engine.js';
import type { SessionInfo } from '../engine/calls.js';
import { type TextId, useText } from '../i18n/text.js';
import { IsolatedText } from '../i18n/visible-name.js';
import { attendOutbox } from '../features/chat/outbox.js';
import { transfers } from '../features/transfers/transfer-store.js';
import { IconButton } from '../ui/button.js';
import { Icon, type IconName } from '../ui/icon.js';
import { attendNews, useNews } from './news-watch.js';
import { formatRoute, goTo, type Route, useRoute } from './router.js';
import { leaveSession } from './leave-session.js';
import { isOtherTabBusy, isTabBusy, logOutOtherTabs } from './other-tabs.js';
import { ShellBody } from './shell-body.js';
import styles from './shell.module.css';

/** One of the places of the app. */
interface Place {
  readonly route: Route;
  readonly icon: IconName;
  readonly label: TextId;
  /** How much is new there, and the text that says so together with the name of the place. */
  readonly news?: { readonly count: number; readonly label: TextId };
}

/** More than this is not worth more room. */
const MAX_BADGE = 99;

/** The frame of every screen behind the door: a bar with the name of the house and of the user, and the content. */
export function Shell({
  session,
  title,
  children,
}: {
  readonly session: SessionInfo;
  readonly title: string;
  readonly children: ReactNode;
}): ReactNode {
  const text = useText();
  const here = useRoute();
  const news = useNews();
  const places: readonly Place[] = [
    { route: { name: 'drive', path: session.homePath }, icon: 'folder', label: 'drive.title' },
    { route: { name: 'shared' }, icon: 'shared', label: 'app.shared' },
    { route: { name: 'news' }, icon: 'news', label: 'app.news', news: { count: news.feed, label: 'app.news.place' } },
    { route: { name: 'chats', id: undefined }, icon: 'chat', label: 'chats.title', news: { count: news.chats, label: 'chats.place' } },
    { route: { name: 'people' }, icon: 'people', label: 'people.title', news: { count: news.requests, label: 'people.place' } },
    { route: { name: 'trash' }, icon: 'trash', label: 'trash.title' },
    { route: { name: 'settings' }, icon: 'settings', label: 'settings.title' },
  ];
  useEffect(() => {
    document.title = `${IsolatedText.of(title).text} – ${text('app.name')}`;
  }, [title, text]);
  useEffect(() => {
    transfers().enter(session.username);
  }, [session.username]);
  useEffect(() => attendOutbox(session.username), [session.username]);
  useEffect(() => attendNews(session.username), [session.username]);
  // Whoever came in through the door begins with what is inside.
  useEffect(() => {
    if (document.activeElement === document.body) document.querySelector<HTMLElement>('#content')?.focus({ preventScroll: true });
  }, []);
  const logOut = async (): Promise<void> => {
    if ((isTabBusy() || (await isOtherTabBusy(session.username))) && !confirm(text('login.logOut.unsaved'))) return;
    try {
      await engine().call('session.logOut', undefined);
    } finally {
      leaveSession();
      logOutOtherTabs(session.username);
    }
  };
  return (
    <div className={styles['shell']}>
      <a className={styles['skip']} href="#content" onClick={focusContent}>
        {text('app.skip')}
      </a>
      <header className={styles['bar']}>
        <img src="/icon.svg" alt="" width="28" height="28" />
        <span className={styles['brand']}>{text('app.name')}</span>
        <nav className={styles['places']} aria-label={text('app.places')}>
          {places.map(({ route, icon, label, news: fresh }) => (
            <a
              key={label}
              href={formatRoute(route)}
              className={styles['place']}
              aria-current={route.name === here.name ? 'page' : undefined}
              {...(fresh === undefined || fresh.count === 0 ? {} : { 'aria-label': text(fresh.label, { count: fresh.count }) })}
              onClick={(event) => {
                if (event.ctrlKey || event.metaKey || event.shiftKey) return;
                event.preventDefault();
                goTo(route);
              }}
            >
              <Icon name={icon} />
              <span className={styles['label']}>{text(label)}</span>
              {fresh === undefined || fresh.count === 0 ? null : (
                // A drawing for the eye, which the style sheet fills: the number is in the name of the link.
                <span
                  className={styles['badge']}
                  data-count={fresh.count > MAX_BADGE ? `${MAX_BADGE}+` : String(fresh.count)}
                  aria-hidden="true"
                />
              )}
            </a>
          ))}
        </nav>
        <a
          className={styles['user']}
          href={formatRoute({ name: 'profile', username: session.username })}
          title={text('app.profile')}
          onClick={(event) => {
            if (event.ctrlKey || event.metaKey || event.shiftKey) return;
            event.preventDefault();
            goTo({ name: 'profile', username: session.username });
          }}
        >
          {session.username}
        </a>
        <IconButton icon="logout" label={text('login.logOut')} onPress={() => void logOut()} />
      </header>
      <ShellBody>{children}</ShellBody>
    </div>
  );
}

/** The fragment of the page names a place in the app, so the link cannot do this by itself. */
function focusContent(event: { preventDefault: () => void }): void {
  event.preventDefault();
  document.querySelector<HTMLElement>('#content')?.focus();
}
