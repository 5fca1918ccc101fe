/** Follow requests that wait for their recipient (chapter 08 section 3), in the order of arrival. */
export const socialSchema: readonly string[] = [
  'CREATE TABLE follow_requests (id INTEGER PRIMARY KEY, name TEXT NOT NULL, request BLOB NOT NULL) STRICT',
  'CREATE INDEX follow_requests_of_name ON follow_requests (name)',
];
