import { describe, expect, test } from 'vitest';
import { concatBytes, equalBytes, fromHex } from './bytes.js';
import { decodeCbor, decodeCborPrefix } from './codec/cbor-decode.js';
import { encodeCbor } from './codec/cbor-encode.js';
import type { CborValue } from './codec/cbor-value.js';
import { parseCid } from './codec/cid.js';
import { decodeBase36, encodeBase36 } from './codec/base36.js';
import { decodeBase58, encodeBase58 } from './codec/base58.js';
import { decodeMultiaddr, encodeMultiaddr, formatMultiaddr, parseMultiaddr } from './codec/multiaddr.js';
import { decodeMultibase, encodeMultibase, type MultibasePrefix } from './codec/multibase.js';
import { decodeMultihash, Multihash, MultihashCode } from './codec/multihash.js';
import { FormatError, LimitError } from './errors.js';
import {
  CBOR_BYTES_PER_ITEM,
  MAX_CBOR_DEPTH,
  MAX_CBOR_ITEMS,
  MAX_IDENTITY_DIGEST_READ,
  MAX_MULTIADDR_SIZE,
  MAX_MULTIADDR_TEXT_LENGTH,
  MAX_MULTIBASE_LENGTH,
} from './limits.js';

/** Limits of the codec at their value and one above; the other limits are tested where they apply. */

describe('MAX_CBOR_DEPTH', () => {
  const wraps: readonly (readonly [string, string, (inner: CborValue) => CborValue])[] = [
    ['lists', '81', (inner) => [inner]],
    ['maps', 'a160', (inner) => new Map([['', inner]])],
  ];
  const nested = (depth: number, wrap: (inner: CborValue) => CborValue, innermost: CborValue): CborValue => {
    let value = innermost;
    for (let i = 0; i < depth; i++) value = wrap(value);
    return value;
  };

  test.each(wraps)('%s', (_, head, wrap) => {
    for (const [innermost, hex] of [
      [0, '00'],
      [null, 'f6'],
    ] as const) {
      const bytes = fromHex(head.repeat(MAX_CBOR_DEPTH) + hex);
      expect(encodeCbor(nested(MAX_CBOR_DEPTH, wrap, innermost))).toEqual(bytes);
      expect(encodeCbor(decodeCbor(bytes))).toEqual(bytes);
      expect(() => encodeCbor(nested(MAX_CBOR_DEPTH + 1, wrap, innermost))).toThrow(LimitError);
      expect(() => decodeCbor(fromHex(head.repeat(MAX_CBOR_DEPTH + 1) + hex))).toThrow(FormatError);
    }
  });

  test.each([
    ['80', []],
    ['a0', new Map()],
  ] as const)('an empty one counts: %s', (hex, innermost) => {
    const wrap = (inner: CborValue): CborValue => [inner];
    const bytes = fromHex('81'.repeat(MAX_CBOR_DEPTH - 1) + hex);
    expect(encodeCbor(nested(MAX_CBOR_DEPTH - 1, wrap, innermost))).toEqual(bytes);
    expect(encodeCbor(decodeCbor(bytes))).toEqual(bytes);
    expect(() => encodeCbor(nested(MAX_CBOR_DEPTH, wrap, innermost))).toThrow(LimitError);
    expect(() => decodeCbor(fromHex('81'.repeat(MAX_CBOR_DEPTH) + hex))).toThrow(FormatError);
  });

  test('far deeper input does not exhaust the stack', () => {
    expect(() => decodeCbor(new Uint8Array(1_000_000).fill(0x81))).toThrow(FormatError);
  });
});

describe('MAX_CBOR_ITEMS and CBOR_BYTES_PER_ITEM', () => {
  const head = (major: number, count: number): Uint8Array =>
    count < 0x10000
      ? Uint8Array.of((major << 5) | 25, count >> 8, count)
      : Uint8Array.of((major << 5) | 26, count >> 24, count >> 16, count >> 8, count);
  /** A list of one-byte items, written by hand: the encoder refuses too many. */
  const listOf = (count: number, item: number): Uint8Array => concatBytes(head(4, count), new Uint8Array(count).fill(item));
  /** The list counts, too. */
  const allowed = (bytes: number): number => MAX_CBOR_ITEMS + Math.floor(bytes / CBOR_BYTES_PER_ITEM) - 1;
  let most = MAX_CBOR_ITEMS;
  while (most + 1 <= allowed(most + 1 + 5)) most++;

  test.each([0x00, 0x60, 0x40, 0x80, 0xa0])('lists of the byte %i', (item) => {
    const bytes = listOf(most, item);
    expect(equalBytes(encodeCbor(decodeCbor(bytes)), bytes)).toBe(true);
    expect(() => decodeCbor(listOf(most + 1, item))).toThrow(FormatError);
    expect(() => decodeCbor(listOf(1_000_000, item))).toThrow(FormatError);
  });

  test('links: the tag counts, too', () => {
    // Identity CIDs of no data are the shortest: eight bytes, two items.
    const link = fromHex('d82a450001550000');
    const listOfLinks = (count: number): Uint8Array => concatBytes(head(4, count), ...Array.from({ length: count }, () => link));
    const fits = (count: number): boolean => 1 + 2 * count <= MAX_CBOR_ITEMS + Math.floor((8 * count + 3) / CBOR_BYTES_PER_ITEM);
    let count = MAX_CBOR_ITEMS / 2;
    while (fits(count + 1)) count++;
    const value = decodeCbor(listOfLinks(count)) as CborValue[];
    expect(encodeCbor(value).length).toBe(8 * count + 3);
    expect(() => decodeCbor(listOfLinks(count + 1))).toThrow(FormatError);
    expect(() => encodeCbor([...value, value[0] as CborValue])).toThrow(LimitError);
    // Links to hashes take 41 bytes, so that no list of them is refused, however long.
    const hashes = Array.from({ length: 100_000 }, () => parseCid('zdpuAy36qRsvJq5Rdqt8YMMjrDfnAw2ETyVqakwaMXupLqR7X'));
    expect(decodeCbor(encodeCbor(hashes))).toHaveLength(100_000);
  });

  test('maps: keys count, too', () => {
    const entries = Array.from({ length: 40_000 }, (_, i) => [String(i), null] as const);
    const bytes = encodeCbor(new Map(entries));
    expect(bytes.length / CBOR_BYTES_PER_ITEM).toBeGreaterThan(80_001 - MAX_CBOR_ITEMS);
    expect(equalBytes(encodeCbor(decodeCbor(bytes)), bytes)).toBe(true);
    expect(() => encodeCbor([new Map(entries), Array.from({ length: 20_000 }, () => 0)])).toThrow(LimitError);
  });

  test('the encoder refuses what the decoder would', () => {
    const items = Array.from({ length: most }, () => 0);
    expect(encodeCbor(items).length).toBe(most + 5);
    expect(() => encodeCbor([...items, 0])).toThrow(LimitError);
    // Large items pay for more.
    expect(encodeCbor([...items, 0, new Uint8Array(2 * CBOR_BYTES_PER_ITEM)]).length).toBe(most + 8 + 2 * CBOR_BYTES_PER_ITEM);
  });

  test('the budget of a prefix is that of the item alone', () => {
    const padding = new Uint8Array(100_000);
    const exact = concatBytes(listOf(most, 0), padding);
    expect(decodeCborPrefix(exact).end).toBe(most + 5);
    expect(() => decodeCborPrefix(concatBytes(listOf(most + 1, 0), padding))).toThrow(FormatError);
  });

  test('nested lists that announce more than they hold cost nothing', () => {
    const lies = concatBytes(...Array.from({ length: MAX_CBOR_DEPTH }, () => head(4, 60_000)), new Uint8Array(60_000));
    expect(() => decodeCbor(lies)).toThrow(expect.objectContaining({ code: 'format.cbor', data: expect.objectContaining({ offset: 3 }) }));
  });
});

test('MAX_IDENTITY_DIGEST_READ', () => {
  const largest = Multihash.create(MultihashCode.identity, new Uint8Array(MAX_IDENTITY_DIGEST_READ).fill(1));
  expect(decodeMultihash(largest.bytes).equals(largest)).toBe(true);
  expect(() => Multihash.create(MultihashCode.identity, new Uint8Array(MAX_IDENTITY_DIGEST_READ + 1))).toThrow(FormatError);
  const above = new Uint8Array(3 + MAX_IDENTITY_DIGEST_READ + 1);
  above.set([0, 0x91, 0x20]);
  expect(() => decodeMultihash(above)).toThrow(FormatError);
});

describe('MAX_MULTIBASE_LENGTH', () => {
  // Leading zeros keep the two quadratic bases quick: one digit is one byte.
  const zeros = (length: number): Uint8Array => new Uint8Array(length);

  test.each([
    ['base58', encodeBase58, decodeBase58, '1'],
    ['base36', encodeBase36, decodeBase36, '0'],
  ] as const)('%s', (_, encode, decode, zero) => {
    expect(equalBytes(decode(encode(zeros(MAX_MULTIBASE_LENGTH))), zeros(MAX_MULTIBASE_LENGTH))).toBe(true);
    expect(() => encode(zeros(MAX_MULTIBASE_LENGTH + 1))).toThrow(LimitError);
    expect(() => decode(zero.repeat(MAX_MULTIBASE_LENGTH + 1))).toThrow(LimitError);
    expect(() => encode(new Uint8Array(MAX_MULTIBASE_LENGTH).fill(255))).toThrow(LimitError);
    expect(() => encode(new Uint8Array(5_000_000).fill(255))).toThrow(LimitError);
  });

  /** Most bytes whose text with its prefix is within the limit. */
  const most: Readonly<Record<MultibasePrefix, number>> = {
    z: MAX_MULTIBASE_LENGTH - 1,
    k: MAX_MULTIBASE_LENGTH - 1,
    f: Math.floor((MAX_MULTIBASE_LENGTH - 1) / 2),
    b: Math.floor(((MAX_MULTIBASE_LENGTH - 1) * 5) / 8),
    B: Math.floor(((MAX_MULTIBASE_LENGTH - 1) * 5) / 8),
    v: Math.floor(((MAX_MULTIBASE_LENGTH - 1) * 5) / 8),
    V: Math.floor(((MAX_MULTIBASE_LENGTH - 1) * 5) / 8),
    m: Math.floor(((MAX_MULTIBASE_LENGTH - 1) * 3) / 4),
    M: Math.floor((MAX_MULTIBASE_LENGTH - 1) / 4) * 3,
  };

  test.each(Object.entries(most) as [MultibasePrefix, number][])('multibase %s', (prefix, length) => {
    const text = encodeMultibase(prefix, zeros(length));
    expect(text.length).toBeLessThanOrEqual(MAX_MULTIBASE_LENGTH);
    expect(equalBytes(decodeMultibase(text), zeros(length))).toBe(true);
    expect(() => encodeMultibase(prefix, zeros(length + 1))).toThrow(LimitError);
    expect(() => decodeMultibase(prefix + text.charAt(1).repeat(MAX_MULTIBASE_LENGTH))).toThrow(LimitError);
  });
});

test('MAX_MULTIADDR_SIZE and MAX_MULTIADDR_TEXT_LENGTH', () => {
  const named = (length: number): string => `/dns4/${'a'.repeat(length)}`;
  const largest = encodeMultiaddr(parseMultiaddr(named(MAX_MULTIADDR_SIZE - 3)));
  expect(largest.length).toBe(MAX_MULTIADDR_SIZE);
  expect(formatMultiaddr(decodeMultiaddr(largest))).toBe(named(MAX_MULTIADDR_SIZE - 3));
  expect(() => parseMultiaddr(named(MAX_MULTIADDR_SIZE - 2))).toThrow(LimitError);
  expect(() => decodeMultiaddr(new Uint8Array(MAX_MULTIADDR_SIZE + 1))).toThrow(LimitError);
  // The protocol with the longest name for its two bytes: no binary form has a text above the limit.
  const longest = '/webrtc-direct'.repeat(MAX_MULTIADDR_SIZE / 2);
  expect(encodeMultiaddr(parseMultiaddr(longest)).length).toBe(MAX_MULTIADDR_SIZE);
  expect(longest.length).toBeLessThanOrEqual(MAX_MULTIADDR_TEXT_LENGTH);
  const padded = (length: number): string => `/tcp/${'0'.repeat(length - 5)}`;
  expect(() => parseMultiaddr(padded(MAX_MULTIADDR_TEXT_LENGTH))).toThrow(FormatError);
  expect(() => parseMultiaddr(padded(MAX_MULTIADDR_TEXT_LENGTH + 1))).toThrow(LimitError);
});
