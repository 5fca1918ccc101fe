import { describe, expect, test } from 'vitest';
import { backendLoaders } from '#crypto-backends';
import { CryptoError, type PyrgosError } from '../errors.js';
import { createCheckedProvider } from './checked-provider.js';
import type { CryptoEngine } from './engine.js';
import { createCryptoLoader, loadCrypto } from './load-crypto.js';
import { createPortableEngine } from './portable-engine.js';
import type { CryptoBackend } from './provider.js';
import { scryptInline } from './scrypt-inline.js';

const working = createPortableEngine(scryptInline);

/** An engine in which one operation gives wrong bytes. */
function broken(changes: Partial<CryptoEngine>): CryptoEngine {
  return { ...working, ...changes };
}

const zeros = (length: number): Uint8Array => new Uint8Array(length);

const breakages: readonly (readonly [operation: string, changes: Partial<CryptoEngine>])[] = [
  ['SHA-256', { sha256: () => zeros(32) }],
  [
    'streaming SHA-256',
    {
      createSha256: () => ({
        update: function update() {
          return this;
        },
        digest: () => zeros(32),
      }),
    },
  ],
  ['SHA-256 of many', { sha256Many: (inputs) => inputs.map(() => zeros(32)) }],
  ['SHA-256 of many', { sha256Many: () => [] }],
  ['HMAC-SHA-256', { hmacSha256: () => zeros(32) }],
  ['BLAKE2b', { blake2b: (_, length) => zeros(length) }],
  ['BLAKE3', { blake3: () => zeros(32) }],
  ['secretbox', { secretboxSeal: (plaintext) => zeros(plaintext.length + 16) }],
  ['secretbox', { secretboxOpen: (boxed) => zeros(boxed.length - 16) }],
  ['secretbox', { secretboxOpen: () => undefined }],
  ['box', { curve25519PublicKey: () => zeros(32).fill(9) }],
  ['box', { x25519: () => zeros(32) }],
  ['Ed25519', { ed25519PublicKey: () => zeros(32) }],
  ['Ed25519', { ed25519Sign: () => zeros(64) }],
  ['Ed25519', { ed25519Verify: () => true }],
  ['Ed25519', { ed25519Verify: () => false }],
  ['ML-KEM-1024', { mlKemDecapsulate: () => zeros(32) }],
  ['ML-KEM-1024', { mlKemEncapsulate: () => ({ ciphertext: zeros(1568), sharedSecret: zeros(32) }) }],
  ['scrypt', { scrypt: async () => zeros(64) }],
  ['scrypt', { scrypt: async () => Promise.reject(new Error('no worker')) }],
  ['random', { randomBytes: (length) => zeros(length) }],
];

describe('the self-test', () => {
  test.each(breakages)('refuses a wrong %s', async (operation, changes) => {
    const load = createCryptoLoader(new Map([['portable', async () => broken(changes)]]));
    const refusal = load({ backend: 'portable' });
    await expect(refusal).rejects.toBeInstanceOf(CryptoError);
    await expect(refusal).rejects.toMatchObject({ code: 'crypto.self-test', data: { backend: 'portable', operation } });
  });

  test('refuses a verifier that uses the cofactor', async () => {
    const { ed25519 } = await import('@noble/curves/ed25519.js');
    const cofactored = broken({ ed25519Verify: (signature, message, key) => ed25519.verify(signature, message, key, { zip215: false }) });
    const load = createCryptoLoader(new Map([['portable', async () => cofactored]]));
    await expect(load()).rejects.toMatchObject({ code: 'crypto.unavailable' });
    await expect(load({ backend: 'portable' })).rejects.toMatchObject({ code: 'crypto.self-test', data: { operation: 'Ed25519' } });
  });
});

test('a shared secret of zeros is refused, whatever the engine thinks of it', () => {
  const provider = createCheckedProvider(broken({ x25519: () => zeros(32) }));
  const refused = expect.objectContaining({ code: 'crypto.authentication' });
  expect(() => provider.boxSeal(zeros(5), zeros(24), zeros(32).fill(9), zeros(32).fill(1))).toThrow(refused);
  expect(() => provider.boxOpen(zeros(21), zeros(24), zeros(32).fill(9), zeros(32).fill(1))).toThrow(refused);
});

describe('the loader', () => {
  test('gives one instance, also to simultaneous callers', async () => {
    let loads = 0;
    const load = createCryptoLoader(
      new Map([
        [
          'portable',
          async () => {
            loads++;
            return working;
          },
        ],
      ]),
    );
    const [one, two] = await Promise.all([load(), load({ backend: 'portable' })]);
    expect(one).toBe(two);
    expect(await load({ backend: 'auto' })).toBe(one);
    expect(loads).toBe(1);
  });

  test('takes the first back end that works and reports the refused ones', async () => {
    const refused: [CryptoBackend, PyrgosError][] = [];
    const load = createCryptoLoader(
      new Map<CryptoBackend, () => Promise<CryptoEngine>>([
        ['native', async () => Promise.reject(new Error('cannot find the module'))],
        ['wasm', async () => broken({ sha256: () => zeros(32), backend: 'wasm' })],
        ['portable', async () => working],
      ]),
    );
    const provider = await load({ onRefused: (backend, reason) => refused.push([backend, reason]) });
    expect(provider.backend).toBe('portable');
    expect(refused.map(([backend, reason]) => [backend, reason.code])).toEqual([
      ['native', 'crypto.unavailable'],
      ['wasm', 'crypto.self-test'],
    ]);
    expect(refused[0]?.[1].message).toContain('cannot find the module');
  });

  test('without any working back end, the error has every reason', async () => {
    const load = createCryptoLoader(
      new Map<CryptoBackend, () => Promise<CryptoEngine>>([
        ['wasm', async () => Promise.reject(new Error('the page forbids it'))],
        ['portable', async () => broken({ blake3: () => zeros(32) })],
      ]),
    );
    await expect(load()).rejects.toMatchObject({
      code: 'crypto.unavailable',
      message: expect.stringMatching(/wasm.*the page forbids it.*portable.*BLAKE3/),
    });
  });

  test('does not remember a failure', async () => {
    let attempts = 0;
    const load = createCryptoLoader(
      new Map([
        [
          'portable',
          async () => {
            attempts++;
            if (attempts === 1) throw new Error('out of memory');
            return working;
          },
        ],
      ]),
    );
    await expect(load()).rejects.toMatchObject({ code: 'crypto.unavailable' });
    expect((await load()).backend).toBe('portable');
    expect(attempts).toBe(2);
  });

  test('refuses unknown names and options', async () => {
    const untyped = async (options: unknown): Promise<unknown> => Reflect.apply(loadCrypto, undefined, [options]);
    for (const options of [null, 'native', { backend: 'openssl' }, { backend: 5 }]) {
      await expect(untyped(options)).rejects.toMatchObject({ code: 'argument' });
    }
    await expect(createCryptoLoader(new Map())({ backend: 'native' })).rejects.toMatchObject({ code: 'crypto.unavailable' });
  });

  test('this platform prefers what it should', async () => {
    const names = [...backendLoaders.keys()];
    expect(names).toEqual('document' in globalThis ? ['wasm', 'portable'] : ['native', 'wasm', 'portable']);
    expect(names).toContain((await loadCrypto()).backend);
  });
});
