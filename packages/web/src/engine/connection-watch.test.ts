import { expect, test } from 'vitest';
import type { ConnectionState } from './calls.js';
import { ConnectionWatch } from './connection-watch.js';

type Outcome = 'answer' | 'gone' | number;

/** A watch whose requests end as told, one after the other; its looks take place when they are let. */
function watched(outcomes: Outcome[]) {
  const states: ConnectionState[] = [];
  const asked: string[] = [];
  const sleeping: { readonly pause: number; readonly wake: () => void }[] = [];
  const watch = new ConnectionWatch(
    'http://server.example',
    async (url, { method = 'GET' }) => {
      asked.push(`${method} ${url}`);
      const outcome = outcomes.shift() ?? 'answer';
      if (outcome === 'gone') throw new TypeError('Failed to fetch');
      return new Response(null, { status: outcome === 'answer' ? 200 : outcome });
    },
    async (pause) =>
      new Promise((resolve) => {
        sleeping.push({ pause, wake: resolve });
      }),
  );
  const leave = new AbortController();
  void watch.service['page.connection'](undefined, {
    signal: leave.signal,
    emit: (state) => states.push(state),
    ask: async () => undefined,
  });
  const request = async (signal?: AbortSignal): Promise<void> => {
    await watch.fetch('http://server.example/x', signal === undefined ? {} : { signal }).catch(() => undefined);
  };
  const wake = async (): Promise<number | undefined> => {
    const next = sleeping.shift();
    next?.wake();
    await new Promise((resolve) => setImmediate(resolve));
    return next?.pause;
  };
  return { states, asked, request, wake, leave };
}

test('a single request without an answer is no news', async () => {
  const { states, request, wake } = watched(['answer', 'gone', 'answer']);
  await request();
  await request();
  await wake();
  expect(states).toEqual([]);
});

test('a server that is away is said to be so, is looked for less and less often, and is said to be back', async () => {
  const { states, asked, request, wake } = watched(['gone', 'gone', 'gone', 'gone', 502, 'answer']);
  await request();
  await request();
  const pauses = [await wake()];
  expect(states).toEqual(['away']);
  pauses.push(await wake(), await wake());
  expect(states).toEqual(['away']);
  pauses.push(await wake());
  expect(states).toEqual(['away', 'there']);
  expect(pauses).toEqual([500, 1000, 2000, 4000]);
  expect(asked.slice(2)).toEqual(Array(4).fill('HEAD http://server.example/manifest.webmanifest'));
  expect(await wake()).toBeUndefined();
});

test('an answer to anybody ends the looking', async () => {
  const { states, asked, request, wake } = watched(['gone', 'gone', 'answer']);
  await request();
  await wake();
  await request();
  expect(states).toEqual(['away', 'there']);
  await wake();
  expect(asked).toHaveLength(3);
  expect(await wake()).toBeUndefined();
});

test('what was cancelled says nothing of the server; a gateway without a server does', async () => {
  const cancelled = watched(['gone']);
  await cancelled.request(AbortSignal.abort());
  expect(await cancelled.wake()).toBeUndefined();
  const gateway = watched([503, 503]);
  await gateway.request();
  await gateway.wake();
  expect(gateway.states).toEqual(['away']);
});

test('a page that has left is told nothing', async () => {
  const { states, request, wake, leave } = watched(['gone', 'gone']);
  leave.abort();
  await new Promise((resolve) => setImmediate(resolve));
  await request();
  await wake();
  expect(states).toEqual([]);
});

test('the difference of the clocks is that of the last answer that tells the time', async () => {
  const dates = ['Tue, 05 May 2026 12:00:00 GMT', undefined, 'no date', 'Tue, 05 May 2026 19:00:05 GMT'];
  const watch = new ConnectionWatch(
    'http://server.example',
    async () => {
      const date = dates.shift();
      return Promise.resolve(new Response(null, { headers: date === undefined ? {} : { date } }));
    },
    undefined,
    () => Date.UTC(2026, 4, 5, 19, 0, 5),
  );
  const differences = [watch.clockDifference];
  while (dates.length > 0) {
    await watch.fetch('http://server.example/x', {});
    differences.push(watch.clockDifference);
  }
  expect(differences).toEqual([0, 25_205_000, 25_205_000, 25_205_000, 0]);
});
