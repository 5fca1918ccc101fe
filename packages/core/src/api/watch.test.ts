import { beforeAll, describe, expect, test } from 'vitest';
import { cborMap, type CborValue, encodeCbor } from '../codec/index.js';
import { type CryptoProvider, loadCrypto } from '../crypto/index.js';
import { type PublicKeyHash, SigningKeyPair } from '../keys/index.js';
import { MAX_WATCH_SECONDS, MAX_WATCHED_POINTERS } from '../limits.js';
import { decodeWatchAnswer, decodeWatchRequest, encodeWatchAnswer, encodeWatchRequest } from './watch.js';

let crypto: CryptoProvider;
beforeAll(async () => {
  crypto = await loadCrypto();
});
const hash = (): PublicKeyHash => SigningKeyPair.generate(crypto).publicKey.hash;
const pointers = (count: number) => Array.from({ length: count }, () => ({ owner: hash(), writer: hash(), mark: undefined }));
const code = (work: () => unknown): unknown => {
  try {
    return work();
  } catch (error) {
    return (error as { readonly code?: string }).code;
  }
};

describe('a request', () => {
  test('says the same after a round trip', () => {
    const owner = hash();
    const full = {
      pointers: [
        { owner, writer: owner, mark: new Uint8Array(32).fill(1) },
        { owner, writer: hash(), mark: undefined },
      ],
      requests: { owner, auth: new Uint8Array(73).fill(2), mark: undefined },
      seconds: 7,
    };
    expect(decodeWatchRequest(encodeWatchRequest(full))).toEqual(full);
    expect(decodeWatchRequest(encodeWatchRequest({ pointers: [] }))).toEqual({ pointers: [] });
  });

  test('names at most so many pointers, each writer once, and a time that may be', () => {
    const most = pointers(MAX_WATCHED_POINTERS);
    expect(decodeWatchRequest(encodeWatchRequest({ pointers: most, seconds: MAX_WATCH_SECONDS })).pointers).toHaveLength(
      MAX_WATCHED_POINTERS,
    );
    expect(code(() => encodeWatchRequest({ pointers: pointers(MAX_WATCHED_POINTERS + 1) }))).toBe('limit');
    expect(code(() => encodeWatchRequest({ pointers: [...most.slice(1), most[1]!] }))).toBe('argument');
    for (const seconds of [0, MAX_WATCH_SECONDS + 1, 1.5])
      expect(code(() => encodeWatchRequest({ pointers: [], seconds }))).toBe('argument');
    expect(code(() => encodeWatchRequest({ pointers: [{ ...most[0]!, mark: new Uint8Array(31) }] }))).toBe('argument');
  });
});

describe('an answer', () => {
  test('says the same after a round trip', () => {
    const full = {
      pointers: [
        { index: 0, signed: new Uint8Array(140) },
        { index: 2, signed: new Uint8Array() },
      ],
      elsewhere: [1],
      requests: new Uint8Array(32),
      pauseSeconds: 120,
    };
    expect(decodeWatchAnswer(encodeWatchAnswer(full), 3)).toEqual(full);
    const nothing = { pointers: [], elsewhere: [] };
    expect(encodeWatchAnswer(nothing)).toEqual(Uint8Array.of(0xa0));
    expect(decodeWatchAnswer(Uint8Array.of(0xa0), 0)).toEqual(nothing);
  });

  test('of a server that lies about places, sizes or times is none', () => {
    const answer = (...entries: readonly (readonly [string, CborValue])[]): unknown =>
      code(() => decodeWatchAnswer(encodeCbor(cborMap(entries)), 2));
    const bytes = new Uint8Array();
    for (const list of [
      [[2, bytes]],
      [[-1, bytes]],
      [[0, 'x']],
      [[0]],
      [[0, new Uint8Array(1025)]],
      [
        [0, bytes],
        [0, bytes],
        [0, bytes],
      ],
      7,
    ]) {
      expect(answer(['c', list as CborValue])).toBe('format.request');
    }
    for (const list of [[2], [-1], ['x'], [0, 1, 0]]) expect(answer(['e', list])).toBe('format.request');
    for (const seconds of [0, 86_401, 'x']) expect(answer(['n', seconds])).toBe('format.request');
    expect(answer(['r', new Uint8Array(31)])).toBe('format.request');
    expect(code(() => decodeWatchAnswer(Uint8Array.of(0x80), 2))).toBe('format.request');
  });
});
