import { PKI_USERNAME } from '../pki/pki-writer.js';

/** Whose data a backup holds: every name ever registered is one of these, or the server's own. */
export interface AccountCounts {
  /** Accounts of people: those that `admin user list` names, reserved names aside. */
  readonly users: number;
  /** Names whose account was deleted, which stay taken for ever. */
  readonly deletedNames: number;
}

/** What {@link countAccounts} looks at. */
interface CountedOwner {
  readonly username: string;
  /** Whether the pointer of the current identity has no target any more: the owner has deleted the account (chapter 05 section 21). */
  readonly isEmptied: boolean;
}

/** Counts the owners of a backup. */
export function countAccounts(owners: readonly CountedOwner[], quotas: readonly { readonly username: string }[]): AccountCounts {
  const withQuota = new Set(quotas.map(({ username }) => username));
  const people = owners.filter(({ username }) => username !== PKI_USERNAME);
  const users = people.filter(({ isEmptied, username }) => withQuota.has(username) && !isEmptied).length;
  return { users, deletedNames: people.length - users };
}
