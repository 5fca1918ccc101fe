import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { forgetEmojis, MAX_RECENT_EMOJIS, noteEmoji, recentEmojis } from './recent-emojis.js';

const stored = new Map<string, string>();
beforeEach(() => {
  stored.clear();
  vi.stubGlobal('localStorage', {
    getItem: (key: string) => stored.get(key) ?? null,
    setItem: (key: string, value: string) => stored.set(key, value),
    removeItem: (key: string) => stored.delete(key),
  });
});
afterEach(() => {
  vi.unstubAllGlobals();
});

test('the newest first, each once, at most so many', () => {
  for (const one of ['🚀', '❤️', '🚀']) noteEmoji(one);
  expect(recentEmojis()).toEqual(['🚀', '❤️']);
  for (let i = 0; i < MAX_RECENT_EMOJIS; i++) noteEmoji(String.fromCodePoint(0x1f600 + i));
  expect(recentEmojis()).toHaveLength(MAX_RECENT_EMOJIS);
  expect(recentEmojis()).not.toContain('❤️');
});

test('forgotten', () => {
  noteEmoji('🚀');
  forgetEmojis();
  expect(recentEmojis()).toEqual([]);
  expect([...stored]).toEqual([]);
});

test.each(['{', 'null', '{"0":"a"}', '"🚀"'])('what is stored may be %s', (text) => {
  stored.set('pyrgos-recent-emojis', text);
  expect(recentEmojis()).toEqual([]);
});

test('what is no emoji by its length is passed over', () => {
  stored.set('pyrgos-recent-emojis', JSON.stringify([1, '', 'x'.repeat(41), '🚀', null]));
  expect(recentEmojis()).toEqual(['🚀']);
});

test('a browser that stores nothing', () => {
  const refuse = (): never => {
    throw new DOMException('no', 'SecurityError');
  };
  vi.stubGlobal('localStorage', { getItem: refuse, setItem: refuse, removeItem: refuse });
  noteEmoji('🚀');
  forgetEmojis();
  expect(recentEmojis()).toEqual([]);
});
