import { describe, expect, test } from 'vitest';
import { ByteLru } from './byte-lru.js';

/** Bytes that an entry without a value takes. */
const OVERHEAD = 200;

describe('a cache bounded in bytes', () => {
  test('forgets what was not used for the longest time', () => {
    const cache = new ByteLru<number>(3 * (OVERHEAD + 100));
    for (const n of [1, 2, 3]) cache.set(String(n), n, 100);
    expect(cache.get('1')).toBe(1);
    cache.set('4', 4, 100);
    expect([cache.get('1'), cache.get('2'), cache.get('3'), cache.get('4')]).toEqual([1, undefined, 3, 4]);
    expect(cache.size).toBe(3 * (OVERHEAD + 100));
  });

  test('replaces, counts once, and forgets on demand', () => {
    const cache = new ByteLru<string>(1000);
    cache.set('a', 'one', 100);
    cache.set('a', 'two', 50);
    expect([cache.get('a'), cache.size]).toEqual(['two', OVERHEAD + 50]);
    cache.delete('a');
    cache.delete('a');
    expect([cache.get('a'), cache.size]).toEqual([undefined, 0]);
    cache.set('b', 'b', 0);
    cache.clear();
    expect([cache.get('b'), cache.size]).toEqual([undefined, 0]);
  });

  test('keeps nothing that is larger than itself, and then not the older value either', () => {
    const cache = new ByteLru<string>(500);
    cache.set('a', 'small', 10);
    cache.set('a', 'large', 400);
    expect([cache.get('a'), cache.size]).toEqual([undefined, 0]);
    const none = new ByteLru<string>(0);
    none.set('a', 'x', 0);
    expect(none.get('a')).toBeUndefined();
    expect(() => new ByteLru(-1)).toThrow(expect.objectContaining({ code: 'argument' }));
  });
});
