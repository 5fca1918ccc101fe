// `npm run fuzz`: the fuzz targets of `npm test`, for longer and from a fresh seed.
//   npm run fuzz -- --seconds 600 --seed 7 --target cbor
import { readOptions, runTests } from './long-tests.mjs';

const defaults = { seconds: '60', seed: String(Date.now() % 2 ** 31), target: '' };
const { seconds, seed, target } = readOptions('npm run fuzz -- [--seconds N] [--seed N] [--target NAME]', defaults, ['seconds', 'seed']);
await runTests('fuzz/', `fuzzing every target for ${seconds} s in total, seed ${seed}`, {
  PYRGOS_FUZZ_SECONDS: seconds,
  PYRGOS_FUZZ_SEED: seed,
  PYRGOS_FUZZ_TARGET: target,
});
