import { createReadStream, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Cid, parseCid, readCar } from '@pyrgos/core/codec';
import { PublicKeyHash } from '@pyrgos/core/keys';
import { reachableBlocks } from '@pyrgos/core/model';
import type { BlockSource } from '@pyrgos/core/store';
import { goldenFolder, goldenMissing } from '@pyrgos/testkit/golden';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SpaceWorld } from '../../test/space-world.js';
import { UsageRepair } from './usage-repair.js';

interface GoldenWriter {
  readonly writer: string;
  readonly signedPointer: string;
  readonly target: string;
  readonly parentWriter: string | null;
  readonly reachableBytes: number;
  readonly serverCountedBytes: number;
}

interface GoldenState {
  readonly pki: { readonly pkiKeyHash: string };
  readonly owners: readonly { readonly username: string; readonly identity: string; readonly writers: readonly GoldenWriter[] }[];
  readonly usage: readonly { readonly username: string; readonly totalBytes: number }[];
}

const folder = goldenFolder();
const suite = folder === undefined ? `usage of golden-1 (skipped: ${goldenMissing})` : 'usage of golden-1';

describe.skipIf(folder === undefined)(suite, () => {
  let state: GoldenState;
  let world: SpaceWorld;
  const blocks = new Map<string, { readonly cid: Cid; readonly bytes: Uint8Array }>();
  const source: BlockSource = {
    getBlock: async (cid) => {
      const block = blocks.get(cid.key);
      if (block === undefined) throw new Error(`the CAR file lacks ${cid.toString()}`);
      return block.bytes;
    },
  };

  beforeAll(async () => {
    state = JSON.parse(readFileSync(join(folder!, 'state.json'), 'utf8')) as GoldenState;
    world = await SpaceWorld.create();
    for await (const block of readCar(createReadStream(join(folder!, 'blocks.car')))) blocks.set(block.cid.key, block);
    for (const { identity, username, writers } of state.owners) {
      const owner = PublicKeyHash.parse(identity);
      world.directory.set(username, owner);
      world.quotas.set(username, 1_073_741_824);
      await world.space.registerUser(username, owner);
      const roots = writers.map(({ target }) => parseCid(target));
      for await (const cid of reachableBlocks(roots, source, { owner })) await world.local.put(username, [blocks.get(cid.key)!], 'load');
      const repair = new UsageRepair(world);
      await repair.restorePointers(
        username,
        writers.map(({ signedPointer, writer }) => ({
          writer: PublicKeyHash.parse(writer),
          signed: Uint8Array.from(Buffer.from(signedPointer, 'base64')),
        })),
      );
      await repair.recount(username);
    }
  });

  afterAll(async () => world.close());

  test('every writer is charged with what the reference server booked for it', () => {
    for (const { writers } of state.owners) {
      for (const { reachableBytes, serverCountedBytes, writer } of writers) {
        // The reference does not account for its own writes to the tree of names (see the README of the data set).
        const expected = writer === state.pki.pkiKeyHash ? reachableBytes : serverCountedBytes;
        expect([writer, world.countedBytes(PublicKeyHash.parse(writer))]).toEqual([writer, expected]);
      }
    }
  });

  test('every user has the usage of the reference server', () => {
    const pki = state.owners.flatMap(({ writers }) => writers).find(({ writer }) => writer === state.pki.pkiKeyHash)!;
    for (const { totalBytes, username } of state.usage) {
      const unbooked = username === 'peergos' ? pki.reachableBytes - pki.serverCountedBytes : 0;
      expect([username, world.totalBytes(username)]).toEqual([username, totalBytes + unbooked]);
    }
  });

  test('every writer was found in the tree of its owner', () => {
    for (const { username, writers } of state.owners) {
      const attached = world.space.writersOf(username).filter(({ isAttached }) => isAttached);
      expect(attached.map(({ writer }) => String(writer)).toSorted()).toEqual(writers.map(({ writer }) => writer).toSorted());
    }
  });
});
