import { PyrgosError } from '@pyrgos/core/errors';
import { seededRandom } from '@pyrgos/testkit/random';
import { expect, test } from 'vitest';
import { crypto, rawBlock } from '../../test/block-fixture.js';
import { SimulatedDisk } from '../../test/simulated-disk.js';
import type { StoredBlock } from '../ports/local-blocks.js';
import { FileBlockStorage } from './file-block-storage.js';

const SEEDS = 200;
const users = ['alice', 'bob'] as const;

const open = (fileSystem: SimulatedDisk): Promise<FileBlockStorage> =>
  FileBlockStorage.open({ root: '/blocks', hasher: crypto, random: crypto, fileSystem });

/** Clients that put and delete until the power fails; what they were told is done. */
async function work(
  storage: FileBlockStorage,
  random: ReturnType<typeof seededRandom>,
  acknowledged: Map<string, StoredBlock>,
): Promise<void> {
  const client = async (username: (typeof users)[number], number: number): Promise<void> => {
    for (let round = 0; ; round++) {
      const blocks = Array.from({ length: 1 + random.nextInteger(4) }, (_, i) =>
        rawBlock(
          random.nextInteger(3) === 0 ? `shared ${random.nextInteger(5)}` : `${number} ${round} ${i} ${'x'.repeat(random.nextInteger(40))}`,
        ),
      );
      await storage.putMany(username, blocks);
      for (const block of blocks) acknowledged.set(username + block.cid.key, block);
      const doomed = blocks[0];
      if (doomed === undefined || random.nextInteger(4) > 0 || new TextDecoder().decode(doomed.bytes).startsWith('shared')) continue;
      // From here on it may or may not be there.
      acknowledged.delete(username + doomed.cid.key);
      await storage.deleteMany(username, [doomed.cid]);
    }
  };
  const ends = await Promise.allSettled([0, 1, 2].map((number) => client(users[number % 2] ?? 'alice', number)));
  for (const end of ends) expect(end.status === 'rejected' && end.reason instanceof PyrgosError && end.reason.code).toBe('storage');
}

test(`power failures at any call, ${SEEDS} histories: what was acknowledged is there and whole`, async () => {
  let checked = 0;
  for (let seed = 1; seed <= SEEDS; seed++) {
    const random = seededRandom(seed);
    const acknowledged = new Map<string, StoredBlock>();
    let disk = new SimulatedDisk();
    // Three lives of one store.
    for (let life = 0; life < 3; life++) {
      let calls = 20 + random.nextInteger(150);
      const current = disk;
      let next: SimulatedDisk | undefined;
      current.before = async () => {
        if (--calls === 0) next = current.crash(random);
        // Shuffles what runs at the same time.
        for (let i = random.nextInteger(4); i > 0; i--) await Promise.resolve();
      };
      const storage = await open(current).catch(() => undefined);
      if (storage !== undefined) await work(storage, random, acknowledged);
      disk = next ?? current.crash(random);
      const reopened = await open(disk);
      for (const [key, { cid, bytes }] of acknowledged) {
        const username = key.startsWith('alice') ? 'alice' : 'bob';
        expect(await reopened.get(username, cid), `seed ${seed}, life ${life}`).toEqual(bytes);
        checked++;
      }
      // Whatever else has a name is whole too.
      for (const username of users) {
        for await (const cid of reopened.list(username)) expect(await reopened.get(username, cid)).toBeDefined();
      }
    }
  }
  expect(checked).toBeGreaterThan(SEEDS);
});
