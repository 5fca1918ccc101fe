import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, test, vi } from 'vitest';
import { eventually } from '../../test/http/http-world.js';
import { ByteBudget, type ByteBudgetOptions, type ByteLease } from './byte-budget.js';

const never = (): void => {
  throw new Error('must not be evicted');
};

function budget(capacity: number, options: Partial<ByteBudgetOptions> = {}): ByteBudget {
  return new ByteBudget({ capacity, patience: 60_000, now: () => performance.now(), ...options });
}

/** Waits as an honest client does, and notes down when it is its turn. */
function noting(order: string[]) {
  return (name: string, granted: Promise<unknown> | undefined): void => {
    void Promise.resolve(granted).then(() => order.push(name));
  };
}

describe('leases of a known size', () => {
  test('are given at once while there is room, then in order of arrival', async () => {
    const bytes = budget(10);
    const first = await bytes.acquire(6, 'a', never);
    const second = await bytes.acquire(4, 'b', never);
    expect(bytes.inUse).toBe(10);
    const order: string[] = [];
    const third = bytes.acquire(5, 'a', never).then((lease) => {
      order.push('third');
      return lease;
    });
    // Fits, but somebody waits already.
    second.release();
    const fourth = bytes.acquire(1, 'a', never).then((lease) => {
      order.push('fourth');
      return lease;
    });
    await pause(1);
    expect([order, bytes.inLine]).toEqual([[], 2]);
    first.release();
    (await third).release();
    (await fourth).release();
    expect(order).toEqual(['third', 'fourth']);
    expect([bytes.inUse, bytes.inLine]).toEqual([0, 0]);
  });

  test('more than everything is cut to everything', async () => {
    const bytes = budget(10);
    const lease = await bytes.acquire(1000, 'a', never);
    expect(bytes.inUse).toBe(10);
    lease.release();
    lease.release();
    expect(bytes.inUse).toBe(0);
  });

  test('a lease can get a true size beyond the capacity and shrink, and others wait for it', async () => {
    const bytes = budget(10);
    const lease = await bytes.acquire(1, 'a', never);
    lease.resize(50);
    expect(bytes.inUse).toBe(50);
    const waiting = bytes.acquire(1, 'b', never);
    lease.resize(3);
    (await waiting).release();
    expect(bytes.inUse).toBe(3);
    lease.release();
    lease.resize(70);
    lease.unsettle();
    expect(bytes.inUse).toBe(0);
  });
});

describe('eviction', () => {
  test('who hangs on a slow client is evicted when others wait, who works is not', async () => {
    const bytes = budget(10, { patience: 20 });
    const evicted = vi.fn();
    await bytes.acquire(5, 'a', evicted);
    const working = await bytes.acquire(5, 'b', never);
    working.settle();
    const granted = await bytes.acquire(5, 'c', never);
    expect(evicted).toHaveBeenCalledOnce();
    expect(bytes.inUse).toBe(10);
    granted.release();
    working.release();
    expect(bytes.inUse).toBe(0);
  });

  test('nobody is evicted while nobody waits', async () => {
    const bytes = budget(10, { patience: 1 });
    const lease = await bytes.acquire(10, 'a', never);
    await pause(20);
    lease.release();
    expect(bytes.inUse).toBe(0);
  });

  test('no more than are needed, those of whom holds most first', async () => {
    const bytes = budget(100, { patience: 20 });
    const evicted: string[] = [];
    for (const [size, address] of [
      [10, 'small'],
      [20, 'large'],
      [10, 'small'],
      [50, 'large'],
    ] as const) {
      await bytes.acquire(size, address, () => evicted.push(`${address} ${size}`));
    }
    await bytes.acquire(20, 'new', never);
    expect(evicted).toEqual(['large 20']);
  });

  test('who sends enough is not evicted, who sends next to nothing is', async () => {
    const clock = { time: 0 };
    const bytes = budget(100, { patience: 1000, leastPatience: 10, leastProgress: 10, now: () => clock.time });
    const evicted: string[] = [];
    const lively = await bytes.acquire(50, 'a', () => evicted.push('lively'));
    const slow = await bytes.acquire(50, 'b', () => evicted.push('slow'));
    const waiting = bytes.acquire(50, 'c', never);
    clock.time = 900;
    lively.progressed(10);
    slow.progressed(9);
    await pause(30);
    expect(evicted).toEqual([]);
    clock.time = 1100;
    await waiting;
    expect(evicted).toEqual(['slow']);
  });

  test('the patience is shorter when many wait', async () => {
    const clock = { time: 0 };
    const bytes = budget(100, { patience: 1000, leastPatience: 10, now: () => clock.time });
    const evicted = vi.fn();
    await bytes.acquire(100, 'a', evicted);
    clock.time = 500;
    const first = bytes.acquire(1, 'b', never);
    await pause(30);
    expect(evicted).not.toHaveBeenCalled();
    const more = Array.from({ length: 20 }, async () => bytes.acquire(1, 'b', never));
    await Promise.all([first, ...more]);
    expect(evicted).toHaveBeenCalledOnce();
  });
});

describe('leases that grow', () => {
  /** 100 bytes for all, and two lanes of 50. */
  const growing = (options: Partial<ByteBudgetOptions> = {}): ByteBudget => budget(200, { lanes: 2, largest: 50, ...options });

  test('hold what they asked for, and nothing before', () => {
    const bytes = growing();
    const lease = bytes.open('a', never);
    expect(bytes.inUse).toBe(0);
    expect(lease.grow(20)).toBeUndefined();
    expect(lease.grow(10)).toBeUndefined();
    expect(bytes.inUse).toBe(20);
    expect(lease.grow(40)).toBeUndefined();
    expect(bytes.inUse).toBe(40);
    lease.release();
    expect(lease.grow(40)).toBeUndefined();
    expect(bytes.inUse).toBe(0);
  });

  test.each([
    ['of one address', 1],
    ['of many addresses', 40],
  ])('any number of honest ones %s all get their turn', async (_, addresses) => {
    const bytes = growing();
    let most = 0;
    let done = 0;
    const honest = async (i: number): Promise<void> => {
      const lease = bytes.open(`address ${i % addresses}`, never);
      for (let size = 1; size < 100; size *= 2) {
        await lease.grow(Math.min(50, size));
        await pause(0);
        most = Math.max(most, bytes.inUse);
      }
      lease.settle();
      await pause(1);
      lease.release();
      done++;
    };
    await Promise.all(Array.from({ length: 200 }, async (_unused, i) => honest(i)));
    expect([done, bytes.inUse, bytes.inLine]).toEqual([200, 0, 0]);
    expect(most).toBeLessThanOrEqual(200);
    expect(most).toBeGreaterThan(50);
  });

  test('an address cannot take everything: another one gets what it needs at once', async () => {
    const bytes = growing();
    const order: string[] = [];
    const note = noting(order);
    for (let i = 0; i < 100; i++) {
      const lease = bytes.open('greedy', never);
      if (lease.grow(10) === undefined) note(`greedy ${i}`, lease.grow(50));
      else note(`greedy ${i}`, lease.grow(50));
    }
    expect(bytes.inLine).toBeGreaterThan(0);
    const honest = bytes.open('honest', never);
    for (const size of [10, 20, 40, 50]) expect(honest.grow(size)).toBeUndefined();
    await pause(1);
    expect(order.length).toBeLessThan(10);
  });

  test('those whose address holds least come first', async () => {
    const bytes = growing();
    const order: string[] = [];
    const note = noting(order);
    const full = ['a', 'b', 'c', 'd'].map((address) => {
      const lease = bytes.open(address, never);
      expect(lease.grow(50)).toBeUndefined();
      return lease;
    });
    note('second of a', bytes.open('a', never).grow(10));
    note('third of a', bytes.open('a', never).grow(10));
    note('first of e', bytes.open('e', never).grow(10));
    full[1]!.release();
    await pause(1);
    expect(order).toEqual(['first of e', 'second of a', 'third of a']);
  });

  test('who has waited for long comes first, whoever else holds less', async () => {
    const clock = { time: 0 };
    const bytes = growing({ patience: 1000, now: () => clock.time });
    const full = ['a', 'b', 'c', 'd'].map((address) => {
      const lease = bytes.open(address, () => undefined);
      expect(lease.grow(50)).toBeUndefined();
      lease.settle();
      return lease;
    });
    const order: string[] = [];
    const note = noting(order);
    note('a', bytes.open('a', never).grow(10));
    clock.time = 2000;
    note('e', bytes.open('e', never).grow(10));
    full[2]!.release();
    await pause(1);
    expect(order).toEqual(['a']);
    full[3]!.release();
    await pause(1);
    expect(order).toEqual(['a', 'e']);
  });

  test('who goes away while waiting leaves the line, and is told', async () => {
    const bytes = growing();
    const full: ByteLease[] = ['a', 'b', 'c', 'd'].map((address) => {
      const lease = bytes.open(address, never);
      expect(lease.grow(50)).toBeUndefined();
      return lease;
    });
    const leaving = bytes.open('e', never);
    const left = leaving.grow(50);
    const staying = bytes.open('f', never);
    const stayed = staying.grow(50);
    leaving.release();
    await left;
    expect(bytes.inLine).toBe(1);
    full[0]!.release();
    await stayed;
    expect(bytes.inUse).toBe(200);
  });

  test('hanging ones in the lanes give way', async () => {
    const bytes = growing({ patience: 20 });
    const evicted = vi.fn();
    const hanging = Array.from({ length: 40 }, (_, i) => bytes.open(`address ${i}`, evicted));
    const granted = hanging.map((lease) => lease.grow(30));
    expect(granted.filter((wait) => wait === undefined).length).toBeLessThan(10);
    const honest = bytes.open('honest', never);
    await honest.grow(50);
    expect(evicted.mock.calls.length).toBeGreaterThan(0);
    for (const lease of hanging) lease.release();
    honest.release();
    await eventually(() => bytes.inUse === 0 && bytes.inLine === 0);
  });

  test('an address that only keeps itself from going on has nobody else evicted', async () => {
    const bytes = growing({ patience: 10 });
    const other = bytes.open('other', never);
    expect(other.grow(5)).toBeUndefined();
    const evicted = vi.fn();
    const own = Array.from({ length: 5 }, () => bytes.open('greedy', evicted));
    for (const lease of own) await lease.grow(30);
    expect(evicted).toHaveBeenCalled();
    other.release();
  });
});
