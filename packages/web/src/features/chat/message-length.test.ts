import { MAX_CHAT_TEXT_LENGTH } from '@pyrgos/core/limits';
import { expect, test } from 'vitest';
import { lengthNote } from './message-length.js';

test('a message may be as long as the limit, and not longer', () => {
  expect(lengthNote('x'.repeat(MAX_CHAT_TEXT_LENGTH))).toEqual({ left: 0, isNear: true, isTooLong: false });
  expect(lengthNote('x'.repeat(MAX_CHAT_TEXT_LENGTH + 1))).toEqual({ left: -1, isNear: true, isTooLong: true });
});

test('blanks at the end are not sent, and do not count', () => {
  expect(lengthNote(`${'x'.repeat(MAX_CHAT_TEXT_LENGTH)}\n\n `).isTooLong).toBe(false);
});

test('how much is left is said near the end only', () => {
  expect(lengthNote('').isNear).toBe(false);
  expect(lengthNote('x'.repeat(MAX_CHAT_TEXT_LENGTH - 201)).isNear).toBe(false);
  expect(lengthNote('x'.repeat(MAX_CHAT_TEXT_LENGTH - 200)).isNear).toBe(true);
});
