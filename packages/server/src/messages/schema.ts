/**
 * Messages between the operator and users (chapter 07 section 20.4). `received` is our own time, `prior_id` -1 when there is none. Ids are
 * never given twice, because clients answer and dismiss by id.
 */
export const messagesSchema: readonly string[] = [
  `CREATE TABLE messages (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    type INTEGER NOT NULL,
    sent INTEGER NOT NULL,
    received INTEGER NOT NULL,
    body BLOB NOT NULL,
    prior_id INTEGER NOT NULL,
    is_dismissed INTEGER NOT NULL DEFAULT 0
  ) STRICT`,
  'CREATE INDEX messages_of_name ON messages (name)',
  'CREATE INDEX messages_by_time ON messages (received)',
];
