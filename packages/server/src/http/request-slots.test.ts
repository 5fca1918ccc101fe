import { expect, test, vi } from 'vitest';
import { OverloadError, RequestSlots } from './request-slots.js';

test('as many requests as there are slots are worked on', () => {
  const slots = new RequestSlots(2, 1);
  expect([slots.tryEnter(), slots.tryEnter(), slots.tryEnter()]).toEqual([true, true, false]);
  slots.leave();
  expect([slots.tryEnter(), slots.tryEnter()]).toEqual([true, false]);
});

test('of too many bodies the one that is silent for longest is given up', () => {
  const slots = new RequestSlots(0, 2);
  const given = [vi.fn(), vi.fn(), vi.fn(), vi.fn()] as const;
  const first = slots.receive(given[0]);
  const second = slots.receive(given[1]);
  first.progressed();
  const third = slots.receive(given[2]);
  expect(given.map(({ mock }) => mock.calls.length)).toEqual([0, 1, 0, 0]);
  expect(given[1].mock.calls[0]?.[0]).toBeInstanceOf(OverloadError);
  // Too late.
  second.progressed();
  second.end();
  third.end();
  third.end();
  slots.receive(given[3]);
  expect(given.map(({ mock }) => mock.calls.length)).toEqual([0, 1, 0, 0]);
  first.end();
});

test('a body that is not read for the moment is not given up', () => {
  const slots = new RequestSlots(0, 1);
  const [paused, other] = [vi.fn(), vi.fn()];
  const body = slots.receive(paused);
  body.pause();
  slots.receive(other);
  expect([paused, other].map(({ mock }) => mock.calls.length)).toEqual([0, 0]);
  body.progressed();
  expect([paused, other].map(({ mock }) => mock.calls.length)).toEqual([0, 1]);
});
