import { describe, expect, test } from 'vitest';
import { equalBytes, fromHex, toHex } from '../bytes.js';
import { decodeCbor } from '../codec/cbor-decode.js';
import { encodeCbor } from '../codec/cbor-encode.js';
import type { CborMap, CborValue } from '../codec/cbor-value.js';
import { decodeCid, parseCid } from '../codec/cid.js';
import { PaddedCipherText } from '../containers/padded-cipher-text.js';
import { loadCrypto } from '../crypto/index.js';
import { ArgumentError, FormatError } from '../errors.js';
import { OwnerProof } from '../keys/owner-proof.js';
import { PublicKeyHash } from '../keys/public-key-hash.js';
import { decodeSecretGenerationAlgorithm, RandomSecretGeneration, ScryptSecretGeneration } from '../keys/secret-generation-algorithm.js';
import { SigningKeyPair } from '../keys/signing-key.js';
import { SymmetricKey } from '../keys/symmetric-key.js';
import v from '../../../../vectors/03/writer-data.json' with { type: 'json' };
import { CommittedWriterData } from './committed-writer-data.js';
import { WriterData } from './writer-data.js';

const crypto = await loadCrypto();
const A = SigningKeyPair.fromSeed(crypto, new Uint8Array(32).fill(1)).publicKey.hash;
const [fresh, full] = v.valid as [(typeof v.valid)[0], (typeof v.valid)[1]];
const emptyChamp = decodeCid(fromHex(fresh.owned));

describe('WriterData', () => {
  test.each(v.valid)('vector: $name', (vector) => {
    const writerData = WriterData.decode(fromHex(vector.cbor));
    expect(toHex(writerData.encode())).toBe(vector.cbor);
    expect(writerData.cid(crypto).toString()).toBe(vector.cid);
    expect(toHex(writerData.controller.encode())).toBe(vector.controller);
    expect(writerData.static).toBeUndefined();
  });

  test('the fresh one, built', () => {
    expect(toHex(WriterData.of(A, { owned: emptyChamp }).encode())).toBe(fresh.cbor);
  });

  test('the full one, read and built', () => {
    const read = WriterData.decode(fromHex(full.cbor));
    expect(read.owned?.toString()).toBe(full.owned);
    expect(read.public?.toString()).toBe(full.public);
    expect(read.inbound?.toString()).toBe(full.inbound);
    expect([read.tree?.equals(emptyChamp), read.links?.equals(emptyChamp)]).toEqual([true, true]);
    expect([...read.named].map(([name, proof]) => [name, toHex(proof.encode())])).toEqual([['pki', full.named?.pki]]);
    const algorithm = ScryptSecretGeneration.of({ extraSalt: '00' });
    expect(read.algorithm?.equals(algorithm)).toBe(true);
    const built = WriterData.of(A)
      .with({ tree: emptyChamp, links: emptyChamp, owned: parseCid(full.owned), public: parseCid(full.public!) })
      .with({ named: new Map([['pki', OwnerProof.decode(fromHex(full.named!.pki))]]) })
      .with({ inbound: PublicKeyHash.parse(full.inbound!), algorithm });
    expect(toHex(built.encode())).toBe(full.cbor);
    expect(built.equals(read)).toBe(true);
  });

  test.each(v.algorithms)('algorithm: $name', (vector) => {
    const algorithm = decodeSecretGenerationAlgorithm(fromHex(vector.cbor));
    expect(toHex(WriterData.of(A, { algorithm }).algorithm?.encode() ?? new Uint8Array())).toBe(vector.cbor);
    expect(algorithm).toBeInstanceOf(vector.name === 'random' ? RandomSecretGeneration : ScryptSecretGeneration);
  });

  test('an error about a named key shows its name shortened and escaped', () => {
    const name = `\u001b[31mALERT\n${'x'.repeat(500_000)}`;
    const map = new Map<string, CborValue>([
      ['controller', A.toCbor()],
      ['named', new Map<string, CborValue>([[name, new Map()]])],
    ]);
    const decode = (): unknown => WriterData.decode(encodeCbor(map));
    expect(decode).toThrow(FormatError);
    expect(decode).toThrow(/^WriterData\.named\.\\u\{1b\}\[31mALERT\\u\{a\}x{40,60}….o: is missing$/u);
  });

  test('changes that are no object are an argument error', () => {
    for (const bad of [null, 1, 'tree']) expect(() => WriterData.of(A).with(bad as never)).toThrow(ArgumentError);
  });

  test.each(v.invalid)('refuses: $reason', ({ cbor }) => {
    expect(() => WriterData.decode(fromHex(cbor))).toThrow(FormatError);
  });

  test('an error names the field', () => {
    const bad = new Map([...(WriterData.of(A).toCbor() as CborMap), ['tree', null]] as const);
    expect(() => WriterData.fromCbor(bad)).toThrow('WriterData.tree: must be a link');
  });

  test.each(v.unknownKeys)('unknown keys survive a rewrite: $name', ({ cbor }) => {
    const writerData = WriterData.decode(fromHex(cbor));
    expect(toHex(writerData.encode())).toBe(cbor);
    const changed = writerData.with({ tree: emptyChamp });
    expect((decodeCbor(changed.encode()) as CborMap).get('zzzz')).toEqual([1, null]);
    expect(toHex(changed.with({ tree: undefined }).encode())).toBe(cbor);
  });

  test('a field that is not named stays, one that is undefined goes', () => {
    const writerData = WriterData.decode(fromHex(full.cbor));
    const changed = writerData.with({ tree: undefined, named: new Map() });
    expect([changed.tree, changed.named.size, changed.owned?.toString()]).toEqual([undefined, 0, full.owned]);
    expect((changed.toCbor() as CborMap).has('named')).toBe(false);
    expect(writerData.tree).toBeDefined();
    expect(writerData.changedFields(changed).toSorted()).toEqual(['named', 'tree']);
    expect(writerData.changedFields(writerData)).toEqual([]);
  });

  test('legacy static data is kept as it is and can be removed, not written', () => {
    const container = PaddedCipherText.seal(crypto, SymmetricKey.of(new Uint8Array(32)), 'old login data', 4096);
    const bytes = encodeCbor(new Map([...(WriterData.of(A).toCbor() as CborMap), ['static', container.toCbor()]] as const));
    const writerData = WriterData.decode(bytes);
    expect(writerData.static?.equals(container)).toBe(true);
    expect(writerData.with({ owned: emptyChamp }).static?.equals(container)).toBe(true);
    expect(writerData.with({ static: undefined }).equals(WriterData.of(A))).toBe(true);
    expect(() => writerData.with({ static: container as never })).toThrow(ArgumentError);
  });

  test('shares no memory with what it was read from or hands out', () => {
    const bytes = fromHex(full.cbor);
    const writerData = WriterData.decode(bytes);
    bytes.fill(0);
    const proof = (writerData.toCbor() as CborMap).get('named') as CborMap;
    ((proof.get('pki') as CborMap).get('p') as Uint8Array).fill(0);
    expect(toHex(writerData.encode())).toBe(full.cbor);
  });

  test('arguments are checked', () => {
    expect(() => WriterData.of('x' as never)).toThrow(ArgumentError);
    for (const changes of [{ tree: 'x' }, { owned: null }, { inbound: emptyChamp }, { named: {} }, { named: new Map([['a', 1]]) }]) {
      expect(() => WriterData.of(A, changes as never)).toThrow(ArgumentError);
    }
    expect(() => WriterData.of(A, { algorithm: {} as never })).toThrow(ArgumentError);
    expect(() => WriterData.of(A, { controller: A } as never)).toThrow(ArgumentError);
    expect(() => WriterData.of(A, { toString: emptyChamp } as never)).toThrow(ArgumentError);
  });
});

describe('CommittedWriterData', () => {
  test.each(v.committed)('vector: $name', (vector) => {
    const version = CommittedWriterData.decode(fromHex(vector.cbor));
    expect(version.sequence).toBe(vector.sequence);
    expect(version.writerData === undefined ? undefined : toHex(version.writerData.encode())).toBe(vector.writerData);
    expect(toHex(version.encode())).toBe(vector.cbor);
    expect(toHex(CommittedWriterData.of(version.hash, version.sequence, version.writerData).encode())).toBe(vector.cbor);
    if (version.writerData !== undefined) expect(version.hash?.equals(version.writerData.cid(crypto))).toBe(true);
  });

  test.each(v.invalidCommitted)('refuses: $reason', ({ cbor }) => {
    expect(() => CommittedWriterData.decode(fromHex(cbor))).toThrow(FormatError);
  });

  test('equality is that of hash and sequence', () => {
    const writerData = WriterData.of(A);
    const version = CommittedWriterData.of(emptyChamp, 1, writerData);
    expect(version.equals(CommittedWriterData.of(emptyChamp, 1, undefined))).toBe(true);
    expect(version.equals(CommittedWriterData.of(emptyChamp, 2, writerData))).toBe(false);
    expect(version.equals(CommittedWriterData.of(undefined, 1, writerData))).toBe(false);
    expect(version.equals(CommittedWriterData.of(emptyChamp, undefined, writerData))).toBe(false);
    expect(equalBytes(version.encode(), CommittedWriterData.of(emptyChamp, 1, undefined).encode())).toBe(false);
    expect(() => CommittedWriterData.of('x' as never, 1, undefined)).toThrow(ArgumentError);
    expect(() => CommittedWriterData.of(undefined, -1, undefined)).toThrow(ArgumentError);
    expect(() => CommittedWriterData.of(undefined, 1, {} as never)).toThrow(ArgumentError);
  });
});
