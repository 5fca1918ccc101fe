import { type ChildProcess, spawn, type StdioOptions } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** How {@link spawnTypeScript} starts the process. */
export interface SpawnTypeScriptOptions {
  /** Default: no input, output and errors as pipes. */
  readonly stdio?: StdioOptions;
  /** Added to the environment of the test. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs a TypeScript file of the sources in a process of its own, for tests that kill it. */
export function spawnTypeScript(script: URL, args: readonly string[], options: SpawnTypeScriptOptions = {}): ChildProcess {
  const register = new URL('../child/register.mjs', import.meta.url);
  return spawn(
    process.execPath,
    ['--no-warnings', '--conditions=@pyrgos/source', '--import', register.href, fileURLToPath(script), ...args],
    { stdio: options.stdio ?? ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...options.env } },
  );
}
