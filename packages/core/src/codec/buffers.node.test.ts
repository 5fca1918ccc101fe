import { Buffer } from 'node:buffer';
import { expect, test } from 'vitest';
import { fromHex, toHex } from '../bytes.js';
import { decodeCbor } from './cbor-decode.js';
import { encodeCbor } from './cbor-encode.js';
import { Cid, CidCodec, decodeCid } from './cid.js';
import { DataFrameReader } from './data-framing.js';
import { decodeMultibase, encodeMultibase } from './multibase.js';
import { Multihash } from './multihash.js';

// A Buffer is a Uint8Array whose slice() is a view: code that copies with slice() keeps an alias of the caller's memory.
const pooled = (hex: string): Buffer => Buffer.from(hex, 'hex');

test('a hash made from a Buffer does not change with it', () => {
  const buffer = pooled('00'.repeat(32));
  const cid = Cid.ofSha256(buffer, CidCodec.raw);
  const decoded = decodeCid(Buffer.from(cid.bytes));
  buffer.fill(1);
  expect(cid.multihash.digest).toEqual(new Uint8Array(32));
  expect(decoded.equals(cid)).toBe(true);
});

test('decoding a Buffer gives plain arrays with the right bytes', () => {
  const buffer = pooled('8243010203d82a450001710000');
  expect(buffer.byteOffset + buffer.buffer.byteLength).toBeGreaterThan(buffer.length);
  const [bytes, link] = decodeCbor(buffer) as [Uint8Array, Cid];
  expect(bytes.constructor).toBe(Uint8Array);
  expect(toHex(bytes)).toBe('010203');
  const copy = bytes.slice();
  buffer.fill(0);
  expect(toHex(copy)).toBe('010203');
  expect(toHex(link.bytes)).toBe('01710000');
});

test('encoders take Buffers', () => {
  expect(toHex(encodeCbor(pooled('01020304')))).toBe('4401020304');
  expect(toHex(encodeCbor(new Map([['a', pooled('ff')]])))).toBe('a1616141ff');
  expect(encodeMultibase('z', pooled('0000'))).toBe('z11');
  expect(decodeMultibase('z11').constructor).toBe(Uint8Array);
  expect(Multihash.sha256(pooled('07'.repeat(32))).bytes.constructor).toBe(Uint8Array);
});

test('framed bytes of a Buffer are copies', () => {
  const buffer = pooled('0000000201ff');
  const bytes = new DataFrameReader(buffer).readBytes(2);
  buffer.fill(0);
  expect(bytes).toEqual(fromHex('01ff'));
});
