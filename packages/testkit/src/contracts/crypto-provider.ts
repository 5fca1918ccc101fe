import { ArgumentError } from '@pyrgos/core/errors';
import { fromHex, toHex } from '@pyrgos/core/bytes';
import { withRandomSource, type CryptoProvider } from '@pyrgos/core/crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { constantRandom } from '../random.js';
import { codeOf, contractOfBehaviour, type CryptoReference } from './crypto-provider-behaviour.js';
import {
  callersForms,
  callOperation,
  key,
  noise,
  nonce,
  notBytes,
  operations,
  outputsOf,
  wrongValues,
} from './crypto-provider-operations.js';

export type { CryptoReference } from './crypto-provider-behaviour.js';

/** One entry of a vector file: hex strings and numbers by name. */
export type CryptoVector = Readonly<Record<string, string | number | undefined>>;

/** The vector files of the contract: `vectors/01/primitives.json` and `vectors/01/ed25519-verification.json`. */
export interface CryptoVectors {
  readonly primitives: { readonly valid: readonly CryptoVector[]; readonly invalid: readonly CryptoVector[] };
  readonly ed25519: { readonly valid: readonly CryptoVector[]; readonly invalid: readonly CryptoVector[] };
}

function text(vector: CryptoVector, name: string): string {
  const value = vector[name];
  if (typeof value !== 'string') throw new Error(`vector has no text ${name}`);
  return value;
}

const bytes = (vector: CryptoVector, name: string): Uint8Array => fromHex(text(vector, name));

function number(vector: CryptoVector, name: string): number {
  const value = vector[name];
  if (typeof value !== 'number') throw new Error(`vector has no number ${name}`);
  return value;
}

/**
 * The contract of {@link CryptoProvider}: the vectors, the rules of arguments and results, forgeries, streams, and comparison with an
 * independent reference. Every back end must pass it.
 */
export function cryptoProviderContract(
  name: string,
  load: () => Promise<CryptoProvider>,
  vectors: CryptoVectors,
  reference: CryptoReference,
): void {
  describe(`crypto provider: ${name}`, () => {
    let crypto: CryptoProvider;
    beforeAll(async () => {
      crypto = await load();
    });

    const vectorsOf = (operation: string, list: readonly CryptoVector[] = vectors.primitives.valid) =>
      list.filter((vector) => vector['operation'] === operation);

    describe('vectors', () => {
      test.each(vectorsOf('sha256'))('SHA-256: $source', (vector) => {
        const data = bytes(vector, 'data');
        expect(toHex(crypto.sha256(data))).toBe(vector['out']);
        expect(toHex(crypto.createSha256().update(data).digest())).toBe(vector['out']);
        expect(crypto.sha256Many([data, key, data]).map((hash) => toHex(hash))).toEqual([
          vector['out'],
          toHex(crypto.sha256(key)),
          vector['out'],
        ]);
      });

      test.each(vectorsOf('hmacSha256'))('HMAC-SHA-256: $source', (vector) => {
        expect(toHex(crypto.hmacSha256(bytes(vector, 'key'), bytes(vector, 'data')))).toBe(vector['out']);
      });

      test.each(vectorsOf('blake2b'))('BLAKE2b of $length bytes: $source', (vector) => {
        expect(toHex(crypto.blake2b(bytes(vector, 'data'), number(vector, 'length')))).toBe(vector['out']);
      });

      test.each(vectorsOf('blake3'))('BLAKE3: $source', (vector) => {
        expect(toHex(crypto.blake3(bytes(vector, 'data')))).toBe(vector['out']);
      });

      test.each(vectorsOf('scrypt'))('scrypt of 2^$logN: $source', async (vector) => {
        const [logN, r, p] = [number(vector, 'logN'), number(vector, 'r'), number(vector, 'p')];
        const length = text(vector, 'out').length / 2;
        expect(toHex(await crypto.scrypt(bytes(vector, 'password'), bytes(vector, 'salt'), { logN, r, p, length }))).toBe(vector['out']);
      });

      test.each(vectorsOf('secretbox'))('secretbox $boxed', (vector) => {
        const [k, n] = [bytes(vector, 'key'), bytes(vector, 'nonce')];
        expect(toHex(crypto.secretboxSeal(bytes(vector, 'plaintext'), n, k))).toBe(vector['boxed']);
        expect(toHex(crypto.secretboxOpen(bytes(vector, 'boxed'), n, k))).toBe(vector['plaintext']);
      });

      test.each(vectorsOf('secretbox', vectors.primitives.invalid))('secretbox refused: $reason', (vector) => {
        expect(codeOf(() => crypto.secretboxOpen(bytes(vector, 'boxed'), bytes(vector, 'nonce'), bytes(vector, 'key')))).toBe(
          'crypto.authentication',
        );
      });

      test.each(vectorsOf('curve25519'))('Curve25519 public key $publicKey', (vector) => {
        expect(toHex(crypto.curve25519PublicKey(bytes(vector, 'secretKey')))).toBe(vector['publicKey']);
      });

      test.each(vectorsOf('box'))('box: $source', (vector) => {
        const [theirs, ours, n] = [bytes(vector, 'theirPublicKey'), bytes(vector, 'secretKey'), bytes(vector, 'nonce')];
        expect(toHex(crypto.boxSeal(bytes(vector, 'plaintext'), n, theirs, ours))).toBe(vector['boxed']);
        expect(toHex(crypto.boxOpen(bytes(vector, 'boxed'), n, theirs, ours))).toBe(vector['plaintext']);
      });

      test.each(vectorsOf('box', vectors.primitives.invalid))('box refused: $reason', (vector) => {
        const peer = bytes(vector, 'theirPublicKey');
        expect(codeOf(() => crypto.boxSeal(key, nonce, peer, key))).toBe('crypto.authentication');
        expect(codeOf(() => crypto.boxOpen(noise(40), nonce, peer, key))).toBe('crypto.authentication');
      });

      test.each(vectorsOf('ed25519'))('Ed25519: $source', (vector) => {
        const message = bytes(vector, 'message');
        const pair = crypto.ed25519KeyPair(bytes(vector, 'seed'));
        expect(toHex(pair.publicKey)).toBe(vector['publicKey']);
        expect(toHex(pair.secretKey)).toBe(`${text(vector, 'seed')}${text(vector, 'publicKey')}`);
        const signature = crypto.ed25519Sign(message, pair.secretKey);
        expect(toHex(signature)).toBe(vector['signature']);
        expect(crypto.ed25519Verify(signature, message, pair.publicKey)).toBe(true);
      });

      test.each(vectorsOf('mlKem'))('ML-KEM-1024: $source', (vector) => {
        const pair = crypto.mlKemKeyPair(bytes(vector, 'd'), bytes(vector, 'z'));
        expect(toHex(crypto.sha256(pair.publicKey))).toBe(vector['publicKeySha256']);
        expect(toHex(crypto.sha256(pair.secretKey))).toBe(vector['secretKeySha256']);
        const { ciphertext, sharedSecret } = crypto.mlKemEncapsulate(pair.publicKey, bytes(vector, 'm'));
        expect(toHex(crypto.sha256(ciphertext))).toBe(vector['ciphertextSha256']);
        expect(toHex(sharedSecret)).toBe(vector['sharedSecret']);
        expect(toHex(crypto.mlKemDecapsulate(ciphertext, pair.secretKey))).toBe(vector['sharedSecret']);
        ciphertext[5]! ^= 1;
        expect(toHex(crypto.mlKemDecapsulate(ciphertext, pair.secretKey))).toBe(vector['rejectedSecret']);
      });
    });

    describe('the Ed25519 rule', () => {
      const verify = (vector: CryptoVector): boolean =>
        crypto.ed25519Verify(bytes(vector, 'signature'), bytes(vector, 'message'), bytes(vector, 'publicKey'));
      const signed = (list: readonly CryptoVector[]) => list.filter((vector) => vector['kind'] === 'signature');

      test.each(signed(vectors.ed25519.valid))('accepts: $name', (vector) => {
        expect(verify(vector)).toBe(true);
        for (const form of callersForms()) {
          const [signature, publicKey] = [form(bytes(vector, 'signature')), form(bytes(vector, 'publicKey'))];
          expect(crypto.ed25519Verify(signature, form(bytes(vector, 'message')), publicKey)).toBe(true);
          expect([toHex(signature), toHex(publicKey)]).toEqual([vector['signature'], vector['publicKey']]);
        }
      });

      test.each(signed(vectors.ed25519.invalid))('refuses: $name', (vector) => {
        expect(verify(vector)).toBe(false);
      });

      test('a public half that does not match the seed signs nothing', () => {
        const { secretKey } = crypto.ed25519KeyPair(key);
        for (const index of [32, 63]) {
          const mixed = secretKey.slice();
          mixed[index]! ^= 1;
          expect(() => crypto.ed25519Sign(noise(9), mixed)).toThrow(ArgumentError);
        }
      });
    });

    describe('arguments', () => {
      const wrong = operations.flatMap(({ operation, parameters, ...rest }) =>
        parameters.map((parameter, index) => ({ operation, parameter: parameter.name, index, values: wrongValues(parameter), ...rest })),
      );

      test.each(wrong)('$operation refuses a wrong $parameter', (row) => {
        const good = row.arguments(crypto);
        expect(() => callOperation(crypto, row.operation, good)).not.toThrow();
        for (const value of row.values) {
          try {
            callOperation(crypto, row.operation, good.with(row.index, value));
            expect.unreachable(`${row.operation} accepted a wrong ${row.parameter}`);
          } catch (error) {
            expect(error).toBeInstanceOf(ArgumentError);
            expect(error).toMatchObject({ code: 'argument', data: { field: row.parameter } });
          }
        }
      });

      test('sha256Many refuses what is no list of byte strings and names the element', () => {
        for (const value of [undefined, null, key, 'text', { length: 0 }]) {
          expect(codeOf(() => callOperation(crypto, 'sha256Many', [value]))).toBe('argument');
        }
        expect(() => callOperation(crypto, 'sha256Many', [[key, 'text']])).toThrow('inputs[1]');
      });

      test('scrypt refuses wrong parameters before it takes memory', async () => {
        const good = { logN: 4, r: 1, p: 1, length: 32 };
        const scrypt = async (...values: readonly unknown[]): Promise<unknown> => callOperation(crypto, 'scrypt', values);
        for (const value of notBytes) {
          await expect(scrypt(value, key, good)).rejects.toThrow(ArgumentError);
          await expect(scrypt(key, value, good)).rejects.toThrow(ArgumentError);
        }
        const bounds = { logN: 20, r: 32, p: 16, length: 1024 };
        for (const [field, maximum] of Object.entries(bounds)) {
          for (const value of [0, -1, 1.5, Number.NaN, '4', null, undefined, maximum + 1]) {
            await expect(scrypt(key, key, { ...good, [field]: value })).rejects.toMatchObject({ data: { field: `parameters.${field}` } });
          }
        }
        for (const value of [undefined, null, 4]) await expect(scrypt(key, key, value)).rejects.toThrow(ArgumentError);
        await expect(scrypt(key, key, { ...good, logN: 20, r: 9 })).rejects.toMatchObject({ code: 'limit' });
      });

      test('ML-KEM keys that FIPS 203 forbids are refused', () => {
        const pair = crypto.mlKemKeyPair(key, key);
        const { ciphertext } = crypto.mlKemEncapsulate(pair.publicKey, key);
        expect(() => crypto.mlKemEncapsulate(new Uint8Array(1568).fill(0xff), key)).toThrow(ArgumentError);
        const inconsistent = pair.secretKey.slice();
        inconsistent[1536 + 700]! ^= 1;
        expect(() => crypto.mlKemDecapsulate(ciphertext, inconsistent)).toThrow(ArgumentError);
      });
    });

    describe('results', () => {
      const leaveArgumentsAlone = operations.filter(({ operation }) => operation !== 'secretboxSealInPlace');
      test.each(leaveArgumentsAlone)(
        '$operation gives fresh memory, takes views and leaves its arguments alone',
        ({ operation, ...row }) => {
          const values = row.arguments(crypto);
          const before = values.map((value) => (value instanceof Uint8Array ? toHex(value) : value));
          const result = callOperation(crypto, operation, values);
          expect(values.map((value) => (value instanceof Uint8Array ? toHex(value) : value))).toEqual(before);
          for (const output of outputsOf(result)) {
            expect(Object.getPrototypeOf(output)).toBe(Uint8Array.prototype);
            expect(output.buffer.byteLength).toBe(output.length);
            for (const value of values) if (value instanceof Uint8Array) expect(output.buffer).not.toBe(value.buffer);
          }
          if (operation === 'randomBytes') return;
          const expected = outputsOf(result).map((output) => toHex(output));
          for (const output of outputsOf(result)) output.fill(0xee);
          for (const form of callersForms()) {
            const inputs = values.map((value) => (value instanceof Uint8Array ? form(value) : value));
            const again = callOperation(crypto, operation, inputs);
            expect(inputs.map((value) => (value instanceof Uint8Array ? toHex(value) : value))).toEqual(before);
            // What the caller does with its memory afterwards changes no result.
            for (const input of inputs) if (input instanceof Uint8Array) input.fill(0xee);
            expect(outputsOf(again).map((output) => toHex(output))).toEqual(expected);
            if (expected.length === 0) expect(again).toBe(result);
          }
        },
      );

      test('random bytes: every length up to the limit, never the same twice', () => {
        for (const length of [0, 1, 31, 65_535, 65_536]) expect(crypto.randomBytes(length)).toHaveLength(length);
        const seen = new Set(Array.from({ length: 50 }, () => toHex(crypto.randomBytes(16))));
        expect(seen.size).toBe(50);
        expect(new Set(crypto.randomBytes(65_536)).size).toBe(256);
      });

      test('the engine works behind another random source', () => {
        const pinned = withRandomSource(crypto, constantRandom(7));
        expect(pinned.randomBytes(3)).toEqual(Uint8Array.of(7, 7, 7));
        expect(pinned.backend).toBe(crypto.backend);
        expect(toHex(pinned.ed25519KeyPair(pinned.randomBytes(32)).publicKey)).toBe(
          toHex(crypto.ed25519KeyPair(new Uint8Array(32).fill(7)).publicKey),
        );
        expect(pinned.createSha256().update(key).digest()).toEqual(crypto.sha256(key));
      });
    });

    contractOfBehaviour(() => crypto, reference);
  });
}
