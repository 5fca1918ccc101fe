import { expect, test } from 'vitest';
import { checkAgreement } from '../../test/chat-agreement.js';
import { ChatHistory } from '../../test/chat-history.js';
import { loadCrypto } from '../crypto/index.js';

/** More with `npm run simulate`. */
const SEEDS = Number(process.env['PYRGOS_SIMULATE_SEEDS'] ?? 200);
const FIRST = Number(process.env['PYRGOS_SIMULATE_FIRST'] ?? 1);
/** A step of the other simulations is several of these. */
const STEPS = 5 * Number(process.env['PYRGOS_SIMULATE_STEPS'] ?? 10);

const engine = await loadCrypto();

test(`${SEEDS} random histories of chats`, async () => {
  const failures: string[] = [];
  let compared = 0;
  for (let seed = FIRST; seed < FIRST + SEEDS && failures.length < 3; seed++) {
    const history = new ChatHistory(engine, seed);
    try {
      await history.run(STEPS);
      if ((await checkAgreement(history, engine)) > 1) compared++;
    } catch (error) {
      failures.push(`seed ${seed}: ${String(error)}\n${history.log.join('\n')}`);
    }
  }
  expect(failures.join('\n\n')).toBe('');
  // Otherwise all that was compared in most of them would be a copy with itself.
  expect(compared).toBeGreaterThan(SEEDS / 2);
}, 3_600_000);
