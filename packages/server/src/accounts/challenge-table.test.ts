import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AccountsWorld, START } from '../../test/accounts-world.js';
import { CHALLENGE_LIFETIME_MILLISECONDS, MAX_CHALLENGES, MAX_CHALLENGES_PER_USER } from '../limits.js';
import { ChallengeTable } from './challenge-table.js';

let world: AccountsWorld;
let table: ChallengeTable;
beforeEach(async () => {
  world = await AccountsWorld.create();
  table = new ChallengeTable(world.db);
});
afterEach(async () => world.close());

const count = (): unknown => world.db.prepare('SELECT count(*) AS count FROM mfa_challenge').get()?.['count'];
const challenge = (n: number): Uint8Array => Uint8Array.of(n >> 16, n >> 8, n);

describe('challenges', () => {
  test('are good once, for one user and one ceremony', () => {
    table.add('alice', 'login', challenge(1), START);
    expect(table.redeem('bob', 'login', challenge(1), START)).toBe(false);
    expect(table.redeem('alice', 'register', challenge(1), START)).toBe(false);
    expect(table.redeem('alice', 'login', challenge(2), START)).toBe(false);
    expect(table.redeem('alice', 'login', challenge(1), START)).toBe(true);
    expect(table.redeem('alice', 'login', challenge(1), START)).toBe(false);
  });

  test('expire', () => {
    table.add('alice', 'login', challenge(1), START);
    table.add('alice', 'login', challenge(2), START);
    expect(table.redeem('alice', 'login', challenge(1), START + CHALLENGE_LIFETIME_MILLISECONDS - 1)).toBe(true);
    expect(table.redeem('alice', 'login', challenge(2), START + CHALLENGE_LIFETIME_MILLISECONDS)).toBe(false);
    expect(count()).toBe(0);
  });

  test('survive a restart', async () => {
    table.add('alice', 'login', challenge(1), START);
    await world.reopen();
    expect(new ChallengeTable(world.db).redeem('alice', 'login', challenge(1), START)).toBe(true);
  });

  test('are bounded per user and ceremony; the oldest goes first', () => {
    table.add('alice', 'register', challenge(0), START);
    for (let n = 1; n <= MAX_CHALLENGES_PER_USER + 1; n++) table.add('alice', 'login', challenge(n), START);
    expect(count()).toBe(1 + MAX_CHALLENGES_PER_USER);
    expect(table.redeem('alice', 'login', challenge(1), START)).toBe(false);
    expect(table.redeem('alice', 'login', challenge(2), START)).toBe(true);
    expect(table.redeem('alice', 'register', challenge(0), START)).toBe(true);
  });

  test('are bounded in total', () => {
    world.db.transaction(() => {
      for (let n = 0; n <= MAX_CHALLENGES; n++) table.add(`user${n}`, 'login', challenge(n), START);
    });
    expect(count()).toBe(MAX_CHALLENGES);
    expect(table.redeem('user0', 'login', challenge(0), START)).toBe(false);
    expect(table.redeem('user1', 'login', challenge(1), START)).toBe(true);
  });
});
