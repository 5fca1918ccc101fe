import { PyrgosError } from '@pyrgos/core/errors';
import { expect, test } from 'vitest';
import { WaitingRoom } from './waiting-room.js';

let time = 0;
const room = (): WaitingRoom => {
  time = 0;
  return new WaitingRoom(() => time);
};
const lost = (reason: string): PyrgosError => new PyrgosError('network', 'lost', { retry: 'safe', data: { reason } });

test('a server that does not know the call is asked again after an hour, whatever happens to the network', () => {
  const one = room();
  expect(one.failed(new PyrgosError('unsupported', 'no'), 5)).toBe(false);
  one.reopen();
  time = 3_599_999;
  expect(one.isOpen).toBe(false);
  time = 3_600_000;
  expect(one.isOpen).toBe(true);
});

test('something in between that is no server is tried again after ten minutes, or when the network is another one', () => {
  const one = room();
  expect(one.failed(new PyrgosError('network', 'a page', { data: { reason: 'not-peergos' } }), 5)).toBe(false);
  expect(one.isOpen).toBe(false);
  one.reopen();
  expect(one.isOpen).toBe(true);
  one.failed(new PyrgosError('network', 'a page'), 5);
  time = 600_000;
  expect(one.isOpen).toBe(true);
});

test('what cuts off long requests gets shorter ones, and in the end none', () => {
  const one = room();
  const seconds: number[] = [];
  for (let i = 0; i < 3; i++) {
    one.answered(true);
    expect(one.failed(lost('broken'), 30_000)).toBe(true);
    seconds.push(one.seconds);
  }
  expect(seconds).toEqual([22, 11, 10]);
  expect(one.isOpen).toBe(true);
  one.answered(true);
  one.failed(lost('unavailable'), 6000);
  expect(one.isOpen).toBe(false);
  time = 600_000;
  for (let i = 0; i < 9; i++) one.answered(false);
  expect(one.seconds).toBe(10);
  one.answered(false);
  expect(one.seconds).toBe(20);
  one.reopen();
  expect(one.seconds).toBe(45);
});

test('a server that is away is tried some times, then looked for in another way; a full one is left alone', () => {
  const one = room();
  for (let i = 0; i < 3; i++) expect(one.failed(lost('unreachable'), 3)).toBe(true);
  expect([one.isOpen, one.seconds]).toEqual([true, 45]);
  one.failed(lost('unreachable'), 3);
  expect(one.isOpen).toBe(false);
  time = 60_000;
  expect(one.isOpen).toBe(true);
  one.refused(120);
  time = 179_999;
  expect(one.isOpen).toBe(false);
  time = 180_000;
  expect(one.isOpen).toBe(true);
  one.failed(new PyrgosError('rate', 'too much', { retry: 'safe' }), 3);
  expect(one.isOpen).toBe(false);
});
