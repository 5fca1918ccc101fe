import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createCryptoPool, type CryptoPool } from './crypto-pool.js';
import type { Job, JobRequest, WorkerEvents, WorkerPort } from './protocol.js';
import { scryptOffThread } from './scrypt.js';

/** A worker that does what the test says. */
class FakeWorker implements WorkerPort {
  readonly requests: JobRequest[] = [];
  readonly transfers: number[] = [];
  terminated = false;
  held = false;
  /** What happens instead of taking a request. */
  onPost: (request: JobRequest, transfer: readonly ArrayBuffer[]) => void = () => undefined;

  constructor(readonly events: WorkerEvents) {}

  readonly post = (request: JobRequest, transfer: readonly ArrayBuffer[]): void => {
    this.onPost(request, transfer);
    this.requests.push(request);
    this.transfers.push(transfer.length);
  };

  readonly hold = (alive: boolean): void => {
    this.held = alive;
  };

  readonly terminate = async (): Promise<void> => {
    this.terminated = true;
  };

  answerAll(): void {
    for (const { id } of this.requests.splice(0)) this.events.onResponse({ kind: 'done', id, result: new Uint8Array(32) });
  }
}

const world = vi.hoisted(() => ({ spawn: undefined as unknown }));
vi.mock('#spawn-worker', () => ({
  defaultPoolSize: () => 2,
  spawnWorker: (events: WorkerEvents) => (world.spawn as (events: WorkerEvents) => WorkerPort | undefined)(events),
}));

let workers: FakeWorker[] = [];
let onSpawn: (worker: FakeWorker) => void = () => undefined;
let pool: CryptoPool | undefined;
beforeEach(() => {
  workers = [];
  onSpawn = () => undefined;
  world.spawn = (events: WorkerEvents): WorkerPort => {
    const worker = new FakeWorker(events);
    workers.push(worker);
    onSpawn(worker);
    return worker;
  };
});
afterEach(async () => pool?.close());

const soon = async (): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, 0);
  });
const one = Uint8Array.of(1);
const key = (): Uint8Array => new Uint8Array(32).fill(5);
const nonce = new Uint8Array(24);
const keyOf = (job: Job | undefined): Uint8Array | undefined => (job?.kind === 'secretboxSeal' ? job.key : undefined);

test('no worker has more than two jobs; the others wait in order, and cancelled ones are never sent', async () => {
  pool = createCryptoPool({ size: 2 });
  const controller = new AbortController();
  const inputs = Array.from({ length: 8 }, (_, i) => Uint8Array.of(i));
  const results = inputs.map(async (input, i) => pool?.sha256(input, i === 5 ? { signal: controller.signal } : {}));
  const settled = Promise.allSettled(results);
  expect(workers.map((worker) => worker.requests.length)).toEqual([2, 2]);
  controller.abort();
  const sent: number[] = [];
  for (let round = 0; round < 4; round++) {
    for (const worker of workers) {
      for (const { job } of worker.requests) if (job.kind === 'sha256') sent.push(job.data[0] ?? -1);
      worker.answerAll();
    }
    await soon();
  }
  expect(sent.sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 6, 7]);
  const outcomes = await settled;
  expect(outcomes.map(({ status }) => status)).toEqual(inputs.map((_, i) => (i === 5 ? 'rejected' : 'fulfilled')));
  expect(outcomes[5]).toMatchObject({ reason: { code: 'aborted' } });
  expect(workers.every((worker) => !worker.held)).toBe(true);
});

test('a dead worker rejects its jobs only, and is replaced', async () => {
  pool = createCryptoPool({ size: 1 });
  const jobs = [1, 2, 3].map(async () => pool?.sha256(one));
  const settled = Promise.allSettled(jobs);
  workers[0]?.events.onFailure('exit code 1');
  expect(workers).toHaveLength(2);
  workers[1]?.answerAll();
  const outcomes = await settled;
  expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'fulfilled']);
  expect(outcomes[0]).toMatchObject({ reason: { code: 'crypto.worker', data: { reason: 'exit code 1' } } });
});

test('workers that die again and again make the pool give up', async () => {
  onSpawn = (worker) => queueMicrotask(() => worker.events.onFailure('cannot be loaded'));
  pool = createCryptoPool({ size: 1 });
  const outcomes = await Promise.allSettled(Array.from({ length: 20 }, async () => pool?.sha256(one)));
  for (const outcome of outcomes) expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'crypto.worker' } });
  expect(workers).toHaveLength(4);
  await expect(pool.sha256(one)).rejects.toMatchObject({ code: 'crypto.worker' });
  expect(workers).toHaveLength(4);
});

test('a success in between makes the pool forget earlier deaths', async () => {
  pool = createCryptoPool({ size: 1 });
  for (let round = 0; round < 10; round++) {
    const job = pool.sha256(one);
    if (round % 2 === 0) workers.at(-1)?.answerAll();
    else workers.at(-1)?.events.onFailure('exit code 1');
    await job.catch(() => undefined);
  }
  // Five deaths, more than it stands in a row; a new worker is started when there is a job for it.
  expect(workers).toHaveLength(5);
  const job = pool.sha256(one);
  workers.at(-1)?.answerAll();
  expect(await job).toHaveLength(32);
  expect(workers).toHaveLength(6);
});

test('without workers every job is refused', async () => {
  world.spawn = () => undefined;
  pool = createCryptoPool({ size: 2 });
  await expect(pool.sha256(one)).rejects.toMatchObject({ code: 'crypto.worker' });
});

test('a buffer that cannot be transferred is copied', async () => {
  onSpawn = (worker) => {
    worker.onPost = (_request, transfer) => {
      if (transfer.length > 0) throw new TypeError('not transferable');
    };
  };
  pool = createCryptoPool({ size: 1 });
  const job = pool.sha256(new Uint8Array(10), { consume: true });
  expect(workers[0]?.transfers).toEqual([0]);
  workers[0]?.answerAll();
  expect(await job).toHaveLength(32);
});

test('data that cannot be sent at all rejects its job, and the pool goes on', async () => {
  let broken = true;
  onSpawn = (worker) => {
    worker.onPost = () => {
      if (broken) throw new TypeError('detached');
    };
  };
  pool = createCryptoPool({ size: 1 });
  await expect(pool.sha256(one)).rejects.toMatchObject({ code: 'crypto.worker' });
  broken = false;
  const job = pool.sha256(one);
  workers[0]?.answerAll();
  expect(await job).toHaveLength(32);
});

test.each(['done', 'cancelled', 'dead', 'closed'])('the copy of the key is wiped when its job is %s', async (end) => {
  pool = createCryptoPool({ size: 1 });
  const controller = new AbortController();
  const callers = key();
  const job = pool.secretboxSeal(one, nonce, callers, { signal: controller.signal });
  const copy = keyOf(workers[0]?.requests[0]?.job);
  expect(copy).toEqual(key());
  expect(copy?.buffer === callers.buffer).toBe(false);
  if (end === 'done') workers[0]?.answerAll();
  else if (end === 'cancelled') controller.abort();
  else if (end === 'dead') workers[0]?.events.onFailure('exit code 1');
  else await pool.close();
  await job.catch(() => undefined);
  expect(copy).toEqual(new Uint8Array(32));
  expect(callers).toEqual(key());
});

test('closing stops the workers', async () => {
  pool = createCryptoPool({ size: 2 });
  const jobs = Promise.allSettled([pool.sha256(one), pool.sha256(one), pool.sha256(one)]);
  await pool.close();
  await jobs;
  expect(workers.map((worker) => worker.terminated)).toEqual([true, true]);
});

/** Large enough for a worker, small enough for a test. */
const parameters = { logN: 13, r: 8, p: 1, length: 32 };

test('scrypt goes on here when there are no workers, or when its worker dies; progress never falls', async () => {
  world.spawn = () => undefined;
  const expected = await scryptOffThread(one, one, parameters);
  world.spawn = (events: WorkerEvents): WorkerPort => {
    const worker = new FakeWorker(events);
    worker.onPost = ({ id }) => {
      for (const fraction of [0, 0.25, 0.5]) events.onResponse({ kind: 'progress', id, fraction });
      queueMicrotask(() => events.onFailure('out of memory'));
    };
    return worker;
  };
  const fractions: number[] = [];
  expect(await scryptOffThread(one, one, parameters, { onProgress: (fraction) => fractions.push(fraction) })).toEqual(expected);
  expect(fractions.slice(0, 3)).toEqual([0, 0.25, 0.5]);
  expect(fractions).toEqual([...new Set(fractions)].sort((a, b) => a - b));
  expect(fractions.at(-1)).toBe(1);
});

test('scrypt without a worker can be cancelled', async () => {
  world.spawn = () => undefined;
  const controller = new AbortController();
  const running = scryptOffThread(one, one, parameters, { signal: controller.signal, onProgress: () => controller.abort() });
  await expect(running).rejects.toMatchObject({ code: 'aborted' });
});

test('an error of onProgress is the result of the call, and ends the worker', async () => {
  onSpawn = (worker) => {
    worker.onPost = ({ id }) => queueMicrotask(() => worker.events.onResponse({ kind: 'progress', id, fraction: 0.5 }));
  };
  const failing = (): never => {
    throw new RangeError('mine');
  };
  await expect(scryptOffThread(one, one, parameters, { onProgress: failing })).rejects.toThrow('mine');
  expect(workers.map((worker) => worker.terminated)).toEqual([true]);
});
