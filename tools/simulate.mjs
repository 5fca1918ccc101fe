// `npm run simulate`: the simulations of `npm test`, with more seeds and longer histories.
//   npm run simulate -- --seeds 1000 --first 1 --steps 20
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { prepare, root } from './prepare.mjs';

const USAGE = 'usage: npm run simulate -- [--seeds N] [--first SEED] [--steps N]\n';

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        seeds: { type: 'string', default: '1000' },
        first: { type: 'string', default: String(1000 + (Date.now() % 2 ** 30)) },
        steps: { type: 'string', default: '20' },
        help: { type: 'boolean', default: false },
      },
    });
    if (values.help) {
      process.stdout.write(USAGE);
      process.exit(0);
    }
    if ([values.seeds, values.first, values.steps].every((value) => /^\d+$/.test(value))) return values;
  } catch (error) {
    process.stderr.write(`${error.message}\n`);
  }
  process.stderr.write(USAGE);
  return process.exit(2);
}

const values = readOptions();
await prepare();
process.stdout.write(`simulating ${values.seeds} histories of ${values.steps} steps from seed ${values.first}\n`);
const result = spawnSync(process.execPath, [join(root, 'node_modules', 'vitest', 'vitest.mjs'), 'run', '--project', 'node', 'simulation'], {
  cwd: root,
  stdio: ['ignore', 'inherit', 'inherit'],
  env: {
    ...process.env,
    PYRGOS_SIMULATE_SEEDS: values.seeds,
    PYRGOS_SIMULATE_FIRST: values.first,
    PYRGOS_SIMULATE_STEPS: values.steps,
  },
});
process.exitCode = result.status ?? 1;
