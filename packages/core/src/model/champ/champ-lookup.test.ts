import { beforeAll, describe, expect, test } from 'vitest';
import { fromHex } from '../../bytes.js';
import { Cid, CidCodec, decodeCbor, encodeCbor } from '../../codec/index.js';
import { loadCrypto, type CryptoProvider } from '../../crypto/index.js';
import { DeniedError, LimitError, NotFoundError } from '../../errors.js';
import { Bat } from '../../keys/bat.js';
import { PublicKeyHash } from '../../keys/public-key-hash.js';
import type { BlockStore } from '../../store/block-store.js';
import { MemoryBlocks } from '../memory-blocks.js';
import { Champ } from './champ.js';
import { collectChampLookupBlocks, lookUpChamp } from './champ-lookup.js';
import { ChunkMirrorCap, formatChampCaps, parseChampCaps } from './chunk-mirror-cap.js';

const owner = PublicKeyHash.parse('z59vuwzfFDovHb5G9Rven4mJAZLiFq4aoP9EPFu7qMKRMVP3MNtE4Gs');

let crypto: CryptoProvider;
let blocks: MemoryBlocks;
let root: Cid;
const key = (i: number): Uint8Array => crypto.sha256(Uint8Array.of(i));
const valueBlock = (i: number): Uint8Array => encodeCbor(['value', i]);

beforeAll(async () => {
  crypto = await loadCrypto();
  blocks = new MemoryBlocks(crypto);
  const champ = Champ.empty(blocks, { owner });
  for (let i = 0; i < 60; i++) await champ.put(key(i), undefined, blocks.putCbor(valueBlock(i)));
  root = champ.flush(blocks);
});

/** A store whose fast path answers with `answer`; counts what is read block by block. */
function storeWith(answer: BlockStore['lookUpChamp']): BlockStore & { readonly reads: () => number } {
  let reads = 0;
  const unused = async (): Promise<never> => Promise.reject(new Error('not part of a lookup'));
  return {
    reads: () => reads,
    getBlock: async (cid) => {
      reads++;
      return blocks.getBlock(cid);
    },
    startTransaction: unused,
    closeTransaction: unused,
    putBlocks: unused,
    ...(answer === undefined ? {} : { lookUpChamp: answer }),
  };
}

const honest: BlockStore['lookUpChamp'] = async (at, lookups, context) => collectChampLookupBlocks(at, lookups, blocks, context);

async function values(store: BlockStore, indexes: readonly number[]): Promise<unknown[]> {
  const found = await lookUpChamp(
    crypto,
    root,
    indexes.map((i) => ({ key: key(i) })),
    store,
    { owner },
  );
  return found.map((entry) => (entry === undefined ? undefined : entry.error === undefined ? decodeCbor(entry.bytes) : entry.error.code));
}

describe('verified lookups', () => {
  const asked = [0, 7, 59, 60, 200];
  const answer = [['value', 0], ['value', 7], ['value', 59], undefined, undefined];

  test('an honest answer needs no further read', async () => {
    const store = storeWith(honest);
    expect(await values(store, asked)).toEqual(answer);
    expect(store.reads()).toBe(0);
  });

  test('works without the fast path, after a failed one, and in batches of twenty', async () => {
    expect(await values(storeWith(undefined), asked)).toEqual(answer);
    const failing = storeWith(async () => Promise.reject(new NotFoundError('not-found.block', 'Champ root not present locally')));
    expect(await values(failing, asked)).toEqual(answer);
    const sizes: number[] = [];
    const batched = storeWith(async (at, lookups, context) => {
      sizes.push(lookups.length);
      return collectChampLookupBlocks(at, lookups, blocks, context);
    });
    await values(
      batched,
      Array.from({ length: 45 }, (_, i) => i),
    );
    expect(sizes).toEqual([20, 20, 5]);
  });

  test('a lying answer changes nothing: forged, missing, foreign and oversized blocks', async () => {
    const lies: BlockStore['lookUpChamp'][] = [
      async () => [],
      async () => [fromHex('83404080'), encodeCbor(['value', 1])],
      async (at, lookups, context) => (await collectChampLookupBlocks(at, lookups, blocks, context)).slice(1),
      async (at, lookups, context) =>
        (await collectChampLookupBlocks(at, lookups, blocks, context)).map((block) => block.map((byte, i) => (i === 5 ? byte ^ 1 : byte))),
      async () => [new Uint8Array(3_000_000), 'text' as unknown as Uint8Array],
    ];
    for (const lie of lies) expect(await values(storeWith(lie), asked)).toEqual(answer);
  });

  test('what is wrong with one value is the answer of its key alone', async () => {
    const mixed = Champ.open(root, blocks, { owner });
    await mixed.put(key(100), undefined, 'not a link');
    await mixed.put(key(101), undefined, Cid.ofSha256(key(101), CidCodec.dagCbor));
    const store = storeWith(undefined);
    const gated = await mixed.get(key(7));
    const bloated = await mixed.get(key(8));
    const refusing: BlockStore = {
      ...store,
      getBlock: async (cid, context) => {
        if (gated instanceof Cid && cid.equals(gated)) throw new DeniedError('denied.block', 'Unauthorised!');
        if (bloated instanceof Cid && cid.equals(bloated)) throw new LimitError('answer size', 1_048_677, 1_048_676);
        return store.getBlock(cid, context);
      },
    };
    const asked = [0, 100, 7, 101, 8, 200].map((i) => ({ key: key(i) }));
    const found = await lookUpChamp(crypto, mixed.flush(blocks), asked, refusing, { owner });
    expect(found.map((one) => one?.error?.code ?? (one === undefined ? 'absent' : 'found'))).toEqual([
      'found',
      'format.champ',
      'denied.block',
      'not-found.block',
      'limit',
      'absent',
    ]);
  });

  test('a root that is not there, and a store that cannot be reached, fail the call', async () => {
    const nowhere = Cid.ofSha256(key(1), CidCodec.dagCbor);
    await expect(lookUpChamp(crypto, nowhere, [{ key: key(0) }], storeWith(undefined), { owner })).rejects.toMatchObject({
      code: 'not-found.block',
    });
    let reads = 0;
    const dying: BlockStore = {
      ...storeWith(undefined),
      getBlock: async (cid) => {
        if (++reads > 1) throw new TypeError('connection lost');
        return blocks.getBlock(cid);
      },
    };
    await expect(lookUpChamp(crypto, root, [{ key: key(0) }, { key: key(1) }], dying, { owner })).rejects.toThrow('connection lost');
    expect(reads).toBe(2);
  });

  test('a cancelled lookup stops', async () => {
    const signal = AbortSignal.abort();
    await expect(lookUpChamp(crypto, root, [{ key: key(0) }], storeWith(honest), { owner, signal })).rejects.toMatchObject({
      code: 'aborted',
    });
  });

  test('the answer proves absence with path nodes and holds each block once', async () => {
    const absent = await collectChampLookupBlocks(root, [{ key: key(200) }], blocks, { owner });
    expect(absent.length).toBeGreaterThan(0);
    const twice = await collectChampLookupBlocks(root, [{ key: key(0) }, { key: key(0) }], blocks, { owner });
    expect(new Set(twice.map(String)).size).toBe(twice.length);
  });

  test('each value block is opened with the BAT of its own key', async () => {
    const bat = Bat.of(new Uint8Array(32).fill(7)).withCalculatedId(crypto);
    const seen: boolean[] = [];
    const source = {
      getBlock: async (cid: Cid, context: { bat?: unknown }) => {
        if (
          decodeCbor(await blocks.getBlock(cid))
            ?.toString()
            .startsWith('value') === true
        )
          seen.push(context.bat !== undefined);
        return blocks.getBlock(cid);
      },
    };
    await collectChampLookupBlocks(root, [{ key: key(0), bat }, { key: key(0) }], source, { owner });
    expect(seen).toEqual([true, false]);
  });
});

describe('ChunkMirrorCap', () => {
  const zero = ChunkMirrorCap.of(new Uint8Array(32));

  test('vectors of chapter 03 section 15.8', () => {
    expect(encodeCbor(zero.toCbor())).toEqual(fromHex(`a1616d5820${'00'.repeat(32)}`));
    expect(formatChampCaps([zero])).toBe('zLBD3WsEfJb8dWg4B4VaQMGrHTTEJ5CDWSx8zd5Tb2xRTWxmCKE55');
    expect(parseChampCaps('zLBD3WsEfJb8dWg4B4VaQMGrHTTEJ5CDWSx8zd5Tb2xRTWxmCKE55')).toEqual([zero]);
  });

  test('twenty caps pass, twenty-one do not, in either direction', () => {
    const bat = Bat.of(new Uint8Array(32).fill(7)).withCalculatedId(crypto);
    const caps = Array.from({ length: 21 }, (_, i) => ChunkMirrorCap.of(Uint8Array.of(i), bat));
    expect(parseChampCaps(formatChampCaps(caps.slice(1)))).toEqual(caps.slice(1));
    expect(() => formatChampCaps(caps)).toThrow(LimitError);
    const tooMany = Cid.ofSha256(new Uint8Array(32), CidCodec.raw);
    expect(() => parseChampCaps(tooMany.toString())).toThrow();
  });
});
