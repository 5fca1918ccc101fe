import { equalBytes } from '@pyrgos/core/bytes';
import type { SqlDatabase, SqlStatement } from '../sql/sql-database.js';
import { MAX_LISTED_SPACE_REQUESTS } from '../limits.js';
import { readBytes, readText } from '../sql/sql-values.js';

/** A request that waits for an administrator. */
export interface PendingSpaceRequest {
  readonly username: string;
  /** The signed form of the SpaceRequest. */
  readonly signedRequest: Uint8Array;
}

/** Wishes for more space that wait for an administrator: one of each user (chapter 05 section 22.2). */
export class SpaceRequestTable {
  private readonly select: SqlStatement;
  private readonly selectAll: SqlStatement;
  private readonly upsert: SqlStatement;
  private readonly delete: SqlStatement;

  constructor(db: SqlDatabase) {
    this.select = db.prepare('SELECT request FROM space_requests WHERE name = ?');
    this.selectAll = db.prepare(`SELECT name, request FROM space_requests ORDER BY name LIMIT ${MAX_LISTED_SPACE_REQUESTS}`);
    this.upsert = db.prepare(
      'INSERT INTO space_requests (name, request) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET request = excluded.request',
    );
    this.delete = db.prepare('DELETE FROM space_requests WHERE name = ?');
  }

  /** The request of a user that waits. */
  get(username: string): Uint8Array | undefined {
    const row = this.select.get(username);
    return row === undefined ? undefined : readBytes(row, 'request');
  }

  /** Stores a request in the place of the one that waits, if there is one. */
  put(username: string, signedRequest: Uint8Array): void {
    this.upsert.run(username, signedRequest);
  }

  /** Whether exactly this request of the user is waiting. */
  has(username: string, signedRequest: Uint8Array): boolean {
    const waiting = this.get(username);
    return waiting !== undefined && equalBytes(waiting, signedRequest);
  }

  /** Whether there was one. */
  remove(username: string): boolean {
    return this.delete.run(username).changes > 0;
  }

  /** The waiting requests, sorted by name; at most MAX_LISTED_SPACE_REQUESTS. */
  list(): PendingSpaceRequest[] {
    return this.selectAll.all().map((row) => ({ username: readText(row, 'name'), signedRequest: readBytes(row, 'request') }));
  }
}
