import { beforeEach, expect, test, vi } from 'vitest';
import type { UploadItem } from '../../engine/calls.js';
import { chosenAgain, type JournalStorage, UploadJournal } from './upload-journal.js';

/** The storage of a tab; `limit` characters fit into it. */
function tab(limit = Infinity): JournalStorage & { readonly entries: Map<string, string> } {
  const entries = new Map<string, string>();
  return {
    entries,
    get length() {
      return entries.size;
    },
    key: (place) => [...entries.keys()][place] ?? null,
    getItem: (key) => entries.get(key) ?? null,
    setItem: (key, value) => {
      if (value.length > limit) throw new DOMException('full', 'QuotaExceededError');
      entries.set(key, value);
    },
    removeItem: (key) => void entries.delete(key),
  };
}

let nextId = 100;
const file = (path: string, content = path): UploadItem => ({
  id: nextId++,
  path: path.split('/'),
  file: new File([content], path.split('/').at(-1) ?? '', { lastModified: 1000 }),
});
const directory = (path: string): UploadItem => ({ id: nextId++, path: path.split('/'), file: undefined });

beforeEach(() => {
  vi.useFakeTimers();
  return () => {
    vi.useRealTimers();
  };
});

test('what was not done is found by the next page of the tab, and only by its user', () => {
  const storage = tab();
  const items = [directory('d'), file('d/a'), file('d/b'), file('constructor')];
  const upload = new UploadJournal(storage).begin('ada', '/ada/x', items);
  upload.done(items[1]!);
  vi.runAllTimers();
  expect(new UploadJournal(storage).left('ben')).toEqual([]);
  const [left, ...others] = new UploadJournal(storage).left('ada');
  expect(others).toEqual([]);
  expect(left).toMatchObject({ directory: '/ada/x' });
  expect(left!.items.map(({ path }) => path.join('/'))).toEqual(['d', 'd/b', 'constructor']);
  new UploadJournal(storage).forget(left!.id);
  expect(storage.entries.size).toBe(0);
});

test('of an upload that has ended nothing is kept, and of one whose files are all stored neither', () => {
  const storage = tab();
  const journal = new UploadJournal(storage);
  const items = [directory('d'), file('a')];
  const ended = journal.begin('ada', '/ada', items);
  ended.done(items[1]!);
  ended.end();
  vi.runAllTimers();
  expect(storage.entries.size).toBe(0);
  journal.begin('ada', '/ada', items).done(items[1]!);
  vi.runAllTimers();
  expect(journal.left('ada')).toEqual([]);
  expect(storage.entries.size).toBe(0);
});

test('logging out empties it, and leaves what belongs to others', () => {
  const storage = tab();
  storage.setItem('other', 'x');
  const journal = new UploadJournal(storage);
  journal.begin('ada', '/ada', [file('a')]);
  journal.begin('ben', '/ben', [file('a')]);
  journal.forgetAll('ben');
  expect(journal.left('ada')).toEqual([]);
  expect(journal.left('ben')).toHaveLength(1);
  journal.forgetAll();
  expect([...storage.entries.keys()]).toEqual(['other']);
});

test.each([undefined, tab(10)])('where nothing can be stored it goes on without', (storage) => {
  const journal = new UploadJournal(storage);
  const item = file('a');
  const upload = journal.begin('ada', '/ada', [item]);
  upload.done(item);
  vi.runAllTimers();
  upload.end();
  expect(journal.left('ada')).toEqual([]);
});

test.each([
  '',
  '7',
  'null',
  '{',
  '{"tree":"ada"}',
  '{"tree":"ada","directory":"/ada","items":[{"path":[1],"modified":0}]}',
  '{"tree":"ada","directory":"/ada","items":[null]}',
])('what is no note is ignored: %s', (text) => {
  const storage = tab();
  storage.setItem('pyrgos-upload:x', text);
  expect(new UploadJournal(storage).left('ada')).toEqual([]);
});

test('of what is chosen again those count that are left and are the same as before; directories need no choice', () => {
  const [a, changed, missing] = [file('d/a'), file('d/b', 'before'), file('d/c')];
  const left = [directory('d'), a, changed, missing].map(({ path, file: content }) => ({
    path,
    size: content?.size,
    modified: content === undefined ? 0 : 1000,
  }));
  const chosen = [a, file('d/b', 'other content'), file('d/else')];
  const again = chosenAgain(left, chosen, () => nextId++);
  expect(again.map(({ path }) => path.join('/'))).toEqual(['d', 'd/a']);
  expect(again[1]).toBe(a);
});
