import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { createCryptoPool } from './index.js';

/** How `inspect` would print a key of 32 such bytes. */
const KEY_BYTE = 171;
const key = new Uint8Array(32).fill(KEY_BYTE);

test('inspecting or serialising a pool shows no key of a job, waiting or running', async () => {
  const pool = createCryptoPool({ size: 1 });
  try {
    const jobs = Array.from({ length: 6 }, async () => pool.secretboxSeal(new Uint8Array(100), new Uint8Array(24), key));
    const settled = Promise.allSettled(jobs);
    for (const text of [inspect(pool, { depth: 10, showHidden: true }), JSON.stringify(pool)]) {
      expect(text).not.toContain(String(KEY_BYTE));
    }
    await settled;
  } finally {
    await pool.close();
  }
});
