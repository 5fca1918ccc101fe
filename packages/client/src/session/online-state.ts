import { whenAborted } from '@pyrgos/core/abort';
import { PyrgosError } from '@pyrgos/core/errors';
import { OFFLINE_MILLISECONDS, OFFLINE_PATIENCE } from '@pyrgos/core/limits';
import type { Clock } from '../commit/clock.js';
import { platformTimer, type SetTimer } from '../waiting/timer.js';

/** `data.reason` of the `network` errors that say that no server is there. */
const AWAY: ReadonlySet<unknown> = new Set(['unreachable', 'no-answer', 'broken', 'stale', 'timeout', 'unavailable']);

/**
 * Whether an error says that there is no server at the moment: no connection, none that lasts until the answer is there, no answer in time, or
 * a gateway that says so. Whatever a server itself answers is something else, and so are answers of somebody in its place, a wrong certificate
 * among them: what this device remembers must never stand in for a server that could ask for a second factor. That the server has done nothing it does not say.
 */
export function isAway(error: unknown): boolean {
  return error instanceof PyrgosError && error.code === 'network' && AWAY.has(error.data['reason']);
}

/** Whether an error leaves open what the server has done: the connection failed, or no proper answer came. */
export function isAnswerLost(error: unknown): boolean {
  return error instanceof PyrgosError && error.code === 'network';
}

/** The online flag of one server (chapter 05 section 11): spares offline work the wait for a connection that cannot be made. */
export class OnlineState {
  private failedAt: number | undefined;

  constructor(
    private readonly clock: Pick<Clock, 'now'>,
    private readonly timer: SetTimer = platformTimer,
  ) {}

  /** False for a while after the server was away. */
  get isOnline(): boolean {
    if (this.failedAt === undefined) return true;
    const age = this.clock.now() - this.failedAt;
    return age < 0 || age >= OFFLINE_MILLISECONDS;
  }

  /** Runs a call and takes note of whether there is a server. */
  async run<T>(call: () => Promise<T>): Promise<T> {
    try {
      const result = await call();
      this.failedAt = undefined;
      return result;
    } catch (error) {
      // Who cancels a call has learnt nothing about the server.
      if (!isAborted(error)) this.failedAt = isAway(error) ? this.clock.now() : undefined;
      throw error;
    }
  }

  /**
   * Runs a call, and answers from `fallback` when the server is away; so too, without a try, when it was away just now, and when it has not
   * answered after OFFLINE_PATIENCE: then the call is cancelled. Without anything to fall back on (undefined) the server is asked, and waited for, in any case.
   */
  async runOr<T>(call: (signal: AbortSignal) => Promise<T>, fallback: () => Promise<T | undefined>, signal?: AbortSignal): Promise<T> {
    if (!this.isOnline) {
      const answer = await fallback();
      if (answer !== undefined) return answer;
    }
    try {
      return await this.beforeLong(call, fallback, signal);
    } catch (error) {
      const answer = isAway(error) ? await fallback() : undefined;
      if (answer === undefined) throw error;
      return answer;
    }
  }

  /** The answer of the call, or of `fallback` when that is there and the call takes too long. */
  private async beforeLong<T>(
    call: (signal: AbortSignal) => Promise<T>,
    fallback: () => Promise<T | undefined>,
    signal: AbortSignal | undefined,
  ): Promise<T> {
    const controller = new AbortController();
    const cancel = (): void => controller.abort(signal?.reason);
    if (signal?.aborted === true) cancel();
    const stopListening = whenAborted(signal, cancel);
    let isSettled = false;
    let stopTimer = (): void => undefined;
    const late = new Promise<T>((resolve) => {
      const giveUp = async (): Promise<void> => {
        const answer = await fallback();
        // Meanwhile the call may have ended: it has said itself whether there is a server.
        if (answer === undefined || isSettled) return;
        this.failedAt = this.clock.now();
        resolve(answer);
        controller.abort();
      };
      // Without a fallback, for whatever reason, the call decides.
      stopTimer = this.timer(OFFLINE_PATIENCE, () => void giveUp().catch(() => undefined));
    });
    const asked = this.run(async () => call(controller.signal));
    asked.catch(() => undefined);
    try {
      return await Promise.race([late, asked]);
    } finally {
      isSettled = true;
      stopTimer();
      stopListening();
    }
  }
}

function isAborted(error: unknown): boolean {
  return error instanceof PyrgosError && error.code === 'aborted';
}
