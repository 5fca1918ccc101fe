import { CryptoError, PyrgosError } from '@pyrgos/core/errors';
import type { CryptoProvider } from '@pyrgos/core/crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { seededRandom } from '../random.js';
import { key, noise, nonce, notBytes } from './crypto-provider-operations.js';

/** An independent implementation that the engine is compared with on inputs that no vector has. */
export type CryptoReference = Pick<
  CryptoProvider,
  'secretboxSeal' | 'sha256' | 'hmacSha256' | 'blake2b' | 'blake3' | 'curve25519PublicKey' | 'ed25519KeyPair' | 'ed25519Sign'
>;

const CHUNK = 5 * 1024 * 1024;
const empty = new Uint8Array();

/** Compares without a diff of megabytes in the report. */
function expectSame(actual: Uint8Array, expected: Uint8Array): void {
  expect(actual.length).toBe(expected.length);
  let different = -1;
  for (let i = 0; i < expected.length && different < 0; i++) if (actual[i] !== expected[i]) different = i;
  expect(different, 'first index that differs').toBe(-1);
}

/** What secretboxSealInPlace makes of a message in the middle of other data, which it must leave alone. */
function sealedInPlace(crypto: CryptoProvider, message: Uint8Array): Uint8Array {
  const end = 24 + message.length;
  const memory = new Uint8Array(end + 8).fill(0xee);
  memory.set(message, 24);
  const boxed = memory.subarray(8, end);
  crypto.secretboxSealInPlace(boxed, nonce, key);
  expectSame(memory.subarray(0, 8), new Uint8Array(8).fill(0xee));
  expectSame(memory.subarray(end), new Uint8Array(8).fill(0xee));
  return boxed;
}

/** The code of the error that `work` throws. */
export function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    return error instanceof PyrgosError ? error.code : `foreign ${String(error)}`;
  }
  return 'no error';
}

/** The part of the contract that needs no vectors: forgeries, comparison with the reference, streams, scrypt. */
export function contractOfBehaviour(crypto: () => CryptoProvider, reference: CryptoReference): void {
  describe('forgeries', () => {
    test('any changed byte of a secretbox is refused', () => {
      const boxed = crypto().secretboxSeal(noise(300), nonce, key);
      for (let i = 0; i < boxed.length; i++) {
        const forged = boxed.slice();
        forged[i]! ^= 1 << (i % 8);
        expect(codeOf(() => crypto().secretboxOpen(forged, nonce, key))).toBe('crypto.authentication');
      }
      for (const length of [0, 1, 15, 16, 299, 315]) {
        expect(() => crypto().secretboxOpen(boxed.subarray(0, length), nonce, key)).toThrow(CryptoError);
      }
      expect(() =>
        crypto().secretboxOpen(
          boxed,
          nonce.map((byte) => byte ^ 1),
          key,
        ),
      ).toThrow(CryptoError);
      expect(() =>
        crypto().secretboxOpen(
          boxed,
          nonce,
          key.map((byte) => byte ^ 1),
        ),
      ).toThrow(CryptoError);
    });

    test('a secretbox in place needs room for its MAC, and may lie in shared memory', () => {
      for (const length of [0, 15]) {
        expect(codeOf(() => crypto().secretboxSealInPlace(new Uint8Array(length), nonce, key))).toBe('argument');
      }
      // Pages without isolation have no SharedArrayBuffer of their own.
      const { buffer } = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
      const shared = new Uint8Array(buffer, 0, 116);
      shared.set(noise(100), 16);
      crypto().secretboxSealInPlace(shared, nonce, key);
      expectSame(shared, crypto().secretboxSeal(noise(100), nonce, key));
    });

    test('a box opens for its two parties only', () => {
      const [alice, bob, eve] = [noise(32, 3), noise(32, 5), noise(32, 7)];
      const publicKeyOf = (secret: Uint8Array): Uint8Array => crypto().curve25519PublicKey(secret);
      for (const length of [0, 1, 31, 32, 33, 1000]) {
        const message = noise(length);
        const boxed = crypto().boxSeal(message, nonce, publicKeyOf(bob), alice);
        expect(boxed).toHaveLength(length + 16);
        expectSame(crypto().boxOpen(boxed, nonce, publicKeyOf(alice), bob), message);
        expectSame(crypto().boxOpen(boxed, nonce, publicKeyOf(bob), alice), message);
        expect(codeOf(() => crypto().boxOpen(boxed, nonce, publicKeyOf(alice), eve))).toBe('crypto.authentication');
        boxed[boxed.length - 1]! ^= 1;
        expect(codeOf(() => crypto().boxOpen(boxed, nonce, publicKeyOf(alice), bob))).toBe('crypto.authentication');
      }
      expect(codeOf(() => crypto().boxOpen(new Uint8Array(15), nonce, publicKeyOf(alice), bob))).toBe('crypto.authentication');
    });

    test('a changed signature, message or key does not verify', () => {
      const pair = crypto().ed25519KeyPair(noise(32));
      const message = noise(64);
      const signature = crypto().ed25519Sign(message, pair.secretKey);
      for (let i = 0; i < 64; i += 3) {
        const change = (data: Uint8Array): Uint8Array => data.with(i % data.length, (data[i % data.length] as number) ^ 0x10);
        expect(crypto().ed25519Verify(change(signature), message, pair.publicKey)).toBe(false);
        expect(crypto().ed25519Verify(signature, change(message), pair.publicKey)).toBe(false);
        expect(crypto().ed25519Verify(signature, message, change(pair.publicKey))).toBe(false);
      }
      expect(crypto().ed25519Verify(signature, message.subarray(1), pair.publicKey)).toBe(false);
    });
  });

  describe('the reference agrees', () => {
    test('secretbox of every short length', () => {
      for (let length = 0; length <= 1100; length++) {
        const message = noise(length, length);
        const boxed = crypto().secretboxSeal(message, nonce, key);
        expectSame(boxed, reference.secretboxSeal(message, nonce, key));
        expectSame(sealedInPlace(crypto(), message), boxed);
        expectSame(crypto().secretboxOpen(boxed, nonce, key), message);
      }
    });

    test('hashes of every short length', () => {
      for (let length = 0; length <= 300; length++) {
        const data = noise(length, length);
        expectSame(crypto().sha256(data), reference.sha256(data));
        expectSame(crypto().hmacSha256(data, key), reference.hmacSha256(data, key));
        expectSame(crypto().hmacSha256(key, data), reference.hmacSha256(key, data));
        expectSame(crypto().blake3(data), reference.blake3(data));
        expectSame(crypto().blake2b(data, 1 + (length % 64)), reference.blake2b(data, 1 + (length % 64)));
      }
    });

    test('long inputs of odd lengths', () => {
      const random = seededRandom(11);
      for (let i = 0; i < 12; i++) {
        const data = noise(random.nextInteger(200_000), i);
        const [k, n] = [random.randomBytes(32), random.randomBytes(24)];
        const boxed = crypto().secretboxSeal(data, n, k);
        expectSame(boxed, reference.secretboxSeal(data, n, k));
        expectSame(crypto().secretboxOpen(boxed, n, k), data);
        expectSame(crypto().sha256(data), reference.sha256(data));
        expectSame(crypto().hmacSha256(k, data), reference.hmacSha256(k, data));
        expectSame(crypto().blake2b(data, 64), reference.blake2b(data, 64));
        expectSame(crypto().blake3(data), reference.blake3(data));
      }
    });

    test('a full chunk of 5 MiB', () => {
      const chunk = noise(CHUNK);
      const boxed = crypto().secretboxSeal(chunk, nonce, key);
      expectSame(boxed, reference.secretboxSeal(chunk, nonce, key));
      expectSame(sealedInPlace(crypto(), chunk), boxed);
      expectSame(crypto().secretboxOpen(boxed, nonce, key), chunk);
      expectSame(crypto().sha256(chunk), reference.sha256(chunk));
      boxed[CHUNK]! ^= 0x80;
      expect(codeOf(() => crypto().secretboxOpen(boxed, nonce, key))).toBe('crypto.authentication');
    });

    test('keys and signatures', () => {
      const random = seededRandom(12);
      for (let i = 0; i < 8; i++) {
        const secret = random.randomBytes(32);
        const message = random.randomBytes(random.nextInteger(300));
        expectSame(crypto().curve25519PublicKey(secret), reference.curve25519PublicKey(secret));
        const pair = crypto().ed25519KeyPair(secret);
        expect(pair).toEqual(reference.ed25519KeyPair(secret));
        const signature = crypto().ed25519Sign(message, pair.secretKey);
        expectSame(signature, reference.ed25519Sign(message, pair.secretKey));
        expect(crypto().ed25519Verify(signature, message, pair.publicKey)).toBe(true);
      }
    });
  });

  describe('SHA-256 in parts', () => {
    test('a stream gives the hash of the whole, however it is cut', () => {
      fc.assert(
        fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 12 }), (parts) => {
          const stream = crypto().createSha256();
          for (const part of parts) expect(stream.update(part)).toBe(stream);
          const whole = Uint8Array.from(parts.flatMap((part) => [...part]));
          expectSame(stream.digest(), crypto().sha256(whole));
        }),
        { numRuns: 60 },
      );
    });

    test('streams do not disturb each other or keep their input', () => {
      const [one, two] = [crypto().createSha256(), crypto().createSha256()];
      const shared = noise(100);
      for (let i = 0; i < 20; i++) {
        one.update(shared);
        two.update(shared.subarray(i));
        crypto().sha256(noise(1000));
      }
      const expectedOne = crypto().createSha256();
      for (let i = 0; i < 20; i++) expectedOne.update(shared);
      const partial = shared.slice(0, 10);
      one.update(partial);
      expectedOne.update(partial);
      partial.fill(0);
      const expectedTwo = Uint8Array.from(Array.from({ length: 20 }, (_, i) => [...shared.subarray(i)]).flat());
      expectSame(one.digest(), expectedOne.digest());
      expectSame(two.digest(), crypto().sha256(expectedTwo));
    });

    test('a stream ends with its digest and checks its input', () => {
      const stream = crypto().createSha256();
      const untyped = stream as unknown as { update: (data: unknown) => unknown };
      for (const value of notBytes) expect(codeOf(() => untyped.update(value))).toBe('argument');
      expectSame(stream.digest(), crypto().sha256(empty));
      expect(codeOf(() => stream.digest())).toBe('argument');
      expect(codeOf(() => stream.update(key))).toBe('argument');
    });

    test('many at once are the hashes of each', () => {
      expect(crypto().sha256Many([])).toEqual([]);
      for (const count of [1, 2, 3, 4, 5, 8, 9, 17]) {
        for (const inputs of [
          Array.from({ length: count }, (_, i) => noise(1000, i)),
          Array.from({ length: count }, (_, i) => noise(i * 37, i)),
          Array.from({ length: count }, (_, i) => noise((i % 3) * 64, i)),
        ]) {
          const hashes = crypto().sha256Many(inputs);
          expect(hashes).toHaveLength(count);
          hashes.forEach((hash, i) => {
            expectSame(hash, reference.sha256(inputs[i]!));
            expect(hash.buffer.byteLength).toBe(32);
          });
        }
      }
    });
  });

  describe('scrypt', () => {
    const parameters = { logN: 13, r: 8, p: 1, length: 32 };

    test('progress rises to 1', async () => {
      const fractions: number[] = [];
      const first = await crypto().scrypt(key, nonce, parameters, { onProgress: (fraction) => fractions.push(fraction) });
      expect(first).toEqual(await crypto().scrypt(key, nonce, parameters));
      expect(fractions.length).toBeLessThanOrEqual(110);
      expect(fractions).toEqual(fractions.toSorted((a, b) => a - b));
      expect(fractions.at(-1)).toBe(1);
      expect(fractions[0]).toBeGreaterThanOrEqual(0);
    });

    test('is cancelled before and during the work', async () => {
      await expect(crypto().scrypt(key, nonce, parameters, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'aborted' });
      const controller = new AbortController();
      const running = crypto().scrypt(key, nonce, { ...parameters, logN: 16 }, { signal: controller.signal });
      controller.abort();
      await expect(running).rejects.toMatchObject({ code: 'aborted' });
    });

    test('gives every length and its own memory', async () => {
      for (const length of [1, 31, 33, 1024]) {
        const out = await crypto().scrypt(key, empty, { logN: 1, r: 1, p: 2, length });
        expect(out).toHaveLength(length);
        expect(out.buffer.byteLength).toBe(length);
      }
    });
  });
}
