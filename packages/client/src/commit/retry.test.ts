import { Cid, CidCodec } from '@pyrgos/core/codec';
import { ConflictError, DeniedError, NotFoundError, PyrgosError } from '@pyrgos/core/errors';
import type { BlockStore } from '@pyrgos/core/store';
import { constantRandom, seededRandom } from '@pyrgos/testkit/random';
import { describe, expect, test } from 'vitest';
import { CommitWorld, ManualClock, mapKey, networkError, outcome } from '../../test/commit-world.js';
import { systemClock } from './clock.js';
import { BLOCK_RETRIES, isConflict, isRetryable, POINTER_RETRIES, retrying, retryingBlockStore, UPDATE_RETRIES } from './retry.js';

describe('retrying', () => {
  const run = (
    failures: number,
    error: () => unknown,
    policy = POINTER_RETRIES,
  ): { calls: () => number; clock: ManualClock; result: Promise<string> } => {
    const clock = new ManualClock();
    let calls = 0;
    const operation = async (attempt: number): Promise<string> => {
      calls++;
      expect(attempt).toBe(calls);
      if (calls <= failures) throw error();
      return 'done';
    };
    return { calls: () => calls, clock, result: retrying(operation, policy, { clock, random: constantRandom(0) }) };
  };

  test('repeats by the schedule of section 12.3', async () => {
    const pointer = run(2, networkError);
    expect(await pointer.result).toBe('done');
    expect(pointer.clock.sleeps).toEqual([1000, 2000]);
    const block = run(6, networkError, BLOCK_RETRIES);
    expect(await block.result).toBe('done');
    expect(block.clock.sleeps).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000]);
  });

  test('does not repeat an update of a pointer when the machine has slept meanwhile, or its clock was set back', async () => {
    for (const step of [2 * 3_600_000, -2 * 3_600_000]) {
      const clock = new ManualClock();
      let calls = 0;
      const call = async (): Promise<never> => {
        calls++;
        clock.time += step;
        throw networkError();
      };
      const options = { clock, random: constantRandom(0) };
      expect(await outcome(retrying(() => retrying(call, UPDATE_RETRIES, options), POINTER_RETRIES, options))).toBe('network');
      expect(calls).toBe(1);
    }
    expect(await run(2, networkError, UPDATE_RETRIES).result).toBe('done');
  });

  test('gives up after 3 pointer and 7 block attempts with the last error', async () => {
    const pointer = run(3, networkError);
    expect(await outcome(pointer.result)).toBe('network');
    expect(pointer.calls()).toBe(3);
    const block = run(7, networkError, BLOCK_RETRIES);
    expect(await outcome(block.result)).toBe('network');
    expect(block.calls()).toBe(7);
  });

  test('does not multiply the attempts when layers are stacked', async () => {
    const clock = new ManualClock();
    const options = { clock, random: constantRandom(0) };
    let calls = 0;
    const inner = async (): Promise<string> =>
      retrying(
        async () => {
          calls++;
          throw networkError();
        },
        POINTER_RETRIES,
        options,
      );
    expect(await outcome(retrying(inner, BLOCK_RETRIES, options))).toBe('network');
    expect(calls).toBe(3);
    expect(clock.sleeps).toEqual([1000, 2000]);
  });

  test('adds a random part below half a second or half of the delay', () => {
    expect(POINTER_RETRIES.delay(2, 0.9999)).toBe(2499);
    expect(BLOCK_RETRIES.delay(3, 0.9999)).toBe(5999);
    const random = seededRandom(5);
    expect(random.nextInteger(10)).toBeLessThan(10);
  });

  test.each([
    ['conflict', () => new ConflictError('conflict.pointer', 'x')],
    ['refusal', () => new DeniedError('denied.block', 'x')],
    ['missing', () => new NotFoundError('not-found.block', 'x')],
    ['quota', () => new PyrgosError('quota', 'x', { retry: 'safe' })],
    ['connection refused', () => new PyrgosError('network', 'x')],
    ['network, re-read first', () => new PyrgosError('network', 'x', { retry: 'after' })],
    ['conflict that claims to be repeatable', () => new PyrgosError('conflict.champ', 'x', { retry: 'safe' })],
    ['bug', () => new TypeError('x')],
  ])('never repeats a %s', async (_, error) => {
    const { calls, clock, result } = run(1, error);
    await expect(result).rejects.toThrow('x');
    expect(calls()).toBe(1);
    expect(clock.sleeps).toEqual([]);
    expect(isRetryable(error())).toBe(false);
  });

  test('stops when cancelled, before a call and during a wait', async () => {
    const controller = new AbortController();
    controller.abort();
    const options = { clock: systemClock, random: constantRandom(0), signal: controller.signal };
    expect(await outcome(retrying(() => Promise.resolve(1), POINTER_RETRIES, options))).toBe('aborted');
    const during = new AbortController();
    const waiting = retrying(() => Promise.reject(networkError()), POINTER_RETRIES, { ...options, signal: during.signal });
    queueMicrotask(() => during.abort());
    expect(await outcome(waiting)).toBe('aborted');
    expect(await outcome(systemClock.sleep(1, controller.signal))).toBe('aborted');
    await systemClock.sleep(0, new AbortController().signal);
    expect(systemClock.now()).toBeGreaterThan(0);
  });

  test('tells conflicts apart', () => {
    expect(isConflict(new ConflictError('conflict.merge', 'x'))).toBe(true);
    expect(isConflict(new DeniedError('denied.pointer', 'x'))).toBe(false);
    expect(isConflict(undefined)).toBe(false);
  });
});

describe('retrying stores', () => {
  test('repeat what is lost, but not the closing of a transaction', async () => {
    const world = await CommitWorld.create();
    const seen = new Map<string, number>();
    world.server.hooks.before = ({ name }) => {
      seen.set(name, (seen.get(name) ?? 0) + 1);
      if (seen.get(name) === 1) throw networkError();
    };
    const store = retryingBlockStore(world.server.blocks, { clock: world.clock, random: constantRandom(0) });
    const transaction = await store.startTransaction(world.owner);
    expect(await outcome(store.closeTransaction(world.owner, transaction))).toBe('network');
    expect([...seen]).toEqual([
      ['startTransaction', 2],
      ['closeTransaction', 1],
    ]);
  });

  test('lets a whole session survive one failure of every kind of request', async () => {
    const world = await CommitWorld.create();
    const failed = new Set<string>();
    world.server.hooks.after = ({ name }) => {
      if (name === 'commitPointers' || failed.has(name)) return;
      failed.add(name);
      throw networkError();
    };
    const session = world.session();
    const [child] = await world.populate(1, session);
    const stranger = world.session();
    const found = await stranger.lookUp(await stranger.read(child!.publicKeyHash), child!.publicKeyHash, [{ key: mapKey(255) }]);
    expect(found[0]).toBeDefined();
    expect([...failed].sort()).toEqual(
      ['closeTransaction', 'getBlock', 'getPointer', 'lookUpChamp', 'putBlocks', 'setPointer', 'setPointers'].sort(),
    );
  });

  test('send an upload again that is refused only for what earlier ones have left: the refusal has forgotten it', async () => {
    const world = await CommitWorld.create();
    const quota = (used: number): PyrgosError => new PyrgosError('quota', 'full', { data: { used, quota: 1000, size: 900 } });
    let refusals: PyrgosError[] = [];
    let calls = 0;
    const putBlocks = async (): Promise<void> => {
      calls++;
      const refusal = refusals.shift();
      if (refusal !== undefined) throw refusal;
    };
    const store = retryingBlockStore({ ...world.server.blocks, putBlocks } as unknown as BlockStore, {
      clock: world.clock,
      random: constantRandom(0),
    });
    const bytes = new Uint8Array(300);
    const signed = [{ cid: Cid.ofSha256(world.crypto.sha256(bytes), CidCodec.raw), bytes, signature: new Uint8Array(64) }];
    const put = async (transaction: string): Promise<string> => outcome(store.putBlocks(world.owner, world.owner, signed, transaction));
    refusals = [quota(500)];
    expect([await put('a'), calls]).toEqual(['resolved', 2]);
    // Twice is too much, and what does not fit, with all that belongs to it, is refused for good.
    refusals = [quota(100), quota(100)];
    expect(await put('a')).toBe('quota');
    refusals = [quota(500)];
    expect(await put('a')).toBe('quota');
    refusals = [quota(800)];
    expect(await put('b')).toBe('quota');
    refusals = [new PyrgosError('quota', 'full')];
    expect(await put('c')).toBe('quota');
    expect(refusals).toEqual([]);
  });

  test('do not invent a fast path', async () => {
    const world = await CommitWorld.create();
    const { blocks } = world.server;
    const plain = {
      getBlock: blocks.getBlock.bind(blocks),
      startTransaction: blocks.startTransaction.bind(blocks),
      closeTransaction: blocks.closeTransaction.bind(blocks),
      putBlocks: blocks.putBlocks.bind(blocks),
    };
    expect(retryingBlockStore(plain, { clock: world.clock, random: constantRandom(0) }).lookUpChamp).toBe(undefined);
  });
});
