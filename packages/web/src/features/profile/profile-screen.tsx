import { type ReactNode, useCallback, useEffect, useState } from 'react';
import { faultText } from '../../app/fault-text.js';
import { formatRoute } from '../../app/router.js';
import { Shell } from '../../app/shell.js';
import type { SessionInfo } from '../../engine/calls.js';
import { type FieldAudience, PROFILE_TEXTS, type ProfileFieldName, type ProfileState } from '../../engine/profile-calls.js';
import { engine } from '../../engine/start-engine.js';
import { useText } from '../../i18n/text.js';
import { visibleLines } from '../../i18n/visible-name.js';
import { Button } from '../../ui/button.js';
import { Name } from '../../ui/name.js';
import { Notice } from '../../ui/notice.js';
import { ProgressBar } from '../../ui/progress-bar.js';
import { Page } from '../../ui/page.js';
import { PostText } from '../news/post-text.js';
import { Avatar } from './avatar.js';
import { ProfileEditor } from './profile-editor.js';
import styles from './profile.module.css';

interface Loaded {
  readonly profile: ProfileState;
  /** Of the own profile. */
  readonly audiences: ReadonlyMap<ProfileFieldName, FieldAudience> | undefined;
}

/** What can be seen of somebody; of oneself also who sees what, and how to change it. */
export function ProfileScreen({ session, username }: { readonly session: SessionInfo; readonly username: string }): ReactNode {
  const text = useText();
  const isOwn = username === session.username;
  const [loaded, setLoaded] = useState<Loaded | undefined>(undefined);
  const [error, setError] = useState<unknown>(undefined);
  const [isEditing, setEditing] = useState(false);
  const [version, setVersion] = useState(0);
  useEffect(() => {
    const stop = new AbortController();
    const { signal } = stop;
    const load = async (): Promise<void> => {
      try {
        const profile = await engine().call('profile.read', { username }, { signal });
        const audiences = isOwn ? await engine().call('profile.audiences', undefined, { signal }) : undefined;
        setLoaded({ profile, audiences });
        setError(undefined);
      } catch (caught) {
        if (!signal.aborted) setError(caught);
      }
    };
    void load();
    return () => {
      stop.abort();
    };
  }, [username, isOwn, version]);
  const reload = useCallback(() => {
    setVersion((before) => before + 1);
  }, []);
  const title = text('profile.title', { name: username });
  return (
    <Shell session={session} title={title}>
      <Page align="start">
        <header className={styles['head']}>
          <Avatar username={username} size={96} version={version} />
          <h1>
            <Name>{username}</Name>
          </h1>
        </header>
        {error === undefined ? null : (
          <Notice kind="problem">
            <p>{faultText(error, text)}</p>
            <Button onPress={reload}>{text('action.retry')}</Button>
          </Notice>
        )}
        {loaded === undefined && error === undefined ? <ProgressBar label={text('app.loading')} value={undefined} isLabelHidden /> : null}
        {loaded === undefined ? null : isEditing && loaded.audiences !== undefined ? (
          <ProfileEditor
            key={version}
            profile={loaded.profile}
            audiences={loaded.audiences}
            onSaved={() => {
              setEditing(false);
              // Whoever edits again at once begins with what is stored now, audiences above all.
              setLoaded(undefined);
              reload();
            }}
            onClose={() => {
              setEditing(false);
            }}
          />
        ) : (
          <>
            <Facts {...loaded} />
            {isOwn ? (
              <Button
                kind="primary"
                icon="edit"
                onPress={() => {
                  setEditing(true);
                }}
              >
                {text('profile.edit')}
              </Button>
            ) : (
              <a href={formatRoute({ name: 'drive', path: `/${username}` })}>{text('profile.files', { name: username })}</a>
            )}
          </>
        )}
      </Page>
    </Shell>
  );
}

function Facts({ profile, audiences }: Loaded): ReactNode {
  const text = useText();
  const fields = PROFILE_TEXTS.filter((field) => profile.texts.has(field));
  return (
    <>
      {profile.isDamaged ? (
        <Notice kind="problem">
          <p>{text('profile.damaged')}</p>
        </Notice>
      ) : null}
      {fields.length === 0 && !profile.hasPhoto ? (
        <p className={styles['quiet']}>{text(audiences === undefined ? 'profile.nothing' : 'profile.nothingOwn')}</p>
      ) : null}
      <dl className={styles['facts']}>
        {fields.map((field) => (
          <div key={field}>
            <dt>
              {text(`profile.${field}`)}
              {audiences === undefined ? null : (
                <span className={styles['quiet']}> · {text(`profile.audience.${audiences.get(field) ?? 'nobody'}`)}</span>
              )}
            </dt>
            <dd>
              <PostText text={visibleLines(profile.texts.get(field) ?? '')} />
            </dd>
          </div>
        ))}
        {profile.hasPhoto && audiences !== undefined ? (
          <div>
            <dt>{text('profile.photo')}</dt>
            <dd className={styles['quiet']}>{text(`profile.audience.${audiences.get('photo') ?? 'nobody'}`)}</dd>
          </div>
        ) : null}
        {profile.webRoot === undefined ? null : (
          <div>
            <dt>{text('profile.webRoot')}</dt>
            <dd>
              <Name>{profile.webRoot}</Name>
            </dd>
          </div>
        )}
      </dl>
    </>
  );
}
