import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concatBytes, fromHex, toHex, utf8Encode } from '../bytes.js';
import { loadCrypto } from '../crypto/index.js';
import type { Hasher } from '../crypto/provider.js';
import { ArgumentError, FormatError, LimitError, PyrgosError } from '../errors.js';
import { MAX_PROOF_OF_WORK_SEARCH } from '../limits.js';
import v from '../../../../vectors/01/proof-of-work.json' with { type: 'json' };
import { decodeRequiredDifficulty, encodeRequiredDifficulty, ProofOfWork, satisfiesDifficulty } from './proof-of-work.js';

const crypto = await loadCrypto();
const hello = utf8Encode('hello');
/** A hasher that never satisfies anything but difficulty 0. */
const hopeless = { ...crypto, sha256: () => new Uint8Array(32).fill(0xff) } as unknown as Hasher;

test.each(v.valid.filter(({ hash }) => hash !== undefined))('hash $hash', ({ hash, difficulty, passes }) => {
  expect(satisfiesDifficulty(fromHex(hash ?? ''), difficulty)).toBe(passes);
});

test.each(v.valid.filter(({ prefix }) => prefix !== undefined))(
  'difficulty $difficulty',
  async ({ difficulty, data, prefix, hashStart, cbor }) => {
    const bytes = fromHex(data ?? '');
    const proof = await ProofOfWork.search(crypto, bytes, difficulty);
    expect(toHex(proof.prefix)).toBe(prefix);
    expect(proof.check(crypto, bytes, difficulty)).toBe(true);
    expect(proof.check(crypto, bytes, difficulty + 20)).toBe(false);
    if (hashStart !== undefined) expect(toHex(crypto.sha256(concatBytes(proof.prefix, bytes))).startsWith(hashStart)).toBe(true);
    if (cbor !== undefined) expect(toHex(proof.encode())).toBe(cbor);
    expect(ProofOfWork.decode(proof.encode()).equals(proof)).toBe(true);
  },
);

test.each(v.invalid)('refused: $reason', ({ cbor }) => {
  expect(() => ProofOfWork.decode(fromHex(cbor))).toThrow(FormatError);
});

describe('difficulty', () => {
  test('0 is satisfied by all, 256 by the zero hash only', () => {
    expect(satisfiesDifficulty(new Uint8Array(32).fill(255), 0)).toBe(true);
    expect(satisfiesDifficulty(new Uint8Array(32), 256)).toBe(true);
    for (let i = 0; i < 32; i++) {
      const hash = new Uint8Array(32);
      hash[i] = 0x80;
      expect(satisfiesDifficulty(hash, 256)).toBe(false);
    }
  });

  test('counts low-order bits of the partial byte', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), fc.integer({ min: 0, max: 256 }), (hash, difficulty) => {
        let expected = true;
        for (let bit = 0; bit < difficulty; bit++) if ((((hash[bit >> 3] ?? 0) >> (bit & 7)) & 1) === 1) expected = false;
        expect(satisfiesDifficulty(hash, difficulty)).toBe(expected);
      }),
    );
  });

  test('out of range is an argument error', () => {
    for (const difficulty of [-1, 257, 1.5]) expect(() => satisfiesDifficulty(new Uint8Array(32), difficulty)).toThrow(ArgumentError);
    expect(() => satisfiesDifficulty(new Uint8Array(31), 1)).toThrow(ArgumentError);
  });
});

test('the empty proof', () => {
  const proof = ProofOfWork.empty();
  expect(proof.prefix.length).toBe(0);
  expect(proof.check(crypto, hello, 0)).toBe(true);
  expect(ProofOfWork.decode(proof.encode()).equals(proof)).toBe(true);
});

test('an infeasible search is not started', async () => {
  await expect(ProofOfWork.search(crypto, hello, MAX_PROOF_OF_WORK_SEARCH + 1)).rejects.toThrow(LimitError);
  await expect(ProofOfWork.search(crypto, hello, 256)).rejects.toThrow(LimitError);
  await expect(ProofOfWork.search(crypto, hello, 257)).rejects.toThrow(ArgumentError);
});

test('a search can be cancelled and lets other work run meanwhile', async () => {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), 0);
  await expect(ProofOfWork.search(hopeless, hello, MAX_PROOF_OF_WORK_SEARCH, { signal: controller.signal })).rejects.toThrow(
    expect.objectContaining({ code: 'aborted' }),
  );
  clearTimeout(timer);
  const aborted = AbortSignal.abort();
  await expect(ProofOfWork.search(crypto, hello, 1, { signal: aborted })).rejects.toThrow(expect.objectContaining({ code: 'aborted' }));
});

test('progress rises to 1 in few steps', async () => {
  const seen: number[] = [];
  await ProofOfWork.search(crypto, hello, 16, { onProgress: (fraction) => seen.push(fraction) });
  expect(seen.at(-1)).toBe(1);
  expect(seen.length).toBeLessThanOrEqual(101);
  expect(seen.every((fraction, i) => fraction > (seen[i - 1] ?? 0) && fraction <= 1)).toBe(true);
});

test('the decoder gives an error of the family or a value that re-encodes identically', () => {
  const valid = ProofOfWork.of(new Uint8Array(8)).encode();
  const mutated = fc
    .tuple(fc.nat({ max: valid.length - 1 }), fc.integer({ min: 1, max: 255 }))
    .map(([at, mask]) => valid.map((byte, i) => (i === at ? byte ^ mask : byte)));
  fc.assert(
    fc.property(fc.oneof(mutated, fc.uint8Array({ maxLength: 40 })), (bytes) => {
      try {
        expect(ProofOfWork.decode(bytes).encode()).toEqual(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(PyrgosError);
      }
    }),
  );
});

describe('the difficulty that a server requires', () => {
  test.each(v.required.valid)('$difficulty', ({ difficulty, bytes }) => {
    expect(toHex(encodeRequiredDifficulty(difficulty))).toBe(bytes);
    expect(decodeRequiredDifficulty(fromHex(bytes))).toBe(difficulty);
  });

  test.each(v.required.invalid)('refused: $reason', ({ bytes }) => {
    expect(() => decodeRequiredDifficulty(fromHex(bytes))).toThrow(FormatError);
  });

  test('reads from the middle of a larger array', () => {
    expect(decodeRequiredDifficulty(fromHex('ff0000000bff').subarray(1, 5))).toBe(11);
  });

  test('out of range is an argument error', () => {
    for (const bad of [-1, 257, 0.5, '11']) expect(() => encodeRequiredDifficulty(bad as number)).toThrow(ArgumentError);
  });
});
