import { setTimeout as pause } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import { ByteBudget, type ByteLease } from './byte-budget.js';

const never = (): void => {
  throw new Error('must not be evicted');
};

function budget(capacity: number, patience = 60_000): ByteBudget {
  return new ByteBudget(capacity, patience, () => performance.now());
}

test('shares are given at once while there are some, then in order of arrival', async () => {
  const bytes = budget(10);
  const first = await bytes.acquire(6, never);
  const second = await bytes.acquire(4, never);
  expect(bytes.inUse).toBe(10);
  const order: string[] = [];
  const third = bytes.acquire(5, never).then((lease) => {
    order.push('third');
    return lease;
  });
  // Fits, but somebody waits already.
  second.release();
  const fourth = bytes.acquire(1, never).then((lease) => {
    order.push('fourth');
    return lease;
  });
  await pause(1);
  expect(order).toEqual([]);
  first.release();
  (await third).release();
  (await fourth).release();
  expect(order).toEqual(['third', 'fourth']);
  expect(bytes.inUse).toBe(0);
});

test('more than everything is cut to everything', async () => {
  const bytes = budget(10);
  const lease = await bytes.acquire(1000, never);
  expect(bytes.inUse).toBe(10);
  lease.release();
  lease.release();
  expect(bytes.inUse).toBe(0);
});

test('a lease can grow beyond the capacity and shrink, and others wait for it', async () => {
  const bytes = budget(10);
  const lease = await bytes.acquire(1, never);
  lease.resize(50);
  expect(bytes.inUse).toBe(50);
  const waiting = bytes.acquire(1, never);
  lease.resize(3);
  (await waiting).release();
  expect(bytes.inUse).toBe(3);
  lease.release();
  lease.resize(70);
  lease.unsettle();
  expect(bytes.inUse).toBe(0);
});

test('who hangs on a slow client is evicted when others wait, who works is not', async () => {
  const bytes = budget(10, 20);
  const leases: ByteLease[] = [];
  const evicted = vi.fn();
  const slow = await bytes.acquire(5, () => {
    evicted();
    leases[0]!.release();
  });
  leases.push(slow);
  const working = await bytes.acquire(5, never);
  working.settle();
  const granted = await bytes.acquire(5, never);
  expect(evicted).toHaveBeenCalledOnce();
  expect(bytes.inUse).toBe(10);
  granted.release();
  working.release();
  expect(bytes.inUse).toBe(0);
});

test('nobody is evicted while nobody waits', async () => {
  const bytes = budget(10, 1);
  const lease = await bytes.acquire(10, never);
  await pause(20);
  lease.release();
  expect(bytes.inUse).toBe(0);
});
