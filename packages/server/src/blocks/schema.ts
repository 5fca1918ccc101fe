/**
 * Tables of block metadata and open transactions (chapter 08 section 3: `blockmetadata`, `transactions`).
 *
 * - `partitions`: one row for each user that ever stored something. `last_put` numbers the puts of the user; `pinned` counts the rows in
 *   `transactions`.
 * - `blocks`: `put` is the number of the latest put of the block, so that garbage collection can tell what was put after it began.
 *   `links` is a CBOR list of byte strings, binary CIDs in document order, and `bats` one of binary BAT ids; both empty for none.
 * - `transactions`: the blocks that open transactions protect; `time` in milliseconds.
 */
export const blocksSchema: readonly string[] = [
  `CREATE TABLE partitions (
    id INTEGER PRIMARY KEY,
    username TEXT NOT NULL UNIQUE,
    last_put INTEGER NOT NULL,
    pinned INTEGER NOT NULL
  ) STRICT`,
  `CREATE TABLE blocks (
    id INTEGER PRIMARY KEY,
    partition_id INTEGER NOT NULL,
    cid BLOB NOT NULL,
    put INTEGER NOT NULL,
    size INTEGER NOT NULL,
    links BLOB NOT NULL,
    bats BLOB NOT NULL,
    UNIQUE (partition_id, cid)
  ) STRICT`,
  `CREATE TABLE transactions (
    partition_id INTEGER NOT NULL,
    cid BLOB NOT NULL,
    tid TEXT NOT NULL,
    time INTEGER NOT NULL,
    PRIMARY KEY (partition_id, cid, tid)
  ) STRICT, WITHOUT ROWID`,
  'CREATE INDEX transactions_by_tid ON transactions (partition_id, tid)',
];
