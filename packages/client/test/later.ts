import { vi } from 'vitest';
import { systemClock } from '../src/commit/clock.js';

/** Does something as if it were so many milliseconds later. */
export async function later<T>(milliseconds: number, work: () => Promise<T>): Promise<T> {
  const now = systemClock.now();
  const spy = vi.spyOn(systemClock, 'now').mockImplementation(() => now + milliseconds);
  try {
    return await work();
  } finally {
    spy.mockRestore();
  }
}
