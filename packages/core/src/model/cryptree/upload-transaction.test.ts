import { describe, expect, test } from 'vitest';
import v from '../../../../../vectors/04/uploads.json' with { type: 'json' };
import { altered, batOf, filled, keyOf } from '../../../test/cryptree-values.js';
import { fromHex, toHex } from '../../bytes.js';
import { decodeCbor } from '../../codec/cbor-decode.js';
import type { CborMap, CborValue } from '../../codec/cbor-value.js';
import { HashTree } from '../../containers/hash-tree.js';
import { loadCrypto } from '../../crypto/index.js';
import { ArgumentError, FormatError, LimitError } from '../../errors.js';
import { Bat } from '../../keys/bat.js';
import { SigningKeyPair } from '../../keys/signing-key.js';
import { SymmetricKey } from '../../keys/symmetric-key.js';
import { MAX_PATH_LENGTH } from '../../limits.js';
import { ChunkLocation } from './chunk-location.js';
import { FileProperties } from './file-properties.js';
import { ResumeUploadProps } from './resume-upload-props.js';
import { Timestamp } from './timestamp.js';
import { transactionFileName, UploadTransaction, type UploadTransactionParts } from './upload-transaction.js';

const crypto = await loadCrypto();
const pair = SigningKeyPair.fromSeed(crypto, filled(1));
const properties = FileProperties.of({
  name: 'file.bin',
  isDirectory: false,
  mimeType: 'application/octet-stream',
  size: 6_000_000,
  modified: Timestamp.of(1_700_000_000, 5),
  streamSecret: filled(5),
});
const parts: UploadTransactionParts = {
  path: v.recordName.path,
  size: 6_000_000,
  owner: pair.publicKey.hash,
  writer: pair.signer,
  first: ChunkLocation.of(filled(3), batOf(4)),
  streamSecret: filled(5),
  startTime: 1_700_000_000_123,
  hashTree: HashTree.build(crypto, new Uint8Array(64)),
  keys: { properties, rBaseKey: keyOf(6), dataKey: keyOf(7), wBaseKey: keyOf(8) },
};
const record = UploadTransaction.of(parts);

describe('vectors', () => {
  test('the name of a record', () => {
    expect(transactionFileName(crypto, v.recordName.path)).toBe(v.recordName.name);
    expect(record.fileName(crypto)).toBe(v.recordName.name);
  });

  test('what a client keeps to resume', () => {
    const { rBaseKey, dataKey, wBaseKey, streamSecret, bat, mapKey, cbor } = v.resume;
    const props = ResumeUploadProps.of({
      rBaseKey: SymmetricKey.of(fromHex(rBaseKey)),
      dataKey: SymmetricKey.of(fromHex(dataKey)),
      wBaseKey: SymmetricKey.of(fromHex(wBaseKey)),
      first: ChunkLocation.of(fromHex(mapKey), Bat.of(fromHex(bat))),
      streamSecret: fromHex(streamSecret),
    });
    expect(toHex(props.encode())).toBe(cbor);
    expect(ResumeUploadProps.decode(fromHex(cbor)).equals(props)).toBe(true);
    const legacy = ResumeUploadProps.of({ ...props, streamSecret: props.streamSecret, first: ChunkLocation.of(filled(1)) });
    expect(ResumeUploadProps.decode(legacy.encode()).equals(legacy)).toBe(true);
    expect(legacy.equals(props)).toBe(false);
  });
});

test('records survive, with keys in the order of the chapter', () => {
  const read = UploadTransaction.decode(record.encode());
  expect(read.equals(record)).toBe(true);
  expect(toHex(read.encode())).toBe(toHex(record.encode()));
  expect(read.isLegacy).toBe(false);
  expect([...(decodeCbor(record.encode()) as CborMap).keys()]).toEqual([
    'hash',
    'path',
    'size',
    'type',
    'owner',
    'props',
    'mapKey',
    'writer',
    'baseKey',
    'dataKey',
    'firstBat',
    'writeKey',
    'streamSecret',
    'startTimeEpochMs',
  ]);
});

test('a record without properties is a legacy one', () => {
  const cbor = altered(record.toCbor(), {
    props: undefined,
    baseKey: undefined,
    dataKey: undefined,
    writeKey: undefined,
    hash: undefined,
    firstBat: undefined,
  });
  const legacy = UploadTransaction.fromCbor(cbor);
  expect(legacy).toMatchObject({ isLegacy: true, hashTree: undefined });
  expect(legacy.first.bat).toBeUndefined();
  expect(UploadTransaction.decode(legacy.encode()).equals(legacy)).toBe(true);
  expect(legacy.equals(record)).toBe(false);
});

test.each<readonly [string, Readonly<Record<string, CborValue | undefined>>]>([
  ['another type', { type: 'DELETE' }],
  ['no type', { type: undefined }],
  ['no stream secret', { streamSecret: undefined }],
  ['a short stream secret', { streamSecret: filled(1, 31) }],
  ['no writer', { writer: undefined }],
  ['a short map key', { mapKey: filled(1, 31) }],
  ['a negative size', { size: -1 }],
  ['a size beyond everything', { size: Number.MAX_SAFE_INTEGER }],
  ['properties without keys', { dataKey: undefined }],
  ['a long path', { path: 'x'.repeat(MAX_PATH_LENGTH + 1) }],
  ['a tree that is none', { hash: new Map() }],
])('no record: %s', (_what, changes) => {
  expect(() => UploadTransaction.fromCbor(altered(record.toCbor(), changes))).toThrow(FormatError);
});

test('arguments are checked', () => {
  expect(() => UploadTransaction.of({ ...parts, path: 'x'.repeat(MAX_PATH_LENGTH + 1) })).toThrow(LimitError);
  expect(UploadTransaction.of({ ...parts, path: 'x'.repeat(MAX_PATH_LENGTH) }).path.length).toBe(MAX_PATH_LENGTH);
  expect(() => transactionFileName(crypto, 'x'.repeat(MAX_PATH_LENGTH + 1))).toThrow(LimitError);
  expect(() => UploadTransaction.of({ ...parts, streamSecret: filled(1, 31) })).toThrow(ArgumentError);
  expect(() => UploadTransaction.of({ ...parts, size: -1 })).toThrow(ArgumentError);
  expect(() => UploadTransaction.of({ ...parts, startTime: 0.5 })).toThrow(ArgumentError);
  expect(() => ResumeUploadProps.of({ ...parts.keys!, first: parts.first, streamSecret: filled(1, 31) })).toThrow(ArgumentError);
});

test('records print as nothing: they hold a signing key', () => {
  expect(`${String(record)}${JSON.stringify(record)}`).toBe('UploadTransaction(redacted)"UploadTransaction(redacted)"');
});
