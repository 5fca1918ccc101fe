import { encodeCbor } from '@pyrgos/core/codec';
import { loadCrypto } from '@pyrgos/core/crypto';
import { SigningKeyPair } from '@pyrgos/core/keys';
import { PointerUpdate, WriterData } from '@pyrgos/core/model';
import { describe, expect, test } from 'vitest';
import { blockStoreContract } from '../contracts/block-store.js';
import { pointerStoreContract } from '../contracts/pointer-store.js';
import { addChild, commit, type StoreHarness, upload } from '../contracts/store-harness.js';
import { signBlock } from './memory-block-store.js';
import { MemoryServer, type MemoryServerOptions } from './memory-server.js';

const crypto = await loadCrypto();

function harnessOf(server: MemoryServer, owner: SigningKeyPair): StoreHarness {
  return {
    crypto,
    blocks: server.blocks,
    pointers: server.pointers,
    owner,
    checksBats: server.checksBats,
    addIdentity: async () => {
      const other = SigningKeyPair.generate(crypto);
      server.registerIdentity(other.publicKey.hash);
      return other;
    },
    openBlocks: async (of) => server.openBlocks(of),
    collectGarbage: async (of) => server.collectGarbage(of),
    duringNextCommit: (action) => {
      server.hooks.before = async (operation) => {
        if (operation.name !== 'commitPointers') return;
        server.hooks.before = undefined;
        await action();
      };
    },
    ban: async (writer) => server.ban(writer),
  };
}

function create(options: MemoryServerOptions = {}): { readonly server: MemoryServer; readonly harness: StoreHarness } {
  const server = new MemoryServer(crypto, options);
  const owner = SigningKeyPair.generate(crypto);
  server.registerIdentity(owner.publicKey.hash);
  return { server, harness: harnessOf(server, owner) };
}

blockStoreContract('memory', async () => create().harness);
pointerStoreContract('memory', async () => create().harness);

describe('test access to a memory server', () => {
  test('a hook before an operation makes it fail without effect', async () => {
    const { server, harness } = create();
    server.hooks.before = (operation) => {
      if (operation.name === 'putBlocks') throw new Error('no connection');
    };
    await expect(upload(harness, harness.owner.signer, encodeCbor('a block'))).rejects.toThrow('no connection');
    expect(server.blockCount(harness.owner.publicKey.hash)).toBe(0);
    expect(server.openBlocks(harness.owner.publicKey.hash)).toEqual([]);
  });

  test('a hook after an operation loses the reply but not the effect', async () => {
    const { server, harness } = create();
    const { signer } = harness.owner;
    const [target] = await upload(harness, signer, WriterData.of(signer.publicKeyHash).encode());
    const update = PointerUpdate.of(undefined, target, 1).sign(crypto, signer);
    server.hooks.after = (operation) => {
      if (operation.name === 'setPointer') throw new Error('timeout');
    };
    const { hash } = harness.owner.publicKey;
    await expect(server.pointers.setPointer(hash, hash, update)).rejects.toThrow('timeout');
    server.hooks.after = undefined;
    expect(await server.pointers.getPointer(hash, hash)).toEqual(update);
    await expect(server.pointers.setPointer(hash, hash, update)).rejects.toMatchObject({
      code: 'conflict.pointer',
      data: { existing: String(target) },
    });
  });

  test('counters count attempts', async () => {
    const { server, harness } = create();
    await upload(harness, harness.owner.signer, encodeCbor('a block'));
    expect([server.count('startTransaction'), server.count('putBlocks'), server.count('getBlock')]).toEqual([1, 1, 0]);
  });

  test('a clone and a saved state are independent', async () => {
    const { server, harness } = create();
    const { signer, publicKey } = harness.owner;
    await commit(harness, signer, WriterData.of(publicKey.hash));
    const saved = server.saveState();
    const copy = server.clone();
    const before = await server.pointers.getPointer(publicKey.hash, publicKey.hash);
    await commit(harness, signer, WriterData.of(publicKey.hash, { public: WriterData.of(publicKey.hash).cid(crypto) }));
    expect(await copy.pointers.getPointer(publicKey.hash, publicKey.hash)).toEqual(before);
    expect(await server.pointers.getPointer(publicKey.hash, publicKey.hash)).not.toEqual(before);
    server.restoreState(saved);
    expect(await server.pointers.getPointer(publicKey.hash, publicKey.hash)).toEqual(before);
  });

  test('an unregistered child is found through the tree, and a fruitless search is not repeated for a minute', async () => {
    let now = 1_000_000;
    const { server, harness } = create({ now: () => now });
    const { hash } = harness.owner.publicKey;
    const child = await addChild(harness, harness.owner.signer);
    expect(server.isKnownWriter(child.publicKey.hash)).toBe(true);
    const forget = (): void => {
      const state = server.saveState();
      state.writers.delete(child.publicKey.hash.key);
      server.restoreState(state);
    };
    const put = async (by: SigningKeyPair): Promise<void> =>
      server.blocks.putBlocks(hash, by.publicKey.hash, [signBlock(crypto, by.signer, encodeCbor('x'))], 't');
    forget();
    await put(child);
    const stranger = SigningKeyPair.generate(crypto);
    await expect(put(stranger)).rejects.toMatchObject({ code: 'denied.block' });
    forget();
    await expect(put(child)).rejects.toMatchObject({ code: 'denied.block' });
    now += 60_000;
    await put(child);
  });

  test('a transaction protects for 24 hours', async () => {
    let now = 0;
    const { server, harness } = create({ now: () => now });
    const { signer, publicKey } = harness.owner;
    const block = signBlock(crypto, signer, encodeCbor('x'));
    await server.blocks.putBlocks(publicKey.hash, publicKey.hash, [block], 't');
    now = 24 * 3_600_000;
    expect(await server.collectGarbage(publicKey.hash)).toBe(0);
    now++;
    expect(await server.collectGarbage(publicKey.hash)).toBe(1);
    expect(server.hasBlock(publicKey.hash, block.cid)).toBe(false);
  });
});
