import { expect, test } from 'vitest';
import { whenAborted } from './abort.js';

test('everybody who still waits is called once, in order', () => {
  const controller = new AbortController();
  const { signal } = controller;
  const calls: string[] = [];
  const stopC: (() => void)[] = [];
  const same = (): void => void calls.push('same');
  whenAborted(signal, () => {
    calls.push('a');
    for (const stop of stopC) stop();
    // It has fired: nobody waits for it any more.
    whenAborted(signal, () => calls.push('late'));
  });
  whenAborted(signal, () => calls.push('b'))();
  stopC.push(whenAborted(signal, () => calls.push('c')));
  whenAborted(signal, same);
  whenAborted(signal, same)();
  controller.abort();
  controller.abort();
  expect(calls).toEqual(['a', 'same']);
  whenAborted(signal, () => calls.push('late'))();
  whenAborted(undefined, () => calls.push('never'))();
  expect(calls).toEqual(['a', 'same']);
});

test('a signal can be waited for again after nobody did', () => {
  const controller = new AbortController();
  let called = 0;
  const first = whenAborted(controller.signal, () => called++);
  first();
  whenAborted(controller.signal, () => called++);
  first();
  controller.abort();
  expect(called).toBe(1);
});
