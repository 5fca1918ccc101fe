/** The last accepted time of each administrator's request for pending space requests, against replays (chapter 05 section 22.4). */
export const adminSchema: readonly string[] = [
  'CREATE TABLE admin_times (name TEXT PRIMARY KEY, time INTEGER NOT NULL) STRICT, WITHOUT ROWID',
];
