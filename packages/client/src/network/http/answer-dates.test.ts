import { expect, test } from 'vitest';
import { AnswerDates } from './answer-dates.js';

const start = Date.UTC(2026, 0, 1);
const hour = 3_600_000;
const at = (time: number): string => new Date(time).toUTCString();

test('a clock that goes like that of the server has missed nothing, however wrong it is', () => {
  const dates = new AnswerDates();
  expect(dates.missed).toBe(0);
  for (let hours = 0; hours < 100; hours++) dates.note(at(start + hours * hour), 5000 + hours * hour);
  expect(dates.missed).toBe(0);
});

test('a clock that stood still has missed what the server says, and keeps that when it is put right', () => {
  const dates = new AnswerDates();
  dates.note(at(start), start);
  dates.note(at(start + 50 * hour), start);
  expect(dates.missed).toBe(50 * hour);
  dates.note(at(start + 51 * hour), start + 51 * hour);
  expect(dates.missed).toBe(50 * hour);
});

test('the clock of a server that goes back takes nothing away', () => {
  const dates = new AnswerDates();
  dates.note(at(start), start);
  dates.note(at(start - 90 * hour), start + hour);
  expect(dates.missed).toBe(0);
});

test.each([
  undefined,
  '',
  'tomorrow',
  '9e99',
  at(start).replace('GMT', 'PST'),
  'Thu, 99 Jan 2026 00:00:00 GMT',
  `${at(start)}, ${at(start)}`,
  '2026-01-01T00:00:00Z',
])('what is no date of HTTP is ignored: %s', (date) => {
  const dates = new AnswerDates();
  dates.note(at(start), start);
  dates.note(date, start - 90 * hour);
  expect(dates.missed).toBe(0);
});
