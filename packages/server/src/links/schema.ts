/** Retrievals of secret links (chapter 08 section 3: `linkcounts`). `modified` in seconds since the epoch. */
export const linksSchema: readonly string[] = [
  `CREATE TABLE linkcounts (
    username TEXT NOT NULL,
    label INTEGER NOT NULL,
    count INTEGER NOT NULL,
    modified INTEGER NOT NULL,
    PRIMARY KEY (username, label)
  ) STRICT, WITHOUT ROWID`,
  'CREATE INDEX linkcounts_by_time ON linkcounts (username, modified)',
];
