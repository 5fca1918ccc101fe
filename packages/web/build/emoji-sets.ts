import { createRequire } from 'node:module';
import type { Plugin } from 'vite';

/** The lists of emojis with their names and search words, one for each language. */
const SET = /\/node_modules\/emojibase-data\/[a-z]+\/compact\.json$/u;

/** Hexcodes of emojis that are so new that the fonts of few devices have them: people would choose among empty boxes. */
const TOO_NEW: ReadonlySet<string> = new Set(
  (createRequire(import.meta.url)('emojibase-data/versions/emoji.json') as Readonly<Record<string, readonly string[]>>)['17'],
);

/** Takes out of the lists of emojis what the picker does not use: skin tones and codes, which are most of them. */
export function emojiSets(): Plugin {
  return {
    name: 'pyrgos-emoji-sets',
    enforce: 'pre',
    transform(code, id) {
      if (!SET.test(id)) return undefined;
      const entries = JSON.parse(code) as readonly Readonly<Record<string, unknown>>[];
      const kept = entries
        .filter(({ group, hexcode }) => group !== undefined && !TOO_NEW.has(String(hexcode)))
        .map(({ unicode, label, tags, group }) => ({ unicode, label, tags, group }));
      return { code: JSON.stringify(kept), map: null };
    },
  };
}
