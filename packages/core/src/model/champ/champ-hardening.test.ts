import { describe, expect, test } from 'vitest';
import { toHex, utf8Encode } from '../../bytes.js';
import { Cid, CidCodec, type CborValue, decodeCbor, encodeCbor } from '../../codec/index.js';
import { loadCrypto } from '../../crypto/index.js';
import { AbortedError, ArgumentError, DeniedError, LimitError, NotFoundError } from '../../errors.js';
import { Bat } from '../../keys/bat.js';
import { PublicKeyHash } from '../../keys/public-key-hash.js';
import { MAX_CHAMP_ANSWER_SIZE, MAX_CHAMP_LOOKUPS } from '../../limits.js';
import type { BlockSource, BlockStore } from '../../store/block-store.js';
import { MemoryBlocks } from '../memory-blocks.js';
import { Champ } from './champ.js';
import { diffChamps } from './champ-diff.js';
import { collectChampLookupBlocks, lookUpChamp } from './champ-lookup.js';

const crypto = await loadCrypto();
const link = (text: string): Cid => Cid.ofSha256(crypto.sha256(utf8Encode(text)), CidCodec.dagCbor);
const context = { owner: PublicKeyHash.fromCid(link('owner')) };
const keyOf = (i: number): Uint8Array => crypto.sha256(utf8Encode(`key-${i}`));

/** A filesystem-like tree: keys to links to blocks. */
async function storedTree(count: number): Promise<{ readonly blocks: MemoryBlocks; readonly root: Cid }> {
  const blocks = new MemoryBlocks(crypto);
  const champ = Champ.empty(blocks, context);
  for (let i = 0; i < count; i++) await champ.put(keyOf(i), undefined, blocks.putCbor(encodeCbor(`value ${i}`)));
  return { blocks, root: champ.flush(blocks) };
}

/** `blocks` without one of them. */
function without(blocks: MemoryBlocks, missing: Cid): BlockSource {
  return {
    getBlock: async (cid) => {
      if (cid.equals(missing)) throw new NotFoundError('not-found.block', 'gone');
      return blocks.getBlock(cid);
    },
  };
}

function storeOf(source: BlockSource, answer: () => Promise<readonly Uint8Array[]>): BlockStore {
  const unused = async (): Promise<never> => Promise.reject(new Error('not part of a lookup'));
  return {
    getBlock: source.getBlock.bind(source),
    startTransaction: unused,
    closeTransaction: unused,
    putBlocks: unused,
    lookUpChamp: answer,
  };
}

describe('what callers do with their arrays later changes nothing', () => {
  test('one key buffer for many puts and removals', async () => {
    const blocks = new MemoryBlocks(crypto);
    const reused = Champ.empty(blocks, context);
    const fresh = Champ.empty(blocks, context);
    const buffer = new Uint8Array(32);
    for (let i = 0; i < 40; i++) {
      buffer.set(keyOf(i));
      await reused.put(buffer, undefined, link('x'));
      await fresh.put(keyOf(i), undefined, link('x'));
    }
    for (let i = 0; i < 20; i++) {
      buffer.set(keyOf(i));
      await reused.remove(buffer, link('x'));
      await fresh.remove(keyOf(i), link('x'));
    }
    expect(reused.flush(blocks).toString()).toBe(fresh.flush(blocks).toString());
  });

  test('a key that is overwritten while nodes are loading', async () => {
    const { blocks, root } = await storedTree(100);
    const champ = Champ.open(root, blocks, context);
    const key = keyOf(5);
    const found = champ.get(key);
    key.fill(0);
    expect(await found).toBeInstanceOf(Cid);
    const added = keyOf(500);
    const putting = Champ.open(root, blocks, context);
    const done = putting.put(added, undefined, 1);
    added.fill(0);
    await done;
    expect(await putting.get(keyOf(500))).toBe(1);
  });

  test('a key whose slice() shares memory, like that of a Node Buffer', async () => {
    class Shared extends Uint8Array {
      override slice(start?: number, end?: number): Uint8Array<ArrayBuffer> {
        return this.subarray(start, end);
      }
    }
    const champ = Champ.empty(new MemoryBlocks(crypto), context);
    const key = new Shared([...keyOf(1)]);
    await champ.put(key, undefined, 1);
    key.fill(0);
    expect(await champ.get(keyOf(1))).toBe(1);
  });

  test('an inline value', async () => {
    const champ = Champ.empty(new MemoryBlocks(crypto), context);
    const value = Uint8Array.of(1);
    await champ.put(keyOf(1), undefined, value);
    value[0] = 9;
    expect(await champ.get(keyOf(1))).toEqual(Uint8Array.of(1));
  });
});

test('a value without CBOR form fails its own put; the map stays usable', async () => {
  const blocks = new MemoryBlocks(crypto);
  const champ = Champ.empty(blocks, context);
  await champ.put(keyOf(0), undefined, 1);
  for (const bad of [1.5, Number.NaN, '\ud800', [1, [0.5]], new Map([['a', 2 ** 60]]), {}, () => 1]) {
    await expect(champ.put(keyOf(1), undefined, bad as unknown as CborValue)).rejects.toBeInstanceOf(ArgumentError);
  }
  expect(await Champ.open(champ.flush(blocks), blocks, context).size()).toBe(1);
});

test('edits that load the same nodes at the same time are all kept', async () => {
  const { blocks, root } = await storedTree(40);
  const champ = Champ.open(root, blocks, context);
  await Promise.all([
    ...Array.from({ length: 8 }, async (_, i) => champ.put(keyOf(100 + i), undefined, i + 1)),
    ...Array.from({ length: 8 }, async (_, i) => champ.get(keyOf(i))),
  ]);
  for (let i = 0; i < 8; i++) expect(await champ.get(keyOf(100 + i))).toBe(i + 1);
});

test('iteration, diff and lookups stop when they are cancelled, whatever the source does with the signal', async () => {
  const { blocks, root } = await storedTree(400);
  const controller = new AbortController();
  const cancellable = { ...context, signal: controller.signal };
  const entries = Champ.open(root, blocks, cancellable).entries();
  const differences = diffChamps(undefined, root, blocks, cancellable);
  await entries.next();
  await differences.next();
  controller.abort();
  await expect(
    (async () => {
      for await (const _ of entries);
    })(),
  ).rejects.toBeInstanceOf(AbortedError);
  await expect(
    (async () => {
      for await (const _ of differences);
    })(),
  ).rejects.toBeInstanceOf(AbortedError);
  await expect(Champ.open(root, blocks, cancellable).get(keyOf(1))).rejects.toBeInstanceOf(AbortedError);
  const later = new AbortController();
  const store = storeOf(blocks, async () => {
    later.abort();
    throw new TypeError('connection closed');
  });
  await expect(lookUpChamp(crypto, root, [{ key: keyOf(1) }], store, { ...context, signal: later.signal })).rejects.toBeInstanceOf(
    AbortedError,
  );
});

describe('a fast path that breaks', () => {
  test.each([
    ['throws a foreign error', async (): Promise<never> => Promise.reject(new TypeError('boom'))],
    ['answers null', async () => null as unknown as Uint8Array[]],
    ['answers numbers', async () => [1, 2] as unknown as Uint8Array[]],
  ] as const)('%s: blocks are read one by one', async (_, answer) => {
    const { blocks, root } = await storedTree(40);
    const [found] = await lookUpChamp(crypto, root, [{ key: keyOf(2) }], storeOf(blocks, answer), context);
    expect(decodeCbor(found?.bytes ?? new Uint8Array())).toBe('value 2');
  });
});

describe('collecting the blocks of a lookup', () => {
  test('a missing value block or path node is left out; the other keys are answered', async () => {
    const { blocks, root } = await storedTree(40);
    const values = await Promise.all([1, 2].map(async (i) => (await Champ.open(root, blocks, context).get(keyOf(i))) as Cid));
    const answer = await collectChampLookupBlocks(root, [{ key: keyOf(1) }, { key: keyOf(2) }], without(blocks, values[0]!), context);
    const cids = answer.map((block) => Cid.ofSha256(crypto.sha256(block), CidCodec.dagCbor).toString());
    expect(cids).toContain(root.toString());
    expect(cids).toContain(values[1]!.toString());
    expect(cids).not.toContain(values[0]!.toString());
  });

  test('a missing root is an error with the text that clients know', async () => {
    const { blocks, root } = await storedTree(1);
    const call = collectChampLookupBlocks(root, [{ key: keyOf(0) }], without(blocks, root), context);
    await expect(call).rejects.toMatchObject({ code: 'not-found.block', message: `Champ root not present locally: ${root.toString()}` });
  });

  test('a refused value block fails the request', async () => {
    const { blocks, root } = await storedTree(3);
    const value = (await Champ.open(root, blocks, context).get(keyOf(0))) as Cid;
    const refusing: BlockSource = {
      getBlock: async (cid) => {
        if (cid.equals(value)) throw new DeniedError('denied.block', 'Unauthorised!');
        return blocks.getBlock(cid);
      },
    };
    await expect(collectChampLookupBlocks(root, [{ key: keyOf(0) }], refusing, context)).rejects.toBeInstanceOf(DeniedError);
  });

  test('no BAT is presented for path nodes, the root included', async () => {
    const { blocks, root } = await storedTree(40);
    const presented: boolean[] = [];
    const watching: BlockSource = {
      getBlock: async (cid, given) => {
        presented.push(given.bat !== undefined);
        return blocks.getBlock(cid);
      },
    };
    const bat = Bat.of(new Uint8Array(32)).withMirrorId(crypto);
    await collectChampLookupBlocks(root, [{ key: keyOf(1) }], watching, { ...context, bat });
    expect(presented).not.toContain(true);
  });

  test('twenty keys pass, twenty-one do not', async () => {
    const { blocks, root } = await storedTree(1);
    const lookups = Array.from({ length: MAX_CHAMP_LOOKUPS + 1 }, (_, i) => ({ key: keyOf(i) }));
    expect(await collectChampLookupBlocks(root, lookups.slice(1), blocks, context)).toHaveLength(1);
    await expect(collectChampLookupBlocks(root, lookups, blocks, context)).rejects.toBeInstanceOf(LimitError);
  });

  test('a deep tree of large nodes cannot make the answer exceed its bound', async () => {
    // Chains of nodes just below 1 MiB, one below each slot of the root; all blocks share their padding to keep the test small.
    const padding = new Uint8Array(1_040_000);
    const sizes = new Map<string, Uint8Array>();
    const put = (bytes: Uint8Array): Cid => {
      const cid = Cid.ofSha256(crypto.sha256(bytes.subarray(0, 300)), CidCodec.dagCbor);
      sizes.set(cid.key, bytes);
      return cid;
    };
    const chain = (slot: number): Cid => {
      let cid = put(encodeCbor([new Uint8Array(), new Uint8Array(), []]));
      for (let depth = 8; depth >= 1; depth--) {
        // The path of the chain: `slot` at the root, then slot 0 all the way; the padding sits in slot 1 of its level.
        const key = new Uint8Array(32);
        key[0] = slot;
        const bit = 3 * depth;
        key[bit >> 3] = (key[bit >> 3] as number) | (1 << (bit & 7));
        cid = put(encodeCbor([Uint8Array.of(2), Uint8Array.of(1), [[key, padding], cid]]));
      }
      return cid;
    };
    const root = put(encodeCbor([new Uint8Array(), Uint8Array.of(255), [7, 6, 5, 4, 3, 2, 1, 0].map(chain)]));
    let read = 0;
    const source: BlockSource = {
      getBlock: async (cid) => {
        read++;
        return sizes.get(cid.key) ?? new Uint8Array();
      },
    };
    const lookups = Array.from({ length: 8 }, (_, slot) => ({ key: Uint8Array.of(slot, ...new Uint8Array(31)) }));
    const answer = await collectChampLookupBlocks(root, lookups, source, context);
    const total = answer.reduce((sum, block) => sum + block.length, 0);
    expect(read).toBeGreaterThan(60);
    expect(total).toBeLessThanOrEqual(MAX_CHAMP_ANSWER_SIZE);
    expect(total).toBeGreaterThan(MAX_CHAMP_ANSWER_SIZE - 2_000_000);
  });
});

test('a node with a key in a foreign slot is refused; the rest of the tree stays readable', async () => {
  const { blocks, root } = await storedTree(100);
  const [dataMap, nodeMap, contents] = decodeCbor(await blocks.getBlock(root)) as [Uint8Array, Uint8Array, CborValue[]];
  // The child of the lowest linked slot is last; replace it by one that holds a key of another slot.
  const slot = Array.from({ length: 8 }, (_, s) => s).find((s) => ((nodeMap[0] ?? 0) >> s) & 1)!;
  const foreign = Uint8Array.of((slot + 1) & 7, 0, 0);
  const bad = blocks.putCbor(encodeCbor([Uint8Array.of(1), new Uint8Array(), [[foreign, 1]]]));
  const tampered = Champ.open(blocks.putCbor(encodeCbor([dataMap, nodeMap, [...contents.slice(0, -1), bad]])), blocks, context);
  let readable = 0;
  for (let i = 0; i < 100; i++) {
    const key = keyOf(i);
    if (((key[0] ?? 0) & 7) === slot) {
      await expect(tampered.get(key)).rejects.toMatchObject({ code: 'format.champ' });
    } else {
      expect(await tampered.get(key), toHex(key)).toBeInstanceOf(Cid);
      readable++;
    }
  }
  expect(readable).toBeGreaterThan(50);
});
