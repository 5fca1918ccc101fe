import { assertList, assertObject } from '@pyrgos/core/arguments';
import { ArgumentError } from '@pyrgos/core/errors';
import { GroupName, type Groups, isFriendName } from '@pyrgos/core/social';

/** A group that every account has: all who follow it, or all with whom following is mutual. */
export type Group = (typeof GroupName)[keyof typeof GroupName];

/** With whom something is shared: somebody who follows the account, or all members of a group, those who come later included. */
export type Recipient = { readonly user: string } | { readonly group: Group };

/** Requires recipients; ArgumentError whose `data.field` names the first that is none. */
export function assertRecipients(recipients: readonly Recipient[], username: string): void {
  assertList('recipients', recipients);
  for (const [i, recipient] of recipients.entries()) {
    const field = `recipients[${i}]`;
    assertObject(field, recipient);
    if ('group' in recipient) {
      if (!Object.values(GroupName).includes(recipient.group)) throw new ArgumentError(field, 'must be the group friends or followers');
    } else {
      if (!isFriendName(recipient.user)) throw new ArgumentError(field, 'must be a username', { reason: 'username' });
      if (recipient.user === username)
        throw new ArgumentError(field, 'must be somebody else: what is yours is yours already', { reason: 'self' });
    }
  }
}

/** Whether one of them is a group. */
export function namesGroup(recipients: readonly Recipient[]): boolean {
  return recipients.some((recipient) => 'group' in recipient);
}

/** The name under which something is recorded as shared: that of a user, or the id of a group. Undefined for a group that the account does not have. */
export function recordedName(recipient: Recipient, groups: Groups | undefined): string | undefined {
  return 'group' in recipient ? groups?.uidOf(recipient.group) : recipient.user;
}

/** What a recorded name stands for; undefined for a group that nobody knows any more. */
export function recipientOf(name: string, groups: Groups | undefined): Recipient | undefined {
  if (!name.startsWith('.')) return { user: name };
  const group = groups?.names.get(name);
  return group === GroupName.friends || group === GroupName.followers ? { group } : undefined;
}
