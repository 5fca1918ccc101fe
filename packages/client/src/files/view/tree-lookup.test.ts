import { encodeCbor } from '@pyrgos/core/codec';
import { loadCrypto } from '@pyrgos/core/crypto';
import { LimitError, PyrgosError } from '@pyrgos/core/errors';
import { MAX_BLOCK_SIZE, MAX_CHAMP_LOOKUPS } from '@pyrgos/core/limits';
import type { ChampLookup } from '@pyrgos/core/model';
import type { BlockStore } from '@pyrgos/core/store';
import { describe, expect, test } from 'vitest';
import { block, CommitWorld, networkError, outcome } from '../../../test/commit-world.js';
import { MemoryBlockCache } from './block-cache.js';
import { cachingBlockStore } from './caching-block-store.js';
import { TreeLookup } from './tree-lookup.js';

const crypto = await loadCrypto();

/** The map key of a number. */
function keyOf(n: number): Uint8Array {
  return crypto.sha256(encodeCbor(n));
}

/** A store as a plain object, with its methods bound. */
function plainStore(store: BlockStore): BlockStore {
  return {
    getBlock: store.getBlock.bind(store),
    startTransaction: store.startTransaction.bind(store),
    closeTransaction: store.closeTransaction.bind(store),
    putBlocks: store.putBlocks.bind(store),
  };
}

/** A writer with a tree of many keys. */
async function treeOf(count: number) {
  const world = await CommitWorld.create();
  const [writer] = await world.populate(1);
  const session = world.session();
  const snapshot = await session.editTree(writer!, async (tree) => {
    for (let i = 0; i < count; i++) await tree.putBlock(keyOf(i), undefined, block(`value ${i}`));
  });
  world.log.length = 0;
  const root = snapshot.get(writer!.publicKeyHash)!.writerData!.tree!;
  /** A client with caches of its own. */
  const client = (cache = new MemoryBlockCache(), store: BlockStore = world.server.blocks): TreeLookup =>
    new TreeLookup(world.session({ blocks: cachingBlockStore(store, cache, world.crypto), cacheSize: 0 }), store, cache, world.crypto);
  return { world, writer: writer!, root, client, requests: () => world.log.splice(0).map(({ name }) => name) };
}

const lookups = (...numbers: number[]): ChampLookup[] => numbers.map((n) => ({ key: keyOf(n) }));
const range = (start: number, end: number): number[] => Array.from({ length: end - start }, (_, i) => start + i);

describe('lookups in a tree', () => {
  test('give values in the order asked, and undefined for what is not there', async () => {
    const { root, client, requests } = await treeOf(300);
    const found = await client().lookUp(root, lookups(7, 20_000, 3, 7));
    expect(found.map((result) => result?.bytes)).toEqual([block('value 7'), undefined, block('value 3'), block('value 7')]);
    expect(found[0]?.cid?.equals(found[3]?.cid)).toBe(true);
    expect(requests()).toEqual(['lookUpChamp']);
  });

  test('keep little of all trees together, however many commits there were', async () => {
    const { world, writer, root } = await treeOf(600);
    const roots = [root];
    const session = world.session();
    for (let i = 0; i < 3; i++) {
      const snapshot = await session.editTree(writer, async (tree) => {
        await tree.putBlock(keyOf(1000 + i), undefined, block(`later ${i}`));
      });
      roots.push(snapshot.get(writer.publicKeyHash)!.writerData!.tree!);
    }
    const cache = new MemoryBlockCache();
    const { blocks } = world.server;
    const reader = world.session({ blocks: cachingBlockStore(blocks, cache, world.crypto), cacheSize: 0 });
    const unbounded = new TreeLookup(reader, blocks, cache, world.crypto, Number.POSITIVE_INFINITY);
    for (const tree of roots) await unbounded.lookUp(tree, lookups(...range(0, 600)));
    const one = unbounded.decodedSize / roots.length;
    const bounded = new TreeLookup(reader, blocks, cache, world.crypto, 1.5 * one);
    for (const tree of roots) {
      expect((await bounded.lookUp(tree, lookups(...range(0, 600)))).every((found) => found?.bytes !== undefined)).toBe(true);
      expect(bounded.decodedSize).toBeGreaterThan(0);
      expect(bounded.decodedSize).toBeLessThanOrEqual(1.5 * one);
    }
  });

  test('keep little of a large tree, also while some call is always under way', async () => {
    const { root, client, world } = await treeOf(1200);
    const whole = client();
    await whole.lookUp(root, lookups(...range(0, 1200)));
    const bound = whole.decodedSize / 5;
    const { blocks } = world.server;
    const cache = new MemoryBlockCache();
    const reader = world.session({ blocks: cachingBlockStore(blocks, cache, world.crypto), cacheSize: 0 });
    const tree = new TreeLookup(reader, blocks, cache, world.crypto, bound);
    const groups = range(0, 60).map((i) => range(20 * i, 20 * i + 20));
    const sizes: number[] = [];
    const work = async (): Promise<void> => {
      for (let group = groups.shift(); group !== undefined; group = groups.shift()) {
        const found = await tree.lookUp(root, lookups(...group));
        expect(found.map((result) => result?.bytes)).toEqual(group.map((n) => block(`value ${n}`)));
        sizes.push(tree.decodedSize);
      }
    };
    await Promise.all(Array.from({ length: 4 }, work));
    expect(Math.max(...sizes)).toBeGreaterThan(bound);
    // What the other three have decoded since somebody looked at it comes on top.
    expect(Math.max(...sizes)).toBeLessThan(4 * bound);
  });

  test('ask only for what is not known, absence included', async () => {
    const { root, client, requests } = await treeOf(300);
    const tree = client();
    await tree.lookUp(root, lookups(...range(0, 50)));
    expect(requests()).toEqual(Array.from({ length: Math.ceil(50 / MAX_CHAMP_LOOKUPS) }, () => 'lookUpChamp'));
    await tree.lookUp(root, lookups(...range(0, 50)));
    expect(requests()).toEqual([]);
    await tree.lookUp(root, lookups(20_000));
    requests();
    await tree.lookUp(root, lookups(20_000, 5));
    expect(requests()).toEqual([]);
  });

  test('read block by block where the server has no lookups, or they fail', async () => {
    const { world, root, client, requests } = await treeOf(300);
    const { blocks } = world.server;
    const plain: BlockStore = {
      getBlock: blocks.getBlock.bind(blocks),
      startTransaction: blocks.startTransaction.bind(blocks),
      closeTransaction: blocks.closeTransaction.bind(blocks),
      putBlocks: blocks.putBlocks.bind(blocks),
    };
    for (const store of [plain, { ...plain, lookUpChamp: async () => Promise.reject(new PyrgosError('network', 'what is that?')) }]) {
      const found = await client(new MemoryBlockCache(), store).lookUp(root, lookups(1, 2, 20_000));
      expect(found.map((result) => result?.bytes)).toEqual([block('value 1'), block('value 2'), undefined]);
      expect(requests().every((name) => name === 'getBlock')).toBe(true);
    }
  });

  test('that cannot reach the server, however often they have tried, do not begin anew with each block', async () => {
    const { world, root, client, requests } = await treeOf(300);
    const away: BlockStore = { ...plainStore(world.server.blocks), lookUpChamp: async () => Promise.reject(networkError()) };
    const cache = new MemoryBlockCache();
    expect(await outcome(client(cache, away).lookUp(root, lookups(1, 2)))).toBe('network');
    expect(requests()).toEqual([]);
    // What is at hand is there without a server.
    await client(cache).lookUp(root, lookups(1, 2));
    requests();
    expect((await client(cache, away).lookUp(root, lookups(1, 2)))[1]?.bytes).toEqual(block('value 2'));
    expect(requests()).toEqual([]);
  });

  test('work without any cache, and with many at the same time', async () => {
    const { root, client } = await treeOf(300);
    const tree = client(new MemoryBlockCache(0));
    const results = await Promise.all(range(0, 30).map((n) => tree.lookUp(root, lookups(n, n + 1, 20_000 + n))));
    for (const [n, found] of results.entries()) {
      expect(found.map((result) => result?.bytes)).toEqual([block(`value ${n}`), block(`value ${n + 1}`), undefined]);
    }
  });

  test('of more nodes than are kept decoded stay right', async () => {
    const { root, client } = await treeOf(6000);
    const tree = client();
    for (let round = 0; round < 2; round++) {
      for (let start = 0; start < 6000; start += 1000) {
        const found = await tree.lookUp(root, lookups(...range(start, start + 1000)));
        expect(found.every((result, i) => result?.bytes !== undefined && i >= 0)).toBe(true);
        expect(found[999]?.bytes).toEqual(block(`value ${start + 999}`));
      }
    }
  }, 120_000);

  test('of a damaged value or node concern its keys alone; a root that cannot be had ends the call', async () => {
    const { world, root, client } = await treeOf(300);
    const honest = await client().lookUp(root, lookups(4));
    const state = world.server.saveState();
    const owned = state.blocks.get(world.owner.key)!;
    owned.delete(honest[0]!.cid!.key);
    world.server.restoreState(state);
    const found = await client().lookUp(root, lookups(3, 4, 5));
    expect(found.map((result) => result?.error?.code ?? 'good')).toEqual(['good', 'not-found.block', 'good']);
    owned.set(root.key, { cid: root, bytes: encodeCbor(['no tree']) });
    world.server.restoreState(state);
    expect(await outcome(client().lookUp(root, lookups(3)))).toBe('format.block');
    owned.delete(root.key);
    world.server.restoreState(state);
    expect(await outcome(client().lookUp(root, lookups(3)))).toBe('not-found.block');
  });

  test('of a value for which the server has too long an answer, or none, concern its key alone', async () => {
    const { world, root, client } = await treeOf(100);
    const [honest] = await client().lookUp(root, lookups(4));
    for (const error of [
      new LimitError('answer size', MAX_BLOCK_SIZE + 1, MAX_BLOCK_SIZE),
      new PyrgosError('limit', 'too large'),
      new PyrgosError('unsupported', 'no such call'),
    ]) {
      const blocks = plainStore(world.server.blocks);
      const store: BlockStore = {
        ...blocks,
        getBlock: async (cid, context) => {
          if (cid.equals(honest?.cid)) throw error;
          return blocks.getBlock(cid, context);
        },
      };
      const found = await client(new MemoryBlockCache(), store).lookUp(root, lookups(3, 4, 5));
      expect(found.map((result) => result?.error?.code ?? 'good')).toEqual(['good', error.code, 'good']);
    }
  });

  test('are cancelled, also while the server does not answer, without harm to others', async () => {
    const { world, root, client } = await treeOf(300);
    const tree = client();
    const controller = new AbortController();
    let release = (): void => undefined;
    world.server.hooks.before = () =>
      new Promise<void>((resolve) => {
        release = resolve;
      });
    const cancelled = outcome(tree.lookUp(root, lookups(1), { signal: controller.signal }));
    await new Promise((resolve) => {
      setTimeout(resolve, 5);
    });
    controller.abort();
    expect(await cancelled).toBe('aborted');
    world.server.hooks.before = undefined;
    release();
    expect((await tree.lookUp(root, lookups(1)))[0]?.bytes).toEqual(block('value 1'));
    expect(await outcome(tree.lookUp(root, lookups(1), { signal: controller.signal }))).toBe('aborted');
  });
});
