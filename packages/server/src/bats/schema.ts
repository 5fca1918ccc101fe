/** Mirror BATs (chapter 08 section 3: `bats`), oldest first by `seq`. `id` is the binary CID of the BatId, `bat` the 32-byte secret. */
export const batsSchema: readonly string[] = [
  `CREATE TABLE bats (
    seq INTEGER PRIMARY KEY,
    username TEXT NOT NULL,
    id BLOB NOT NULL,
    bat BLOB NOT NULL,
    UNIQUE (id, username)
  ) STRICT`,
  'CREATE INDEX bats_by_user ON bats (username)',
];
