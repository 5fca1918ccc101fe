import { type Cid, CidCodec } from '@pyrgos/core/codec';
import { OwnerProof, type PublicKeyHash, type Signer, SigningKeyPair } from '@pyrgos/core/keys';
import { MemoryBlocks, OwnedKeys, WriterData } from '@pyrgos/core/model';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { SpaceWorld } from '../../test/space-world.js';
import { CHILDREN_PER_STEP } from '../limits.js';
import { UsageRepair } from './usage-repair.js';

const COUNT = 2 * CHILDREN_PER_STEP + 10;

let world: SpaceWorld;
let alice: SigningKeyPair;
let owner: PublicKeyHash;
let children: readonly Signer[];
/** Blocks of a list of all children; they are not stored yet. */
let list: { readonly root: Cid; readonly blocks: readonly Uint8Array[] };

beforeEach(async () => {
  world = await SpaceWorld.create();
  alice = await world.addUser('alice');
  owner = alice.publicKey.hash;
  children = Array.from({ length: COUNT }, () => SigningKeyPair.generate(world.crypto).signer);
  list = await listOf(children);
});
afterEach(async () => {
  vi.restoreAllMocks();
  await world.close();
});

async function listOf(of: readonly Signer[]): Promise<typeof list> {
  const store = new MemoryBlocks(world.crypto);
  const blocks: Uint8Array[] = [];
  const sink = {
    putCbor: (bytes: Uint8Array): Cid => {
      blocks.push(bytes);
      return store.putCbor(bytes);
    },
  };
  const owned = OwnedKeys.empty(store, { owner });
  for (const child of of) await owned.add(OwnerProof.create(world.crypto, child, owner), sink);
  return { root: owned.flush(sink), blocks };
}

const ledger = (): SpaceWorld['space']['ledger'] => world.space.ledger;
const known = (): number => ledger().writers.count(ledger().users.find('alice')!.id);
const listed = (): string[] =>
  ledger()
    .owned.allChildren(ledger().writers.find(owner)!.id)
    .map((id) => ledger().writers.get(id).writer.key)
    .toSorted();
const keys = (of: readonly Signer[]): string[] => of.map(({ publicKeyHash }) => publicKeyHash.key).toSorted();
/** The writers that count as usage, which a rebuild must not change. */
const attached = (): number => {
  const userId = ledger().users.find('alice')!.id;
  const count = (): number => [...ledger().writers.ofUser(userId)].filter(({ isAttached }) => isAttached).length;
  const found = count();
  world.db.transaction(() => {
    ledger().rebuild(userId);
  });
  expect(count()).toBe(found);
  return found;
};

/** A version whose list of children was not there when it was accepted, and is now. */
async function commitListThatArrivesLate(): Promise<void> {
  await world.commit('alice', owner, alice.signer, WriterData.of(owner, { owned: list.root }));
  expect(known()).toBe(1);
  await world.store('alice', CidCodec.dagCbor, ...list.blocks);
}

/** Runs an action between two steps: after the additions of the first. */
function afterFirstStep(action: () => void): void {
  let isFirst = true;
  const add = vi.spyOn(ledger(), 'addChildren');
  add.mockImplementation((...parameters) => {
    if (isFirst) queueMicrotask(action);
    isFirst = false;
    add.mockRestore();
    return ledger().addChildren(...parameters);
  });
}

/** The most children that were added or removed in one transaction, and how many turns others had meanwhile. */
async function watch(work: () => Promise<unknown>): Promise<{ readonly most: number; readonly turns: number }> {
  let most = 0;
  let turns = 0;
  let isRunning = true;
  const original = world.db.transaction.bind(world.db);
  vi.spyOn(world.db, 'transaction').mockImplementation((inside) => {
    const before = world.space.ledger.owned.count(1);
    const result = original(inside);
    most = Math.max(most, Math.abs(world.space.ledger.owned.count(1) - before));
    return result;
  });
  const count = (): void => {
    turns++;
    if (isRunning) setImmediate(count);
  };
  setImmediate(count);
  await work();
  isRunning = false;
  vi.restoreAllMocks();
  return { most, turns };
}

describe('a long list of children', () => {
  test('is registered in steps by a search, and others have turns between them', async () => {
    await commitListThatArrivesLate();
    const { most, turns } = await watch(async () => world.space.search.search(owner));
    expect(most).toBe(CHILDREN_PER_STEP);
    expect(turns).toBeGreaterThan(3);
    expect(listed()).toEqual(keys(children));
    expect(attached()).toBe(COUNT + 1);
    expect(ledger().writers.find(owner)).toMatchObject({ isOwnedKnown: true });
    // A search for what is all known changes nothing.
    world.clock.time += 3_600_000;
    await world.space.search.search(owner);
    expect(attached()).toBe(COUNT + 1);
  });

  test('is registered in steps by a recount, and what is no longer listed goes in steps as well', async () => {
    await commitListThatArrivesLate();
    const repair = new UsageRepair(world);
    expect((await watch(async () => repair.recount('alice'))).most).toBe(CHILDREN_PER_STEP);
    expect(listed()).toEqual(keys(children));
    expect(attached()).toBe(COUNT + 1);
    // The pointer alone is moved, as by a restore.
    const [target] = await world.store('alice', CidCodec.dagCbor, WriterData.of(owner).encode());
    ledger().pointers.set(owner, world.next(alice.signer, target).signed);
    expect((await watch(async () => repair.recount('alice'))).most).toBe(CHILDREN_PER_STEP);
    expect(listed()).toEqual([]);
    expect(attached()).toBe(1);
  });

  test.each([
    ['another list', 100],
    ['an empty list', 0],
  ])('ends when an update brings %s in between, which is right', async (_name, count) => {
    await commitListThatArrivesLate();
    const next = children.slice(0, count);
    const owned = count === 0 ? undefined : (await listOf(next)).root;
    await world.store('alice', CidCodec.dagCbor, ...(await listOf(next)).blocks);
    let update: Promise<unknown> = Promise.resolve();
    afterFirstStep(() => {
      update = world.commit('alice', owner, alice.signer, WriterData.of(owner, owned === undefined ? {} : { owned }));
    });
    await world.space.search.search(owner);
    await update;
    expect(listed()).toEqual(keys(next));
    expect(attached()).toBe(count + 1);
  });

  test('lets an update that was planned before be planned again, and not refused', async () => {
    await world.store('alice', CidCodec.dagCbor, ...list.blocks.slice(0, -1));
    await world.commit('alice', owner, alice.signer, WriterData.of(owner, { owned: list.root }));
    const next = await listOf(children.slice(0, 5));
    await world.store('alice', CidCodec.dagCbor, ...list.blocks, ...next.blocks);
    const [, target] = await Promise.all([
      world.space.search.search(owner),
      world.commit('alice', owner, alice.signer, WriterData.of(owner, { owned: next.root })),
    ]);
    expect(target).toBeDefined();
    expect(listed()).toEqual(keys(children.slice(0, 5)));
    expect(attached()).toBe(6);
  });

  test('is completed by the next update after a crash between two steps', async () => {
    await commitListThatArrivesLate();
    let crash: Promise<void> = Promise.resolve();
    afterFirstStep(() => {
      crash = world.crash();
    });
    await expect(world.space.search.search(owner)).rejects.toThrow();
    await crash;
    expect(listed()).toHaveLength(CHILDREN_PER_STEP);
    expect(ledger().writers.find(owner)).toMatchObject({ isOwnedKnown: false });
    const next = await listOf(children.slice(0, 7));
    await world.store('alice', CidCodec.dagCbor, ...next.blocks);
    await world.commit('alice', owner, alice.signer, WriterData.of(owner, { owned: next.root }));
    expect(listed()).toEqual(keys(children.slice(0, 7)));
    expect(attached()).toBe(8);
  });

  test('of a deleted account goes in steps', async () => {
    const home = children[0]!;
    await world.commit('alice', owner, alice.signer, WriterData.of(owner, { owned: await world.storeOwned('alice', owner, [home]) }));
    const inner = await world.storeOwned('alice', home.publicKeyHash, children.slice(1));
    await world.commit('alice', owner, home, WriterData.of(home.publicKeyHash, { owned: inner }));
    await world.commit('alice', owner, alice.signer, undefined);
    const { most, turns } = await watch(async () => world.space.settleDeletion('alice'));
    expect(most).toBe(CHILDREN_PER_STEP);
    expect(turns).toBeGreaterThan(3);
    expect(await world.space.rootsOf('alice')).toEqual([]);
    expect(ledger().owned.count(1)).toBe(0);
    expect(world.space.usageOf('alice')).toMatchObject({ totalBytes: 0, detachedBytes: 0 });
  });
});
