import { setTimeout as pause } from 'node:timers/promises';
import { decodeWatchAnswer, encodeWatchRequest, type WatchedPointer } from '@pyrgos/core/api';
import { loadRequest } from './load-client.js';
import { type Measurement, singleMeasurement } from './measure.js';
import { processCpu } from './process-memory.js';
import { nextUpdates, prepareSwing } from './server-pointers.js';
import type { ServerWorld } from './server-world.js';

const WATCHERS = 1000;
/** Pointers of each: somebody with so many friends. */
const POINTERS = 20;
const ROUNDS = 5;
/** Milliseconds for which nothing happens. */
const IDLE = 20_000;
const GROUP = 'watch';
const PATH = '/peergos/v0/pyrgos/watch';

/** What a thousand sessions cost that wait for changes: while nothing happens, and when something does (decision 013). */
export async function benchServerWatch(world: ServerWorld): Promise<Measurement[]> {
  const { daemon, client } = world;
  const accounts = await world.users(POINTERS);
  const unknown = accounts.map((account): WatchedPointer => {
    const { publicKeyHash: writer } = client.homeWriter(account).signer;
    return { owner: account.identity.publicKey.hash, writer, mark: undefined };
  });
  const { pointers } = decodeWatchAnswer(await client.call(PATH, encodeWatchRequest({ pointers: unknown })), POINTERS);
  if (pointers.length !== POINTERS) throw new Error('the server does not know all pointers');
  const known = unknown.map((pointer, i) => ({ ...pointer, mark: world.crypto.sha256(pointers[i]?.signed ?? new Uint8Array()) }));
  const request = loadRequest('POST', daemon.url, PATH, encodeWatchRequest({ pointers: known }));
  const [account] = accounts;
  if (account === undefined) throw new Error('there are no users');
  const [update] = nextUpdates(world, await prepareSwing(world, account), 1);
  if (update === undefined) throw new Error('there is no update');

  // What each of them costs every 45 seconds; the first ones find a server that has never done it.
  const atOnce = loadRequest('POST', daemon.url, PATH, encodeWatchRequest({ pointers: unknown }));
  const few = await world.connect(8);
  const answers = async (): Promise<unknown> => few.run(Array.from({ length: WATCHERS }, () => atOnce));
  await answers();
  const each = await cpuOf(world, async () => {
    for (let round = 0; round < ROUNDS; round++) await answers();
  });
  few.close();
  const idle = await cpuOf(world, async () => pause(IDLE));
  const memoryBefore = (await world.memory('VmRSS')) ?? 0;
  const load = await world.connect(WATCHERS);
  let answered: Promise<unknown> = Promise.resolve();
  const beginning = await cpuOf(world, async () => {
    answered = load.run(Array.from({ length: WATCHERS }, () => request));
    await pause(3000);
  });
  const waiting = await cpuOf(world, async () => pause(IDLE));
  const memoryAfter = (await world.memory('VmRSS')) ?? 0;
  const start = performance.now();
  const one = await world.connect(1);
  const told = await cpuOf(world, async () => {
    await one.run([update]);
    await answered;
  });
  const milliseconds = performance.now() - start;
  load.close();
  one.close();
  return [
    singleMeasurement(GROUP, `CPU of a request for ${POINTERS} pointers that is answered at once`, 'ms', each / (ROUNDS * WATCHERS)),
    singleMeasurement(GROUP, `CPU of ${IDLE / 1000} s, nobody waits`, 'ms', idle),
    singleMeasurement(GROUP, `CPU of ${IDLE / 1000} s, ${WATCHERS} wait for ${POINTERS} pointers each`, 'ms', waiting),
    singleMeasurement(GROUP, `CPU to begin, ${WATCHERS} new connections`, 'ms', beginning),
    singleMeasurement(GROUP, `memory of ${WATCHERS} that wait`, 'MiB', memoryAfter - memoryBefore),
    singleMeasurement(GROUP, `from a commit to the answer of the last of ${WATCHERS}`, 'ms', milliseconds),
    singleMeasurement(GROUP, `CPU of that`, 'ms', told),
  ];
}

async function cpuOf({ daemon }: ServerWorld, work: () => Promise<unknown>): Promise<number> {
  const before = (await processCpu(daemon.pid)) ?? 0;
  await work();
  return ((await processCpu(daemon.pid)) ?? 0) - before;
}
