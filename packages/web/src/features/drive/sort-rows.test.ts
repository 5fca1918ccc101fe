import { expect, test } from 'vitest';
import type { Row } from '../../engine/calls.js';
import { sortRows, type SortOrder } from './sort-rows.js';

const row = (name: string, more: Partial<Row> = {}): Row => ({
  name,
  path: `/ada/${name}`,
  kind: 'file',
  size: 0,
  mimeType: '',
  modified: 0,
  created: 0,
  isHidden: false,
  isWritable: true,
  isReadable: true,
  isFixed: false,
  version: '',
  thumbnail: undefined,
  ...more,
});
const names = (rows: readonly Row[], order: Partial<SortOrder> = {}): string[] =>
  sortRows(rows, { by: 'name', descending: false, ...order }, 'de').map(({ name }) => name);

test('numbers by value, capitals beside small letters, umlauts beside their letters, folders first', () => {
  const rows = ['photo 10', 'photo 9', 'Zebra', 'apfel', 'Äpfel', 'b'].map((name) => row(name));
  rows.push(row('zoo', { kind: 'directory' }));
  expect(names(rows)).toEqual(['zoo', 'apfel', 'Äpfel', 'b', 'photo 9', 'photo 10', 'Zebra']);
  expect(names(rows, { descending: true }).slice(0, 3)).toEqual(['zoo', 'Zebra', 'photo 10']);
});

test('by size, time and type; by name where these are equal', () => {
  const rows = [
    row('b', { size: 2, modified: 1, mimeType: 'text/plain' }),
    row('a', { size: 2, modified: 2, mimeType: 'image/png' }),
    row('c', { size: 1, modified: 3, mimeType: 'image/png' }),
  ];
  expect(names(rows, { by: 'size' })).toEqual(['c', 'a', 'b']);
  expect(names(rows, { by: 'modified', descending: true })).toEqual(['c', 'a', 'b']);
  expect(names(rows, { by: 'type' })).toEqual(['a', 'c', 'b']);
});
