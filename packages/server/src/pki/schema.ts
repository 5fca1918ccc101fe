/**
 * Tables of the PKI node (chapter 05 section 17). `pkichains` and `pkiowners` are an index of the username tree, which is the truth:
 * they can be rebuilt from it. CIDs are in binary form, chains are the CBOR lists of their links.
 */
export const pkiSchema: readonly string[] = [
  'CREATE TABLE pkichains (username TEXT NOT NULL PRIMARY KEY, identity BLOB NOT NULL, chain BLOB NOT NULL) STRICT',
  // Every owner of a chain, former ones too.
  'CREATE TABLE pkiowners (owner BLOB NOT NULL PRIMARY KEY, username TEXT NOT NULL) STRICT, WITHOUT ROWID',
  // target: the WriterData of the PKI key that the index shows, and root: its tree; null while the index is being rebuilt.
  `CREATE TABLE pkinode (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    identity BLOB NOT NULL,
    pkikey BLOB NOT NULL,
    target BLOB,
    root BLOB
  ) STRICT`,
  // Sign-ups between the claim of the name and their last byte. log: null for a name that is claimed without data. has_place: whether
  // the quota row was made for it.
  `CREATE TABLE pendingsignups (
    username TEXT NOT NULL PRIMARY KEY,
    link BLOB NOT NULL,
    log BLOB,
    token TEXT NOT NULL,
    has_place INTEGER NOT NULL,
    created INTEGER NOT NULL
  ) STRICT`,
];
