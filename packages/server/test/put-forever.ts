// Child process of crash.test.ts: several clients upload, link and close, and garbage is collected, as fast as it goes. Prints the root of a
// tree once it is acknowledged. Ends when it is killed.
import { writeSync } from 'node:fs';
import type { Cid } from '@pyrgos/core/codec';
import { GarbageCollector } from '../src/gc/garbage-collector.js';
import { crypto, nodeBlock, openFixture, rawBlock, TestClock } from './block-fixture.js';

const [folder = '', life = ''] = process.argv.slice(2);
const fixture = await openFixture(folder, new TestClock());
const { db, local, storage, clock } = fixture;
/** The trees that are linked: the latest ones of each client. */
const roots = new Map<number, Cid[]>();

async function client(number: number): Promise<never> {
  const mine: Cid[] = [];
  roots.set(number, mine);
  for (let round = 0; ; round++) {
    const transaction = await local.startTransaction('alice');
    const leaves = Array.from({ length: 1 + (round % 7) }, (_, i) => rawBlock(new Uint8Array(i * 9000).fill(round % 50)));
    await local.put('alice', leaves, transaction);
    const root = nodeBlock(
      leaves.map(({ cid }) => cid),
      [],
      `${life} ${number} ${round}`,
    );
    await local.put('alice', [root], transaction);
    mine.push(root.cid);
    if (mine.length > 50) mine.shift();
    writeSync(1, `${number} ${root.cid.toString()}\n`);
    await local.closeTransaction('alice', transaction);
  }
}

async function collect(): Promise<never> {
  const collector = new GarbageCollector({
    db,
    storage,
    local,
    roots: {
      users: async () => ['alice'],
      settleDeletion: async () => undefined,
      rootsOf: async () => [...roots.values()].flat(),
    },
    hasher: crypto,
    clock,
    logger: { info: () => undefined, warn: () => undefined },
  });
  for (;;) {
    const { failures } = await collector.collect();
    if (failures.length > 0) writeSync(1, `failure ${failures[0]?.message ?? ''}\n`);
  }
}

await Promise.all([client(0), client(1), client(2), collect()]);
