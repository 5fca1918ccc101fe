import type { UserPublicKeyLink } from '@pyrgos/core/accounts';
import { decodeCbor, encodeCbor } from '@pyrgos/core/codec';
import { ConflictError, FormatError, LimitError } from '@pyrgos/core/errors';
import { MAX_KEY_STORE_SIZE } from '@pyrgos/core/limits';
import { beforeEach, describe, expect, test } from 'vitest';
import { ChainWorld } from '../../test/chain-world.js';
import { decodeKeyStore, encodeKeyStore } from './key-store-entries.js';
import { type KeyStoreFile, TofuKeyStore } from './tofu-key-store.js';
import { equalChains } from './user-chain.js';

class MemoryFile implements KeyStoreFile {
  content: Uint8Array | undefined;
  writes = 0;
  beforeWrite: (() => void) | undefined;

  async read(): Promise<Uint8Array | undefined> {
    return this.content;
  }

  async write(content: Uint8Array): Promise<void> {
    this.beforeWrite?.();
    this.writes++;
    this.content = content;
  }
}

let world: ChainWorld;
let file: MemoryFile;
beforeEach(async () => {
  world = await ChainWorld.create();
  file = new MemoryFile();
});

const open = async (): Promise<TofuKeyStore> => TofuKeyStore.open({ ...world, directory: world, file });
const sameAs = (chain: readonly UserPublicKeyLink[], expected: readonly UserPublicKeyLink[]): void =>
  expect(equalChains(chain, expected)).toBe(true);

describe('trust on first use', () => {
  test('makes its file with the first whom it meets, pins them, and asks no more', async () => {
    const store = await open();
    expect(file.content).toBeUndefined();
    world.shown.set('bob', world.initial('bob', 2));
    sameAs(await store.getChain('bob'), world.initial('bob', 2));
    expect((await store.getIdentity('bob')).equals(world.signer(2).publicKeyHash)).toBe(true);
    await store.getUsername(world.signer(2).publicKeyHash);
    expect(world.questions).toBe(1);
    expect(file.writes).toBe(1);
    const again = await open();
    expect(again.usernames).toEqual(['bob']);
    sameAs(await again.getChain('bob'), world.initial('bob', 2));
    expect(world.questions).toBe(1);
  });

  test('an unknown user is not pinned', async () => {
    const store = await open();
    await expect(store.getChain('nobody')).rejects.toMatchObject({ code: 'not-found.user' });
    await expect(store.refresh('nobody')).rejects.toMatchObject({ code: 'not-found.user' });
    await expect(store.getUsername(world.signer(9).publicKeyHash)).rejects.toMatchObject({ code: 'not-found.user' });
    expect(store.usernames).toEqual([]);
  });

  test('names of Object.prototype are names like any other', async () => {
    const store = await open();
    for (const name of ['constructor', '__proto__', 'toString']) {
      world.shown.set(name, world.initial(name, 3));
      sameAs(await store.getChain(name), world.initial(name, 3));
    }
    expect((await open()).usernames.toSorted()).toEqual(['__proto__', 'constructor', 'toString']);
  });

  test('a forged first chain is not pinned', async () => {
    const store = await open();
    world.shown.set('bob', world.initial('carol', 2));
    await expect(store.getChain('bob')).rejects.toMatchObject({
      code: 'denied.chain',
      message: 'The server shows keys of this user that do not follow from each other.',
    });
    const [link] = world.handedOver('bob', 2, 3);
    world.shown.set('bob', [link]);
    await expect(store.getChain('bob')).rejects.toMatchObject({ code: 'denied.chain' });
    expect(store.usernames).toEqual([]);
  });

  test('a key changes only by a step that the old key has signed', async () => {
    const store = await open();
    world.shown.set('bob', world.initial('bob', 2));
    await store.getChain('bob');
    world.shown.set('bob', world.initial('bob', 6, '2031-01-31'));
    await expect(store.refresh('bob')).rejects.toMatchObject({ code: 'denied.chain' });
    world.shown.set('bob', world.handedOver('bob', 6, 7));
    await expect(store.refresh('bob')).rejects.toMatchObject({ code: 'denied.chain' });
    sameAs(await store.getChain('bob'), world.initial('bob', 2));
    world.shown.set('bob', world.handedOver('bob', 2, 3));
    sameAs(await store.refresh('bob'), world.handedOver('bob', 2, 3));
    sameAs(await (await open()).getChain('bob'), world.handedOver('bob', 2, 3));
  });

  test('a server that goes back, or forgets, changes nothing', async () => {
    const store = await open();
    world.shown.set('bob', world.handedOver('bob', 2, 3));
    await store.getChain('bob');
    world.shown.set('bob', world.initial('bob', 2));
    sameAs(await store.refresh('bob'), world.handedOver('bob', 2, 3));
    world.shown.set('bob', world.handedOver('bob', 2, 3, '2030-02-28'));
    sameAs(await store.refresh('bob'), world.handedOver('bob', 2, 3));
    world.shown.delete('bob');
    sameAs(await store.refresh('bob'), world.handedOver('bob', 2, 3));
    expect(file.writes).toBe(1);
  });

  test('updates with the changed end, or with the whole chain; the same again changes nothing', async () => {
    const store = await open();
    await store.updateChain('bob', world.initial('bob', 2));
    await store.updateChain('bob', world.initial('bob', 2));
    expect(file.writes).toBe(1);
    sameAs(await store.updateChain('bob', world.handedOver('bob', 2, 3)), world.handedOver('bob', 2, 3));
    // The renewed last claim alone.
    const renewed = world.handedOver('bob', 2, 3, '2031-01-31');
    sameAs(await store.updateChain('bob', renewed.slice(1)), [...world.handedOver('bob', 2, 3).slice(0, 1), ...renewed.slice(1)]);
    await expect(store.updateChain('bob', world.initial('bob', 2, '2032-01-31'))).rejects.toMatchObject({ code: 'denied.chain' });
  });

  test('an expired claim is kept, told of, and renewed by the same key only', async () => {
    const store = await open();
    world.shown.set('bob', world.initial('bob', 2, '2020-01-31'));
    await store.getChain('bob');
    expect(store.isExpired('bob')).toBe(true);
    expect((await open()).isExpired('bob')).toBe(true);
    await expect(store.updateChain('bob', world.initial('bob', 6))).rejects.toMatchObject({
      code: 'denied.chain',
      message: 'The server shows another key for this user than the one that is pinned.',
    });
    world.shown.set('bob', world.initial('bob', 2));
    await store.refresh('bob');
    expect(store.isExpired('bob')).toBe(false);
    expect(store.isExpired('nobody')).toBe(false);
  });

  test('a name for a key counts only when the chain of that name has the key', async () => {
    const store = await open();
    world.shown.set('bob', world.handedOver('bob', 2, 3));
    for (const n of [2, 3, 4]) world.names.set(world.signer(n).publicKeyHash.key, 'bob');
    expect(await store.getUsername(world.signer(2).publicKeyHash)).toBe('bob');
    expect(await store.getUsername(world.signer(3).publicKeyHash)).toBe('bob');
    await expect(store.getUsername(world.signer(4).publicKeyHash)).rejects.toMatchObject({ code: 'denied.chain' });
    // The key is newer than what is pinned.
    world.shown.set('bob', [...world.handedOver('bob', 2, 3).slice(0, 1), ...world.handedOver('bob', 3, 4)]);
    expect(await store.getUsername(world.signer(4).publicKeyHash)).toBe('bob');
  });

  test('what another device has pinned meanwhile is kept', async () => {
    const [here, there] = [await open(), await open()];
    world.shown.set('bob', world.initial('bob', 2));
    world.shown.set('carol', world.initial('carol', 3));
    await there.getChain('carol');
    let conflicts = 2;
    file.beforeWrite = () => {
      if (conflicts-- > 0) throw new ConflictError('conflict.merge', 'somebody was faster');
    };
    await here.getChain('bob');
    expect(here.usernames.toSorted()).toEqual(['bob', 'carol']);
    expect((await open()).usernames.toSorted()).toEqual(['bob', 'carol']);
  });

  test('what was pinned here is not replaced by what another device was shown', async () => {
    const here = await open();
    world.shown.set('bob', world.initial('bob', 2));
    world.shown.set('carol', world.initial('carol', 3));
    await here.getChain('bob');
    file.content = encodeKeyStore({ chains: new Map([['bob', world.initial('bob', 6)]]), damaged: new Map() });
    let conflicts = 1;
    file.beforeWrite = () => {
      if (conflicts-- > 0) throw new ConflictError('conflict.merge', 'somebody was faster');
    };
    await here.getChain('carol');
    sameAs(await here.getChain('bob'), world.initial('bob', 2));
  });

  test('a conflict that does not end, and any other error, is passed on and pins nothing', async () => {
    const store = await open();
    world.shown.set('bob', world.initial('bob', 2));
    file.beforeWrite = () => {
      throw new ConflictError('conflict.merge', 'somebody was faster');
    };
    await expect(store.getChain('bob')).rejects.toMatchObject({ code: 'conflict.merge' });
    expect(store.usernames).toEqual([]);
    file.beforeWrite = undefined;
    sameAs(await store.getChain('bob'), world.initial('bob', 2));
  });

  test('many questions at once: every answer is pinned', async () => {
    const store = await open();
    const names = Array.from({ length: 20 }, (_, i) => `user${i}`);
    for (const [i, name] of names.entries()) world.shown.set(name, world.initial(name, i + 1));
    await Promise.all(names.map(async (name) => store.getChain(name)));
    expect((await open()).usernames.toSorted()).toEqual(names.toSorted());
  });
});

describe('the key store file', () => {
  test('a bad entry hides no other one and is kept', async () => {
    const good = new Map(
      decodeCbor(encodeKeyStore({ chains: new Map([['bob', world.initial('bob', 2)]]), damaged: new Map() })) as ReadonlyMap<string, never>,
    );
    const bytes = encodeCbor(new Map<string, never>([...good, ['carol', 7 as never], ['no name/', [] as never], ['empty', [] as never]]));
    const { chains, damaged } = decodeKeyStore(bytes);
    expect([...chains.keys()]).toEqual(['bob']);
    expect([...damaged.keys()].toSorted()).toEqual(['carol', 'empty', 'no name/']);
    expect(encodeKeyStore({ chains, damaged })).toEqual(bytes);
    file.content = bytes;
    const store = await open();
    world.shown.set('carol', world.initial('carol', 3));
    await store.getChain('carol');
    expect(decodeKeyStore(file.content).damaged.has('carol')).toBe(false);
    expect(decodeKeyStore(file.content).damaged.has('empty')).toBe(true);
  });

  test('what is none is refused', () => {
    for (const bytes of [encodeCbor([]), Uint8Array.of(0xff), new Uint8Array()]) expect(() => decodeKeyStore(bytes)).toThrow(FormatError);
    expect(() => decodeKeyStore(new Uint8Array(MAX_KEY_STORE_SIZE + 1))).toThrow(LimitError);
  });
});
