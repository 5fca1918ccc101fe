import { type ReactNode, useId, useState } from 'react';
import { useText } from '../../i18n/text.js';
import { Button } from '../../ui/button.js';
import styles from './dialogs.module.css';
import { FriendChoice } from './friend-choice.js';

/** Invites friends who are not in a chat. */
export function InviteFriends({
  without,
  isOpen,
  isWorking,
  onOpen,
  onInvite,
}: {
  /** Who is in the chat. */
  readonly without: ReadonlySet<string>;
  readonly isOpen: boolean;
  readonly isWorking: boolean;
  readonly onOpen: (isOpen: boolean) => void;
  /** Whether they were invited. */
  readonly onInvite: (usernames: readonly string[]) => Promise<boolean>;
}): ReactNode {
  const text = useText();
  const heading = useId();
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  if (!isOpen) {
    return (
      <div>
        <Button
          icon="people"
          onPress={() => {
            onOpen(true);
          }}
        >
          {text('members.invite')}
        </Button>
      </div>
    );
  }
  const invite = async (): Promise<void> => {
    if (!(await onInvite([...chosen]))) return;
    setChosen(new Set());
    onOpen(false);
  };
  return (
    <section className={styles['part']} aria-labelledby={heading}>
      <h3 id={heading} tabIndex={-1} ref={focus}>
        {text('members.invite')}
      </h3>
      <p className={styles['quiet']}>{text('members.invite.help')}</p>
      <FriendChoice label={text('members.invite')} without={without} chosen={chosen} isDisabled={isWorking} onChange={setChosen} />
      <div className={styles['row']}>
        <Button kind="primary" isDisabled={chosen.size === 0} isPending={isWorking} onPress={() => void invite()}>
          {text('members.invite.action')}
        </Button>
        <Button
          onPress={() => {
            setChosen(new Set());
            onOpen(false);
          }}
        >
          {text('action.cancel')}
        </Button>
      </div>
    </section>
  );
}

/** The button that had the focus is gone. */
function focus(heading: HTMLHeadingElement | null): void {
  heading?.focus({ preventScroll: true });
  heading?.scrollIntoView({ block: 'start' });
}
