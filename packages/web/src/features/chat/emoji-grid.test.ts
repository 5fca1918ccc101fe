import { expect, test } from 'vitest';
import { nextIndex } from './emoji-grid.js';

// Eight columns; 20 cells: the last of three lines has four.
test.each([
  ['ArrowRight', 0, false, 1],
  ['ArrowRight', 7, false, 8],
  ['ArrowRight', 19, false, 19],
  ['ArrowLeft', 0, false, 0],
  ['ArrowLeft', 8, false, 7],
  ['ArrowDown', 3, false, 11],
  ['ArrowDown', 11, false, 19],
  ['ArrowDown', 15, false, 19],
  ['ArrowDown', 17, false, 17],
  ['ArrowUp', 17, false, 9],
  ['ArrowUp', 3, false, 3],
  ['PageDown', 1, false, 19],
  ['PageUp', 17, false, 0],
  ['Home', 13, false, 8],
  ['End', 9, false, 15],
  ['End', 17, false, 19],
  ['Home', 13, true, 0],
  ['End', 1, true, 19],
  ['Tab', 1, false, undefined],
  ['a', 1, false, undefined],
])('%s from %i (to the very end: %s) leads to %s', (key, index, isToEnd, next) => {
  expect(nextIndex(key, index, 20, isToEnd)).toBe(next);
});
