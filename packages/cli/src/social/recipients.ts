import { type Group, NotFoundError, type Recipient } from '@pyrgos/client';
import { type Command, Option } from 'commander';
import { printableName } from '../terminal.js';
import { UsageError } from '../usage-error.js';

/** Groups that every account has. */
const groupNames: readonly Group[] = ['friends', 'followers'];

/** Characters that the name of a user may have. */
const MAX_NAME_LENGTH = 64;

/** With whom something is shared, as options say it. */
export interface GroupOptions {
  readonly group?: readonly Group[];
}

/** Adds the option that names a group; it may stand several times. */
export function addGroupOption(command: Command): Command {
  return command.addOption(repeatedGroup('all of them, those who come later included; may stand twice'));
}

/** An option that may stand several times, and names a group. */
export function repeatedGroup(description: string): Option {
  return new Option('--group <group>', description)
    .choices(groupNames)
    .argParser((text: string, before: readonly Group[] | undefined) => [...(before ?? []), groupNamed(text)]);
}

/** The recipients that a command names, each once. UsageError for nobody. */
export function recipientsOf(users: readonly string[], { group = [] }: GroupOptions): Recipient[] {
  const names = new Set(users.map(usernameOf));
  const recipients: Recipient[] = [...[...names].map((user) => ({ user })), ...[...new Set(group)].map((one) => ({ group: one }))];
  if (recipients.length === 0) throw new UsageError('With whom? Name users, or say --group friends or --group followers.');
  return recipients;
}

/** The name of a user as accounts have it, however it was typed. UsageError for what no account can be called. */
export function usernameOf(text: string): string {
  const name = text.trim().toLowerCase();
  if (name === '' || name.length > MAX_NAME_LENGTH || /[\s/]|^\./u.test(name)) {
    const shown = name.length > MAX_NAME_LENGTH ? `${name.slice(0, MAX_NAME_LENGTH)}…` : name;
    throw new UsageError(
      `'${printableName(shown)}' is no user name: those have up to ${MAX_NAME_LENGTH} characters, no blank, no / and no dot in front.`,
    );
  }
  return name;
}

/** A recipient for people. No user name has a blank in it: `all friends` is nobody. */
export function recipientText(recipient: Recipient): string {
  return 'group' in recipient ? `all ${recipient.group}` : recipient.user;
}

/** What was to be ended or answered is not there. */
export function nothingToDo(message: string): NotFoundError {
  return new NotFoundError('not-found.recipient', message, {});
}

function groupNamed(text: string): Group {
  const found = groupNames.find((name) => name === text);
  if (found === undefined) throw new UsageError(`There is no group ${text}: say friends or followers.`);
  return found;
}
