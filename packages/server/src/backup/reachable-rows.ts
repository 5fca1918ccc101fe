import { throwIfAborted } from '@pyrgos/core/errors';
import type { Cid } from '@pyrgos/core/codec';
import { unpackList } from '../blocks/block-metadata.js';
import { BlockTable } from '../blocks/block-table.js';
import { nextTurn } from '../blocks/next-turn.js';
import { IdSet } from '../gc/id-set.js';
import type { SqlDatabase } from '../sql/sql-database.js';

/** Rows that are looked at before others get a turn. */
const ROWS_PER_TURN = 256;

/** A block that is needed; `row` is its row, undefined when it is not there. */
export interface ReachedBlock {
  readonly cid: Uint8Array;
  readonly row: number | undefined;
}

/**
 * Every block of a user that is reachable from `roots`, each once, by the links in the database; the bytes are not read. Missing blocks come
 * with no row, possibly more than once. Memory: one bit for each block of the server and the links of one path.
 */
export async function* reachableRows(
  db: SqlDatabase,
  username: string,
  roots: readonly Cid[],
  signal?: AbortSignal,
): AsyncGenerator<ReachedBlock, void, undefined> {
  const table = new BlockTable(db);
  const partition = table.partition(username);
  const seen = new IdSet();
  const waiting: Uint8Array[] = roots.filter(({ isIdentity }) => !isIdentity).map(({ bytes }) => bytes);
  for (let count = 1; ; count++) {
    const cid = waiting.pop();
    if (cid === undefined) return;
    if (count % ROWS_PER_TURN === 0) {
      throwIfAborted(signal, 'backup');
      await nextTurn();
    }
    const found = partition === undefined ? undefined : table.find(partition, cid);
    if (found === undefined) {
      yield { cid, row: undefined };
      continue;
    }
    if (seen.has(found.id)) continue;
    seen.add(found.id);
    yield { cid, row: found.id };
    const links = found.hasLinks ? table.links(found.id) : undefined;
    if (links !== undefined) waiting.push(...unpackList(links));
  }
}
