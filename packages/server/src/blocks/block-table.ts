import { type Cid, decodeCid } from '@pyrgos/core/codec';
import type { BlockMetadata } from '../ports/local-blocks.js';
import { readBytes, readInteger, readText } from '../sql/sql-values.js';
import type { SqlDatabase } from '../sql/sql-database.js';
import { type BlockAccess, type DescribedBlock, packBatIds, packLinks, unpackBatIds, unpackLinks } from './block-metadata.js';

/** A row of `blocks` as garbage collection handles it. */
export interface BlockRow {
  readonly id: number;
  /** Binary CID. */
  readonly cid: Uint8Array;
}

const PARTITION = '(SELECT id FROM partitions WHERE username = ?)';

/**
 * The tables `partitions` and `blocks`. All methods are synchronous; those that change something are called inside a transaction. What
 * changes here becomes durable with the next `durable()` of the database.
 */
export class BlockTable {
  constructor(private readonly db: SqlDatabase) {}

  /** The partition of a user, made when it does not exist. */
  ensurePartition(username: string): number {
    const known = this.partition(username);
    if (known !== undefined) return known;
    this.db.prepare('INSERT INTO partitions (username, last_put) VALUES (?, 0)').run(username);
    return this.ensurePartition(username);
  }

  /** The partition of a user that has stored something. */
  partition(username: string): number | undefined {
    const row = this.db.prepare('SELECT id FROM partitions WHERE username = ?').get(username);
    return row === undefined ? undefined : readInteger(row, 'id');
  }

  /** The number of the latest put of a partition; 0 when there was none. Later puts have greater numbers. */
  lastPut(partition: number): number {
    const row = this.db.prepare('SELECT last_put FROM partitions WHERE id = ?').get(partition);
    return row === undefined ? 0 : readInteger(row, 'last_put');
  }

  /** How many blocks a partition has. */
  count(partition: number): number {
    const row = this.db.prepare('SELECT blocks FROM partitions WHERE id = ?').get(partition);
    return row === undefined ? 0 : readInteger(row, 'blocks');
  }

  /** Adds blocks, or marks them as put again, all under one new number. `known`: the keys of those that were there already. */
  record(partition: number, blocks: readonly DescribedBlock[]): { readonly put: number; readonly known: ReadonlySet<string> } {
    const numbered = this.db.prepare('UPDATE partitions SET last_put = last_put + 1 WHERE id = ? RETURNING last_put').get(partition);
    const put = numbered === undefined ? 0 : readInteger(numbered, 'last_put');
    const insert = this.db.prepare(
      `INSERT INTO blocks (partition_id, cid, put, size, links, bats) VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT (partition_id, cid) DO NOTHING`,
    );
    const update = this.db.prepare('UPDATE blocks SET put = ? WHERE partition_id = ? AND cid = ?');
    const known = new Set<string>();
    for (const { cid, metadata } of blocks) {
      const { changes } = insert.run(partition, cid.bytes, put, metadata.size, packLinks(metadata.links), packBatIds(metadata.batIds));
      if (changes > 0) continue;
      known.add(cid.key);
      update.run(put, partition, cid.bytes);
    }
    return { put, known };
  }

  /** Removes a block unless it was put again after the put `put`. */
  forget(partition: number, cid: Cid, put: number): void {
    this.db.prepare('DELETE FROM blocks WHERE partition_id = ? AND cid = ? AND put <= ?').run(partition, cid.bytes, put);
  }

  /** The metadata of a block. */
  metadata(username: string, cid: Cid): BlockMetadata | undefined {
    const row = this.db
      .prepare(`SELECT size, links, bats FROM blocks WHERE partition_id = ${PARTITION} AND cid = ?`)
      .get(username, cid.bytes);
    if (row === undefined) return undefined;
    return {
      size: readInteger(row, 'size'),
      links: unpackLinks(readBytes(row, 'links')),
      batIds: unpackBatIds(readBytes(row, 'bats')),
    };
  }

  /** Size and BATs of a block. */
  access(username: string, cid: Cid): BlockAccess | undefined {
    const row = this.db.prepare(`SELECT size, bats FROM blocks WHERE partition_id = ${PARTITION} AND cid = ?`).get(username, cid.bytes);
    return row === undefined ? undefined : { size: readInteger(row, 'size'), batIds: unpackBatIds(readBytes(row, 'bats')) };
  }

  /** Whether the block is there. */
  has(username: string, cid: Cid): boolean {
    return (
      this.db.prepare(`SELECT 1 AS one FROM blocks WHERE partition_id = ${PARTITION} AND cid = ?`).get(username, cid.bytes) !== undefined
    );
  }

  /** A user that has the block. */
  holderOf(cid: Cid): string | undefined {
    const row = this.db
      .prepare('SELECT username FROM partitions WHERE EXISTS (SELECT 1 FROM blocks WHERE partition_id = partitions.id AND cid = ?) LIMIT 1')
      .get(cid.bytes);
    return row === undefined ? undefined : readText(row, 'username');
  }

  /** The row id of a block and whether it has links, from the index and the row alone. */
  find(partition: number, cid: Uint8Array): { readonly id: number; readonly hasLinks: boolean } | undefined {
    const row = this.db
      .prepare('SELECT id, length(links) > 0 AS has_links FROM blocks WHERE partition_id = ? AND cid = ?')
      .get(partition, cid);
    return row === undefined ? undefined : { id: readInteger(row, 'id'), hasLinks: readInteger(row, 'has_links') === 1 };
  }

  /** The row id of a block, from the index alone. */
  idOf(partition: number, cid: Uint8Array): number | undefined {
    const row = this.db.prepare('SELECT id FROM blocks WHERE partition_id = ? AND cid = ?').get(partition, cid);
    return row === undefined ? undefined : readInteger(row, 'id');
  }

  /** The column `links` of a row. */
  links(id: number): Uint8Array | undefined {
    const row = this.db.prepare('SELECT links FROM blocks WHERE id = ?').get(id);
    return row === undefined ? undefined : readBytes(row, 'links');
  }

  /** At most `limit` rows of a partition in the order of their CIDs, those after `after`; from the index alone. */
  page(partition: number, after: Uint8Array, limit: number): readonly BlockRow[] {
    return this.db
      .prepare('SELECT id, cid FROM blocks WHERE partition_id = ? AND cid > ? ORDER BY cid LIMIT ?')
      .all(partition, after, limit)
      .map((row) => ({ id: readInteger(row, 'id'), cid: readBytes(row, 'cid') }));
  }

  /** Deletes a block for garbage collection, unless it was put after the put `before`; then it stays, and the result is undefined. */
  collect(partition: number, { id, cid }: BlockRow, before: number): { readonly cid: Cid; readonly size: number } | undefined {
    const row = this.db
      .prepare('DELETE FROM blocks WHERE id = ? AND partition_id = ? AND cid = ? AND put <= ? RETURNING size')
      .get(id, partition, cid, before);
    return row === undefined ? undefined : { cid: decodeCid(cid), size: readInteger(row, 'size') };
  }
}
