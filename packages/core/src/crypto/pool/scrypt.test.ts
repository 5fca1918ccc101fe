import { expect, test } from 'vitest';
import { fromHex, toHex, utf8Encode } from '../../bytes.js';
import { loadCrypto } from '../load-crypto.js';

test('the login parameters, with progress, off the main thread', async () => {
  const crypto = await loadCrypto();
  const fractions: number[] = [];
  let turns = 0;
  const timer = setInterval(() => turns++, 5);
  const out = await crypto.scrypt(
    crypto.sha256(utf8Encode('password')),
    utf8Encode('alice73616c74'),
    { logN: 17, r: 8, p: 1, length: 64 },
    { onProgress: (fraction) => fractions.push(fraction) },
  );
  clearInterval(timer);
  expect(toHex(out)).toBe(
    '3a433c2ab6962291dac6dd872a06064b04fbd0054c1bf279cae2b620ddb955d2866b86c2e5c234bb7f3290367331fdc21bdbc29bf8563cbc1e766587d302e169',
  );
  expect(fractions.length).toBeGreaterThan(10);
  expect(fractions.length).toBeLessThan(140);
  expect(fractions).toEqual([...fractions].sort((a, b) => a - b));
  expect(fractions.at(-1)).toBe(1);
  // The event loop of this thread went round while the key was computed.
  expect(turns).toBeGreaterThan(0);
});

test('the parameters of secret links', async () => {
  const crypto = await loadCrypto();
  const password = crypto.sha256(utf8Encode('moCvfdkPxWLb'));
  const out = await crypto.scrypt(password, utf8Encode('8057131'), { logN: 15, r: 8, p: 1, length: 32 });
  expect(out).toEqual(fromHex('6e2688cfaa30eaf4f5fd2ffa04a67321edde5de06554b6f8a5982bfff80a1c68'));
  // The caller's password is a copy in the worker: it is not wiped here.
  expect(password.some((byte) => byte !== 0)).toBe(true);
});

test('cancelling before and during the computation', async () => {
  const crypto = await loadCrypto();
  const run = async (signal: AbortSignal, onProgress?: () => void): Promise<Uint8Array> =>
    crypto.scrypt(
      new Uint8Array(1),
      new Uint8Array(1),
      { logN: 17, r: 8, p: 1, length: 32 },
      { signal, ...(onProgress === undefined ? {} : { onProgress }) },
    );
  await expect(run(AbortSignal.abort())).rejects.toMatchObject({ code: 'aborted' });
  const controller = new AbortController();
  await expect(run(controller.signal, () => controller.abort())).rejects.toMatchObject({ code: 'aborted' });
});
