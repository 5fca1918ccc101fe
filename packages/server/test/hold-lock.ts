// Child process of data-directory-lock.test.ts: takes a data directory, says so, and holds it until it is killed or its input ends.
import { writeSync } from 'node:fs';
import { DataDirectoryLock } from '../src/config/data-directory-lock.js';

const [directory = '', mode = 'hold'] = process.argv.slice(2);
try {
  const lock = await DataDirectoryLock.acquire(directory, 'server', mode === 'race' ? 0 : undefined);
  // The lock alone keeps no process alive.
  setInterval(() => undefined, 1000);
  process.once('SIGTERM', () => {
    void lock.release().then(() => process.exit(0));
  });
  writeSync(1, 'held\n');
} catch (error) {
  writeSync(1, `refused ${error instanceof Error ? error.message : ''}\n`);
  process.exitCode = 1;
}
