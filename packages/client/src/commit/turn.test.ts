import type { PublicKeyHash } from '@pyrgos/core/keys';
import type { Snapshot } from '@pyrgos/core/model';
import { beforeEach, describe, expect, test } from 'vitest';
import { CommitWorld, outcome } from '../../test/commit-world.js';
import { WriteSynchroniser } from './synchroniser.js';
import type { Turn } from './turn.js';

let a: PublicKeyHash;
let b: PublicKeyHash;
let synchroniser: WriteSynchroniser;

beforeEach(async () => {
  const world = await CommitWorld.create();
  [a, b] = [world.signer(1).publicKeyHash, world.signer(2).publicKeyHash];
  synchroniser = new WriteSynchroniser({ readVersion: async () => undefined, invalidate: () => undefined });
});

const run = async <T>(writers: readonly PublicKeyHash[], body: (turn: Turn) => Promise<T>, signal?: AbortSignal): Promise<T> =>
  synchroniser.run(writers, async (_: Snapshot, turn: Turn) => body(turn), signal);

describe('a turn that is lent', () => {
  test('lets code of callers run operations of the same writers', async () => {
    const log: string[] = [];
    await run([a, b], async (turn) => {
      const { result, wasUsed } = await turn.lend(async () => run([a], async () => log.push('inner')));
      log.push(`outer ${result} ${wasUsed}`);
    });
    expect(log).toEqual(['inner', 'outer 1 true']);
    expect([synchroniser.isBusy(a), synchroniser.isBusy(b)]).toEqual([false, false]);
  });

  test('is there again before the operation goes on', async () => {
    const log: string[] = [];
    let other: Promise<void> | undefined;
    let go = (): void => undefined;
    const gate = new Promise<void>((resolve) => (go = resolve));
    const outer = run([a], async (turn) => {
      await turn.lend(async () => {
        other = run([a], async () => {
          log.push('other+');
          await gate;
          log.push('other-');
        });
      });
      log.push('outer');
    });
    for (let i = 0; i < 20; i++) await Promise.resolve();
    expect(log).toEqual(['other+']);
    go();
    await Promise.all([outer, other]);
    expect(log).toEqual(['other+', 'other-', 'outer']);
  });

  test('tells that it was used by who was waiting for it already', async () => {
    const log: string[] = [];
    let other: Promise<unknown> | undefined;
    await run([a, b], async (turn) => {
      other = run([b], async () => log.push('other'));
      const { wasUsed } = await turn.lend(async () => undefined);
      log.push(`outer ${wasUsed}`);
    });
    await other;
    expect(log).toEqual(['other', 'outer true']);
  });

  test('tells when nobody wanted it, and passes results and errors on', async () => {
    await run([a], async (turn) => {
      expect(await turn.lend(async () => 'value')).toEqual({ result: 'value', wasUsed: false });
      const failed = turn.lend(async () => {
        throw new Error('theirs');
      });
      await expect(failed).rejects.toThrow('theirs');
      expect(synchroniser.isBusy(a)).toBe(true);
    });
  });

  test('comes back with the last of several tasks: each may change the writers', async () => {
    await run([a], async (turn) => {
      const nested = async (): Promise<unknown> => turn.lend(async () => run([a], async () => run([b], async () => 'done')));
      await Promise.all(Array.from({ length: 8 }, nested));
      expect(synchroniser.isBusy(a)).toBe(true);
    });
    expect(synchroniser.isBusy(a)).toBe(false);
  });

  test('is given up by who is cancelled while waiting for it', async () => {
    const cancel = new AbortController();
    let go = (): void => undefined;
    const gate = new Promise<void>((resolve) => (go = resolve));
    let other: Promise<void> | undefined;
    const outer = run(
      [a],
      async (turn) => {
        await turn.lend(async () => {
          other = run([a], async () => gate);
        });
      },
      cancel.signal,
    );
    const ended = outcome(outer);
    for (let i = 0; i < 20; i++) await Promise.resolve();
    cancel.abort();
    expect(await ended).toBe('aborted');
    go();
    await other;
    await run([a], async () => undefined);
    expect(synchroniser.isBusy(a)).toBe(false);
  });

  test('is not taken back by an operation that has ended without waiting for the task', async () => {
    let go = (): void => undefined;
    const gate = new Promise<void>((resolve) => (go = resolve));
    let lent: Promise<unknown> | undefined;
    await run([a], async (turn) => {
      lent = turn.lend(async () => gate);
    });
    expect(await run([a], async () => 'next')).toBe('next');
    go();
    await lent;
    expect(await run([a], async () => 'last')).toBe('last');
    expect(synchroniser.isBusy(a)).toBe(false);
  });
});
