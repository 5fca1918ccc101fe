import { lazy, type ReactNode, Suspense } from 'react';
import type { Route } from '../../app/router.js';
import type { SessionState } from '../../app/session-store.js';
import { endedByReload } from '../../app/reload-note.js';
import { useText } from '../../i18n/text.js';
import { Notice } from '../../ui/notice.js';
import { ProgressBar } from '../../ui/progress-bar.js';
import { DoorFrame } from './door-frame.js';
import { KeptSessionCard } from './kept-session-card.js';
import { LogInForm } from './log-in-form.js';

const SignUpForm = lazy(async () => ({ default: (await import('./sign-up-form.js')).SignUpForm }));

/** What somebody sees who is not logged in. */
export function WelcomeScreen({ route, session }: { readonly route: Route; readonly session: SessionState }): ReactNode {
  const text = useText();
  if (route.name === 'sign-up') {
    return (
      <DoorFrame title={text('signup.title')}>
        <Suspense fallback={<ProgressBar label={text('app.loading')} value={undefined} />}>
          <SignUpForm token={route.token} />
        </Suspense>
      </DoorFrame>
    );
  }
  if (session.state === 'restoring') {
    return (
      <DoorFrame title={text('login.title')}>
        <ProgressBar label={text('login.restoring', { username: session.username })} value={undefined} />
      </DoorFrame>
    );
  }
  const left = session.state === 'kept' ? undefined : endedByReload();
  return (
    <DoorFrame title={text('login.title')}>
      {session.state === 'kept' ? <KeptSessionCard username={session.username} error={session.error} /> : null}
      {left === undefined ? null : <Notice kind="info">{text('login.reloaded', { username: left })}</Notice>}
      <LogInForm username={session.state === 'kept' ? session.username : (left ?? '')} />
    </DoorFrame>
  );
}
