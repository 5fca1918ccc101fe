import { describe, expect, test } from 'vitest';
import { printableMessage, printableName } from '../terminal.js';
import { longLine, timeText } from './entry-text.js';
import { assertLocalName } from './local-name.js';
import { joinRemote, resolveRemote, splitRemote } from './remote-path.js';
import { serverUrl } from './session-source.js';
import { formatProgress } from './terminal-progress.js';

describe('texts of listings', () => {
  test('long lines (chapter 09 section 5.3)', () => {
    const modified = new Date(2026, 7, 1, 9, 5);
    expect(longLine({ name: 'notes.txt', isDirectory: false, isWritable: true, size: 1000, modified })).toBe(
      '-rw       1 kB  2026-08-01 09:05  notes.txt',
    );
    expect(longLine({ name: 'photos', isDirectory: true, isWritable: false, size: 0, modified })).toBe(
      'dr-          -  2026-08-01 09:05  photos/',
    );
    expect(timeText(new Date(2026, 11, 31, 23, 59))).toBe('2026-12-31 23:59');
  });

  test('progress: a title of 52 columns, a sign that turns, a bar of 20 cells', () => {
    expect(formatProgress('a.png', 1, 2, 0.5, 1)).toBe(`${'(1/2) a.png'.padEnd(52)}/\t[${'='.repeat(10)}${' '.repeat(10)}]`);
    expect(formatProgress('x'.repeat(100), 1, undefined, 2, 0)).toMatch(/^\(1\/\?\) x{45}…\|\t\[={20}\]$/);
  });

  test('a name cannot steer a terminal', () => {
    expect(printableName('\u001b]0;title\u0007\r\n\u009b2J\u202e\u2028')).toBe(
      String.raw`\u{1b}]0;title\u{7}\u{d}\u{a}\u{9b}2J\u{202e}\u{2028}`,
    );
    const names = [
      'a\u202eb',
      String.raw`a\u{202e}b`,
      String.raw`a\\u{202e}b`,
      '\\\u202e',
      String.raw`\u{202e}`,
      String.raw`\\u{202e}`,
      '\\\\\u202e',
    ];
    expect(new Set(names.map(printableName)).size).toBe(names.length);
    expect(printableName(String.raw`a\u{202e}b`)).toBe(String.raw`a\\u{202e}b`);
    // A message may have escaped names in it.
    expect(printableMessage(printableName('a\u202eb'))).toBe(String.raw`a\u{202e}b`);
    for (const name of [String.raw`C:\users\ada`, String.raw`\\server\share`]) expect(printableName(name)).toBe(name);
    for (const name of ['ü 日本 👩‍🚀', '❤️ 🏳️‍🌈 1️⃣.txt']) expect(printableName(name)).toBe(name);
    // What shows nothing, or a blank: a twin of another name.
    for (const char of '\u3164\u2800\u034f\u115f\uffa0\ufe0f\ufe00\u180b\u{e0041}\u{e0100}\u17b4\u00ad')
      expect(printableName(`report${char}.txt`)).toBe(String.raw`report\u{${char.codePointAt(0)?.toString(16)}}.txt`);
  });
});

describe('paths and names', () => {
  test('paths of the account: relative ones, dots, and never above the root', () => {
    const paths = ['', '.', 'b', '../x', '/c//d/', '../../../..', '/ada/./b/../c', 'a b'];
    expect(paths.map((path) => resolveRemote('/ada/a', path))).toEqual([
      '/ada/a',
      '/ada/a',
      '/ada/a/b',
      '/ada/x',
      '/c/d',
      '/',
      '/ada/c',
      '/ada/a/a b',
    ]);
    expect(['/', '/ada', '/ada/b'].map(splitRemote)).toEqual([
      { directory: '/', name: '' },
      { directory: '/', name: 'ada' },
      { directory: '/ada', name: 'b' },
    ]);
    expect([joinRemote('/', 'ada'), joinRemote('/ada', 'b')]).toEqual(['/ada', '/ada/b']);
  });

  test('names of the server that a disk cannot have, or that lead out of the folder, are refused', () => {
    for (const name of ['', '.', '..', 'a/b', '../x', '/etc/passwd', 'a\0b', '\ud800', 'ä'.repeat(128)]) {
      expect(() => assertLocalName(name, 'linux'), JSON.stringify(name)).toThrow(expect.objectContaining({ code: 'unsupported' }));
    }
    for (const name of ['a', '...', '-rf', '~', 'a\\b', 'ä'.repeat(127), 'con', 'a:b', ' ']) assertLocalName(name, 'linux');
    for (const name of ['a\\b', 'a:b', 'C:', 'con', 'NUL.txt', 'com¹', 'a.', 'a ', 'a*', '\u0001']) {
      expect(() => assertLocalName(name, 'win32'), name).toThrow(expect.objectContaining({ code: 'unsupported' }));
    }
  });

  test('addresses of servers, as people write them', () => {
    expect(['files.example.org', 'localhost:8000', ' https://a.b/x?y#z ', 'http://[::1]:1'].map(serverUrl)).toEqual([
      'https://files.example.org',
      'http://localhost:8000',
      'https://a.b',
      'http://[::1]:1',
    ]);
    for (const text of ['', 'http://', 'ftp://a.b', 'http://user:sesame@a.b']) {
      expect(() => serverUrl(text), text).toThrow(/^Specified server (?!.*sesame).*is not valid!/);
    }
  });
});
