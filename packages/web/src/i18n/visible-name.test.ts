import { describe, expect, test } from 'vitest';
import { visibleLines, visibleName, visibleValue } from './visible-name.js';

describe('names', () => {
  test.each([
    ['\u202egnp.exe', '‹U+202E›gnp.exe'],
    ['photo\u2066\u2069.png', 'photo‹U+2066›‹U+2069›.png'],
    ['a\u200fb\u061cc', 'a‹U+200F›b‹U+061C›c'],
    ['two\nlines', 'two‹U+000A›lines'],
    ['pay\u200bpal', 'pay‹U+200B›pal'],
    ['\ufeffbegin', '‹U+FEFF›begin'],
    ['half \ud83c', 'half ‹U+D83C›'],
    ...[0xe0041, 0x34f, 0xfe0f, 0x180b, 0x115f, 0xffa0, 0x200c, 0x200d, 0x3164, 0x2800, 0xa0, 0x202f, 0x1d173, 0xe0100].map((code) => [
      `report${String.fromCodePoint(code)}.txt`,
      `report‹U+${code.toString(16).toUpperCase().padStart(4, '0')}›.txt`,
    ]),
    ['🏴\u{e0061}\u{e007f}', '🏴‹U+E0061›‹U+E007F›'],
    ['a\u200d\u200db', 'a‹U+200D›‹U+200D›b'],
    ['del\u007f\u009b', 'del‹U+007F›‹U+009B›'],
  ])('%j shows what is in it', (name, shown) => {
    expect(visibleName(name)).toBe(shown);
  });

  test.each([
    'notes.txt',
    'übung ê ñ.txt',
    '写真.jpg',
    'שלום.txt',
    'مرحبا.txt',
    '👩‍👩‍👧.png',
    '🏴󠁧󠁢󠁥󠁮󠁧󠁿',
    'می‌خواهم',
    '__proto__',
    '',
    '葛\u{e0100}',
    '1\ufe0f\u20e3',
    '❤\ufe0f\u200d🔥',
    '🧑🏽\u200d🚀',
    'क्\u200dष',
    'at 9.41.00\u202fAM.png',
    '写\u3000真',
    'e\u0301',
  ])('%j stays as it is', (name) => {
    expect(visibleName(name)).toBe(name);
  });

  test('numbers and dates keep their blanks, and texts their lines', () => {
    expect(visibleValue('1,5\u00a0Mo\u202e')).toBe('1,5\u00a0Mo‹U+202E›');
    expect(visibleLines('one\ntwo\u202e')).toBe('one\ntwo‹U+202E›');
  });
});
