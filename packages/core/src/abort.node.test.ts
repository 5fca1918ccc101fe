import { getEventListeners } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { untilAborted, whenAborted } from './abort.js';

test('however many wait for a signal, it has one listener, and none in the end', async () => {
  const warnings: Error[] = [];
  const onWarning = (warning: Error): void => void warnings.push(warning);
  process.on('warning', onWarning);
  try {
    const { signal } = new AbortController();
    let called = 0;
    const stops = Array.from({ length: 50 }, () => whenAborted(signal, () => called++));
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    await Promise.all(Array.from({ length: 50 }, () => untilAborted(async () => setImmediate(), signal, 'waiting')));
    for (const stop of [...stops, ...stops]) stop();
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
    // Warnings come a tick later.
    await setImmediate();
    expect([warnings, called]).toEqual([[], 0]);
  } finally {
    process.off('warning', onWarning);
  }
});
