import { PyrgosError } from '@pyrgos/core/errors';
import { OFFLINE_MILLISECONDS } from '@pyrgos/core/limits';
import type { Clock } from '../commit/clock.js';

/**
 * Whether an error says that no server was reached. Anything that a server, or somebody in its name, has answered is something else: what
 * this device remembers must never stand in for a server that could ask for a second factor.
 */
export function isUnreachable(error: unknown): boolean {
  if (!(error instanceof PyrgosError) || error.code !== 'network') return false;
  const { reason } = error.data;
  return reason === 'unreachable' || reason === 'timeout';
}

/** Whether an error leaves open what the server has done: the connection failed, or no proper answer came. */
export function isAnswerLost(error: unknown): boolean {
  return error instanceof PyrgosError && error.code === 'network';
}

/** The online flag of one server (chapter 05 section 11): spares offline work the wait for a connection that cannot be made. */
export class OnlineState {
  private failedAt: number | undefined;

  constructor(private readonly clock: Pick<Clock, 'now'>) {}

  /** False for a while after the server could not be reached. */
  get isOnline(): boolean {
    if (this.failedAt === undefined) return true;
    const age = this.clock.now() - this.failedAt;
    return age < 0 || age >= OFFLINE_MILLISECONDS;
  }

  /** Runs a call and takes note of whether the server was reached. */
  async run<T>(call: () => Promise<T>): Promise<T> {
    try {
      const result = await call();
      this.failedAt = undefined;
      return result;
    } catch (error) {
      this.failedAt = isUnreachable(error) ? this.clock.now() : undefined;
      throw error;
    }
  }

  /**
   * Runs a call, and answers from `fallback` when the server cannot be reached; so too, without a try, when it could not be reached just
   * now. Without anything to fall back on (undefined) the server is asked in any case.
   */
  async runOr<T>(call: () => Promise<T>, fallback: () => Promise<T | undefined>): Promise<T> {
    if (!this.isOnline) {
      const answer = await fallback();
      if (answer !== undefined) return answer;
    }
    try {
      return await this.run(call);
    } catch (error) {
      const answer = isUnreachable(error) ? await fallback() : undefined;
      if (answer === undefined) throw error;
      return answer;
    }
  }
}
