import { type Emoji, foldWords } from './emoji-set.js';

/** Emojis that are shown for a search; whoever wants others types more. */
export const MAX_FOUND_EMOJIS = 96;

/** Letters from which on a part in the middle of a word counts, too. */
const MIN_INNER = 3;

/** The emojis that every word of `query` leads to, the best first: those that are called so before those that have only to do with it. */
export function findEmojis(emojis: readonly Emoji[], query: string): readonly Emoji[] {
  const typed = query.trim();
  const same = emojis.filter(({ character }) => character === typed);
  if (same.length > 0) return same;
  const words = foldWords(typed);
  if (words.length === 0) return [];
  return emojis
    .map((emoji) => ({ emoji, distance: distanceOf(emoji, words) }))
    .filter(({ distance }) => distance !== Infinity)
    .toSorted((a, b) => a.distance - b.distance)
    .slice(0, MAX_FOUND_EMOJIS)
    .map(({ emoji }) => emoji);
}

/** How far an emoji is from what is looked for; infinite when one of the words does not lead to it. */
function distanceOf({ nameWords, tagWords }: Emoji, words: readonly string[]): number {
  return words.reduce((sum, word) => sum + wordDistance(nameWords, tagWords, word), 0);
}

function wordDistance(nameWords: readonly string[], tagWords: readonly string[], word: string): number {
  if (nameWords.includes(word)) return nameWords.length === 1 ? 0 : 1;
  if (tagWords.includes(word)) return 2;
  if (nameWords.some((other) => other.startsWith(word))) return 3;
  if (tagWords.some((other) => other.startsWith(word))) return 4;
  if (word.length >= MIN_INNER && [...nameWords, ...tagWords].some((other) => other.includes(word))) return 5;
  return Infinity;
}
