import { equalBytes } from '@pyrgos/core/bytes';
import { PyrgosError } from '@pyrgos/core/errors';
import { seededRandom } from '@pyrgos/testkit/random';
import { expect, test } from 'vitest';
import { crypto, noJournal, rawBlock } from '../../test/block-fixture.js';
import { systemError } from '../../test/faulty-file-system.js';
import { SimulatedDisk } from '../../test/simulated-disk.js';
import { JOURNALED_BLOCK_SIZE } from '../limits.js';
import type { StoredBlock } from '../ports/local-blocks.js';
import { type JournalSizes, journalSizes } from './block-journal.js';
import { FileBlockStorage } from './file-block-storage.js';

const SEEDS = 60;
const users = ['alice', 'bob'] as const;
type Random = ReturnType<typeof seededRandom>;

/** Blocks of which nobody knows any more that they were there: what was deleted shortly before a crash. */
type Deleted = ReadonlySet<string>;

const open = (fileSystem: SimulatedDisk, journal: JournalSizes, deleted: Deleted): Promise<FileBlockStorage> =>
  FileBlockStorage.open({
    root: '/blocks',
    hasher: crypto,
    random: crypto,
    fileSystem,
    journal,
    isNeeded: (username, cid) => !deleted.has(username + cid.key),
  });

function someBlocks(random: Random, number: number, round: number): StoredBlock[] {
  return Array.from({ length: 1 + random.nextInteger(4) }, (_, i) => {
    if (random.nextInteger(3) === 0) return rawBlock(`shared ${random.nextInteger(5)}`);
    const size = random.nextInteger(100) === 0 ? JOURNALED_BLOCK_SIZE : random.nextInteger(40);
    return rawBlock(`${number} ${round} ${i} ${'x'.repeat(size)}`);
  });
}

/** Clients that put and delete until the power fails; what they were told is done. */
async function work(
  storage: FileBlockStorage,
  random: Random,
  acknowledged: Map<string, StoredBlock>,
  deleted: Set<string>,
): Promise<void> {
  const client = async (username: (typeof users)[number], number: number): Promise<void> => {
    for (let round = 0; ; round++) {
      const blocks = someBlocks(random, number, round);
      for (const block of blocks) deleted.delete(username + block.cid.key);
      await storage.putMany(username, blocks);
      for (const block of blocks) acknowledged.set(username + block.cid.key, block);
      const doomed = blocks[0];
      if (doomed === undefined || random.nextInteger(4) > 0 || new TextDecoder().decode(doomed.bytes).startsWith('shared')) continue;
      // From here on it may or may not be there.
      acknowledged.delete(username + doomed.cid.key);
      deleted.add(username + doomed.cid.key);
      await storage.deleteMany(username, [doomed.cid]);
    }
  };
  const ends = await Promise.allSettled([0, 1, 2].map((number) => client(users[number % 2] ?? 'alice', number)));
  for (const end of ends) expect(end.status === 'rejected' && end.reason instanceof PyrgosError && end.reason.code).toBe('storage');
}

/** What is special about a disk. */
interface Kind {
  readonly syncsFail?: boolean;
  readonly isQuick?: boolean;
}

/** Runs one history of several lives of one store, ended by a kill or a power failure; the number of blocks that were looked at. */
async function history(seed: number, journal: JournalSizes, { syncsFail = false, isQuick = false }: Kind): Promise<number> {
  const random = seededRandom(seed);
  const acknowledged = new Map<string, StoredBlock>();
  const deleted = new Set<string>();
  let checked = 0;
  let disk = new SimulatedDisk();
  for (let life = 0; life < 4; life++) {
    const endsGently = random.nextInteger(3) === 0;
    let calls = 20 + random.nextInteger(250);
    const current = disk;
    current.isQuick = isQuick;
    let next: SimulatedDisk | undefined;
    current.before = async (name) => {
      if (--calls === 0) next = endsGently ? current.kill() : current.crash(random);
      // Shuffles what runs at the same time.
      for (let i = random.nextInteger(4); i > 0; i--) await Promise.resolve();
      if (syncsFail && name === 'syncFile' && random.nextInteger(10) === 0) throw systemError('EIO');
    };
    const storage = await open(current, journal, deleted).catch(() => undefined);
    if (storage !== undefined) await work(storage, random, acknowledged, deleted);
    disk = next ?? current.crash(random);
    const reopened = await open(disk, journal, deleted);
    for (const [key, { cid, bytes }] of acknowledged) {
      const username = key.startsWith('alice') ? 'alice' : 'bob';
      const found = await reopened.get(username, cid).catch(() => undefined);
      expect(found !== undefined && equalBytes(found, bytes), `seed ${seed}, life ${life}`).toBe(true);
      checked++;
    }
    // Whatever else has a name is whole too.
    for (const username of users) {
      for await (const cid of reopened.list(username)) {
        const whole = await reopened.get(username, cid).catch(() => undefined);
        expect(whole, `seed ${seed}, life ${life}, ${cid.toString()}`).toBeDefined();
      }
    }
    await reopened.close();
  }
  return checked;
}

const often: JournalSizes = { ...journalSizes, segmentBlocks: 5 };

const kinds: readonly (readonly [name: string, sizes: JournalSizes, kind: Kind])[] = [
  ['without a journal', noJournal, {}],
  ['a journal that is never full', journalSizes, {}],
  ['a journal whose segments are given up all the time', often, {}],
  ['the same on a quick disk', often, { isQuick: true }],
  ['a journal that is often full', { ...often, segments: 1 }, {}],
  ['a disk that does not take some files', often, { syncsFail: true }],
];

test.each(kinds)(
  `kills and power failures at any call, ${SEEDS} histories, %s: what was acknowledged is there and whole`,
  async (_, sizes, kind) => {
    let checked = 0;
    for (let seed = 1; seed <= SEEDS; seed++) checked += await history(seed, sizes, kind);
    expect(checked).toBeGreaterThan(SEEDS);
  },
);
