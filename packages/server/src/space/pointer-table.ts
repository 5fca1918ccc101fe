import type { PublicKeyHash } from '@pyrgos/core/keys';
import type { SqlDatabase, SqlStatement } from '../sql/sql-database.js';
import { readBytes } from '../sql/sql-values.js';

/** The table `pointers`: the last accepted signed update of each writer, byte for byte (chapter 03 section 2). */
export class PointerTable {
  private readonly select: SqlStatement;
  private readonly upsert: SqlStatement;
  private readonly delete: SqlStatement;
  /** Called whenever a pointer of this object may have changed, before the transaction ends that changes it. */
  onChange: (writer: PublicKeyHash) => void = () => undefined;

  constructor(db: SqlDatabase) {
    this.select = db.prepare('SELECT signed FROM pointers WHERE writer = ?');
    this.upsert = db.prepare(
      'INSERT INTO pointers (writer, signed) VALUES (?, ?) ON CONFLICT (writer) DO UPDATE SET signed = excluded.signed',
    );
    this.delete = db.prepare('DELETE FROM pointers WHERE writer = ?');
  }

  /** The signed update, or undefined when the writer has none. */
  get(writer: PublicKeyHash): Uint8Array | undefined {
    const row = this.select.get(writer.cid.bytes);
    return row === undefined ? undefined : readBytes(row, 'signed');
  }

  set(writer: PublicKeyHash, signed: Uint8Array): void {
    this.upsert.run(writer.cid.bytes, signed);
    this.onChange(writer);
  }

  remove(writer: PublicKeyHash): void {
    this.delete.run(writer.cid.bytes);
    this.onChange(writer);
  }
}
