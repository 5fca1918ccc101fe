/**
 * Tables of users, writers, pointers and space (chapter 08 section 3). Key hashes and targets are binary CIDs.
 *
 * `writers` holds what the reference keeps in four tables, so that a pointer and what it is charged with change together:
 * - `is_attached`: reachable from an identity of the user over `owned_keys`; only such writers count as usage;
 * - `target`, `direct_bytes`, `missing_count`: the pointer target that was counted, its bytes, and how many rows it has in
 *   `missing_blocks`: blocks that were not there and count nothing. -1: there were too many to note them down;
 *   `users.checked_put`: up to which put of the user its writers that lack blocks have been looked through for blocks that arrived late,
 *   and `users.incomplete_changes`: how often one was added to them (see late-blocks.ts);
 * - `owned_root`, `is_owned_known`: the owned-key CHAMP that `owned_keys` mirrors, and whether it could be read;
 * - `pending_bytes`, `pending_at`: uploads since the last pointer update, and the time of the last one.
 *
 * `owned_keys.source`: 0 from the CHAMP of owned keys, 1 from the named keys.
 */
export const spaceSchema: readonly string[] = [
  `CREATE TABLE users (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    total_bytes INTEGER NOT NULL DEFAULT 0,
    detached_bytes INTEGER NOT NULL DEFAULT 0,
    pending_bytes INTEGER NOT NULL DEFAULT 0,
    is_errored INTEGER NOT NULL DEFAULT 0,
    upload_start INTEGER NOT NULL DEFAULT 0,
    upload_current INTEGER NOT NULL DEFAULT 0,
    upload_previous INTEGER NOT NULL DEFAULT 0,
    checked_put INTEGER NOT NULL DEFAULT 0,
    incomplete_changes INTEGER NOT NULL DEFAULT 0
  ) STRICT`,
  `CREATE TABLE writers (
    id INTEGER PRIMARY KEY,
    key BLOB NOT NULL UNIQUE,
    user_id INTEGER NOT NULL REFERENCES users (id),
    is_identity INTEGER NOT NULL DEFAULT 0,
    is_attached INTEGER NOT NULL DEFAULT 0,
    target BLOB,
    direct_bytes INTEGER NOT NULL DEFAULT 0,
    missing_count INTEGER NOT NULL DEFAULT 0,
    owned_root BLOB,
    is_owned_known INTEGER NOT NULL DEFAULT 1,
    pending_bytes INTEGER NOT NULL DEFAULT 0,
    pending_at INTEGER NOT NULL DEFAULT 0
  ) STRICT`,
  'CREATE INDEX writers_of_user ON writers (user_id)',
  'CREATE INDEX identities_of_user ON writers (user_id) WHERE is_identity = 1',
  'CREATE INDEX incomplete_of_user ON writers (user_id, id) WHERE missing_count <> 0',
  'CREATE INDEX pending_of_user ON writers (user_id, pending_at) WHERE pending_bytes > 0',
  'CREATE TABLE pointers (writer BLOB PRIMARY KEY, signed BLOB NOT NULL) STRICT, WITHOUT ROWID',
  `CREATE TABLE owned_keys (
    parent_id INTEGER NOT NULL,
    source INTEGER NOT NULL,
    child_id INTEGER NOT NULL,
    PRIMARY KEY (parent_id, source, child_id)
  ) STRICT, WITHOUT ROWID`,
  'CREATE TABLE missing_blocks (writer_id INTEGER NOT NULL, cid BLOB NOT NULL, PRIMARY KEY (writer_id, cid)) STRICT, WITHOUT ROWID',
  'CREATE INDEX owners_of_key ON owned_keys (child_id)',
  'CREATE TABLE quotas (name TEXT PRIMARY KEY, bytes INTEGER NOT NULL) STRICT, WITHOUT ROWID',
  'CREATE TABLE signup_tokens (digest BLOB PRIMARY KEY, token TEXT NOT NULL, created INTEGER NOT NULL) STRICT, WITHOUT ROWID',
  'CREATE TABLE space_requests (name TEXT PRIMARY KEY, request BLOB NOT NULL) STRICT, WITHOUT ROWID',
];
