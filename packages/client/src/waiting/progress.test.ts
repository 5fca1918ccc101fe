import { expect, test } from 'vitest';
import { fractionListener, onlyForward, type Progress } from './progress.js';

const bytes = (done: number, total?: number): Progress => ({ done, total, unit: 'bytes' });

test('what a repeated attempt does once more is not told', () => {
  const seen: number[] = [];
  const listener = onlyForward(({ done }) => void seen.push(done));
  for (const done of [0, 5, 10, 0, 5, 10, 12, 12]) listener?.(bytes(done, 12));
  expect(seen).toEqual([0, 5, 10, 12]);
  expect(onlyForward(undefined)).toBeUndefined();
});

test('either of the two counts is progress, and none of them goes back', () => {
  const seen: Progress[] = [];
  const listener = onlyForward((progress) => void seen.push(progress));
  listener?.({ ...bytes(7), items: 1 });
  listener?.({ ...bytes(0), items: 2 });
  listener?.({ ...bytes(9), items: 0 });
  expect(seen).toEqual([
    { ...bytes(7), items: 1 },
    { ...bytes(7), items: 2 },
    { ...bytes(9), items: 2 },
  ]);
});

test('a total that is known elsewhere replaces an unknown one, and is never less than what is done', () => {
  const seen: Progress[] = [];
  const listener = onlyForward((progress) => void seen.push(progress), 10);
  for (const done of [4, 11]) listener?.(bytes(done));
  expect(seen).toEqual([bytes(4, 10), bytes(11, 11)]);
});

test('each phase begins anew', () => {
  const seen: Progress[] = [];
  const listener = onlyForward((progress) => void seen.push(progress));
  fractionListener(listener, 'key-derivation')?.(1);
  fractionListener(listener, 'proof-of-work')?.(0.5);
  expect(seen.map(({ phase, done, total, unit }) => [phase, done, total, unit])).toEqual([
    ['key-derivation', 1, 1, 'fraction'],
    ['proof-of-work', 0.5, 1, 'fraction'],
  ]);
  expect(fractionListener(undefined, 'key-derivation')).toBeUndefined();
});
