import type { ReactNode } from 'react';
import { useText } from '../../i18n/text.js';
import { ConfirmDialog } from '../../ui/dialog.js';
import { Notice } from '../../ui/notice.js';
import type { Work } from '../sharing/use-work.js';
import { TaskState } from './task-state.js';

/** What is asked before it is done to a chat, or to somebody in it. */
export type MemberQuestion =
  | { readonly kind: 'makeAdmin' | 'remove'; readonly username: string }
  | { readonly kind: 'endAdmin'; readonly username: string; readonly isSelf: boolean }
  /** `isLastAdmin`: nobody else in the chat is one. */
  | { readonly kind: 'leave'; readonly isLastAdmin: boolean }
  /** `leaves`: the account is in the chat until then. */
  | { readonly kind: 'delete'; readonly leaves: boolean };

/** Asks, and says what will happen. */
export function MemberQuestionDialog({
  question,
  work,
  onConfirm,
  onClose,
}: {
  readonly question: MemberQuestion;
  readonly work: Work;
  readonly onConfirm: () => void;
  readonly onClose: () => void;
}): ReactNode {
  const text = useText();
  const { title, help, action } = wordsOf(question);
  const name = 'username' in question ? question.username : '';
  return (
    <ConfirmDialog
      title={text(title, { name })}
      action={text(action)}
      kind={question.kind === 'makeAdmin' ? 'primary' : 'danger'}
      isPending={work.isWorking}
      onConfirm={onConfirm}
      onClose={onClose}
    >
      <p>{text(help, { name })}</p>
      {question.kind === 'leave' && question.isLastAdmin ? <Notice kind="info">{text('members.leave.lastAdmin')}</Notice> : null}
      <TaskState work={work} label={text('members.working')} />
    </ConfirmDialog>
  );
}

function wordsOf(question: MemberQuestion) {
  switch (question.kind) {
    case 'endAdmin':
      return question.isSelf
        ? ({
            title: 'members.endAdmin.self.title',
            help: 'members.endAdmin.self.help',
            action: 'members.endAdmin.self',
          } as const)
        : ({ title: 'members.endAdmin.title', help: 'members.endAdmin.help', action: 'members.endAdmin' } as const);
    case 'delete':
      return {
        title: 'members.delete.title',
        help: question.leaves ? 'members.delete.help' : 'members.delete.copy',
        action: 'members.delete',
      } as const;
    default: {
      const { kind } = question;
      return { title: `members.${kind}.title`, help: `members.${kind}.help`, action: `members.${kind}` } as const;
    }
  }
}
