import { Cid, CidCodec, type CborValue, Multihash, MultihashCode } from '@pyrgos/core/codec';
import { MAX_IDENTITY_DIGEST_WRITE } from '@pyrgos/core/limits';
import * as fc from 'fast-check';

/** Byte strings of up to `max` bytes (default 64); some are views into a larger array, as the decoder hands them out. */
export function arbitraryBytes(max = 64): fc.Arbitrary<Uint8Array> {
  const whole = fc.uint8Array({ minLength: 0, maxLength: max });
  const view = fc
    .tuple(fc.uint8Array({ minLength: 1, maxLength: 7 }), whole)
    .map(([before, bytes]) => Uint8Array.from([...before, ...bytes]).subarray(before.length));
  return fc.oneof(whole, view);
}

/** Exactly `length` bytes. */
export function arbitraryFixedBytes(length: number): fc.Arbitrary<Uint8Array> {
  return fc.uint8Array({ minLength: length, maxLength: length });
}

/** A 32-byte CHAMP key, as mutable trees use them. */
export function arbitraryMapKey(): fc.Arbitrary<Uint8Array> {
  return arbitraryFixedBytes(32);
}

/** Well-formed text: any code point but surrogates, with byte order marks, unnormalised forms and astral planes well represented. */
export function arbitraryText(maxLength = 24): fc.Arbitrary<string> {
  return fc.oneof(
    fc.string({ maxLength }),
    fc.string({ unit: 'binary', maxLength }),
    fc.constantFrom('', '\u0000', '\ufeff', '\ufeffx', 'é', 'e\u0301', '\uffff', '\u{1f600}', '\u{10ffff}', 'a'.repeat(23), 'a'.repeat(24)),
  );
}

/** Names that would do harm as keys of a plain object, or that sort in a surprising place. */
export const hostileKeys: readonly string[] = [
  '',
  '__proto__',
  'constructor',
  'prototype',
  'hasOwnProperty',
  'toString',
  'valueOf',
  'toJSON',
  'then',
  'length',
  '0',
  '-1',
  'é',
  '\ufeff',
  '\uffff',
  '\u{1f600}',
];

/** Map keys of CBOR: short text and {@link hostileKeys}. */
export function arbitraryCborKey(): fc.Arbitrary<string> {
  return fc.oneof(fc.constantFrom(...hostileKeys), arbitraryText(6));
}

/** Integers of the CBOR profile in their only form: number when safe, bigint otherwise. Boundaries are frequent. */
export function arbitraryCborInteger(): fc.Arbitrary<number | bigint> {
  const boundaries = [5n, 8n, 16n, 31n, 32n, 53n, 63n].flatMap((bits) => [2n ** bits - 1n, 2n ** bits, -(2n ** bits) - 1n, -(2n ** bits)]);
  const inRange = boundaries.filter((value) => BigInt.asIntN(64, value) === value);
  return fc
    .oneof(
      fc.integer({ min: -300, max: 300 }).map(BigInt),
      fc.constantFrom(...inRange),
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    )
    .map((value) => (Number.isSafeInteger(Number(value)) ? Number(value) : value));
}

const digestLengths: readonly (readonly [number, number])[] = [
  [MultihashCode.sha2_256, 32],
  [MultihashCode.sha2_512, 64],
  [MultihashCode.sha3, 64],
  [MultihashCode.blake3, 32],
  [MultihashCode.blake2b, 64],
  [MultihashCode.blake2s, 32],
];

/** Multihashes of every known code; mostly sha2-256 and identity. */
export function arbitraryMultihash(): fc.Arbitrary<Multihash> {
  return fc.oneof(
    arbitraryFixedBytes(32).map((digest) => Multihash.sha256(digest)),
    arbitraryBytes(MAX_IDENTITY_DIGEST_WRITE).map((digest) => Multihash.create(MultihashCode.identity, digest)),
    fc
      .constantFrom(...digestLengths)
      .chain(([code, length]) => arbitraryFixedBytes(length).map((digest) => Multihash.create(code, digest))),
  );
}

/** CIDs of every version and codec. */
export function arbitraryCid(): fc.Arbitrary<Cid> {
  const v1 = fc.tuple(fc.constantFrom(...Object.values(CidCodec)), arbitraryMultihash()).map(([codec, hash]) => Cid.v1(codec, hash));
  const v0 = arbitraryFixedBytes(32).map((digest) => Cid.v0(Multihash.sha256(digest)));
  return fc.oneof({ weight: 5, arbitrary: v1 }, { weight: 1, arbitrary: v0 });
}

/** Options of {@link arbitraryCbor}. */
export interface ArbitraryCborOptions {
  /** Whether links occur; default true. */
  readonly links?: boolean;
  /** Deepest nesting of lists and maps; default 4. */
  readonly maxDepth?: number;
}

/** Values of the CBOR profile: every type, hostile map keys in any insertion order, links. */
export function arbitraryCbor(options: ArbitraryCborOptions = {}): fc.Arbitrary<CborValue> {
  const leaves: fc.Arbitrary<CborValue>[] = [arbitraryCborInteger(), fc.boolean(), fc.constant(null), arbitraryText(), arbitraryBytes(40)];
  if (options.links !== false) leaves.push(arbitraryCid());
  const { value } = fc.letrec<{ value: CborValue }>((tie) => ({
    value: fc.oneof(
      { maxDepth: options.maxDepth ?? 4, depthIdentifier: 'cbor' },
      fc.oneof(...leaves),
      fc.array(tie('value'), { maxLength: 5, depthIdentifier: 'cbor' }),
      fc
        .uniqueArray(fc.tuple(arbitraryCborKey(), tie('value')), { maxLength: 6, selector: ([key]) => key, depthIdentifier: 'cbor' })
        .map((entries) => new Map(entries)),
    ),
  }));
  return value;
}
