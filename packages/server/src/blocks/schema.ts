/**
 * Tables of block metadata and open transactions (chapter 08 section 3: `blockmetadata`, `transactions`).
 *
 * - `partitions`: one row for each user that ever stored something. `last_put` numbers the puts of the user; `blocks`, kept up to date by
 *   triggers, counts the rows in `blocks`.
 * - `blocks`: `put` is the number of the latest put of the block, so that garbage collection can tell what was put after it began.
 *   `links` is a CBOR list of byte strings, binary CIDs in document order, and `bats` one of binary BAT ids; both empty for none.
 * - `transactions`: protections by open transactions, of everything that was put with the number `first_put` or a later one; `time`, in
 *   milliseconds, is when the protection began.
 */
export const blocksSchema: readonly string[] = [
  `CREATE TABLE partitions (
    id INTEGER PRIMARY KEY,
    username TEXT NOT NULL UNIQUE,
    last_put INTEGER NOT NULL,
    blocks INTEGER NOT NULL DEFAULT 0
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
  `CREATE TRIGGER block_added AFTER INSERT ON blocks BEGIN
    UPDATE partitions SET blocks = blocks + 1 WHERE id = NEW.partition_id;
  END`,
  `CREATE TRIGGER block_removed AFTER DELETE ON blocks BEGIN
    UPDATE partitions SET blocks = blocks - 1 WHERE id = OLD.partition_id;
  END`,
  `CREATE TABLE transactions (
    partition_id INTEGER NOT NULL,
    tid TEXT NOT NULL,
    first_put INTEGER NOT NULL,
    time INTEGER NOT NULL,
    PRIMARY KEY (partition_id, tid, first_put)
  ) STRICT, WITHOUT ROWID`,
];
