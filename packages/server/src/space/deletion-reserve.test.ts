import type { SigningKeyPair } from '@pyrgos/core/keys';
import { WriterData } from '@pyrgos/core/model';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { MIB, SpaceWorld } from '../../test/space-world.js';
import { SMALL_UPLOAD } from '../limits.js';

const admitted = 'admitted to alice';
const refusal = 'Upload bandwidth exceeded please try again tomorrow';
let world: SpaceWorld;

beforeEach(async () => {
  world = await SpaceWorld.create({ uploadWindowSeconds: 20 });
});
afterEach(async () => world.close());

/** Commits a version that differs from the one before: so what was uploaded is no longer pending. */
async function save({ publicKey, signer }: SigningKeyPair, i: number): Promise<void> {
  const owner = publicKey.hash;
  await world.commit('alice', owner, signer, WriterData.of(owner, i % 2 === 0 ? {} : { tree: owner.cid }));
}

test('small uploads go on for a while then, so that files can be deleted', async () => {
  const alice = await world.addUser('alice', 16 * MIB);
  const owner = alice.publicKey.hash;
  const commit = async (i: number): Promise<unknown> => save(alice, i);
  let commits = 0;
  while (commits < 3) {
    expect(await world.admission(owner, 8 * MIB)).toBe(admitted);
    await commit(commits++);
  }
  expect(await world.admission(owner, SMALL_UPLOAD + 1)).toContain(refusal);
  // The smaller they are, the further they get.
  for (const size of [SMALL_UPLOAD, SMALL_UPLOAD / 2, SMALL_UPLOAD / 32]) {
    let count = 0;
    while ((await world.admission(owner, size)) === admitted) {
      await commit(commits++);
      count++;
    }
    expect(count).toBeGreaterThan(0);
    expect(count).toBeLessThan(20);
    expect(await world.admission(owner, size)).toContain(refusal);
  }
  world.clock.time += 1000;
  expect(await world.admission(owner, SMALL_UPLOAD / 32)).toBe(admitted);
});

test('content that goes on being saved uses up nothing of what deletions need', async () => {
  const quota = 16 * MIB;
  const alice = await world.addUser('alice', quota);
  const owner = alice.publicKey.hash;
  const commit = async (i: number): Promise<unknown> => save(alice, i);
  for (let i = 0; i < 200; i++) {
    await world.admission(owner, SMALL_UPLOAD);
    await commit(i);
  }
  expect(await world.admission(owner, SMALL_UPLOAD)).toContain(refusal);
  const metadata = async (): Promise<string> => world.admission(owner, 20_000, { isMetadata: true });
  // What frees nothing gets no further than the reserve.
  const taken = Math.ceil(MIB / 20_000);
  for (let i = 0; i < taken; i++) expect(await metadata()).toBe(admitted);
  const refused = await metadata();
  expect(refused).toContain(refusal);
  const seconds = Number(/in ([0-9]+) seconds/u.exec(refused)?.[1]);
  expect(seconds).toBeLessThan(3);
  world.clock.time += 1000 * seconds;
  expect(await metadata()).toBe(admitted);
});

test('deletions that free what they upload can go on', async () => {
  const alice = await world.addUser('alice', 4 * MIB);
  const owner = alice.publicKey.hash;
  for (let i = 0; i < 40; i++) {
    await world.admission(owner, SMALL_UPLOAD);
    await save(alice, i);
  }
  const outcomes = new Set<string>();
  for (let i = 0; i < 80; i++) {
    await world.commitBytes('alice', owner, alice.signer, 100_000);
    outcomes.add(await world.admission(owner, 20_000, { isMetadata: true }));
    await world.commit('alice', owner, alice.signer, WriterData.of(owner));
  }
  expect([...outcomes]).toEqual([admitted]);
});

test('linking and unlinking the same blocks for ever lets nobody upload more than a bounded amount', async () => {
  const quota = 4 * MIB;
  const alice = await world.addUser('alice', quota);
  const owner = alice.publicKey.hash;
  let uploaded = 0;
  for (let i = 0; i < 300; i++) {
    await world.commitBytes('alice', owner, alice.signer, 100_000);
    if ((await world.admission(owner, 50_000, { isMetadata: true })) === admitted) uploaded += 50_000;
    await world.commit('alice', owner, alice.signer, WriterData.of(owner));
  }
  expect(uploaded).toBeGreaterThan(quota);
  expect(uploaded).toBeLessThan((2.2 + 1 / 4) * quota);
});
