import { expect, test } from 'vitest';
import { loadCrypto } from './index.js';

test('a back end loads', async () => {
  expect((await loadCrypto()).backend).toMatch(/native|wasm|portable/);
});
