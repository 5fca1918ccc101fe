import { describe, expect, test } from 'vitest';
import { visibleName } from './visible-name.js';

describe('names', () => {
  test.each([
    ['\u202egnp.exe', '‹U+202E›gnp.exe'],
    ['photo\u2066\u2069.png', 'photo‹U+2066›‹U+2069›.png'],
    ['a\u200fb\u061cc', 'a‹U+200F›b‹U+061C›c'],
    ['two\nlines', 'two‹U+000A›lines'],
    ['pay\u200bpal', 'pay‹U+200B›pal'],
    ['\ufeffbegin', '‹U+FEFF›begin'],
    ['half \ud83c', 'half ‹U+D83C›'],
    ['del\u007f\u009b', 'del‹U+007F›‹U+009B›'],
  ])('%j shows what is in it', (name, shown) => {
    expect(visibleName(name)).toBe(shown);
  });

  test.each(['notes.txt', 'übung ê ñ.txt', '写真.jpg', 'שלום.txt', 'مرحبا.txt', '👩‍👩‍👧.png', '🏴󠁧󠁢󠁥󠁮󠁧󠁿', 'می‌خواهم', '__proto__', ''])(
    '%j stays as it is',
    (name) => {
      expect(visibleName(name)).toBe(name);
    },
  );
});
