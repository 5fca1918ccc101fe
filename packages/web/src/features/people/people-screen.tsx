import { type ReactNode, useState } from 'react';
import { canLeaveOut, faultText } from '../../app/fault-text.js';
import { Shell } from '../../app/shell.js';
import type { SessionInfo } from '../../engine/calls.js';
import type { KnownPerson, RequestAnswer } from '../../engine/social-calls.js';
import { useText } from '../../i18n/text.js';
import { Button } from '../../ui/button.js';
import { ConfirmDialog } from '../../ui/dialog.js';
import type { MenuChoice } from '../../ui/menu.js';
import { Notice } from '../../ui/notice.js';
import { ProgressBar } from '../../ui/progress-bar.js';
import { Page } from '../../ui/page.js';
import { Section } from '../settings/section.js';
import { AddFriendSection } from './add-friend-section.js';
import styles from './people.module.css';
import { PersonRow } from './person-row.js';
import { followResultText } from './people-fault-text.js';
import { type PersonMenu, personChoices } from './person-choices.js';
import { RequestsSection } from './requests-section.js';
import { usePeople } from './use-people.js';
import { VerifyDialog } from './verify-dialog.js';

/** What is open over the screen. */
interface Open {
  readonly kind: 'verify' | 'unfollow' | 'remove' | 'block';
  readonly username: string;
  /** It was tried, and something damaged kept it from being done. */
  readonly problem?: string;
}

/** How the account stands to other people: requests, friends, followers, whom it follows and whom it does not want to see; and what can be done about it. */
export function PeopleScreen({ session }: { readonly session: SessionInfo }): ReactNode {
  const text = useText();
  const { people, error, reload, busy, act } = usePeople();
  const [open, setOpen] = useState<Open | undefined>(undefined);
  const close = (): void => {
    setOpen(undefined);
  };
  const show = (kind: Open['kind'], username: string): void => {
    setOpen({ kind, username });
  };
  const verify = (username: string): void => {
    show('verify', username);
  };
  const answer = (username: string, how: RequestAnswer): void => {
    void act('social.answer', { username, answer: how }, (isDone) =>
      text(isDone ? `people.answered.${how}` : 'people.answered.gone', { name: username }),
    );
  };
  const follow = (username: string, again: boolean): void => {
    void act('social.follow', { username, again }, (result) => followResultText(result, username, text));
  };
  const unblock = (username: string): void => {
    void act('social.unblock', { username }, (isFollowed) =>
      text(isFollowed ? 'people.unblocked.followed' : 'people.unblocked', { name: username }),
    );
  };
  const choicesFor = (username: string, has: PersonMenu): readonly MenuChoice[] =>
    personChoices(username, has, text, {
      verify: () => {
        verify(username);
      },
      follow: () => {
        follow(username, has.isAsked === true);
      },
      ask: (kind) => {
        show(kind, username);
      },
    });
  const confirmed = async ({ kind, username, problem: before }: Open): Promise<void> => {
    const name = kind === 'remove' ? 'social.removeFollower' : kind === 'block' ? 'social.block' : 'social.unfollow';
    let problem: string | undefined;
    await act(
      name,
      { username, leaveOutDamaged: before !== undefined },
      () => text(`people.${kind === 'verify' ? 'unfollow' : kind}.done`, { name: username }),
      (error) => {
        if (canLeaveOut(error)) problem = faultText(error, text);
        return problem !== undefined;
      },
    );
    if (problem === undefined) close();
    else setOpen({ kind, username, problem });
  };
  const list = (persons: readonly KnownPerson[]): ReactNode => (
    <ul className={styles['people']}>
      {persons.map((person) => {
        const { username, isFollower, isFollowed, isReachable, isBeingRemoved } = person;
        const note = isBeingRemoved ? text('people.removing') : text('people.unreachable');
        return (
          <PersonRow
            key={username}
            person={person}
            note={isReachable && !isBeingRemoved ? undefined : note}
            isBusy={busy.has(username)}
            choices={choicesFor(username, { isFollower, isFollowed })}
            onVerify={() => {
              verify(username);
            }}
          />
        );
      })}
    </ul>
  );
  const { requests = [], sent = [], replaced = [], known = [], blocked = [] } = people ?? {};
  const friends = known.filter(({ isFollower, isFollowed }) => isFollower && isFollowed);
  const followers = known.filter(({ isFollowed }) => !isFollowed);
  const following = known.filter(({ isFollower }) => !isFollower);
  return (
    <Shell session={session} title={text('people.title')}>
      <Page>
        <h1>{text('people.title')}</h1>
        {error === undefined ? null : (
          <Notice kind="problem">
            <p>{faultText(error, text)}</p>
            <Button onPress={reload}>{text('action.retry')}</Button>
          </Notice>
        )}
        {people === undefined && error === undefined ? <ProgressBar label={text('app.loading')} value={undefined} isLabelHidden /> : null}
        {requests.length === 0 ? null : (
          <RequestsSection
            requests={requests}
            busy={busy}
            choicesFor={(username) => choicesFor(username, {})}
            onAnswer={answer}
            onVerify={verify}
          />
        )}
        {replaced.length === 0 ? null : (
          <Section title={text('people.replaced')}>
            <Notice kind="problem">
              <p>{text('people.replaced.help')}</p>
            </Notice>
            <ul className={styles['people']}>
              {replaced.map((person) => (
                <PersonRow
                  key={person.username}
                  person={person}
                  note={person.isFollower ? text('people.replaced.follower') : undefined}
                  isBusy={busy.has(person.username)}
                  choices={choicesFor(person.username, { isFollower: person.isFollower, isReplaced: true })}
                  onVerify={() => {
                    verify(person.username);
                  }}
                />
              ))}
            </ul>
          </Section>
        )}
        <AddFriendSection onChanged={reload} />
        {sent.length === 0 ? null : (
          <Section title={text('people.sent')}>
            <p>{text('people.sent.help')}</p>
            <ul className={styles['people']}>
              {sent.map((person) => (
                <PersonRow
                  key={person.username}
                  person={person}
                  isBusy={busy.has(person.username)}
                  choices={choicesFor(person.username, { isAsked: true })}
                  onVerify={() => {
                    verify(person.username);
                  }}
                />
              ))}
            </ul>
          </Section>
        )}
        {people === undefined ? null : (
          <Section title={text('people.friends')}>
            {friends.length > 0 ? list(friends) : <p>{text('people.friends.none', { name: session.username })}</p>}
          </Section>
        )}
        {followers.length === 0 ? null : (
          <Section title={text('people.followers')}>
            <p>{text('people.followers.help')}</p>
            {list(followers)}
          </Section>
        )}
        {following.length === 0 ? null : (
          <Section title={text('people.following')}>
            <p>{text('people.following.help')}</p>
            {list(following)}
          </Section>
        )}
        {blocked.length === 0 ? null : (
          <Section title={text('people.blocked')}>
            <p>{text('people.blocked.help')}</p>
            <ul className={styles['people']}>
              {blocked.map((person) => {
                const { username, isFollower, hasAsked } = person;
                return (
                  <PersonRow
                    key={username}
                    person={person}
                    note={isFollower ? text('people.blocked.follower') : hasAsked ? text('people.blocked.asked') : undefined}
                    isBusy={busy.has(username)}
                    choices={choicesFor(username, { isFollower, isBlocked: true })}
                    onVerify={() => {
                      verify(username);
                    }}
                  >
                    <Button
                      isDisabled={busy.has(username)}
                      aria-label={text('people.unblock.named', { name: username })}
                      onPress={() => {
                        unblock(username);
                      }}
                    >
                      {text('people.unblock')}
                    </Button>
                  </PersonRow>
                );
              })}
            </ul>
          </Section>
        )}
      </Page>
      {open?.kind === 'verify' ? <VerifyDialog username={open.username} onChanged={reload} onClose={close} /> : null}
      {open !== undefined && open.kind !== 'verify' ? (
        <ConfirmDialog
          title={text(`people.${open.kind}.title`, { name: open.username })}
          action={text(open.problem === undefined ? `people.${open.kind}` : 'share.leaveOut')}
          kind="danger"
          isPending={busy.has(open.username)}
          onConfirm={() => void confirmed(open)}
          onClose={close}
        >
          <p>{text(`people.${open.kind}.help`, { name: open.username })}</p>
          {open.problem === undefined ? null : <Notice kind="problem">{open.problem}</Notice>}
        </ConfirmDialog>
      ) : null}
    </Shell>
  );
}
