import type { I18n } from '@lingui/core';
import { lazy, type ReactNode, Suspense, useEffect, useRef, useState } from 'react';
import { I18nProvider } from 'react-aria-components';
import type { SessionInfo } from '../engine/calls.js';
import { onConnectionBack } from '../engine/connection-store.js';
import { WelcomeScreen } from '../features/welcome/welcome-screen.js';
import { loadTexts, preferredLanguage, TextProvider, useText } from '../i18n/text.js';
import { ProgressBar } from '../ui/progress-bar.js';
import { ErrorBoundary } from './error-boundary.js';
import { usePreferences } from './preferences.js';
import { noteSession } from './reload-note.js';
import { goTo, type Route, useRoute } from './router.js';
import { restoreAfterLoss, restoreSession } from './restore-session.js';
import { useSession } from './session-store.js';
import { listenToOtherTabs } from './tab-channel.js';

const DriveScreen = lazy(async () => ({ default: (await import('../features/drive/drive-screen.js')).DriveScreen }));
const ViewerScreen = lazy(async () => ({ default: (await import('../features/viewers/viewer-screen.js')).ViewerScreen }));
const SearchScreen = lazy(async () => ({ default: (await import('../features/search/search-screen.js')).SearchScreen }));
const PeopleScreen = lazy(async () => ({ default: (await import('../features/people/people-screen.js')).PeopleScreen }));
const TrashScreen = lazy(async () => ({ default: (await import('../features/trash/trash-screen.js')).TrashScreen }));

const NewsScreen = lazy(async () => ({ default: (await import('../features/news/news-screen.js')).NewsScreen }));
const ChatScreen = lazy(async () => ({ default: (await import('../features/chat/chat-screen.js')).ChatScreen }));
const ProfileScreen = lazy(async () => ({ default: (await import('../features/profile/profile-screen.js')).ProfileScreen }));
const SharedScreen = lazy(async () => ({ default: (await import('../features/sharing/shared-screen.js')).SharedScreen }));
const LinkScreen = lazy(async () => ({ default: (await import('../features/links/link-screen.js')).LinkScreen }));
const SettingsScreen = lazy(async () => ({ default: (await import('../features/settings/settings-screen.js')).SettingsScreen }));

/** The app; begins in the language of `texts`, and follows what is chosen later. */
export function App({ texts: first }: { readonly texts: I18n }): ReactNode {
  const texts = useChosenTexts(first);
  return (
    <TextProvider texts={texts}>
      <I18nProvider locale={texts.locale}>
        <ErrorBoundary>
          <Screens />
        </ErrorBoundary>
      </I18nProvider>
    </TextProvider>
  );
}

/** The screen of the place that the address names, as far as the person may see it. */
function Screens(): ReactNode {
  const route = useRoute();
  const session = useSession();
  // Whoever has followed a link sees that, and not the account that may be kept here.
  useKeptSession(route.name !== 'link');
  useHomeAfterLogIn();
  useEffect(listenToOtherTabs, []);
  useEffect(() => {
    if (session.state === 'in') noteSession(session.session);
  }, [session]);
  if (route.name === 'link') {
    return (
      <Suspense fallback={<Loading />}>
        <LinkScreen key={location.href} />
      </Suspense>
    );
  }
  if (session.state !== 'in') return <WelcomeScreen route={route} session={session} />;
  return (
    <Suspense fallback={<Loading />}>
      <Inside route={route} session={session.session} />
    </Suspense>
  );
}

/** The texts of the chosen language; those of before until they are there. */
function useChosenTexts(first: I18n): I18n {
  const { language = preferredLanguage(navigator.languages) } = usePreferences();
  const [texts, setTexts] = useState(first);
  useEffect(() => {
    if (texts.locale === language) return undefined;
    let isStale = false;
    void loadTexts(language).then((loaded) => {
      if (!isStale) setTexts(loaded);
    });
    return () => {
      isStale = true;
    };
  }, [language, texts]);
  return texts;
}

/** The screens of somebody who has logged in. */
function Inside({ route, session }: { readonly route: Route; readonly session: SessionInfo }): ReactNode {
  const { homePath } = session;
  switch (route.name) {
    case 'view':
      return <ViewerScreen session={session} path={route.path} />;
    case 'search':
      return <SearchScreen session={session} path={route.path === '/' ? homePath : route.path} />;
    case 'trash':
      return <TrashScreen session={session} />;
    case 'people':
      return <PeopleScreen session={session} />;
    case 'news':
      return <NewsScreen session={session} />;
    case 'chats':
      return <ChatScreen session={session} id={route.id} />;
    case 'profile':
      return <ProfileScreen key={route.username} session={session} username={route.username === '' ? session.username : route.username} />;
    case 'shared':
      return <SharedScreen session={session} />;
    case 'settings':
      return <SettingsScreen session={session} />;
    default:
      return <DriveScreen session={session} path={route.name === 'drive' ? route.path : homePath} />;
  }
}

function Loading(): ReactNode {
  return <ProgressBar label={useText()('app.loading')} value={undefined} isLabelHidden />;
}

/** Opens the session that this device keeps, once, when it is wanted first. */
function useKeptSession(isWanted: boolean): void {
  const asked = useRef(false);
  useEffect(() => {
    if (!isWanted || asked.current) return;
    asked.current = true;
    void restoreSession();
    onConnectionBack(restoreAfterLoss);
  }, [isWanted]);
}

/** Whoever has logged in at the front door is shown the drive, and the door is not what "back" leads to. */
function useHomeAfterLogIn(): void {
  const route = useRoute();
  const session = useSession();
  useEffect(() => {
    if (session.state !== 'in') return;
    if (route.name === 'start' || route.name === 'sign-up') goTo({ name: 'drive', path: session.session.homePath }, { replace: true });
  }, [route, session]);
}
