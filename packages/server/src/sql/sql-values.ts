import { copyBytes } from '@pyrgos/core/bytes';
import { type Cid, decodeCid } from '@pyrgos/core/codec';
import { PyrgosError } from '@pyrgos/core/errors';
import type { SqlRow } from './sql-database.js';

function unexpected(column: string): never {
  throw new PyrgosError('storage', `The database has an unexpected value in column ${column}. Restore a backup.`, { data: { column } });
}

/** A safe integer of a row; PyrgosError `storage` when the column holds anything else. */
export function readInteger(row: SqlRow, column: string): number {
  const value = row[column];
  return typeof value === 'number' && Number.isSafeInteger(value) ? value : unexpected(column);
}

/** A flag of a row, stored as 0 or 1. */
export function readFlag(row: SqlRow, column: string): boolean {
  return readInteger(row, column) !== 0;
}

/** A text of a row. */
export function readText(row: SqlRow, column: string): string {
  const value = row[column];
  return typeof value === 'string' ? value : unexpected(column);
}

/** A byte string of a row, as an array of its own. */
export function readBytes(row: SqlRow, column: string): Uint8Array<ArrayBuffer> {
  const value = row[column];
  return value instanceof Uint8Array ? copyBytes(value) : unexpected(column);
}

/** A CID of a row, undefined for NULL. */
export function readMaybeCid(row: SqlRow, column: string): Cid | undefined {
  return row[column] === null ? undefined : decodeCid(readBytes(row, column));
}
