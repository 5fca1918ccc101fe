import { scrypt as nobleScrypt } from '@noble/hashes/scrypt.js';
import { expect, test } from 'vitest';
import { toHex } from '../../bytes.js';
import type { ScryptParameters } from '../provider.js';
import { startScryptKernel } from './scrypt-kernel.js';

async function run(password: string, salt: string, parameters: ScryptParameters): Promise<{ key: string; fractions: number[] }> {
  const text = new TextEncoder();
  const steps = await startScryptKernel(text.encode(password), text.encode(salt), parameters);
  const fractions: number[] = [];
  for (;;) {
    const step = steps.next();
    if (step.done === true) return { key: toHex(step.value), fractions };
    fractions.push(step.value);
  }
}

test.each([
  [
    '',
    '',
    { logN: 4, r: 1, p: 1, length: 64 },
    '77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906',
  ],
  [
    'password',
    'NaCl',
    { logN: 10, r: 8, p: 16, length: 64 },
    'fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b3731622eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640',
  ],
  [
    'pleaseletmein',
    'SodiumChloride',
    { logN: 14, r: 8, p: 1, length: 64 },
    '7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887',
  ],
])('RFC 7914: %s, %s', async (password, salt, parameters, expected) => {
  const { key, fractions } = await run(password, salt, parameters);
  expect(key).toBe(expected);
  expect(fractions[0]).toBe(0);
  expect(fractions.at(-1)).toBe(1);
  expect(fractions).toEqual([...fractions].sort((a, b) => a - b));
  expect(fractions.length).toBeLessThan(140);
});

test('equals another implementation for unusual parameters', async () => {
  for (const parameters of [
    { logN: 1, r: 1, p: 1, length: 1 },
    { logN: 2, r: 3, p: 2, length: 33 },
    { logN: 5, r: 5, p: 3, length: 100 },
    { logN: 7, r: 32, p: 1, length: 64 },
  ]) {
    const { logN, r, p, length } = parameters;
    const expected = toHex(nobleScrypt('pässword', 'salt', { N: 2 ** logN, r, p, dkLen: length }));
    expect((await run('pässword', 'salt', parameters)).key).toBe(expected);
  }
});
