import { Cid, CidCodec, encodeCbor, Multihash, MultihashCode } from '@pyrgos/core/codec';
import type { PyrgosError } from '@pyrgos/core/errors';
import { OwnerProof, PublicKeyHash, type Signer, SigningKeyPair } from '@pyrgos/core/keys';
import { MemoryBlocks, ownedKeyChampKey, PointerUpdate, WriterData } from '@pyrgos/core/model';
import { seededRandom } from '@pyrgos/testkit/random';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Interruption, SpaceWorld } from '../../test/space-world.js';
import {
  MAX_NEW_CHILDREN,
  MAX_OWNED_KEYS_PER_USER,
  MAX_UPDATES_PER_COMMIT,
  MAX_WAITING_UPDATES,
  MAX_WRITER_DATA_SIZE,
  MAX_WRITERS_PER_USER,
  SIGNATURES_PER_STEP,
} from '../limits.js';
import { PointerService } from './pointer-service.js';

let world: SpaceWorld;
let alice: SigningKeyPair;
let interruption: Interruption;

beforeEach(async () => {
  interruption = new Interruption();
  world = await SpaceWorld.create({ wrap: (local) => interruption.wrap(local) });
  alice = await world.addUser('alice');
});
afterEach(async () => world.close());

const owner = () => alice.publicKey.hash;
const newKey = (): SigningKeyPair => SigningKeyPair.generate(world.crypto);
/** Writes a version of one of alice's writers that lists `children` and stores `payload` bytes. */
async function write(writer: Signer, children: readonly Signer[], payload: number): Promise<void> {
  await world.commit('alice', owner(), writer, await version(writer, children, payload));
}
async function version(writer: Signer, children: readonly Signer[], payload: number): Promise<WriterData> {
  const owned = await world.storeOwned('alice', writer.publicKeyHash, children);
  const [tree] = await world.store('alice', CidCodec.raw, new Uint8Array(payload).fill(7));
  return WriterData.of(writer.publicKeyHash, { owned, tree });
}
const remove = async (writer: Signer): Promise<unknown> => world.commit('alice', owner(), writer, undefined);
const counted = (writer: Signer): number => world.countedBytes(writer.publicKeyHash);
const usage = () => world.space.usageOf('alice')!;
const sum = (...writers: readonly Signer[]): number => writers.reduce((total, writer) => total + counted(writer), 0);

describe('usage follows the ownership tree', () => {
  test('a writer is charged with its blocks, each as often as it is linked', async () => {
    const [leaf] = await world.store('alice', CidCodec.raw, new Uint8Array(1000));
    const node = encodeCbor([leaf!, leaf!]);
    const [tree] = await world.store('alice', CidCodec.dagCbor, node);
    const data = WriterData.of(owner(), { tree, public: leaf });
    await world.commit('alice', owner(), alice.signer, data);
    expect(usage().totalBytes).toBe(data.encode().length + node.length + 3000);
    await remove(alice.signer);
    expect(usage()).toMatchObject({ totalBytes: 0, detachedBytes: 0 });
  });

  test('children and their children come and go with the writers that list them', async () => {
    const [home, share, inner] = [newKey().signer, newKey().signer, newKey().signer];
    await write(alice.signer, [home], 10);
    await write(home, [share], 20);
    await write(share, [inner], 30);
    await write(inner, [], 40);
    expect(usage().totalBytes).toBe(sum(alice.signer, home, share, inner));
    await write(home, [], 21);
    expect(usage()).toMatchObject({ totalBytes: sum(alice.signer, home), detachedBytes: sum(share, inner) });
    // What nobody lists may still be written and is kept, but is no usage.
    await write(inner, [], 41);
    expect(usage()).toMatchObject({ totalBytes: sum(alice.signer, home), detachedBytes: sum(share, inner) });
    await write(alice.signer, [home, share], 11);
    expect(usage()).toMatchObject({ totalBytes: sum(alice.signer, home, share, inner), detachedBytes: 0 });
  });

  test('a deleted writer takes what it owned with it', async () => {
    const [home, share] = [newKey().signer, newKey().signer];
    await write(alice.signer, [home], 10);
    await write(home, [share], 20);
    await write(share, [], 30);
    await remove(home);
    expect(usage()).toMatchObject({ totalBytes: sum(alice.signer), detachedBytes: sum(share) });
    await remove(share);
    expect(usage()).toMatchObject({ totalBytes: sum(alice.signer), detachedBytes: 0 });
  });

  test('a writer that moves to another parent in the same commit keeps counting', async () => {
    const [left, right, moved, inner] = [newKey().signer, newKey().signer, newKey().signer, newKey().signer];
    await write(alice.signer, [left, right], 10);
    await write(left, [moved], 20);
    await write(right, [], 30);
    await write(moved, [inner], 40);
    await write(inner, [], 50);
    for (const [from, to] of [
      [left, right],
      [right, left],
    ] as const) {
      const targets = await world.store(
        'alice',
        CidCodec.dagCbor,
        (await version(from, [], 1)).encode(),
        (await version(to, [moved], 2)).encode(),
      );
      const updates = [world.next(from, targets[0]), world.next(to, targets[1])];
      expect(await world.pointers.setPointers(owner(), from === left ? updates : updates.toReversed())).toBe(true);
      expect(usage()).toMatchObject({ totalBytes: sum(alice.signer, left, right, moved, inner), detachedBytes: 0 });
    }
  });

  test('a writer with two parents counts once, until the last one drops it', async () => {
    const [left, right, shared] = [newKey().signer, newKey().signer, newKey().signer];
    await write(alice.signer, [left, right], 10);
    await write(left, [shared], 20);
    await write(right, [shared], 30);
    await write(shared, [], 40);
    await write(left, [], 21);
    expect(usage().totalBytes).toBe(sum(alice.signer, left, right, shared));
    await write(right, [], 31);
    expect(usage()).toMatchObject({ totalBytes: sum(alice.signer, left, right), detachedBytes: counted(shared) });
  });

  test('writers that own each other hold nobody but the identity', async () => {
    const [a, b] = [newKey().signer, newKey().signer];
    await write(alice.signer, [a], 10);
    await write(a, [b], 20);
    await write(b, [a, alice.signer], 30);
    expect(usage().totalBytes).toBe(sum(alice.signer, a, b));
    await write(alice.signer, [], 11);
    expect(usage()).toMatchObject({ totalBytes: sum(alice.signer), detachedBytes: sum(a, b) });
    await write(alice.signer, [b], 12);
    expect(usage()).toMatchObject({ totalBytes: sum(alice.signer, a, b), detachedBytes: 0 });
  });

  test('a named key is a child like any other', async () => {
    const named = newKey().signer;
    const proof = OwnerProof.create(world.crypto, named, owner());
    await world.commit('alice', owner(), alice.signer, WriterData.of(owner(), { named: new Map([['pki', proof]]) }));
    await write(named, [], 30);
    expect(usage().totalBytes).toBe(sum(alice.signer, named));
    await world.commit('alice', owner(), alice.signer, WriterData.of(owner()));
    expect(usage()).toMatchObject({ totalBytes: sum(alice.signer), detachedBytes: counted(named) });
  });

  test('a new identity of the same user holds itself', async () => {
    const [home, next] = [newKey().signer, newKey().signer];
    await write(alice.signer, [home, next], 10);
    await write(home, [], 20);
    await write(next, [], 30);
    world.directory.set('alice', next.publicKeyHash);
    await world.space.registerUser('alice', next.publicKeyHash);
    await remove(alice.signer);
    expect(usage()).toMatchObject({ totalBytes: sum(next), detachedBytes: sum(home) });
  });
});

describe('which writers may set pointers', () => {
  const unknown = { code: 'denied.pointer', message: 'Unknown writer on this server!' };
  const publish = async (writer: Signer, of = owner()): Promise<boolean> => {
    const [target] = await world.store('alice', CidCodec.dagCbor, WriterData.of(writer.publicKeyHash).encode());
    return world.pointers.setPointer(of, writer.publicKeyHash, world.next(writer, target).signed);
  };

  test('nobody whom no tree of this server shows', async () => {
    await expect(publish(newKey().signer)).rejects.toMatchObject(unknown);
    const stranger = newKey();
    await expect(publish(stranger.signer, stranger.publicKey.hash)).rejects.toMatchObject(unknown);
  });

  test('a writer of one user does not act under the identity of another', async () => {
    const bob = await world.addUser('bob');
    const home = newKey().signer;
    await write(alice.signer, [home], 10);
    await expect(publish(home, bob.publicKey.hash)).rejects.toMatchObject(unknown);
    expect(await publish(home)).toBe(true);
  });

  test('a key that another user has registered stays with that user', async () => {
    const bob = await world.addUser('bob');
    const home = newKey().signer;
    await write(alice.signer, [home], 10);
    await write(home, [], 20);
    const owned = await world.storeOwned('bob', bob.publicKey.hash, [home]);
    await world.commit('bob', bob.publicKey.hash, bob.signer, WriterData.of(bob.publicKey.hash, { owned }));
    expect(await world.space.userOfWriter(owner(), home.publicKeyHash)).toBe('alice');
    expect(world.totalBytes('bob')).toBe(counted(bob.signer));
    expect(usage().totalBytes).toBe(sum(alice.signer, home));
  });

  test('a de-listed writer may delete itself, and a deleted one may come back', async () => {
    const home = newKey().signer;
    await write(alice.signer, [home], 10);
    await write(home, [], 20);
    await write(alice.signer, [], 11);
    await remove(home);
    await write(home, [], 30);
    expect(usage()).toMatchObject({ totalBytes: sum(alice.signer), detachedBytes: counted(home) });
  });

  test('children that are first published together with the update that lists them', async () => {
    const [home, share] = [newKey().signer, newKey().signer];
    const targets = await world.store(
      'alice',
      CidCodec.dagCbor,
      (await version(share, [], 30)).encode(),
      (await version(home, [share], 20)).encode(),
      (await version(alice.signer, [home], 10)).encode(),
    );
    const updates = [share, home, alice.signer].map((writer, i) => world.next(writer, targets[i]));
    // Two writers do not make each other known.
    await expect(world.pointers.setPointers(owner(), updates.slice(0, 2))).rejects.toMatchObject(unknown);
    expect(await world.pointers.setPointers(owner(), updates)).toBe(true);
    expect(usage()).toMatchObject({ totalBytes: sum(alice.signer, home, share), detachedBytes: 0 });
    expect(counted(share)).toBeGreaterThan(30);
  });

  test('at most MAX_WRITERS_PER_USER of one user', async () => {
    const userId = world.space.ledger.users.find('alice')!.id;
    const insert = world.db.prepare('INSERT INTO writers (key, user_id) VALUES (?, ?)');
    world.db.transaction(() => {
      for (let i = 2; i < MAX_WRITERS_PER_USER; i++) {
        const key = Cid.v1(CidCodec.dagCbor, Multihash.sha256(world.crypto.sha256(encodeCbor(i))));
        insert.run(key.bytes, userId);
      }
    });
    const [last, tooMany] = [newKey().signer, newKey().signer];
    await write(alice.signer, [last], 10);
    expect(await publish(last)).toBe(true);
    await write(alice.signer, [last, tooMany], 11);
    await expect(publish(tooMany)).rejects.toMatchObject(unknown);
    expect(world.space.ledger.writers.count(userId)).toBe(MAX_WRITERS_PER_USER);
  });
});

describe('updates that nobody could accept', () => {
  const unknown = { code: 'denied.pointer', message: 'Unknown writer on this server!' };
  /** A provider that counts the signatures that are checked. */
  function counting(): { readonly crypto: typeof world.crypto; readonly checks: () => number } {
    let checks = 0;
    const crypto = new Proxy(world.crypto, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name);
        if (typeof value !== 'function') return value;
        return (...parameters: readonly unknown[]): unknown => {
          if (/verify|open/iu.test(String(name))) checks++;
          return Reflect.apply(value, target, parameters);
        };
      },
    });
    return { crypto, checks: () => checks };
  }

  test('cost no check of a signature when owner or all writers are strangers', async () => {
    const { checks, crypto } = counting();
    const { directory, local, space, db } = world;
    const pointers = new PointerService({ db, crypto, local, space, directory, banned: { isBanned: async () => false } });
    const strangers = Array.from({ length: 3 }, () => newKey().signer).map((signer) => world.next(signer, owner().cid));
    await expect(pointers.setPointers(owner(), strangers)).rejects.toMatchObject(unknown);
    await expect(pointers.setPointers(strangers[0]!.writer, strangers)).rejects.toMatchObject(unknown);
    await expect(pointers.setPointer(strangers[0]!.writer, owner(), world.next(alice.signer, owner().cid).signed)).rejects.toMatchObject(
      unknown,
    );
    expect(checks()).toBe(0);
    await expect(pointers.setPointers(owner(), [...strangers, world.next(alice.signer, owner().cid)])).rejects.toMatchObject({
      code: 'denied.pointer',
    });
    expect(checks()).toBeGreaterThan(0);
  });

  test('are refused when there are more than MAX_UPDATES_PER_COMMIT', async () => {
    const { signed } = world.next(alice.signer, owner().cid);
    const writers = Array.from({ length: MAX_UPDATES_PER_COMMIT + 1 }, (_, i) =>
      PublicKeyHash.fromCid(Cid.v1(CidCodec.dagCbor, Multihash.sha256(world.crypto.sha256(encodeCbor(i))))),
    );
    const updates = writers.map((writer) => ({ writer, signed }));
    await expect(world.pointers.setPointers(owner(), updates)).rejects.toMatchObject({ code: 'limit' });
    await expect(world.pointers.setPointers(owner(), updates.slice(1))).rejects.toMatchObject(unknown);
  });

  test('give others a turn between the signatures', async () => {
    const writers = Array.from({ length: 3 * SIGNATURES_PER_STEP }, () => newKey().signer);
    let turns = 0;
    let isRunning = true;
    const count = (): void => {
      turns++;
      if (isRunning) setImmediate(count);
    };
    setImmediate(count);
    const updates = [alice.signer, ...writers].map((signer) => world.next(signer, owner().cid));
    await expect(world.pointers.setPointers(owner(), updates)).rejects.toMatchObject({ code: 'denied.pointer' });
    isRunning = false;
    expect(turns).toBeGreaterThanOrEqual(3);
  });
});

describe('large lists of children', () => {
  test('MAX_NEW_CHILDREN in one commit, further ones with the next', async () => {
    const { ledger } = world.space;
    const userId = ledger.users.find('alice')!.id;
    const children = Array.from({ length: MAX_NEW_CHILDREN + 1 }, () => newKey().signer);
    await expect(write(alice.signer, children, 1)).rejects.toMatchObject({ code: 'limit' });
    expect(ledger.writers.count(userId)).toBe(1);
    await write(alice.signer, children.slice(1), 2);
    expect(ledger.writers.count(userId)).toBe(MAX_NEW_CHILDREN + 1);
    await write(alice.signer, children, 3);
    expect(ledger.writers.count(userId)).toBe(MAX_NEW_CHILDREN + 2);
    // A list that could not be read in between is read as a whole.
    const gone = Cid.ofSha256(world.crypto.sha256(encodeCbor('never stored')), CidCodec.dagCbor);
    await world.commit('alice', owner(), alice.signer, WriterData.of(owner(), { owned: gone }));
    await write(alice.signer, children, 4);
    expect(usage().detachedBytes).toBe(0);
  }, 120_000);

  test('no more than MAX_OWNED_KEYS_PER_USER entries; what only those beyond them name is detached', async () => {
    const { ledger } = world.space;
    const userId = ledger.users.find('alice')!.id;
    const [home, share] = [newKey().signer, newKey().signer];
    await write(alice.signer, [home], 1);
    await write(home, [], 1);
    const insert = world.db.prepare('INSERT INTO owned_keys (parent_id, source, child_id) VALUES (?, 0, ?)');
    world.db.transaction(() => {
      const { id } = ledger.writers.find(home.publicKeyHash)!;
      for (let i = 1; i < MAX_OWNED_KEYS_PER_USER; i++) insert.run(id, 1_000_000 + i);
    });
    expect(ledger.owned.count(userId)).toBe(MAX_OWNED_KEYS_PER_USER);
    await write(alice.signer, [home, share], 2);
    await write(share, [], 3);
    expect(usage()).toMatchObject({ totalBytes: sum(alice.signer, home), detachedBytes: sum(share) });
    expect(ledger.owned.count(userId)).toBe(MAX_OWNED_KEYS_PER_USER);
    // One entry less makes room for one more.
    await write(alice.signer, [], 4);
    await write(alice.signer, [share], 5);
    expect(usage()).toMatchObject({ totalBytes: sum(alice.signer, share), detachedBytes: sum(home) });
  });

  test('a commit looks at nothing but what hangs on the entries that it changes', async () => {
    const { ledger } = world.space;
    const [home, inner, share] = [newKey().signer, newKey().signer, newKey().signer];
    await write(alice.signer, [home], 1);
    await write(home, [inner], 1);
    // Not a state that the server makes: it shows where it looks.
    const { id } = ledger.writers.find(inner.publicKeyHash)!;
    ledger.writers.setAttached(id, false);
    await write(alice.signer, [home, share], 2);
    expect(ledger.writers.get(id).isAttached).toBe(false);
    expect(ledger.writers.find(share.publicKeyHash)?.isAttached).toBe(true);
    await write(alice.signer, [share], 3);
    await write(alice.signer, [share, home], 4);
    expect(ledger.writers.get(id).isAttached).toBe(true);
  });

  test('any sequence of changes leaves the flags that a rebuild finds', async () => {
    const { ledger } = world.space;
    const userId = ledger.users.find('alice')!.id;
    const random = seededRandom(5);
    const keys = Array.from({ length: 12 }, () => newKey().publicKey.hash);
    const listed = new Map<string, Set<PublicKeyHash>>();
    world.db.transaction(() => keys.map((key) => ledger.registerWriter(userId, key)));
    const all = [owner(), ...keys];
    for (let step = 0; step < 400; step++) {
      const parents = [0, 1].map(() => all[random.nextInteger(all.length)]!).filter((parent, i, both) => i === 0 || parent !== both[0]);
      const updates = parents.map((parent) => {
        const before = listed.get(parent.key) ?? new Set<PublicKeyHash>();
        const after = new Set(before);
        for (const child of keys) {
          if (before.has(child) ? random.nextInteger(3) === 0 : random.nextInteger(16) === 0) {
            if (!after.delete(child)) after.add(child);
          }
        }
        listed.set(parent.key, after);
        const added = [...after].filter((child) => !before.has(child));
        const removed = [...before].filter((child) => !after.has(child));
        return { writer: ledger.writers.find(parent)!, children: { champ: { kind: 'difference' as const, added, removed }, named: [] } };
      });
      world.db.transaction(() => ledger.setChildren(userId, updates));
      const flags = (): boolean[] => all.map((key) => ledger.writers.find(key)!.isAttached);
      const found = flags();
      world.db.transaction(() => ledger.rebuild(userId));
      expect(found).toEqual(flags());
    }
  });
});

describe('hostile and damaged lists of children', () => {
  const isKnown = (writer: Signer): boolean => world.space.ledger.writers.find(writer.publicKeyHash) !== undefined;

  /** Commits a WriterData whose list of children is one node with these entries. */
  async function commitNode(entries: readonly (readonly [Uint8Array, Cid])[], slots: readonly number[]): Promise<void> {
    const bitmap = slots.reduce((bits, slot) => bits | (1 << slot), 0);
    const [owned] = await world.store(
      'alice',
      CidCodec.dagCbor,
      encodeCbor([Uint8Array.of(bitmap), new Uint8Array(0), slots.map((_, i) => [entries[i]![0], entries[i]![1]])]),
    );
    await world.commit('alice', owner(), alice.signer, WriterData.of(owner(), { owned }));
  }

  test('bad entries are passed over and the good one is registered', async () => {
    const [good, forOther, unsigned] = [newKey().signer, newKey().signer, newKey().signer];
    const proofs = [
      OwnerProof.create(world.crypto, good, owner()),
      OwnerProof.create(world.crypto, forOther, newKey().publicKey.hash),
      OwnerProof.fromCbor(
        new Map<string, Cid | Uint8Array>([
          ['o', unsigned.publicKeyHash.cid],
          ['p', new Uint8Array(109)],
        ]),
      ),
    ];
    const cids = await world.store('alice', CidCodec.dagCbor, ...proofs.map((proof) => proof.encode()));
    const [noProof] = await world.store('alice', CidCodec.dagCbor, encodeCbor('no proof'));
    const slotOf = (key: Uint8Array): number => key[0]! & 7;
    const all = [good, forOther, unsigned].map((writer, i) => [ownedKeyChampKey(writer.publicKeyHash), cids[i]!] as const);
    const other = newKey().signer;
    const lost = newKey().signer;
    const gone = Cid.ofSha256(world.crypto.sha256(encodeCbor('never stored')), CidCodec.dagCbor);
    const bySlot = new Map<number, readonly [Uint8Array, Cid]>();
    for (const entry of [
      ...all,
      [ownedKeyChampKey(other.publicKeyHash), noProof!] as const,
      [ownedKeyChampKey(lost.publicKeyHash), gone] as const,
    ]) {
      bySlot.set(slotOf(entry[0]), entry);
    }
    bySlot.set(slotOf(all[0]![0]), all[0]!);
    const slots = [...bySlot.keys()].toSorted((a, b) => a - b);
    await commitNode(
      slots.map((slot) => bySlot.get(slot)!),
      slots,
    );
    expect([good, forOther, unsigned, other, lost].map(isKnown)).toEqual([true, false, false, false, false]);
  });

  test('an entry under a key that is not its own is no child', async () => {
    const child = newKey().signer;
    const [proof] = await world.store('alice', CidCodec.dagCbor, OwnerProof.create(world.crypto, child, owner()).encode());
    const foreign = ownedKeyChampKey(newKey().publicKey.hash);
    await commitNode([[foreign, proof!]], [foreign[0]! & 7]);
    expect(isKnown(child)).toBe(false);
  });

  test('an endless tree of the same nodes does not hold up anything', async () => {
    let [node] = await world.store('alice', CidCodec.dagCbor, encodeCbor([new Uint8Array(0), new Uint8Array(0), []]));
    for (let depth = 0; depth < 31; depth++) {
      [node] = await world.store(
        'alice',
        CidCodec.dagCbor,
        encodeCbor([new Uint8Array(0), Uint8Array.of(255), Array.from({ length: 8 }, () => node!)]),
      );
    }
    await world.commit('alice', owner(), alice.signer, WriterData.of(owner(), { owned: node }));
    expect(usage().totalBytes).toBe(Number.MAX_SAFE_INTEGER);
    const child = newKey().signer;
    await write(alice.signer, [child], 10);
    expect(isKnown(child)).toBe(true);
    expect(usage().totalBytes).toBe(counted(alice.signer));
  });

  test('what cannot be read is not withdrawn, and is made up for by the next version', async () => {
    const [kept, late] = [newKey().signer, newKey().signer];
    await write(alice.signer, [kept], 10);
    await write(kept, [], 20);
    // A list whose root node was not uploaded.
    const blocks = new MemoryBlocks(world.crypto);
    const missing = blocks.putCbor(encodeCbor('stands for a list'));
    await world.commit('alice', owner(), alice.signer, WriterData.of(owner(), { owned: missing }));
    expect(usage()).toMatchObject({ totalBytes: sum(alice.signer, kept), detachedBytes: 0 });
    await write(alice.signer, [late], 11);
    expect(isKnown(late)).toBe(true);
    expect(usage()).toMatchObject({ totalBytes: sum(alice.signer, late), detachedBytes: counted(kept) });
  });

  test('a proof that arrives late is found by the search', async () => {
    const child = newKey().signer;
    const proof = OwnerProof.create(world.crypto, child, owner()).encode();
    const proofCid = Cid.ofSha256(world.crypto.sha256(proof), CidCodec.dagCbor);
    const key = ownedKeyChampKey(child.publicKeyHash);
    await commitNode([[key, proofCid]], [key[0]! & 7]);
    expect(await world.space.userOfWriter(owner(), child.publicKeyHash)).toBeUndefined();
    await world.store('alice', CidCodec.dagCbor, proof);
    world.clock.time += 59_999;
    expect(await world.space.userOfWriter(owner(), child.publicKeyHash)).toBeUndefined();
    world.clock.time += 1;
    expect(await world.space.userOfWriter(owner(), child.publicKeyHash)).toBe('alice');
    await write(child, [], 30);
    expect(world.space.ledger.writers.find(child.publicKeyHash)?.isAttached).toBe(true);
  });
});

describe('targets', () => {
  const text = (target: Cid) => ({ code: 'denied.pointer', message: `Couldn't retrieve WriterData from dht! ${target.toString()}` });
  const set = async (target: Cid): Promise<boolean> => world.pointers.setPointer(owner(), owner(), world.next(alice.signer, target).signed);

  test('must be blocks whose links are followed', async () => {
    const bytes = WriterData.of(owner()).encode();
    const [raw] = await world.store('alice', CidCodec.raw, bytes);
    await expect(set(raw!)).rejects.toMatchObject(text(raw!));
    const legacy = Cid.v0(Multihash.sha256(world.crypto.sha256(bytes)));
    await expect(set(legacy)).rejects.toMatchObject(text(legacy));
    const identity = Cid.v1(CidCodec.dagCbor, Multihash.create(MultihashCode.identity, Uint8Array.of(0xa0)));
    await expect(set(identity)).rejects.toMatchObject(text(identity));
  });

  test('of the largest size are accepted, one byte more is not', async () => {
    const padded = (size: number): Uint8Array => {
      const bytes = (padding: number): Uint8Array =>
        encodeCbor(
          new Map<string, Cid | Uint8Array>([
            ['x', new Uint8Array(padding)],
            ['controller', owner().cid],
          ]),
        );
      return bytes(size - (bytes(100_000).length - 100_000));
    };
    const [largest, tooLarge] = await world.store(
      'alice',
      CidCodec.dagCbor,
      padded(MAX_WRITER_DATA_SIZE),
      padded(MAX_WRITER_DATA_SIZE + 1),
    );
    await expect(set(tooLarge!)).rejects.toMatchObject(text(tooLarge!));
    expect(await set(largest!)).toBe(true);
    expect(usage().totalBytes).toBe(MAX_WRITER_DATA_SIZE);
  });

  test('must be stored in the space of the owner', async () => {
    await world.addUser('bob');
    const [target] = await world.store('bob', CidCodec.dagCbor, WriterData.of(owner()).encode());
    await expect(set(target!)).rejects.toMatchObject(text(target!));
  });
});

describe('many at a time', () => {
  test('updates of overlapping sets of writers end, and the books are right', async () => {
    const writers = Array.from({ length: 6 }, () => newKey().signer);
    await write(alice.signer, writers, 10);
    for (const writer of writers) await write(writer, [], 1);
    const attempts = Array.from({ length: 60 }, async (_, i) => {
      const chosen = writers.filter((_, at) => ((i * 37 + 11) >> at) & 1);
      const updates = [];
      for (const writer of chosen) {
        const [target] = await world.store('alice', CidCodec.dagCbor, (await version(writer, [], i + 2)).encode());
        updates.push(world.next(writer, target));
      }
      try {
        return await world.pointers.setPointers(owner(), i % 2 === 0 ? updates : updates.toReversed());
      } catch (error) {
        expect(error).toMatchObject({ code: 'conflict.pointer' });
        return false;
      }
    });
    const results = await Promise.all(attempts);
    expect(results).toContain(true);
    expect(usage()).toMatchObject({ totalBytes: sum(alice.signer, ...writers), detachedBytes: 0 });
    const before = usage();
    world.db.transaction(() => world.space.ledger.rebuild(world.space.ledger.users.find('alice')!.id));
    expect(usage()).toEqual(before);
  });

  test('more waiting updates than allowed are told to come back', async () => {
    const [target] = await world.store('alice', CidCodec.dagCbor, WriterData.of(owner()).encode());
    const { signed } = world.next(alice.signer, target);
    const results = await Promise.allSettled(
      Array.from({ length: MAX_WAITING_UPDATES + 3 }, async () => world.pointers.setPointer(owner(), owner(), signed)),
    );
    const codes = results.map((result) => (result.status === 'fulfilled' ? 'stored' : (result.reason as PyrgosError).code));
    expect(codes.filter((code) => code === 'stored')).toHaveLength(1);
    expect(codes.filter((code) => code === 'rate')).toHaveLength(2);
    expect(codes.filter((code) => code === 'conflict.pointer')).toHaveLength(MAX_WAITING_UPDATES);
  });

  test('an update that loses the race to the deletion of the account changes nothing', async () => {
    const home = newKey().signer;
    await write(alice.signer, [home], 10);
    const [target] = await world.store('alice', CidCodec.dagCbor, (await version(home, [], 20)).encode());
    interruption.arm(async () => world.space.removeUser('alice'));
    expect(await world.pointers.setPointer(owner(), home.publicKeyHash, world.next(home, target).signed)).toBe(false);
    expect(await world.pointers.getPointer(owner(), home.publicKeyHash)).toBeUndefined();
    expect(usage()).toMatchObject({ totalBytes: 0, detachedBytes: 0 });
    const update = PointerUpdate.of(undefined, target, 9).sign(world.crypto, home);
    await expect(world.pointers.setPointer(owner(), home.publicKeyHash, update)).rejects.toMatchObject({
      message: 'Unknown writer on this server!',
    });
  });
});
