import { LimitError } from '@pyrgos/core/errors';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type BlockFixture, blockFixture } from '../../test/block-fixture.js';
import { MAX_OPEN_TRANSACTIONS, TRANSACTION_LIFE_MILLISECONDS, TRANSACTION_PERIOD_MILLISECONDS } from '../limits.js';
import { TransactionTable } from './transaction-table.js';

const ALICE = 1;
const BOB = 2;

let fixture: BlockFixture;
let table: TransactionTable;
beforeEach(async () => {
  fixture = await blockFixture();
  table = new TransactionTable(fixture.db);
});
afterEach(() => fixture.remove());

const rows = (): number => Number(fixture.db.prepare('SELECT count(*) AS n FROM transactions').get()?.['n']);

test('protects from the first put of the oldest open transaction of a user on', () => {
  expect(table.firstProtected(ALICE)).toBeUndefined();
  table.protect(ALICE, 'a', 5, 1000);
  table.protect(ALICE, 'a', 6, 1000);
  table.protect(ALICE, 'b', 7, 1000);
  table.protect(BOB, 'a', 2, 1000);
  expect([table.firstProtected(ALICE), table.firstProtected(BOB), rows()]).toEqual([5, 2, 3]);
  table.close(ALICE, 'a');
  expect([table.firstProtected(ALICE), table.firstProtected(BOB)]).toEqual([7, 2]);
  table.close(ALICE, 'b');
  expect(table.firstProtected(ALICE)).toBeUndefined();
  table.protect(ALICE, 'a', 8, 1000);
  expect(table.firstProtected(ALICE)).toBe(8);
});

test('each put is protected for the life of a transaction, and for one period more at most, however long it goes on', () => {
  const puts: number[] = [];
  for (let put = 1, now = 0; now < 5 * TRANSACTION_LIFE_MILLISECONDS; put++, now += TRANSACTION_PERIOD_MILLISECONDS / 3) {
    table.protect(ALICE, 'long', put, now);
    puts[put] = now;
    table.expire(ALICE, now);
    const first = table.firstProtected(ALICE) ?? Infinity;
    for (const [number, time] of puts.entries()) {
      if (number === 0) continue;
      const age = now - time;
      if (age <= TRANSACTION_LIFE_MILLISECONDS) expect(first).toBeLessThanOrEqual(number);
      if (age > TRANSACTION_LIFE_MILLISECONDS + TRANSACTION_PERIOD_MILLISECONDS) expect(first).toBeGreaterThan(number);
    }
  }
  expect(rows()).toBeLessThan(30);
});

test('a clock that was set back does not end a protection', () => {
  table.protect(ALICE, 'a', 1, 1000 * TRANSACTION_LIFE_MILLISECONDS);
  table.protect(ALICE, 'a', 2, 5);
  table.expire(ALICE, 5);
  expect(table.firstProtected(ALICE)).toBe(1);
});

test('what one user can have open is bounded; what is too old makes room', () => {
  fixture.db.transaction(() => {
    const insert = fixture.db.prepare('INSERT INTO transactions (partition_id, tid, first_put, time) VALUES (?, ?, ?, ?)');
    for (let i = 0; i < MAX_OPEN_TRANSACTIONS; i++) insert.run(ALICE, `t${i}`, i, 0);
  });
  expect(() => table.protect(ALICE, 'one more', MAX_OPEN_TRANSACTIONS, 1)).toThrow(LimitError);
  table.protect(ALICE, 't7', MAX_OPEN_TRANSACTIONS, 1);
  table.protect(BOB, 'one more', 1, 1);
  table.protect(ALICE, 'one more', MAX_OPEN_TRANSACTIONS, TRANSACTION_LIFE_MILLISECONDS + TRANSACTION_PERIOD_MILLISECONDS + 1);
  expect(table.firstProtected(ALICE)).toBe(MAX_OPEN_TRANSACTIONS);
});
