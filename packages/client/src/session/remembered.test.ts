import { encodeChain } from '@pyrgos/core/accounts';
import { Cid, CidCodec } from '@pyrgos/core/codec';
import { PyrgosError } from '@pyrgos/core/errors';
import { OFFLINE_MILLISECONDS } from '@pyrgos/core/limits';
import { PointerUpdate } from '@pyrgos/core/model';
import type { PointerStore } from '@pyrgos/core/store';
import { beforeEach, describe, expect, test } from 'vitest';
import { ChainWorld } from '../../test/chain-world.js';
import { bestEffortStore, localKeys, type LocalStore, MemoryLocalStore } from './local-store.js';
import { OnlineState } from './online-state.js';
import { RememberedChains } from './remembered-chains.js';
import { rememberedPointers } from './remembered-pointers.js';
import { type KeyStoreFile, TofuKeyStore } from './tofu-key-store.js';
import { equalChains } from './user-chain.js';

let world: ChainWorld;
let store: MemoryLocalStore;
let online: OnlineState;
beforeEach(async () => {
  world = await ChainWorld.create();
  store = new MemoryLocalStore();
  online = new OnlineState(world.clock);
});

describe('chains that were seen before', () => {
  const open = (withStore = true): RememberedChains =>
    new RememberedChains({ ...world, directory: world, online, ...(withStore ? { store } : {}) });

  test('the first one is verified; a later one must follow from it, even in another session', async () => {
    world.shown.set('alice', world.initial('alice', 1));
    expect(equalChains(await open().get('alice'), world.initial('alice', 1))).toBe(true);
    world.shown.set('alice', world.initial('alice', 6));
    await expect(open().get('alice')).rejects.toMatchObject({ code: 'denied.chain' });
    world.shown.set('alice', world.handedOver('alice', 1, 2));
    expect(equalChains(await open().get('alice'), world.handedOver('alice', 1, 2))).toBe(true);
    world.shown.set('alice', world.initial('alice', 1));
    expect(equalChains(await open().get('alice'), world.handedOver('alice', 1, 2))).toBe(true);
    world.shown.delete('alice');
    await expect(open().get('alice')).rejects.toMatchObject({ code: 'denied.chain' });
  });

  test('a forged chain is refused and not remembered', async () => {
    world.shown.set('alice', world.initial('bob', 1));
    await expect(open().get('alice')).rejects.toMatchObject({ code: 'denied.chain' });
    expect(store.size).toBe(0);
    await expect(open().get('nobody')).rejects.toMatchObject({ code: 'not-found.user' });
  });

  test('answer when the server cannot be reached', async () => {
    world.shown.set('alice', world.initial('alice', 1));
    world.isReachable = false;
    await expect(open().get('alice')).rejects.toMatchObject({ code: 'network' });
    world.isReachable = true;
    // Nothing to fall back on: asked in any case.
    await open().get('alice');
    world.isReachable = false;
    expect(equalChains(await open().get('alice'), world.initial('alice', 1))).toBe(true);
    const { questions } = world;
    expect(equalChains(await open().get('alice'), world.initial('alice', 1))).toBe(true);
    expect(world.questions).toBe(questions);
    world.clock.time += OFFLINE_MILLISECONDS;
    world.isReachable = true;
    await open().get('alice');
    expect(world.questions).toBe(questions + 1);
    expect(online.isOnline).toBe(true);
  });

  test('name their users offline (section 18.2), as far as they were seen and have the key', async () => {
    const [first, second, other] = [1, 2, 3].map((n) => world.signer(n).publicKeyHash);
    world.shown.set('alice', world.handedOver('alice', 1, 2));
    world.names.set(second!.key, 'alice');
    await open().get('alice');
    expect(await open().getUsername(second!)).toBe('alice');
    world.isReachable = false;
    expect(await open().getUsername(second!)).toBe('alice');
    // Keys of before as well.
    expect(await open().getUsername(first!)).toBe('alice');
    await expect(open().getUsername(other!)).rejects.toMatchObject({ code: 'network' });
    await expect(open(false).getUsername(second!)).rejects.toMatchObject({ code: 'network' });
    // What the device was told counts only with a chain that has the key.
    await store.put(localKeys.owner(other!.toString()), new TextEncoder().encode('alice'));
    await expect(open().getUsername(other!)).rejects.toMatchObject({ code: 'network' });
    await store.put(localKeys.owner(other!.toString()), new TextEncoder().encode('no name/'));
    await expect(open().getUsername(other!)).rejects.toMatchObject({ code: 'network' });
    // A server that answers is believed about what it does not know.
    world.isReachable = true;
    world.clock.time += OFFLINE_MILLISECONDS;
    await expect(open().getUsername(other!)).rejects.toMatchObject({ code: 'not-found.user' });
  });

  test('are a directory for the key store of the account, offline too', async () => {
    let content: Uint8Array | undefined;
    const file: KeyStoreFile = { read: async () => content, write: async (bytes) => void (content = bytes) };
    const keyStore = async (): Promise<TofuKeyStore> => TofuKeyStore.open({ ...world, directory: open(), file });
    world.shown.set('bob', world.initial('bob', 2));
    world.names.set(world.signer(2).publicKeyHash.key, 'bob');
    expect(await (await keyStore()).getUsername(world.signer(2).publicKeyHash)).toBe('bob');
    // Another account on this device has not met bob.
    content = undefined;
    const fresh = await keyStore();
    world.isReachable = false;
    expect(await fresh.getUsername(world.signer(2).publicKeyHash)).toBe('bob');
    await expect(fresh.getChain('carol')).rejects.toMatchObject({ code: 'network' });
    world.isReachable = true;
    world.clock.time += OFFLINE_MILLISECONDS;
    await expect(fresh.getChain('carol')).rejects.toMatchObject({ code: 'not-found.user' });
    // What the server shows instead is judged by the key store, and not remembered.
    world.shown.set('bob', world.initial('bob', 6));
    await expect(fresh.refresh('bob')).rejects.toMatchObject({ code: 'denied.chain' });
    world.shown.delete('bob');
    expect(equalChains(await fresh.refresh('bob'), world.initial('bob', 2))).toBe(true);
    world.isReachable = false;
    expect(equalChains(await open().get('bob'), world.initial('bob', 2))).toBe(true);
  });

  test('what was tampered with on the device counts as nothing', async () => {
    for (const bytes of [Uint8Array.of(1, 2), encodeChain([]), encodeChain(world.initial('bob', 1))]) {
      await store.put(localKeys.chain('alice'), bytes);
      world.shown.set('alice', world.initial('alice', 1));
      expect(equalChains(await open().get('alice'), world.initial('alice', 1))).toBe(true);
    }
  });

  test('without a store nothing is remembered', async () => {
    world.shown.set('alice', world.initial('alice', 1));
    await open(false).get('alice');
    world.shown.set('alice', world.initial('alice', 6));
    await open(false).get('alice');
    expect(store.size).toBe(0);
  });
});

describe('pointers that were seen before', () => {
  const target = (n: number): Cid => Cid.ofSha256(world.crypto.sha256(Uint8Array.of(n)), CidCodec.dagCbor);
  const signed = (n: number, sequence = n, by = 1): Uint8Array =>
    PointerUpdate.of(n === 1 ? undefined : target(n - 1), target(n), sequence).sign(world.crypto, world.signer(by));

  let answer: Uint8Array | undefined;
  let isAccepted: boolean;
  let isReachable: boolean;
  let inner: PointerStore;
  beforeEach(() => {
    answer = undefined;
    isAccepted = true;
    isReachable = true;
    const call = <T>(value: T): T => {
      if (!isReachable) throw new PyrgosError('network', 'the server cannot be reached', { data: { reason: 'unreachable' } });
      return value;
    };
    inner = { getPointer: async () => call(answer), setPointer: async () => call(isAccepted), setPointers: async () => call(isAccepted) };
  });
  const open = (): PointerStore => rememberedPointers({ pointers: inner, store, crypto: world.crypto, online });
  const writer = () => world.signer(1).publicKeyHash;
  const read = async (): Promise<Uint8Array | undefined> => open().getPointer(writer(), writer());

  test('a server cannot go back, forget, or fork, even between two sessions', async () => {
    expect(await read()).toBeUndefined();
    answer = signed(2);
    expect(await read()).toEqual(signed(2));
    answer = signed(3);
    expect(await read()).toEqual(signed(3));
    for (const old of [signed(2), undefined, new Uint8Array()]) {
      answer = old;
      await expect(read()).rejects.toMatchObject({ code: 'denied.stale' });
    }
    answer = signed(5, 3);
    await expect(read()).rejects.toMatchObject({ code: 'denied.stale' });
    answer = signed(3);
    expect(await read()).toEqual(signed(3));
  });

  test('what nobody signed is an error, and is not remembered', async () => {
    answer = signed(2, 2, 6);
    await expect(read()).rejects.toMatchObject({ code: 'crypto.signature' });
    expect(store.size).toBe(0);
  });

  test('what was committed here is remembered, if it was accepted', async () => {
    await open().setPointer(writer(), writer(), signed(4));
    answer = signed(3);
    await expect(read()).rejects.toMatchObject({ code: 'denied.stale' });
    isAccepted = false;
    expect(await open().setPointers(writer(), [{ writer: writer(), signed: signed(9) }])).toBe(false);
    answer = signed(5);
    expect(await read()).toEqual(signed(5));
    isAccepted = true;
    await open().setPointers(writer(), [{ writer: writer(), signed: signed(6) }]);
    await expect(read()).rejects.toMatchObject({ code: 'denied.stale' });
  });

  test('a commit that the server has accepted is one, whatever the store does', async () => {
    const broken: LocalStore = {
      get: async () => {
        throw new Error('no file handles left');
      },
      put: async () => undefined,
      delete: async () => undefined,
    };
    const failing = rememberedPointers({ pointers: inner, store: broken, crypto: world.crypto, online });
    expect(await failing.setPointer(writer(), writer(), signed(4))).toBe(true);
    expect(await failing.setPointers(writer(), [{ writer: writer(), signed: signed(5) }])).toBe(true);
    // What the server says is compared, or is not believed.
    answer = signed(5);
    await expect(failing.getPointer(writer(), writer())).rejects.toThrow('no file handles left');
  });

  test('a store that does not answer is waited for once, and not for long', async () => {
    let settle = (): void => undefined;
    const stuck: LocalStore = {
      get: async (key) => store.get(key),
      put: async (key, value) =>
        new Promise<void>((resolve) => {
          settle = () => {
            resolve(store.put(key, value));
          };
        }),
      delete: async (key) => store.delete(key),
    };
    let waits = 0;
    const timer = (_: number, fire: () => void): (() => void) => {
      waits++;
      queueMicrotask(fire);
      return () => undefined;
    };
    const slow = rememberedPointers({ pointers: inner, store: stuck, crypto: world.crypto, online, timer });
    await slow.setPointer(writer(), writer(), signed(2));
    await slow.setPointer(writer(), writer(), signed(3));
    answer = signed(3);
    expect(await slow.getPointer(writer(), writer())).toEqual(signed(3));
    expect(waits).toBe(1);
    settle();
    answer = signed(1);
    await expect
      .poll(async () =>
        read().then(
          () => 'read',
          (error: PyrgosError) => error.code,
        ),
      )
      .toBe('denied.stale');
  });

  test('a commit that is remembered late does not replace a newer one', async () => {
    let release = (): void => undefined;
    const isReleased = new Promise<void>((resolve) => {
      release = resolve;
    });
    // Another process: it shares the values, and no object.
    const other: LocalStore = {
      get: async (key) => store.get(key),
      put: async (key, value) => store.put(key, value),
      delete: async (key) => store.delete(key),
    };
    const slow: PointerStore = {
      ...inner,
      setPointer: async () => {
        await isReleased;
        return true;
      },
    };
    const late = rememberedPointers({ pointers: slow, store: other, crypto: world.crypto, online });
    const writing = late.setPointer(writer(), writer(), signed(3));
    await open().setPointer(writer(), writer(), signed(4));
    release();
    await writing;
    answer = signed(3);
    await expect(read()).rejects.toMatchObject({ code: 'denied.stale' });
  });

  test('of commits that are remembered at a time the latest stays', async () => {
    let delay = 40;
    const slow: LocalStore = {
      get: async (key) => store.get(key),
      put: async (key, value) => {
        // The first one takes longest.
        const turns = delay;
        delay -= 10;
        for (let i = 0; i < turns; i++) await Promise.resolve();
        return store.put(key, value);
      },
      delete: async (key) => store.delete(key),
    };
    const [one, two] = [1, 2].map(() =>
      rememberedPointers({ pointers: inner, store: bestEffortStore(slow), crypto: world.crypto, online }),
    );
    await Promise.all([one?.setPointer(writer(), writer(), signed(3)), two?.setPointer(writer(), writer(), signed(4))]);
    answer = signed(3);
    await expect(read()).rejects.toMatchObject({ code: 'denied.stale' });
  });

  test('an answer that comes late does not replace a newer one', async () => {
    let release = (): void => undefined;
    const late = rememberedPointers({
      pointers: {
        ...inner,
        getPointer: async () => {
          await new Promise<void>((resolve) => {
            release = resolve;
          });
          return signed(2);
        },
      },
      store,
      crypto: world.crypto,
      online,
    });
    const reading = late.getPointer(writer(), writer());
    await open().setPointer(writer(), writer(), signed(3));
    // Lets the slow read get as far as its request.
    for (let i = 0; i < 20; i++) await Promise.resolve();
    release();
    await reading;
    answer = signed(2);
    await expect(read()).rejects.toMatchObject({ code: 'denied.stale' });
  });

  test('answer when the server cannot be reached; what was tampered with does not', async () => {
    answer = signed(2);
    await read();
    isReachable = false;
    expect(await read()).toEqual(signed(2));
    await store.put(localKeys.pointer(writer().toString(), writer().toString()), signed(2, 2, 6));
    await expect(read()).rejects.toMatchObject({ code: 'network' });
    isReachable = true;
    expect(await read()).toEqual(signed(2));
  });
});
