import { Cid, CidCodec } from '@pyrgos/core/codec';
import { type CryptoProvider, loadCrypto } from '@pyrgos/core/crypto';
import { SigningKeyPair } from '@pyrgos/core/keys';
import { PointerUpdate } from '@pyrgos/core/model';
import type { PointerStore } from '@pyrgos/core/store';
import { beforeAll, beforeEach, expect, test } from 'vitest';
import { OwnCommits } from '../session/own-commits.js';
import { KnownPointers } from './known-pointers.js';

let crypto: CryptoProvider;
let pair: SigningKeyPair;
let store: PointerStore;
let known: KnownPointers;
const sent: Uint8Array[] = [];

beforeAll(async () => {
  crypto = await loadCrypto();
});
beforeEach(() => {
  pair = SigningKeyPair.generate(crypto);
  const commits = new OwnCommits();
  sent.length = 0;
  const take = async (signed: Uint8Array): Promise<boolean> => sent.push(signed) > 0;
  store = commits.noting({
    getPointer: async () => sent.at(-1),
    setPointer: async (_owner, _writer, signed) => take(signed),
    setPointers: async (_owner, updates) => take(updates[0]!.signed),
  });
  known = new KnownPointers(crypto, commits);
});

const cid = (n: number): Cid => Cid.ofSha256(crypto.sha256(Uint8Array.of(n)), CidCodec.dagCbor);
const signed = (from: number, to: number): Uint8Array =>
  PointerUpdate.of(from === 0 ? undefined : cid(from), to === 0 ? undefined : cid(to), to + 1).sign(crypto, pair.signer);
const writer = () => pair.publicKey.hash;
const commit = async (from: number, to: number): Promise<boolean> => store.setPointer(writer(), writer(), signed(from, to));

test('what only this session has changed is its own, however many steps it took, and none that somebody else has made', async () => {
  expect(known.markOf(writer())).toBeUndefined();
  expect(known.note(writer(), new Uint8Array())).toBe('first');
  expect(known.markOf(writer())).toEqual(crypto.sha256(new Uint8Array()));
  await commit(0, 1);
  expect(known.note(writer(), signed(0, 1))).toBe('own');
  expect(known.note(writer(), signed(0, 1))).toBe('same');
  await commit(1, 2);
  await store.setPointers(writer(), [{ writer: writer(), signed: signed(2, 3) }]);
  expect(known.note(writer(), signed(2, 3))).toBe('own');
  expect(known.note(writer(), signed(3, 4))).toBe('foreign');
  // Somebody else has been in between.
  await commit(5, 6);
  expect(known.note(writer(), signed(5, 6))).toBe('foreign');
  expect(await store.getPointer(writer(), writer())).toEqual(signed(5, 6));
});

test('back and forth, deleted, or no pointer at all: always an answer', async () => {
  known.note(writer(), signed(0, 1));
  await commit(1, 2);
  await commit(2, 1);
  expect(known.note(writer(), signed(9, 7))).toBe('foreign');
  expect(known.note(writer(), Uint8Array.of(1, 2, 3))).toBe('foreign');
  expect(known.note(writer(), new Uint8Array(100))).toBe('foreign');
  expect(known.note(writer(), signed(7, 0))).toBe('foreign');
  await expect(store.setPointer(writer(), writer(), Uint8Array.of(1))).resolves.toBe(true);
});

test('only what is still watched is remembered', () => {
  const other = SigningKeyPair.generate(crypto).publicKey.hash;
  known.note(writer(), signed(0, 1));
  known.note(other, new Uint8Array());
  known.keep(new Set([other.key]));
  expect([known.markOf(writer()), known.markOf(other)]).toEqual([undefined, crypto.sha256(new Uint8Array())]);
});
