export { copyDatabase } from './copy-database.js';
export { type SqlEngine, sqlEngines } from './engine.js';
export { isEmptyDatabase, migrate, SCHEMA_VERSION } from './migrate.js';
export { openDatabase, type OpenDatabaseOptions } from './open-database.js';
export type { SqlDatabase, SqlRow, SqlStatement, SqlValue } from './sql-database.js';
export type { SqliteDatabase } from './sqlite-database.js';
