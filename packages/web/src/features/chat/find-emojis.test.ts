import { describe, expect, test } from 'vitest';
import { EMOJI_GROUPS, foldWords, loadEmojis } from './emoji-set.js';
import { findEmojis, MAX_FOUND_EMOJIS } from './find-emojis.js';

describe('emojis', () => {
  test.each([
    ['en', 'rocket', '🚀'],
    ['de', 'rakete', '🚀'],
    ['es', 'cohete', '🚀'],
    ['fr', 'fusée', '🚀'],
    ['fr', 'fusee', '🚀'],
    ['es', 'corazon rojo', '❤️'],
    ['de', 'geburtstagskuchen', '🎂'],
    ['en', 'THUMBS up', '👍️'],
  ])('in %s, "%s" finds %s first', async (language, query, character) => {
    expect(findEmojis(await loadEmojis(language), query)[0]?.character).toBe(character);
  });

  test('the same emojis in every language, each in a group, none with a skin tone', async () => {
    const english = await loadEmojis('en');
    expect(new Set(english.map(({ group }) => group))).toEqual(new Set(EMOJI_GROUPS));
    expect(english.some(({ character }) => /\p{Emoji_Modifier}/u.test(character))).toBe(false);
    for (const language of ['de', 'es', 'fr']) {
      const others = await loadEmojis(language);
      expect(others.map(({ character }) => character)).toEqual(english.map(({ character }) => character));
      expect(others.map(({ name }) => name)).not.toEqual(english.map(({ name }) => name));
    }
  });

  test('every word has to lead to it', async () => {
    const emojis = await loadEmojis('en');
    const [cats, redCats] = [findEmojis(emojis, 'cat'), findEmojis(emojis, 'cat kiss')];
    expect(redCats.map(({ character }) => character)).toContain('😽');
    expect(redCats.length).toBeLessThan(cats.length);
    expect(findEmojis(emojis, 'cat zebraic')).toEqual([]);
  });

  test('nothing for nothing, itself for an emoji, and never more than can be looked at', async () => {
    const emojis = await loadEmojis('en');
    expect(findEmojis(emojis, '  ')).toEqual([]);
    expect(findEmojis(emojis, '!?')).toEqual([]);
    expect(findEmojis(emojis, ' 🚀 ').map(({ name }) => name)).toEqual(['rocket']);
    expect(findEmojis(emojis, 'a')).toHaveLength(MAX_FOUND_EMOJIS);
  });

  test('a language without emojis of its own has English ones', async () => {
    expect(findEmojis(await loadEmojis('xx'), 'rocket')[0]?.name).toBe('rocket');
  });

  test('words are folded', () => {
    expect(foldWords('Fusée à réaction: l’Été')).toEqual(['fusee', 'a', 'reaction', 'l', 'ete']);
  });
});
