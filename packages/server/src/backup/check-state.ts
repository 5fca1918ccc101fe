import { SpaceRequest } from '@pyrgos/core/accounts';
import { type Cid, decodeCid } from '@pyrgos/core/codec';
import type { CryptoProvider } from '@pyrgos/core/crypto';
import { FormatError, PyrgosError } from '@pyrgos/core/errors';
import { inlineSigningKey, openSigned, type PublicKeyHash, resolveSigningKey } from '@pyrgos/core/keys';
import { equalTargets, openPointer, PointerUpdate } from '@pyrgos/core/model';
import { parseFactorRecord, parseLoginRecord, parseStagedLoginRecord } from '../accounts/account-records.js';
import type { FactorRow } from '../accounts/factor-table.js';
import type { LoginRow } from '../accounts/login-table.js';
import type { StagedLoginRow } from '../accounts/staged-login-table.js';
import { PKI_USERNAME } from '../pki/pki-writer.js';
import type { LocalBlocks } from '../ports/local-blocks.js';
import { localBlockSource } from '../ports/local-source.js';
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
      // The key of an old writer is a block: checkOldWriters looks at these when the blocks are there.
      const key = inlineSigningKey(writer);
      await problems.check(place, () => {
        const { updated } = key === undefined ? PointerUpdate.decodeVerifiedBefore(signedPointer) : openPointer(crypto, key, signedPointer);
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
      // A request may be older than the current identity of its user.
      const owners = state.pki.chains.get(username)?.map(({ owner }) => owner) ?? [];
      if (!owners.some((owner) => isSpaceRequestOf(crypto, owner, username, signedRequest))) {
        throw new FormatError('format.backup', 'request', 'is not signed by its user');
      }
    });
  }
}

function isSpaceRequestOf(crypto: CryptoProvider, owner: PublicKeyHash, username: string, signedRequest: Uint8Array): boolean {
  const key = inlineSigningKey(owner);
  if (key === undefined) return false;
  try {
    return SpaceRequest.decode(openSigned(crypto, key, signedRequest)).username === username;
  } catch (error) {
    if (error instanceof PyrgosError) return false;
    throw error;
  }
}

/** Verifies the pointers of writers whose key is a block of their user (chapter 01 section 11), which must be restored already. */
export async function checkOldWriters(
  state: BackupState,
  crypto: CryptoProvider,
  local: LocalBlocks,
  problems: ProblemList,
): Promise<void> {
  for (const { username, identity, writers } of state.owners) {
    for (const { writer, signedPointer } of writers) {
      if (inlineSigningKey(writer) !== undefined) continue;
      await problems.check(`owners, ${username}, writer ${writer.toString()}`, async () => {
        const lookup = { hasher: crypto, blocks: localBlockSource(local, username), context: { owner: identity } };
        openPointer(crypto, await resolveSigningKey(writer, lookup), signedPointer);
      });
    }
  }
}

/** The targets of a user's pointers: the roots of its blocks. They were decoded before. */
function rootsIn(owner: BackupState['owners'][number]): Cid[] {
  return owner.writers.flatMap(({ signedPointer }) => PointerUpdate.decodeVerifiedBefore(signedPointer).updated ?? []);
}

/** Calls `found` with the row of every block that a user needs; what is not there, and was there at the time of the backup, is a problem. */
export async function findBlocks(
  index: BlockIndex,
  owner: BackupState['owners'][number],
  problems: ProblemList,
  found: (row: number) => void,
  signal?: AbortSignal,
): Promise<void> {
  const missing = new Set(owner.missing.map((cid) => cid.toString()));
  for await (const { cid, row } of reachableRows(index.db, index.username, rootsIn(owner), signal)) {
    if (row !== undefined) {
      found(row);
      continue;
    }
    const text = decodeCid(cid).toString();
    if (!missing.has(text)) problems.add(BLOCKS_FILE, `the block ${text}, which ${owner.username} needs, is missing or damaged`);
    missing.add(text);
  }
}
