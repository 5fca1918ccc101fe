// `npm run simulate`: the simulations of `npm test`, with more seeds and longer histories.
//   npm run simulate -- --seeds 1000 --first 1 --steps 20
import { readOptions, runTests } from './long-tests.mjs';

const defaults = { seeds: '1000', first: String(1000 + (Date.now() % 2 ** 30)), steps: '20' };
const usage = 'npm run simulate -- [--seeds N] [--first SEED] [--steps N]';
const { seeds, first, steps } = readOptions(usage, defaults, ['seeds', 'first', 'steps']);
await runTests('simulation', `simulating ${seeds} histories of ${steps} steps from seed ${first}`, {
  PYRGOS_SIMULATE_SEEDS: seeds,
  PYRGOS_SIMULATE_FIRST: first,
  PYRGOS_SIMULATE_STEPS: steps,
});
