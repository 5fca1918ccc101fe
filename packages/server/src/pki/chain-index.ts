import { decodeChain, encodeChain, type UserPublicKeyLink } from '@pyrgos/core/accounts';
import { type Cid, decodeCid } from '@pyrgos/core/codec';
import { ArgumentError } from '@pyrgos/core/errors';
import { PublicKeyHash } from '@pyrgos/core/keys';
import { SQL_ROWS_PER_STEP } from '../limits.js';
import { readBytes, readMaybeCid, readText } from '../sql/sql-values.js';
import type { SqlDatabase, SqlRow } from '../sql/sql-database.js';

/** Which PKI this server is, and which version of the tree the index shows. */
export interface PkiState {
  /** The identity of the user `peergos`. */
  readonly identity: PublicKeyHash;
  /** The writer of the username tree. */
  readonly pkiKey: PublicKeyHash;
  /** The WriterData of the PKI key and its tree, as the index shows them; undefined while the index is incomplete. */
  readonly shown: { readonly target: Cid; readonly root: Cid } | undefined;
}

/** A name and its chain, as they are in the tree. */
export interface IndexedChain {
  readonly username: string;
  /** Oldest link first; not empty. */
  readonly chain: readonly UserPublicKeyLink[];
}

function keyHash(row: SqlRow, column: string): PublicKeyHash {
  return PublicKeyHash.fromCid(decodeCid(readBytes(row, column)));
}

/**
 * Names, chains and owners of the username tree in SQL: a look-up takes some tens of µs, whatever the number of users. Memory: SQLite's page
 * cache, which is bounded, and the list of names once somebody has asked for it: about 50 bytes each, 5 MB for 100,000 users.
 */
export class ChainIndex {
  private names: readonly string[] | undefined;

  constructor(private readonly db: SqlDatabase) {}

  /** Which PKI this is; undefined before the first start is complete. */
  state(): PkiState | undefined {
    const row = this.db.prepare('SELECT identity, pkikey, target, root FROM pkinode WHERE id = 1').get();
    if (row === undefined) return undefined;
    const [target, root] = [readMaybeCid(row, 'target'), readMaybeCid(row, 'root')];
    return {
      identity: keyHash(row, 'identity'),
      pkiKey: keyHash(row, 'pkikey'),
      shown: target === undefined || root === undefined ? undefined : { target, root },
    };
  }

  /** The current identity of a name. */
  identityOf(username: string): PublicKeyHash | undefined {
    const row = this.db.prepare('SELECT identity FROM pkichains WHERE username = ?').get(username);
    return row === undefined ? undefined : keyHash(row, 'identity');
  }

  /** The name of a current or former identity. */
  usernameOf(identity: PublicKeyHash): string | undefined {
    const row = this.db.prepare('SELECT username FROM pkiowners WHERE owner = ?').get(identity.cid.bytes);
    return row === undefined ? undefined : readText(row, 'username');
  }

  /** The chain of a name; empty when unknown. */
  chainOf(username: string): UserPublicKeyLink[] {
    const row = this.db.prepare('SELECT chain FROM pkichains WHERE username = ?').get(username);
    return row === undefined ? [] : decodeChain(readBytes(row, 'chain'));
  }

  /** All names, sorted; the same array until there is a new name. */
  usernames(): readonly string[] {
    this.names ??= this.readNames();
    return this.names;
  }

  /** Forgets everything and starts anew for a PKI whose tree is about to be read. */
  reset(state: Omit<PkiState, 'shown'>): void {
    this.db.transaction(() => {
      this.forget();
      this.writeState({ ...state, shown: undefined });
    });
  }

  /** Forgets everything: then this is no PKI. */
  forget(): void {
    this.db.transaction(() => {
      for (const table of ['pkichains', 'pkiowners', 'pkinode']) this.db.prepare(`DELETE FROM ${table}`).run();
    });
    this.names = undefined;
  }

  /**
   * Takes over chains of the tree and, with `state`, the version that the index shows then; all or nothing. Known names get their new chain.
   * An owner that belongs to another name already stays with it.
   */
  record(chains: readonly IndexedChain[], state?: PkiState): void {
    const added = this.db.transaction(() => {
      if (state !== undefined) this.writeState(state);
      return chains.filter((entry) => this.write(entry)).map(({ username }) => username);
    });
    if (added.length === 0 || this.names === undefined) return;
    // A longer list is read anew by whoever asks next; a single name finds its place.
    this.names = added.length === 1 ? insertSorted(this.names, added[0] ?? '') : undefined;
  }

  private writeState({ identity, pkiKey, shown }: PkiState): void {
    this.db
      .prepare('INSERT OR REPLACE INTO pkinode (id, identity, pkikey, target, root) VALUES (1, ?, ?, ?, ?)')
      .run(identity.cid.bytes, pkiKey.cid.bytes, shown?.target.bytes ?? null, shown?.root.bytes ?? null);
  }

  /** Whether the name is new. */
  private write({ username, chain }: IndexedChain): boolean {
    const identity = chain.at(-1)?.owner.cid.bytes;
    if (identity === undefined) throw new ArgumentError('chain', 'must not be empty');
    const addOwner = this.db.prepare('INSERT OR IGNORE INTO pkiowners (owner, username) VALUES (?, ?)');
    for (const { owner } of chain) addOwner.run(owner.cid.bytes, username);
    const bytes = encodeChain(chain);
    const update = this.db.prepare('UPDATE pkichains SET identity = ?, chain = ? WHERE username = ?');
    if (update.run(identity, bytes, username).changes > 0) return false;
    this.db.prepare('INSERT INTO pkichains (username, identity, chain) VALUES (?, ?, ?)').run(username, identity, bytes);
    return true;
  }

  private readNames(): string[] {
    const page = this.db.prepare('SELECT username FROM pkichains WHERE username > ? ORDER BY username LIMIT ?');
    const names: string[] = [];
    for (;;) {
      const rows = page.all(names.at(-1) ?? '', SQL_ROWS_PER_STEP);
      for (const row of rows) names.push(readText(row, 'username'));
      if (rows.length < SQL_ROWS_PER_STEP) return names;
    }
  }
}

function insertSorted(sorted: readonly string[], name: string): string[] {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] ?? '') < name) low = middle + 1;
    else high = middle;
  }
  return [...sorted.slice(0, low), name, ...sorted.slice(low)];
}
