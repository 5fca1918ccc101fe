// What the commands share that run some tests of `npm test` for longer.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { prepare, root } from './prepare.mjs';

/**
 * The options of the command line; ends the process with the usage for wrong ones, and for --help. `options`: names and defaults; `numbers`: those that must be whole numbers.
 */
export function readOptions(usage, options, numbers) {
  const text = `usage: ${usage}\n`;
  try {
    const strings = Object.entries(options).map(([name, value]) => [name, { type: 'string', default: value }]);
    const { values } = parseArgs({ options: { ...Object.fromEntries(strings), help: { type: 'boolean', default: false } } });
    if (values.help) {
      process.stdout.write(text);
      process.exit(0);
    }
    if (numbers.every((name) => /^\d+$/.test(values[name]))) return values;
  } catch (error) {
    process.stderr.write(`${error.message}\n`);
  }
  process.stderr.write(text);
  return process.exit(2);
}

/** Prepares the checkout and runs the tests whose file names contain `filter`, with more variables in their environment; the exit code is theirs. */
export async function runTests(filter, announcement, environment) {
  await prepare();
  process.stdout.write(`${announcement}\n`);
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
  const result = spawnSync(process.execPath, [vitest, 'run', '--project', 'node', filter], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, ...environment },
  });
  process.exitCode = result.status ?? 1;
}
