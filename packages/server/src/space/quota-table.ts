import { assertInteger } from '@pyrgos/core/bytes';
import { ArgumentError } from '@pyrgos/core/errors';
import type { SqlDatabase, SqlStatement } from '../sql/sql-database.js';
import { readInteger, readText } from '../sql/sql-values.js';

/** Names that are safe as names of folders; every username of the network is one. */
const SAFE_USERNAME = /^[a-z0-9_-]{1,64}$/;

/** ArgumentError unless the name may become a name of a folder. */
export function assertSafeUsername(name: string): void {
  if (typeof name !== 'string' || !SAFE_USERNAME.test(name)) throw new ArgumentError('username', 'must be 1 to 64 of a-z, 0-9, _ and -');
}

/** A name with its quota. */
export interface Quota {
  readonly name: string;
  /** Bytes. */
  readonly bytes: number;
}

/** The quotas of local users: who has one is a user of this server (chapter 08 section 6.4). */
export class QuotaTable {
  private readonly select: SqlStatement;
  private readonly selectAll: SqlStatement;
  private readonly selectCount: SqlStatement;
  private readonly upsert: SqlStatement;
  private readonly delete: SqlStatement;

  constructor(private readonly db: SqlDatabase) {
    this.select = db.prepare('SELECT bytes FROM quotas WHERE name = ?');
    this.selectAll = db.prepare('SELECT name, bytes FROM quotas ORDER BY name');
    this.selectCount = db.prepare('SELECT count(*) AS count FROM quotas');
    this.upsert = db.prepare('INSERT INTO quotas (name, bytes) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET bytes = excluded.bytes');
    this.delete = db.prepare('DELETE FROM quotas WHERE name = ?');
  }

  /** The quota of a name in bytes, or undefined when it has none here. */
  get(name: string): number | undefined {
    const row = this.select.get(name);
    return row === undefined ? undefined : readInteger(row, 'bytes');
  }

  /** Sets the quota of a name, which may be one that has not signed up yet: that reserves it. Call `db.durable()` afterwards. */
  set(name: string, bytes: number): void {
    assertSafeUsername(name);
    assertInteger('bytes', bytes, 0, Number.MAX_SAFE_INTEGER);
    this.upsert.run(name, bytes);
  }

  /** Whether there was a quota to remove. */
  remove(name: string): boolean {
    return this.delete.run(name).changes > 0;
  }

  /** Number of names with a quota: what `max-users` is compared with. */
  count(): number {
    const row = this.selectCount.get();
    return row === undefined ? 0 : readInteger(row, 'count');
  }

  /** All names with their quotas, sorted. */
  list(): Quota[] {
    return this.selectAll.all().map((row) => ({ name: readText(row, 'name'), bytes: readInteger(row, 'bytes') }));
  }

  /** Resolves when everything set so far survives a crash of the machine. */
  async durable(): Promise<void> {
    await this.db.durable();
  }
}
