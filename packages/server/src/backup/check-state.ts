import { SpaceRequest } from '@pyrgos/core/accounts';
import { type Cid, decodeCid } from '@pyrgos/core/codec';
import type { CryptoProvider } from '@pyrgos/core/crypto';
import { FormatError } from '@pyrgos/core/errors';
import { inlineSigningKey, openSigned, type PublicKeyHash } from '@pyrgos/core/keys';
import { equalTargets, openPointer } from '@pyrgos/core/model';
import { parseFactorRecord, parseLoginRecord, parseStagedLoginRecord } from '../accounts/account-records.js';
import type { FactorRow } from '../accounts/factor-table.js';
import type { LoginRow } from '../accounts/login-table.js';
import type { StagedLoginRow } from '../accounts/staged-login-table.js';
import { PKI_USERNAME } from '../pki/pki-writer.js';
import { type BackupState, BLOCKS_FILE } from './backup-state.js';
import type { BlockIndex } from './block-index.js';
import type { ProblemList } from './problem-list.js';
import { reachableRows } from './reachable-rows.js';

/** The account rows of a backup, in the form of the tables. */
export interface AccountRows {
  readonly login: readonly LoginRow[];
  readonly staged: readonly StagedLoginRow[];
  readonly factors: readonly FactorRow[];
}

/** The current identity that the chain of a user names. */
export function identityIn(state: BackupState, username: string): PublicKeyHash | undefined {
  return state.pki.chains.get(username)?.at(-1)?.owner;
}

/** Reads the account rows; what is wrong with one is a problem, and then it is left out. */
export async function readAccountRows(state: BackupState, problems: ProblemList): Promise<AccountRows> {
  const read = async <T>(name: string, rows: readonly unknown[], parse: (row: unknown, where: string) => T): Promise<T[]> => {
    const results: T[] = [];
    for (const [i, row] of rows.entries()) {
      const result = await problems.check('state.json', () => parse(row, `${name}[${i}]`));
      if (result !== undefined) results.push(result);
    }
    return results;
  };
  return {
    login: await read('login', state.login, parseLoginRecord),
    staged: await read('pendingLogin', state.pendingLogin, parseStagedLoginRecord),
    factors: await read('mfa', state.mfa, parseFactorRecord),
  };
}

/**
 * What state.json says about itself and about the blocks: names and identities, every signed pointer, BAT ids, space requests. The PKI, the
 * chains and the node ids are verified where they are imported.
 */
export async function checkState(state: BackupState, crypto: CryptoProvider, problems: ProblemList): Promise<void> {
  const seen = new Set<string>();
  const writers = new Set<string>();
  for (const { username, identity, writers: own } of state.owners) {
    const where = `owners, ${username}`;
    if (seen.has(username)) problems.add(where, 'is listed twice');
    seen.add(username);
    if (identityIn(state, username)?.equals(identity) !== true) problems.add(where, 'has another identity than the chain of its name');
    for (const { writer, signedPointer, target } of own) {
      const place = `${where}, writer ${writer.toString()}`;
      if (writers.has(writer.key)) problems.add(place, 'is listed twice');
      writers.add(writer.key);
      await problems.check(place, () => {
        const key = inlineSigningKey(writer);
        if (key === undefined) throw new FormatError('format.backup', 'writer', 'does not carry its key');
        const { updated } = openPointer(crypto, key, signedPointer);
        if (target !== undefined && !equalTargets(updated, target ?? undefined)) {
          throw new FormatError('format.backup', 'target', 'is not the one of the signed pointer');
        }
      });
    }
  }
  if (!seen.has(PKI_USERNAME)) problems.add('owners', `the user ${PKI_USERNAME} is missing`);
  if (identityIn(state, PKI_USERNAME)?.equals(state.pki.peergosIdentity) !== true) {
    problems.add('pki.peergosIdentity', `is not the identity of ${PKI_USERNAME}`);
  }
  for (const { username, bat } of state.bats) {
    if (!bat.hasOwnId(crypto)) problems.add(`bats, ${username}`, 'an id does not belong to its BAT');
  }
  for (const { username, signedRequest } of state.spaceRequests) {
    await problems.check(`spaceRequests, ${username}`, () => {
      const key = identityIn(state, username);
      const signingKey = key === undefined ? undefined : inlineSigningKey(key);
      if (signingKey === undefined) throw new FormatError('format.backup', 'username', 'has no identity');
      if (SpaceRequest.decode(openSigned(crypto, signingKey, signedRequest)).username !== username) {
        throw new FormatError('format.backup', 'request', 'is for another user');
      }
    });
  }
}

/** The targets of a user's pointers: the roots of its blocks. */
function rootsIn(owner: BackupState['owners'][number], crypto: CryptoProvider): Cid[] {
  return owner.writers.flatMap(({ writer, signedPointer }) => {
    const key = inlineSigningKey(writer);
    const updated = key === undefined ? undefined : openPointer(crypto, key, signedPointer).updated;
    return updated === undefined ? [] : [updated];
  });
}

/** Calls `found` with the row of every block that a user needs; what is not there is a problem. */
export async function findBlocks(
  index: BlockIndex,
  owner: BackupState['owners'][number],
  crypto: CryptoProvider,
  problems: ProblemList,
  found: (row: number) => void,
  signal?: AbortSignal,
): Promise<void> {
  const missing = new Set<string>();
  for await (const { cid, row } of reachableRows(index.db, index.username, rootsIn(owner, crypto), signal)) {
    if (row !== undefined) {
      found(row);
      continue;
    }
    const text = decodeCid(cid).toString();
    if (!missing.has(text)) problems.add(BLOCKS_FILE, `the block ${text}, which ${owner.username} needs, is missing or damaged`);
    missing.add(text);
  }
}
