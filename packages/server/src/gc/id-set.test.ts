import { seededRandom } from '@pyrgos/testkit/random';
import { expect, test } from 'vitest';
import { IdSet } from './id-set.js';

test('behaves like a set of numbers', () => {
  const random = seededRandom(1);
  const [set, model] = [new IdSet(), new Set<number>()];
  const ids = [0, 7, 8, 32_767, 32_768, 2 ** 40, ...Array.from({ length: 5000 }, () => random.nextInteger(200_000))];
  for (const id of ids) {
    expect(set.add(id)).toBe(!model.has(id));
    model.add(id);
    expect(set.size).toBe(model.size);
  }
  for (let id = 0; id < 200_000; id++) if (set.has(id) !== model.has(id)) expect.fail(`id ${id}`);
  expect([set.has(2 ** 40), set.has(2 ** 40 + 1), set.has(9_999_999)]).toEqual([true, false, false]);
});
