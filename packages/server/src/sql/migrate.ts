import { PyrgosError } from '@pyrgos/core/errors';
import type { SqlDatabase } from './sql-database.js';

/** Marks our files: `PRAGMA application_id`, the letters "Pyrg". */
const APPLICATION_ID = 0x50797267;

/** The version of the schema that this release reads and writes: `PRAGMA user_version`. */
export const SCHEMA_VERSION = 1;

function readNumber(db: SqlDatabase, pragma: 'application_id' | 'user_version'): number {
  return Number(db.prepare(`PRAGMA ${pragma}`).get()?.[pragma]);
}

/** Whether nothing was ever stored in a database: {@link migrate} has not been here. */
export function isEmptyDatabase(db: SqlDatabase): boolean {
  return readNumber(db, 'user_version') === 0;
}

/** What the database is made of, as text: SQLite keeps each statement as it was given. */
function readSchema(db: SqlDatabase): readonly string[] {
  const rows = db.prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'").all();
  return rows.map((row) => String(row['sql']));
}

/**
 * Brings a database to {@link SCHEMA_VERSION}: an empty one gets the statements of all areas in one transaction, so a crash leaves it
 * either empty or complete. Does nothing when it is there. PyrgosError `storage`, without having changed anything, for a file of another program,
 * of a newer Pyrgos, or with tables that no release had.
 */
export function migrate(db: SqlDatabase, schemas: readonly (readonly string[])[]): void {
  db.transaction(() => {
    const version = readNumber(db, 'user_version');
    const application = readNumber(db, 'application_id');
    if (version === 0) {
      const tables = db.prepare('SELECT count(*) AS count FROM sqlite_schema').get()?.['count'];
      if (application !== 0 || tables !== 0) throw foreignFile();
      for (const statement of schemas.flat()) db.execute(statement);
      db.execute(`PRAGMA application_id = ${APPLICATION_ID}`);
      db.execute(`PRAGMA user_version = ${SCHEMA_VERSION}`);
      return;
    }
    if (application !== APPLICATION_ID) throw foreignFile();
    if (version > SCHEMA_VERSION) {
      throw new PyrgosError('storage', 'This data directory was written by a newer Pyrgos. Install the newest version and start again.', {
        data: { version, supported: SCHEMA_VERSION },
      });
    }
    if (readSchema(db).toSorted().join('\n') !== schemas.flat().toSorted().join('\n')) {
      throw new PyrgosError(
        'storage',
        'This data directory was written by a Pyrgos that was never released: its database has other tables. Start with another data directory.',
      );
    }
  });
}

function foreignFile(): PyrgosError {
  return new PyrgosError('storage', 'The database file belongs to another program. Choose another data directory.');
}
