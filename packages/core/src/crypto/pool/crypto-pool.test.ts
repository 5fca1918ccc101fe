import { afterEach, describe, expect, test } from 'vitest';
import { equalBytes } from '../../bytes.js';
import { loadCrypto } from '../load-crypto.js';
import { createCryptoPool, createInlinePool, type CryptoPool } from './crypto-pool.js';

const key = new Uint8Array(32).fill(1);
const nonce = new Uint8Array(24).fill(3);
const data = (length: number, seed = 1): Uint8Array => Uint8Array.from({ length }, (_, i) => (i * seed) & 255);

const pools: { name: string; create: () => Promise<CryptoPool> }[] = [
  { name: 'inline', create: async () => createInlinePool(await loadCrypto()) },
  { name: '1 worker', create: async () => createCryptoPool({ size: 1 }) },
  { name: '2 workers, portable', create: async () => createCryptoPool({ size: 2, backend: 'portable' }) },
];

describe.each(pools)('pool: $name', ({ create }) => {
  let pool: CryptoPool;
  afterEach(async () => pool.close());

  test('gives what the engine gives, for many jobs at once', async () => {
    pool = await create();
    const crypto = await loadCrypto();
    const inputs = Array.from({ length: 20 }, (_, i) => data(i * 1000, i));
    const sealed = await Promise.all(inputs.map(async (input) => pool.secretboxSeal(input, nonce, key)));
    sealed.forEach((box, i) => expect(equalBytes(box, crypto.secretboxSeal(inputs[i]!, nonce, key))).toBe(true));
    const opened = await Promise.all(sealed.map(async (box) => pool.secretboxOpen(box, nonce, key)));
    opened.forEach((plain, i) => expect(equalBytes(plain, inputs[i]!)).toBe(true));
    const hashes = await Promise.all(inputs.map(async (input) => pool.sha256(input)));
    expect(hashes).toEqual(crypto.sha256Many(inputs));
    expect(await pool.sha256Many(inputs)).toEqual(hashes);
    expect(await pool.sha256Many([])).toEqual([]);
  });

  test.each([false, true])('seals a section where it is or in a copy, given away: %s', async (consume) => {
    pool = await create();
    const crypto = await loadCrypto();
    const head = Uint8Array.of(9, 8, 7);
    const content = data(1000, 7);
    const prefixes = [Uint8Array.of(1), Uint8Array.of(2, 2), new Uint8Array()];
    const padded = new Uint8Array(1020);
    padded.set(head);
    padded.set(content, 3);
    const ciphertext = crypto.secretboxSeal(padded, nonce, key);
    // With room around it: that for the MAC and the head before, what an earlier section has left behind.
    const memory = new Uint8Array(2000).fill(0xee);
    memory.set(content, 19);
    const numbers = { paddedLength: 1020, headerLength: 36, pieceLength: 400, prefixes, nonce, key };
    for (const given of [content.slice(), memory.subarray(19, 1019)]) {
      const before = given.slice();
      const sealed = await pool.sealSection({ ...numbers, head, data: given, hashData: true }, { consume });
      if (!consume) expect(given).toEqual(before);
      expect(sealed.header).toEqual(ciphertext.subarray(0, 36));
      expect(sealed.blocks.map((block, i) => [...block.subarray(0, prefixes[i]!.length)])).toEqual([[1], [2, 2], []]);
      const pieces = sealed.blocks.map((block, i) => [...block.subarray(prefixes[i]!.length)]);
      expect(pieces).toEqual([36, 436, 836].map((start) => [...ciphertext.subarray(start, Math.min(start + 400, 1036))]));
      expect(sealed.digests).toEqual(crypto.sha256Many(sealed.blocks));
      expect(sealed.dataDigest).toEqual(crypto.sha256(content));
    }
  });

  test('a section whose numbers do not fit is refused', async () => {
    pool = await create();
    const good = { head: data(3), data: data(50), paddedLength: 60, headerLength: 16, pieceLength: 60, prefixes: [data(1)], nonce, key };
    expect((await pool.sealSection(good)).dataDigest).toBeUndefined();
    const wrong = { paddedLength: 52, headerLength: 77, pieceLength: 59, prefixes: [], nonce: key, key: nonce };
    for (const [field, value] of Object.entries(wrong)) {
      await expect(pool.sealSection({ ...good, [field]: value })).rejects.toMatchObject({ code: 'argument' });
    }
    const signal = AbortSignal.abort();
    await expect(pool.sealSection(good, { signal })).rejects.toMatchObject({ code: 'aborted' });
  });

  test('verifies signatures as the engine does', async () => {
    pool = await create();
    const crypto = await loadCrypto();
    const pair = crypto.ed25519KeyPair(new Uint8Array(32).fill(9));
    const messages = Array.from({ length: 40 }, (_, i) => data(i, i));
    const signatures = messages.map((message) => crypto.ed25519Sign(message, pair.secretKey));
    const isDamaged = (i: number): boolean => i % 7 === 3;
    const given = signatures.map((signature, i) => (isDamaged(i) ? signature.map((byte, at) => (at === i ? byte ^ 1 : byte)) : signature));
    expect(await pool.ed25519VerifyMany(given, messages, pair.publicKey)).toEqual(messages.map((_, i) => !isDamaged(i)));
    // A key of small order, with which some engines accept a signature of anything (docs/decisions/002-ed25519-rule.md).
    const order = new Uint8Array(32);
    order[0] = 1;
    expect(await pool.ed25519VerifyMany([new Uint8Array(64).fill(1, 0, 1)], [data(3)], order)).toEqual([false]);
    expect(await pool.ed25519VerifyMany([], [], pair.publicKey)).toEqual([]);
    await expect(pool.ed25519VerifyMany(signatures, messages.slice(1), pair.publicKey)).rejects.toMatchObject({
      code: 'argument',
      data: { field: 'messages' },
    });
    await expect(pool.ed25519VerifyMany([new Uint8Array(63)], [data(1)], pair.publicKey)).rejects.toMatchObject({
      data: { field: 'signatures[0]' },
    });
    await expect(pool.ed25519VerifyMany([], [], new Uint8Array(31))).rejects.toMatchObject({ data: { field: 'publicKey' } });
  });

  test('leaves its inputs alone unless they are given away', async () => {
    pool = await create();
    const input = data(5000);
    const before = input.slice();
    const view = input.subarray(10, 20);
    await pool.secretboxSeal(input, nonce, key);
    await pool.sha256(view, { consume: true });
    await pool.sha256Many([input, view]);
    expect(equalBytes(input, before)).toBe(true);
    expect(key).toEqual(new Uint8Array(32).fill(1));
  });

  test('a wrong MAC and wrong arguments are typed errors', async () => {
    pool = await create();
    await expect(pool.secretboxOpen(new Uint8Array(40), nonce, key)).rejects.toMatchObject({ code: 'crypto.authentication' });
    await expect(pool.secretboxOpen(new Uint8Array(3), nonce, key)).rejects.toMatchObject({ code: 'crypto.authentication' });
    await expect(pool.secretboxSeal(new Uint8Array(1), nonce, key.subarray(1))).rejects.toMatchObject({
      code: 'argument',
      data: { field: 'key' },
    });
    await expect(pool.sha256('text' as unknown as Uint8Array)).rejects.toMatchObject({ code: 'argument', data: { field: 'data' } });
    await expect(pool.sha256Many([1] as unknown as Uint8Array[])).rejects.toMatchObject({ code: 'argument', data: { field: 'inputs[0]' } });
  });

  test('a cancelled job rejects, the others go on', async () => {
    pool = await create();
    const controller = new AbortController();
    controller.abort();
    await expect(pool.sha256(data(10), { signal: controller.signal })).rejects.toMatchObject({ code: 'aborted' });
    expect(await pool.sha256(data(10))).toHaveLength(32);
  });

  test('a closed pool rejects', async () => {
    pool = await create();
    await pool.sha256(data(10));
    await pool.close();
    await expect(pool.sha256(data(10))).rejects.toMatchObject({ code: 'crypto.worker' });
    await pool.close();
  });
});

describe('workers', () => {
  test('what is given away whole is transferred, in both directions', async () => {
    const pool = createCryptoPool({ size: 1 });
    try {
      const input = data(100_000);
      const expected = input.slice();
      const box = await pool.secretboxSeal(input, nonce, key, { consume: true });
      expect(input.byteLength).toBe(0);
      expect(box.buffer.byteLength).toBe(box.byteLength);
      expect(equalBytes(await pool.secretboxOpen(box, nonce, key, { consume: true }), expected)).toBe(true);
      expect(box.byteLength).toBe(0);
      const twice = data(100);
      expect(await pool.sha256Many([twice, twice], { consume: true })).toHaveLength(2);
    } finally {
      await pool.close();
    }
  });

  test('what cannot be given away is copied; what was given away before is refused', async () => {
    const pool = createCryptoPool({ size: 1 });
    try {
      // Engines never transfer the memory of a WebAssembly instance.
      const wasm = new Uint8Array(new WebAssembly.Memory({ initial: 1 }).buffer);
      expect(await pool.sha256(wasm, { consume: true })).toEqual(await pool.sha256(new Uint8Array(65_536)));
      expect(wasm.byteLength).toBe(65_536);
      const gone = data(100);
      await pool.sha256(gone, { consume: true });
      await expect(pool.secretboxSeal(gone, nonce, key)).rejects.toMatchObject({ code: 'argument', data: { field: 'plaintext' } });
      await expect(pool.sha256Many([gone])).rejects.toMatchObject({ code: 'argument', data: { field: 'inputs[0]' } });
      expect(await pool.sha256(new Uint8Array())).toHaveLength(32);
    } finally {
      await pool.close();
    }
  });

  test('cancelling drops waiting and running jobs', async () => {
    const pool = createCryptoPool({ size: 1 });
    try {
      const controller = new AbortController();
      const jobs = Array.from({ length: 10 }, async () => pool.secretboxSeal(data(2_000_000), nonce, key, { signal: controller.signal }));
      controller.abort();
      const results = await Promise.allSettled(jobs);
      expect(results.every((result) => result.status === 'rejected' && (result.reason as { code: string }).code === 'aborted')).toBe(true);
      expect(await pool.sha256(data(10))).toHaveLength(32);
    } finally {
      await pool.close();
    }
  });

  test('closing rejects what is not finished', async () => {
    const pool = createCryptoPool({ size: 1 });
    const jobs = Array.from({ length: 5 }, async () => pool.secretboxSeal(data(2_000_000), nonce, key));
    const settled = Promise.allSettled(jobs);
    await pool.close();
    for (const result of await settled) expect(result).toMatchObject({ status: 'rejected', reason: { code: 'crypto.worker' } });
  });

  test('an unknown back end and a silly size are refused', () => {
    expect(() => createCryptoPool({ size: 0 })).toThrow(/size/);
    expect(() => createCryptoPool({ size: 33 })).toThrow(/size/);
    expect(() => createCryptoPool({ backend: 'rot13' as 'wasm' })).toThrow(/backend/);
  });
});
