import { PyrgosError } from '@pyrgos/core/errors';
import type { SqlDatabase } from './sql-database.js';

/** Marks our files: `PRAGMA application_id`, the letters "Pyrg". */
const APPLICATION_ID = 0x50797267;

/** The version of the schema that this release reads and writes: `PRAGMA user_version`. */
export const SCHEMA_VERSION = 1;

function readNumber(db: SqlDatabase, pragma: 'application_id' | 'user_version'): number {
  return Number(db.prepare(`PRAGMA ${pragma}`).get()?.[pragma]);
}

/**
 * Brings a database to {@link SCHEMA_VERSION}: an empty one gets the statements of all areas in one transaction, so a crash leaves it
 * either empty or complete. Does nothing when it is there. PyrgosError `storage`, without having changed anything, for a file of another program or
 * of a newer Pyrgos.
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
  });
}

function foreignFile(): PyrgosError {
  return new PyrgosError('storage', 'The database file belongs to another program. Choose another data directory.');
}
