/**
 * What garbage collection remembers of a partition: `fingerprint` of everything that decided the last complete run, so that an unchanged
 * user is skipped (chapter 08 section 5 step 2), and `scanned`, when its files were last compared with the database (milliseconds).
 */
export const gcSchema: readonly string[] = [
  `CREATE TABLE gc_state (
    partition_id INTEGER PRIMARY KEY,
    fingerprint BLOB,
    scanned INTEGER NOT NULL
  ) STRICT`,
];
