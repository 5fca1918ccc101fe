import { equalBytes } from '@pyrgos/core/bytes';
import { Cid, CidCodec, encodeCbor } from '@pyrgos/core/codec';
import { loadCrypto } from '@pyrgos/core/crypto';
import { SymmetricKey } from '@pyrgos/core/keys';
import { MAX_BLOCK_SIZE, MAX_CACHED_BLOCK_SIZE } from '@pyrgos/core/limits';
import type { BlockStore } from '@pyrgos/core/store';
import { describe, expect, test } from 'vitest';
import { networkError, outcome } from '../../../test/commit-world.js';
import { content, FileWorld } from '../../../test/file-world.js';
import { type BlockCache, MemoryBlockCache } from './block-cache.js';
import { cachingBlockStore } from './caching-block-store.js';
import { CommittedView } from './committed-view.js';
import { FileReader } from './file-reader.js';
import { findChild, resolvePath } from './find-path.js';
import { listChildren, listEntries } from './list-children.js';
import { NodeCache } from './node-cache.js';
import { openItem } from './open-item.js';
import { offlinePointerStore, type PointerCache } from './pointer-cache.js';

const crypto = await loadCrypto();

function cidOf(bytes: Uint8Array): Cid {
  return Cid.ofSha256(crypto.sha256(bytes), CidCodec.dagCbor);
}

async function count(sequence: AsyncIterable<unknown>): Promise<number> {
  let elements = 0;
  for await (const _ of sequence) elements++;
  return elements;
}

describe('the cache of nodes', () => {
  test('gives a child list to who has the key, and to nobody else', async () => {
    const world = await FileWorld.create();
    const home = await world.openHome();
    const cache = new NodeCache();
    cache.setChildList(home.cid, home.opened.key, [], 10);
    expect(cache.childList(home.cid, home.opened.key)).toEqual([]);
    expect(cache.childList(home.cid, SymmetricKey.of(home.opened.key.bytes))).toEqual([]);
    expect(cache.childList(home.cid, SymmetricKey.generate(crypto))).toBeUndefined();
    expect(cache.childList(home.cid, home.opened.parentKey)).toBeUndefined();
    cache.clear();
    expect([cache.childList(home.cid, home.opened.key), cache.size]).toEqual([undefined, 0]);
  });

  test('knows what is absent, apart from what it does not know', async () => {
    const cache = new NodeCache();
    const [root, node] = [cidOf(encodeCbor(1)), cidOf(encodeCbor(2))];
    const key = new Uint8Array(32);
    expect(cache.locationOf(root, key)).toBeUndefined();
    cache.setLocation(root, key, null);
    expect(cache.locationOf(root, key)).toBeNull();
    cache.setLocation(root, key, node);
    expect(cache.locationOf(root, key)).toBe(node);
    expect(cache.locationOf(node, key)).toBeUndefined();
  });

  test('without room changes nothing but the number of requests', async () => {
    const world = await FileWorld.create();
    await world.addFile(world.home, 'a', content(100));
    const sessions = world.newSessions({ nodes: new NodeCache(0), blockCache: new MemoryBlockCache(0) });
    const view = world.view(sessions);
    const home = await world.openHome(view);
    expect(await count(listChildren(view, home))).toBe(1);
    expect(sessions.nodes.size).toBe(0);
  });
});

describe('budgets of requests', () => {
  test('a directory that was listed is listed again for nothing, after a change elsewhere for a pointer and the new nodes', async () => {
    const world = await FileWorld.create();
    const docs = await world.addDirectory(world.home, 'docs');
    await world.addFiles(
      docs,
      Array.from({ length: 200 }, (_, i) => ({ name: String(i), content: content(10) })),
    );
    const view = world.view();
    const item = await resolvePath(view, await world.openHome(view), 'docs');
    expect(await count(listChildren(view, item))).toBe(200);
    world.requests();
    expect(await count(listChildren(view, item))).toBe(200);
    expect(await count(listEntries(view, item))).toBe(200);
    expect(world.requests()).toEqual([]);
    await world.addFile(world.home, 'elsewhere', content(10));
    const next = world.view();
    const again = await resolvePath(next, await world.openHome(next), 'docs');
    expect(await count(listChildren(next, again))).toBe(200);
    // The pointer, the WriterData, and what the change has made new in the tree; none of the 200 children.
    expect(world.requests().length).toBeLessThanOrEqual(8);
  });

  test('opening a path takes a lookup for each name, and no more', async () => {
    const world = await FileWorld.create();
    const a = await world.addDirectory(world.home, 'a');
    const b = await world.addDirectory(a, 'b');
    await world.addFile(b, 'c', content(3));
    const view = world.view(world.newSessions());
    const home = await world.openHome(view);
    world.requests();
    await resolvePath(view, home, 'a/b/c');
    expect(world.requests().filter((name) => name !== 'lookUpChamp')).toEqual([]);
  });
});

describe('the cache of blocks', () => {
  const bytes = encodeCbor(['a', 'block']);
  const cid = cidOf(bytes);
  const owner = { owner: SymmetricKey as never };

  /** A store that counts what reaches it. */
  function counting(answer: () => Uint8Array | Promise<Uint8Array>): { readonly store: BlockStore; readonly calls: string[] } {
    const calls: string[] = [];
    return {
      calls,
      store: {
        getBlock: async () => {
          calls.push('getBlock');
          return answer();
        },
        startTransaction: async () => 't',
        closeTransaction: async () => undefined,
        putBlocks: async () => void calls.push('putBlocks'),
      },
    };
  }

  test('keeps what was read, once it is verified', async () => {
    const cache = new MemoryBlockCache();
    const good = counting(() => bytes);
    const store = cachingBlockStore(good.store, cache, crypto);
    expect(await store.getBlock(cid, owner)).toEqual(bytes);
    expect(await store.getBlock(cid, owner)).toEqual(bytes);
    expect(good.calls).toEqual(['getBlock']);
    const other = new MemoryBlockCache();
    const forged = cachingBlockStore(counting(() => encodeCbor('forged')).store, other, crypto);
    await forged.getBlock(cid, owner);
    expect(other.get(cid)).toBeUndefined();
    const junk = cachingBlockStore(counting(() => 'junk' as never).store, other, crypto);
    expect(await junk.getBlock(cid, owner)).toBe('junk');
    expect(other.get(cid)).toBeUndefined();
  });

  test('keeps small blocks that were written, not before the server has them', async () => {
    const cache = new MemoryBlockCache();
    let isBroken = true;
    const { store } = counting(() => bytes);
    const failing: BlockStore = {
      ...store,
      putBlocks: async () => {
        if (isBroken) throw networkError();
      },
    };
    const cached = cachingBlockStore(failing, cache, crypto);
    const large = new Uint8Array(MAX_CACHED_BLOCK_SIZE + 1);
    const blocks = [bytes, large].map((block) => ({ cid: cidOf(block), bytes: block, signature: new Uint8Array(96) }));
    expect(await outcome(cached.putBlocks(owner.owner, owner.owner, blocks, 't'))).toBe('network');
    expect(cache.get(cid)).toBeUndefined();
    isBroken = false;
    await cached.putBlocks(owner.owner, owner.owner, blocks, 't');
    expect([cache.get(cid), cache.get(blocks[1]!.cid)]).toEqual([bytes, undefined]);
  });

  test('refuses what is too large for it', () => {
    const cache = new MemoryBlockCache(10_000, 5000);
    expect([cache.accepts(5000), cache.accepts(5001), new MemoryBlockCache(100).accepts(200)]).toEqual([true, false, false]);
    cache.put(cid, new Uint8Array(5001));
    expect(cache.has(cid)).toBe(false);
  });

  test('with junk in it, or lying about what it has, costs requests, not correctness', async () => {
    const world = await FileWorld.create();
    await world.addFiles(
      world.home,
      Array.from({ length: 30 }, (_, i) => ({ name: String(i), content: content(10) })),
    );
    const liar: BlockCache = {
      accepts: () => true,
      has: () => true,
      get: () => undefined,
      put: () => undefined,
    };
    const view = world.view(world.newSessions({ blockCache: liar }));
    expect(await count(listChildren(view, await world.openHome(view)))).toBe(30);
    const poisoned: BlockCache = { ...liar, get: () => new Uint8Array(MAX_BLOCK_SIZE) };
    const next = world.view(world.newSessions({ blockCache: poisoned }));
    expect(await outcome(world.openHome(next))).toBe('format.block');
  });
});

describe('without a server', () => {
  /** Pointers in memory. */
  function pointerCache(): PointerCache {
    const pointers = new Map<string, Uint8Array>();
    return {
      getPointer: async (owner, writer) => pointers.get(owner.key + writer.key),
      putPointer: async (owner, writer, signed) => void pointers.set(owner.key + writer.key, signed),
    };
  }

  test('what was read before can be read again, by another session, and nothing else', async () => {
    const world = await FileWorld.create();
    const { server } = world.base;
    await world.addFile(world.home, 'read', content(3 * 1_048_576));
    await world.addFile(world.home, 'unread', content(3 * 1_048_576));
    const blockCache = new MemoryBlockCache(100_000_000, MAX_BLOCK_SIZE);
    const pointers = offlinePointerStore(server.pointers, pointerCache());
    const stores = { blocks: server.blocks, pointers };
    const online = new CommittedView(world.newSessions({ stores, blockCache }));
    const home = await openItem(online, world.home.capability);
    expect(await count(listChildren(online, home))).toBe(2);
    await new FileReader(online, (await findChild(online, home, 'read'))!).read(0, 3 * 1_048_576);
    server.hooks.before = () => {
      throw networkError();
    };
    const offline = new CommittedView(world.newSessions({ stores, blockCache }), { fresh: true });
    const again = await openItem(offline, world.home.capability);
    expect(await count(listChildren(offline, again))).toBe(2);
    const read = await findChild(offline, again, 'read');
    expect(equalBytes(await new FileReader(offline, read!).read(0, 3 * 1_048_576), content(3 * 1_048_576))).toBe(true);
    const unread = await findChild(offline, again, 'unread');
    expect(await outcome(new FileReader(offline, unread!).read(0, 5))).toBe('network');
  });

  test('only a server that cannot be reached is replaced: refusals and "nothing there" are answers', async () => {
    const world = await FileWorld.create();
    const { server } = world.base;
    const cache = pointerCache();
    const store = offlinePointerStore(server.pointers, cache);
    const writer = world.signer.publicKeyHash;
    const signed = await store.getPointer(world.owner, writer);
    expect(signed).toBeInstanceOf(Uint8Array);
    expect(await store.getPointer(world.owner, world.base.signer(77).publicKeyHash)).toBeUndefined();
    server.ban(writer);
    expect(await outcome(store.getPointer(world.owner, writer))).toBe('denied.pointer');
    server.hooks.before = () => {
      throw networkError();
    };
    expect(await store.getPointer(world.owner, writer)).toEqual(signed);
    expect(await outcome(store.getPointer(world.owner, world.base.signer(77).publicKeyHash))).toBe('network');
  });
});
