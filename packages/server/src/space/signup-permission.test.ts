import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadCrypto } from '@pyrgos/core/crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SIGNUP_RESERVATION_MS } from '../limits.js';
import { migrate } from '../sql/migrate.js';
import { openDatabase } from '../sql/open-database.js';
import type { SqlDatabase } from '../sql/sql-database.js';
import { QuotaTable } from './quota-table.js';
import { spaceSchema } from './schema.js';
import { SignupPermission } from './signup-permission.js';
import { TokenTable } from './token-table.js';

const crypto = await loadCrypto();
const clock = { time: 1_700_000_000_000, now: (): number => clock.time };
let folder: string;
let db: SqlDatabase;
let quotas: QuotaTable;
let tokens: TokenTable;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pyrgos-signup-'));
  await open();
});
afterEach(async () => {
  await db.close();
  await rm(folder, { recursive: true });
});

async function open(): Promise<void> {
  db = await openDatabase({ path: join(folder, 'test.sqlite') });
  migrate(db, [spaceSchema]);
  quotas = new QuotaTable(db);
  tokens = new TokenTable({ db, hasher: crypto, random: crypto, clock });
}

const permission = (maxUsers: number): SignupPermission =>
  new SignupPermission({ db, quotas, tokens, clock, maxUsers, defaultQuota: 1000 });
function outcome(signup: SignupPermission, name: string, token = ''): string {
  try {
    signup.check(name, token);
    return 'allowed';
  } catch (error) {
    if (error instanceof Error) return error.message;
    throw error;
  }
}
const CLOSED = 'This server is not currently accepting new sign ups. Please try again later';
const INVALID = 'Invalid signup token.';

describe('quotas', () => {
  test('who has one is a user, whatever its size', () => {
    expect(quotas.get('alice')).toBeUndefined();
    quotas.set('bob', 0);
    quotas.set('alice', 5);
    quotas.set('alice', Number.MAX_SAFE_INTEGER);
    expect(quotas.list()).toEqual([
      { name: 'alice', bytes: Number.MAX_SAFE_INTEGER },
      { name: 'bob', bytes: 0 },
    ]);
    expect(quotas.count()).toBe(2);
    expect([quotas.remove('bob'), quotas.remove('bob'), quotas.get('bob')]).toEqual([true, false, undefined]);
  });

  test('names and sizes are checked', () => {
    for (const name of ['', '../x', 'a/b', 'A', 'x'.repeat(65)]) expect(() => quotas.set(name, 1)).toThrow();
    for (const bytes of [-1, 1.5, Number.NaN, 2 ** 53]) expect(() => quotas.set('alice', bytes)).toThrow();
    expect(quotas.count()).toBe(0);
  });
});

describe('tokens', () => {
  test('64 hex digits, listed with their time, good once, and still there after a restart', async () => {
    const first = await tokens.create();
    clock.time += 1000;
    const second = await tokens.create();
    expect(first).toMatch(/^[0-9a-f]{64}$/);
    await db.close();
    await open();
    expect(tokens.list()).toEqual([
      { token: first, created: clock.time - 1000 },
      { token: second, created: clock.time },
    ]);
    expect([tokens.has(first), tokens.has(first.toUpperCase()), tokens.has(''), tokens.has('x'.repeat(64))]).toEqual([
      true,
      false,
      false,
      false,
    ]);
    expect([tokens.consume(first), tokens.consume(first), tokens.has(first)]).toEqual([true, false, false]);
    expect(tokens.list().map(({ token }) => token)).toEqual([second]);
  });
});

describe('permission to sign up', () => {
  test('closed, open up to the number of users, and open for names with a quota', () => {
    expect(outcome(permission(0), 'alice')).toBe(CLOSED);
    const signup = permission(2);
    expect(signup.isOpen).toBe(true);
    expect(outcome(signup, 'alice')).toBe('allowed');
    expect(outcome(signup, 'bob')).toBe('allowed');
    expect(outcome(signup, 'carol')).toBe(CLOSED);
    expect(outcome(signup, 'carol', 'ab'.repeat(32))).toBe(INVALID);
    expect(outcome(signup, 'carol', 'no token')).toBe(INVALID);
    expect(signup.isOpen).toBe(false);
    signup.consume('alice', '');
    expect(outcome(signup, 'alice')).toBe('allowed');
    expect(quotas.get('alice')).toBe(1000);
    quotas.set('dave', 77);
    expect(outcome(signup, 'dave')).toBe('allowed');
    signup.consume('dave', '');
    expect(quotas.get('dave')).toBe(77);
  });

  test('a token lets one name in, once', async () => {
    const signup = permission(0);
    const token = await tokens.create();
    expect(outcome(signup, 'alice', token)).toBe('allowed');
    expect(outcome(signup, 'bob', token)).toBe(INVALID);
    expect(outcome(signup, 'alice', token)).toBe('allowed');
    expect(quotas.count()).toBe(0);
    signup.consume('alice', token);
    expect(quotas.get('alice')).toBe(1000);
    expect(outcome(signup, 'bob', token)).toBe(INVALID);
    expect(tokens.list()).toEqual([]);
  });

  test('after a failure the token is good for another name', async () => {
    const signup = permission(0);
    const token = await tokens.create();
    expect(outcome(signup, 'alice', token)).toBe('allowed');
    signup.release('alice', token);
    expect(outcome(signup, 'bob', token)).toBe('allowed');
    // A sign-up that never ends does not keep it for ever.
    clock.time += SIGNUP_RESERVATION_MS + 1;
    expect(outcome(signup, 'carol', token)).toBe('allowed');
  });

  test('after a failure a place without token is free again, unless another attempt holds it', () => {
    const signup = permission(1);
    expect(outcome(signup, 'alice')).toBe('allowed');
    expect(outcome(signup, 'alice')).toBe('allowed');
    signup.release('alice', '');
    expect(outcome(signup, 'bob')).toBe(CLOSED);
    signup.release('alice', '');
    expect(outcome(signup, 'bob')).toBe('allowed');
    signup.consume('bob', '');
    signup.release('bob', '');
    expect(quotas.get('bob')).toBe(1000);
  });

  test('1000 sign-ups at a time get exactly the places there are', async () => {
    const signup = permission(37);
    const results = await Promise.all(
      Array.from({ length: 1000 }, async (_, i) => {
        await Promise.resolve();
        const name = `user-${i}`;
        const result = outcome(signup, name);
        await new Promise((resolve) => {
          setImmediate(resolve);
        });
        // Every third one fails at a later step.
        if (result === 'allowed' && i % 3 === 0) signup.release(name, '');
        else if (result === 'allowed') signup.consume(name, '');
        return result;
      }),
    );
    expect(results.filter((result) => result === 'allowed')).toHaveLength(37);
    expect(quotas.count()).toBe(37 - Math.ceil(37 / 3));
    for (let i = 0; i < 100; i++) if (outcome(signup, `late-${i}`) === 'allowed') signup.consume(`late-${i}`, '');
    expect(quotas.count()).toBe(37);
  });
});
