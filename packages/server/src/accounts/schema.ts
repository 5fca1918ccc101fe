/**
 * Tables of the login data and the second factors (chapter 05 section 7.1, chapter 08 section 3). `entry`: CBOR UserStaticData;
 * `reader`: CBOR of the login public key; `writer`: CID bytes of the identity key hash; `target`: CID bytes; times in ms since the epoch,
 * `mfa.created` in days since 1970-01-01; `mfa.value`: see factor-table.ts; `mfa.attempts`: attempts left after wrong codes, NULL when there
 * were none;  `password_changes`: see password-change-limit.ts.
 */
export const accountsSchema: readonly string[] = [
  `CREATE TABLE login (
    username TEXT NOT NULL PRIMARY KEY,
    entry BLOB NOT NULL,
    reader BLOB NOT NULL
  ) STRICT`,
  `CREATE TABLE pendinglogin (
    username TEXT NOT NULL,
    entry BLOB NOT NULL,
    reader BLOB NOT NULL,
    writer BLOB NOT NULL,
    target BLOB NOT NULL,
    created INTEGER NOT NULL,
    PRIMARY KEY (username, reader)
  ) STRICT`,
  'CREATE TABLE password_changes (id INTEGER PRIMARY KEY, username TEXT NOT NULL, time INTEGER NOT NULL) STRICT',
  'CREATE INDEX password_changes_of_user ON password_changes (username)',
  `CREATE TABLE mfa (
    id INTEGER PRIMARY KEY,
    username TEXT NOT NULL,
    name TEXT NOT NULL,
    credid BLOB NOT NULL,
    type INTEGER NOT NULL,
    enabled INTEGER NOT NULL,
    created INTEGER NOT NULL,
    value BLOB NOT NULL,
    attempts INTEGER,
    attempts_since INTEGER,
    UNIQUE (username, credid)
  ) STRICT`,
  `CREATE TABLE mfa_challenge (
    id INTEGER PRIMARY KEY,
    username TEXT NOT NULL,
    ceremony TEXT NOT NULL,
    challenge BLOB NOT NULL,
    expires INTEGER NOT NULL
  ) STRICT`,
  'CREATE INDEX mfa_challenge_of_user ON mfa_challenge (username, ceremony, id)',
];
