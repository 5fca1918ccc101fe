import { type ReactNode, useState } from 'react';
import { faultText } from '../../app/fault-text.js';
import { engine } from '../../engine/start-engine.js';
import { useText } from '../../i18n/text.js';
import { Button } from '../../ui/button.js';
import { Dialog } from '../../ui/dialog.js';
import type { MenuChoice } from '../../ui/menu.js';
import { Notice } from '../../ui/notice.js';
import { ProgressBar } from '../../ui/progress-bar.js';
import { showToast } from '../../ui/toasts.js';
import { useWork } from '../sharing/use-work.js';
import { canChange, hasOtherAdmin, rightsOver, type StandingMember } from './chat-rights.js';
import type { DialogChat } from './dialog-chat.js';
import styles from './dialogs.module.css';
import { InviteFriends } from './invite-friends.js';
import { type MemberQuestion, MemberQuestionDialog } from './member-question.js';
import { MemberRow } from './member-row.js';
import { TaskState } from './task-state.js';
import { useMembers } from './use-members.js';

/** Who is in a chat, and what can be done about it: invite, remove, make admins, leave, delete. */
export function MembersDialog({
  chat,
  onChanged,
  onDeleted,
  onClose,
}: {
  readonly chat: DialogChat;
  /** Told after every change. */
  readonly onChanged: () => void;
  /** The chat is not there any more. */
  readonly onDeleted: () => void;
  readonly onClose: () => void;
}): ReactNode {
  const text = useText();
  const { id } = chat;
  const { members, error, reload } = useMembers(chat);
  const work = useWork();
  const [question, setQuestion] = useState<MemberQuestion | undefined>(undefined);
  const [isInviting, setInviting] = useState(false);
  const mayChange = canChange(chat);
  const changed = (): void => {
    reload();
    onChanged();
  };
  /** Does something, and says that it was done. */
  const act = async (done: string, call: (signal: AbortSignal) => Promise<unknown>): Promise<boolean> => {
    const isDone = await work.run(async ({ signal }) => call(signal));
    if (isDone) {
      setQuestion(undefined);
      showToast({ kind: 'good', text: done });
    }
    return isDone;
  };
  const confirm = async (asked: MemberQuestion): Promise<void> => {
    switch (asked.kind) {
      case 'makeAdmin':
      case 'endAdmin': {
        const { username, kind } = asked;
        await act(text(`members.${kind}.done`, { name: username }), async (signal) =>
          engine().call(kind === 'makeAdmin' ? 'chat.addAdmin' : 'chat.removeAdmin', { id, username }, { signal }),
        );
        break;
      }
      case 'remove': {
        const { username } = asked;
        await act(text('members.remove.done', { name: username }), async (signal) =>
          engine().call('chat.remove', { id, username }, { signal }),
        );
        break;
      }
      case 'leave':
        await act(text('members.leave.done'), async (signal) => engine().call('chat.leave', { id }, { signal }));
        break;
      default:
        if (await act(text('members.delete.done'), async (signal) => engine().call('chat.delete', { id }, { signal }))) {
          onDeleted();
          return;
        }
    }
    changed();
  };
  const invite = async (usernames: readonly string[]): Promise<boolean> => {
    const isDone = await act(text('members.invite.done', { count: usernames.length }), async (signal) =>
      engine().call('chat.invite', { id, usernames }, { signal }),
    );
    changed();
    return isDone;
  };
  const choicesFor = (member: StandingMember): readonly MenuChoice[] => {
    const { username, isSelf } = member;
    const { canMakeAdmin, canEndAdmin, canRemove, canInviteAgain } = rightsOver(chat, member, members ?? []);
    const asking = (asked: MemberQuestion, label: string, isDanger: boolean): MenuChoice => ({
      id: asked.kind,
      label,
      isDanger,
      onChoose: () => {
        setQuestion(asked);
      },
    });
    return [
      ...(canMakeAdmin ? [asking({ kind: 'makeAdmin', username }, text('members.makeAdmin'), false)] : []),
      ...(canEndAdmin
        ? [asking({ kind: 'endAdmin', username, isSelf }, text(isSelf ? 'members.endAdmin.self' : 'members.endAdmin'), true)]
        : []),
      ...(canRemove ? [asking({ kind: 'remove', username }, text('members.remove'), true)] : []),
      ...(canInviteAgain ? [{ id: 'again', label: text('members.inviteAgain'), onChoose: () => void invite([username]) }] : []),
    ];
  };
  const close = (): void => {
    work.cancel();
    onClose();
  };
  return (
    <Dialog
      title={text('members.title', { name: chat.name })}
      cutsTitle
      onClose={close}
      actions={<Button onPress={close}>{text('action.close')}</Button>}
    >
      {error === undefined ? null : (
        <Notice kind="problem">
          <p>{faultText(error, text)}</p>
          <Button onPress={reload}>{text('action.retry')}</Button>
        </Notice>
      )}
      {members === undefined && error === undefined ? <ProgressBar label={text('members.loading')} value={undefined} /> : null}
      {members === undefined ? null : (
        <ul className={styles['list']} aria-label={text('members.list')}>
          {members.map((member) => (
            <MemberRow key={member.username} member={member} choices={choicesFor(member)} isBusy={work.isWorking} />
          ))}
        </ul>
      )}
      {question === undefined ? <TaskState work={work} label={text('members.working')} /> : null}
      {mayChange && members !== undefined ? (
        <InviteFriends
          without={new Set(members.filter(({ state }) => state !== 'removed').map(({ username }) => username))}
          isOpen={isInviting}
          isWorking={work.isWorking}
          onOpen={setInviting}
          onInvite={invite}
        />
      ) : null}
      <div className={styles['row']}>
        {mayChange ? (
          <Button
            icon="logout"
            isDisabled={members === undefined || work.isWorking}
            onPress={() => {
              setQuestion({ kind: 'leave', isLastAdmin: chat.isAdmin && isLastAdmin(members ?? []) });
            }}
          >
            {text('members.leave')}
          </Button>
        ) : null}
        <Button
          icon="trash"
          isDisabled={work.isWorking}
          onPress={() => {
            setQuestion({ kind: 'delete', leaves: mayChange });
          }}
        >
          {text('members.delete')}
        </Button>
      </div>
      {question === undefined ? null : (
        <MemberQuestionDialog
          question={question}
          work={work}
          onConfirm={() => void confirm(question)}
          onClose={() => {
            work.cancel();
            setQuestion(undefined);
          }}
        />
      )}
    </Dialog>
  );
}

/** Whether nobody but the account could remove people, of several people in the chat. */
function isLastAdmin(members: readonly StandingMember[]): boolean {
  const self = members.find(({ isSelf }) => isSelf);
  return members.some(({ isSelf, state }) => !isSelf && state === 'joined') && !hasOtherAdmin(members, self?.username ?? '');
}
