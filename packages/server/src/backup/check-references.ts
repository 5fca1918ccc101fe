import { PyrgosError } from '@pyrgos/core/errors';
import { PointerUpdate, WriterData } from '@pyrgos/core/model';
import { PKI_USERNAME } from '../pki/pki-writer.js';
import type { LocalBlocks } from '../ports/local-blocks.js';
import type { BackupState } from './backup-state.js';
import { SIGNUP_TOKEN } from '../space/token-table.js';
import { type AccountRows, identityIn } from './check-state.js';
import type { ProblemList } from './problem-list.js';

type Owner = BackupState['owners'][number];

/** Whether the pointer of the current identity has no target any more: the owner has deleted the account (chapter 05 section 21). */
export function isEmptied({ identity, writers }: Owner): boolean {
  return writers.some(({ signedPointer, writer }) => writer.equals(identity) && isTargetless(signedPointer));
}

/**
 * Whether the parts of a state.json without a hash fit together: rows that name nobody, people who store something and could not write any more. Only
 * the hash tells that nothing at all is missing; of what has one, nothing of this needs to be asked, and must not be, because whoever has deleted an account
 * can bring about states that nobody else has. A quota without a user reserves a name; a deleted account has a name, and perhaps old BATs, and no more.
 */
export function checkReferences(state: BackupState, accounts: AccountRows, problems: ProblemList): void {
  const named: readonly (readonly [string, readonly { readonly username: string }[]])[] = [
    ['login', accounts.login],
    ['pendingLogin', accounts.staged],
    ['mfa', accounts.factors],
    ['bats', state.bats],
  ];
  for (const [member, rows] of named) {
    const strangers = new Set(rows.map(({ username }) => username).filter((username) => identityIn(state, username) === undefined));
    for (const username of strangers) problems.add(`${member}, ${username}`, 'is no user: pki.chains does not have the name');
  }
  const quotas = new Set<string>();
  for (const { username } of state.quotas) {
    if (quotas.has(username)) problems.add(`quotas, ${username}`, 'is listed twice');
    quotas.add(username);
  }
  const tokens = new Set(state.signupTokens.map(({ token }) => token));
  if (![...tokens].every((token) => SIGNUP_TOKEN.test(token))) problems.add('signupTokens', 'a token is not 64 lower-case hex digits');
  if (tokens.size < state.signupTokens.length) problems.add('signupTokens', 'a token is listed twice');
  const owners = new Set(state.owners.map(({ username }) => username));
  for (const { username, writers } of state.owners) {
    const storesSomething = writers.some(({ signedPointer }) => !isTargetless(signedPointer));
    if (storesSomething && username !== PKI_USERNAME && !quotas.has(username)) {
      problems.add(`quotas, ${username}`, 'is missing, though the user stores something');
    }
  }
  for (const username of new Set(accounts.login.map((row) => row.username))) {
    if (!owners.has(username) && identityIn(state, username) !== undefined) {
      problems.add(`owners, ${username}`, 'is missing, though the user has a login');
    }
  }
}

/**
 * Who stores something and has nothing to log in with, neither a row nor the data of an old account in its WriterData (chapter 05 section 7). A client can
 * make such an account, so it is no damage for certain. The blocks must be restored already.
 */
export async function usersWithoutLogin(state: BackupState, accounts: AccountRows, local: LocalBlocks): Promise<readonly string[]> {
  const known = new Set(accounts.login.map(({ username }) => username));
  const without: string[] = [];
  for (const { identity, username, writers } of state.owners) {
    const signed = writers.find(({ writer }) => writer.equals(identity))?.signedPointer;
    const target = signed === undefined ? undefined : PointerUpdate.decodeVerifiedBefore(signed).updated;
    if (target === undefined || username === PKI_USERNAME || known.has(username)) continue;
    const block = await local.get(username, target);
    if (block === undefined || !hasOldLogin(block)) without.push(username);
  }
  return without;
}

function hasOldLogin(block: Uint8Array): boolean {
  try {
    return WriterData.decode(block).static !== undefined;
  } catch (error) {
    if (error instanceof PyrgosError) return false;
    throw error;
  }
}

/** Of a pointer that cannot be read, which is a problem of its own, nothing is said. */
function isTargetless(signed: Uint8Array): boolean {
  try {
    return PointerUpdate.decodeVerifiedBefore(signed).updated === undefined;
  } catch (error) {
    if (error instanceof PyrgosError) return true;
    throw error;
  }
}
