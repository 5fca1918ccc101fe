import { copyBytes } from '@pyrgos/core/bytes';
import { type Cid, decodeCid } from '@pyrgos/core/codec';
import { readBytes, readFlag, readInteger } from '../sql/sql-values.js';
import type { SqlDatabase, SqlRow } from '../sql/sql-database.js';

/** One id of this server. */
export interface ServerIdRow {
  /** Rises with age: the highest is the youngest. */
  readonly row: number;
  readonly peerId: Cid;
  /** The libp2p form of the private key. A secret. */
  readonly privateKey: Uint8Array | undefined;
  /** The protobuf of the IPNS record. */
  readonly record: Uint8Array | undefined;
  /** Whether it is one of the ids that clients are told. */
  readonly isListed: boolean;
}

function maybeBytes(row: SqlRow, column: string): Uint8Array | undefined {
  return row[column] === null ? undefined : copyBytes(readBytes(row, column));
}

/** Table `serverids`. A server has a handful of rows. */
export class ServerIdTable {
  constructor(private readonly db: SqlDatabase) {}

  /** All rows, oldest first. */
  all(): readonly ServerIdRow[] {
    return this.db
      .prepare('SELECT id, peerid, private, record, is_listed FROM serverids ORDER BY id')
      .all()
      .map((row) => ({
        row: readInteger(row, 'id'),
        peerId: decodeCid(readBytes(row, 'peerid')),
        privateKey: maybeBytes(row, 'private'),
        record: maybeBytes(row, 'record'),
        isListed: readFlag(row, 'is_listed'),
      }));
  }

  /** Adds the youngest id. */
  add({ peerId, privateKey, record, isListed }: Omit<ServerIdRow, 'row'>): void {
    this.db
      .prepare('INSERT INTO serverids (peerid, private, record, is_listed) VALUES (?, ?, ?, ?)')
      .run(peerId.bytes, privateKey ?? null, record ?? null, isListed ? 1 : 0);
  }

  /** Replaces a record. */
  setRecord(row: number, record: Uint8Array): void {
    this.db.prepare('UPDATE serverids SET record = ? WHERE id = ?').run(record, row);
  }

  /** Removes all rows. */
  clear(): void {
    this.db.prepare('DELETE FROM serverids').run();
  }
}
