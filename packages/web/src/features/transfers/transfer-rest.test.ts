import { expect, test, vi } from 'vitest';
import { EngineClient } from '../../engine/engine-client.js';
import { TransferStore } from './transfer-store.js';

/** A store whose engine is never asked: downloads only tell how they go. */
const storeAlone = (): TransferStore => new TransferStore(new EngineClient(new MessageChannel().port1));
const shown = (store: TransferStore): readonly string[] => store.snapshot().transfers.map(({ title }) => title);

test.each(['failed', 'cancelled', undefined] as const)('what is %s stays as it is', (state) => {
  vi.useFakeTimers();
  const store = storeAlone();
  store.download('a', 1, () => undefined).end('done');
  const other = store.download('b', 1, () => undefined);
  if (state !== undefined) other.end(state);
  vi.runAllTimers();
  store.rest();
  expect(store.snapshot().isResting).toBe(false);
  vi.useRealTimers();
});

test('what has ended well rests, is shown again when somebody wants to see it, and gives way to what is new', () => {
  vi.useFakeTimers();
  const store = storeAlone();
  store.rest();
  expect(store.snapshot().isResting).toBe(false);
  store.download('a', 1, () => undefined).end('done');
  vi.runAllTimers();
  store.rest();
  expect([store.snapshot().isResting, shown(store)]).toEqual([true, ['a']]);
  store.setOpen(true);
  expect([store.snapshot().isResting, shown(store)]).toEqual([false, ['a']]);
  store.download('b', 1, () => undefined).end('done');
  vi.runAllTimers();
  expect(shown(store)).toEqual(['a', 'b']);
  store.rest();
  store.download('c', 1, () => undefined);
  expect([store.snapshot().isResting, shown(store)]).toEqual([false, ['c']]);
  vi.useRealTimers();
});
