// `npm run fuzz`: the fuzz targets of `npm test`, for longer and from a fresh seed.
//   npm run fuzz -- --seconds 600 --seed 7 --target cbor
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { prepare, root } from './prepare.mjs';

const USAGE = 'usage: npm run fuzz -- [--seconds N] [--seed N] [--target NAME]\n';

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        seconds: { type: 'string', default: '60' },
        seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
        target: { type: 'string', default: '' },
        help: { type: 'boolean', default: false },
      },
    });
    if (values.help) {
      process.stdout.write(USAGE);
      process.exit(0);
    }
    if (/^\d+$/.test(values.seconds) && /^\d+$/.test(values.seed)) return values;
  } catch (error) {
    process.stderr.write(`${error.message}\n`);
  }
  process.stderr.write(USAGE);
  return process.exit(2);
}

const values = readOptions();
await prepare();
process.stdout.write(`fuzzing every target for ${values.seconds} s in total, seed ${values.seed}\n`);
const result = spawnSync(process.execPath, [join(root, 'node_modules', 'vitest', 'vitest.mjs'), 'run', '--project', 'node', 'fuzz/'], {
  cwd: root,
  stdio: ['ignore', 'inherit', 'inherit'],
  env: {
    ...process.env,
    PYRGOS_FUZZ_SECONDS: values.seconds,
    PYRGOS_FUZZ_SEED: values.seed,
    PYRGOS_FUZZ_TARGET: values.target,
  },
});
process.exitCode = result.status ?? 1;
