import { goTo } from '../../app/router.js';
import type { TextFunction } from '../../i18n/text.js';
import type { MenuChoice } from '../../ui/menu.js';

/** How the account stands to somebody, as far as it decides what can be done. */
export interface PersonMenu {
  readonly isFollower?: boolean;
  readonly isFollowed?: boolean;
  /** They were asked and have not answered. */
  readonly isAsked?: boolean;
  readonly isBlocked?: boolean;
  /** The server shows somebody else in their place. */
  readonly isReplaced?: boolean;
}

/** What the choices do that is not the same everywhere. */
export interface PersonActions {
  readonly verify: () => void;
  readonly follow: () => void;
  /** Does it after a question. */
  readonly ask: (kind: 'unfollow' | 'remove' | 'block') => void;
}

/** What can be done about somebody. */
export function personChoices(
  username: string,
  { isFollower = false, isFollowed = false, isAsked = false, isBlocked = false, isReplaced = false }: PersonMenu,
  text: TextFunction,
  { verify, follow, ask }: PersonActions,
): readonly MenuChoice[] {
  const choices: MenuChoice[] = [];
  if (isFollowed) {
    choices.push({
      id: 'open',
      label: text('people.open'),
      icon: 'folder',
      onChoose: () => {
        goTo({ name: 'drive', path: `/${username}` });
      },
    });
  }
  choices.push(
    {
      id: 'profile',
      label: text('people.profile'),
      icon: 'person',
      onChoose: () => {
        goTo({ name: 'profile', username });
      },
    },
    { id: 'verify', label: text('people.verify'), icon: 'shield', onChoose: verify },
  );
  if (isAsked) choices.push({ id: 'again', label: text('people.again'), icon: 'restore', onChoose: follow });
  else if (isFollower && !isFollowed && !isBlocked && !isReplaced)
    choices.push({ id: 'follow', label: text('people.follow'), icon: 'people', onChoose: follow });
  const asking = (id: 'unfollow' | 'remove' | 'block'): void => {
    choices.push({
      id,
      label: text(`people.${id}`),
      icon: id === 'block' ? 'close' : 'logout',
      isDanger: true,
      onChoose: () => {
        ask(id);
      },
    });
  };
  if (isFollowed) asking('unfollow');
  if (isFollower) asking('remove');
  if (!isBlocked && (isFollower || isFollowed || isAsked || isReplaced)) asking('block');
  return choices;
}
