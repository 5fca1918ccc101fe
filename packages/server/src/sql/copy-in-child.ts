import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** Where and with which binding a database is copied. */
export interface CopyJob {
  /** A module with `DatabaseSync`. */
  readonly engine: string;
  readonly source: string;
  /** A file that is empty or not there. */
  readonly target: string;
}

/** Plain JavaScript as text: it needs no file of its own, in the sources as in the build. */
const script = `
const [base, engine, source, target] = process.argv.slice(1);
process.emitWarning = () => undefined;
const { DatabaseSync } = require('node:module').createRequire(base)(engine);
const database = new DatabaseSync(source);
try {
  database.exec('PRAGMA busy_timeout = 5000');
  database.prepare('VACUUM INTO ?').run(target);
} catch (error) {
  process.exitCode = 3;
  process.stdout.write(String(error.errcode ?? 1));
}
database.close();
`;

/**
 * Copies a database that is in use to a new file, as it was at one moment, from a process of its own: writes of others go on without
 * waiting. (The backup interface of the bindings shares our connection, and waiting for it stops the whole server for as long as the
 * copy takes; a thread instead of a process would share the fate of a binding that fails.) Rejects with an error like those of the binding.
 */
export async function copyInChild({ engine, source, target }: CopyJob): Promise<void> {
  const child = spawn(process.execPath, ['--input-type=commonjs', '-e', script, import.meta.url, engine, source, target], {
    stdio: ['ignore', 'pipe', 'ignore'],
    windowsHide: true,
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const [status] = (await once(child, 'close')) as [number | null];
  if (status === 0) return;
  throw Object.assign(new Error('the copy failed'), { errcode: Number(output) || 1 });
}
