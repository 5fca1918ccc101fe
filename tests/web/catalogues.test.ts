import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const folder = fileURLToPath(new URL('../../packages/web/src/i18n', import.meta.url));
const catalogue = (language: string, file: string): Map<string, string> =>
  new Map(Object.entries(JSON.parse(readFileSync(join(folder, language, file), 'utf8')) as Record<string, string>));

/** The names of what is put into a text, and how: `count, plural`. */
function slots(text: string): readonly string[] {
  return [...text.matchAll(/\{([a-zA-Z]+)(, plural)?[,}]/gu)].map(([, name = '', kind = '']) => name + kind).toSorted();
}

describe.each(['de', 'fr', 'es'])('the texts in %s', (language) => {
  const files = readdirSync(join(folder, 'en')).filter((name) => name.endsWith('.json'));

  test('are complete', () => {
    expect(readdirSync(join(folder, language)).filter((name) => name.endsWith('.json'))).toEqual(files);
    for (const file of files) expect([...catalogue(language, file).keys()]).toEqual([...catalogue('en', file).keys()]);
  });

  test('take the same values as the English ones', () => {
    for (const file of files) {
      const english = catalogue('en', file);
      for (const [id, text] of catalogue(language, file)) {
        expect(text, id).not.toBe('');
        expect([...new Set(slots(text))], id).toEqual([...new Set(slots(english.get(id) ?? ''))]);
      }
    }
  });

  test('have no quote that would make what is in braces a text', () => {
    for (const file of files) for (const [id, text] of catalogue(language, file)) expect(text, id).not.toMatch(/'/u);
  });
});
