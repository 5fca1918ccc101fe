import { sqlDatabaseContract } from '@pyrgos/testkit/contracts/sql-database';
import { describe, test } from 'vitest';
import { sqlEngines } from './engine.js';
import { loadEngine } from './load-engine.js';
import { openDatabase } from './open-database.js';

for (const engine of sqlEngines) {
  const reason = await loadEngine(engine).then(
    () => undefined,
    (error: unknown) => String(error),
  );
  if (reason === undefined) sqlDatabaseContract(engine, { open: async (path) => openDatabase({ path, engine }) });
  else {
    describe(`SQL database contract: ${engine}`, () => {
      test.skip(`skipped: ${engine} is not on this Node`, () => undefined);
    });
  }
}
