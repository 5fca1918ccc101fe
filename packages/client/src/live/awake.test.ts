import { expect, test } from 'vitest';
import { whileAwake } from './awake.js';

/** A timer and a clock that the test holds. */
function world(): {
  now: () => number;
  timer: (ms: number, fire: () => void) => () => void;
  pass: (ms: number) => void;
  readonly running: boolean;
} {
  let time = 0;
  let fire: (() => void) | undefined;
  return {
    now: () => time,
    timer: (_, then) => {
      fire = then;
      return () => (fire = undefined);
    },
    pass: (ms) => {
      time += ms;
      const then = fire;
      fire = undefined;
      then?.();
    },
    get running() {
      return fire !== undefined;
    },
  };
}

test('work goes on while time passes, and is cancelled when it has jumped', async () => {
  const here = world();
  let aborted: AbortSignal | undefined;
  const work = whileAwake({ ...here, signal: new AbortController().signal }, async (signal) => {
    aborted = signal;
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
    return 'cancelled';
  });
  for (let i = 0; i < 5; i++) here.pass(10_500);
  expect(aborted?.aborted).toBe(false);
  here.pass(31_000);
  expect(await work).toBe('cancelled');
  expect(here.running).toBe(false);
});

test('the signal of the caller counts, also one that has fired, and nothing is left behind', async () => {
  const here = world();
  const controller = new AbortController();
  const work = whileAwake({ ...here, signal: controller.signal }, async (signal) => {
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
    return signal.reason as string;
  });
  controller.abort('enough');
  expect(await work).toBe('enough');
  expect(await whileAwake({ ...here, signal: controller.signal }, async (signal) => signal.aborted)).toBe(true);
  await expect(whileAwake({ ...here, signal: controller.signal }, async () => Promise.reject(new Error('failed')))).rejects.toThrow(
    'failed',
  );
  expect(here.running).toBe(false);
});
