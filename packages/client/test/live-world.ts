import type { WatchAnswer } from '@pyrgos/core/api';
import { AbortedError, PyrgosError } from '@pyrgos/core/errors';
import type { Clock } from '../src/commit/clock.js';
import type { LiveChanges, LiveListener } from '../src/live/live-changes.js';
import type { Live, LiveCall, Network } from '../src/network/index.js';
import { changedNetwork } from './changed-network.js';

/** What a listener was told, in order; a test takes it one by one. */
export class Heard {
  private readonly all: LiveChanges[] = [];
  private waiting: (() => void)[] = [];

  readonly listener: LiveListener = (changes) => {
    this.all.push(changes);
    for (const wake of this.waiting.splice(0)) wake();
  };

  /** What was told and not taken. */
  get left(): number {
    return this.all.length;
  }

  /** The next thing that was or will be told. */
  async next(): Promise<LiveChanges> {
    for (;;) {
      const first = this.all.shift();
      if (first !== undefined) return first;
      await new Promise<void>((resolve) => {
        this.waiting.push(resolve);
      });
    }
  }

  /** Takes what is told until something fits, and gives that. */
  async until(fits: (changes: LiveChanges) => boolean): Promise<LiveChanges> {
    for (;;) {
      const next = await this.next();
      if (fits(next)) return next;
    }
  }
}

/** A clock whose long sleeps end when the test says so; `naps`: how long they would be. */
export class HeldClock implements Clock {
  readonly naps: number[] = [];
  private sleepers: (() => void)[] = [];
  private offset = 0;

  now(): number {
    return Date.now() + this.offset;
  }

  async sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    this.naps.push(milliseconds);
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        this.offset += milliseconds;
        resolve();
      };
      this.sleepers.push(wake);
      signal?.addEventListener('abort', () => {
        this.sleepers = this.sleepers.filter((sleeper) => sleeper !== wake);
        resolve();
      });
    });
  }

  /** Whether somebody sleeps. */
  get isAsleep(): boolean {
    return this.sleepers.length > 0;
  }

  /** Time passes, and nobody wakes up. */
  pass(milliseconds: number): void {
    this.offset += milliseconds;
  }

  /** Lets all who sleep have slept. */
  wake(): void {
    for (const wake of this.sleepers.splice(0)) wake();
  }
}

/** The network of a server without the call, as older servers and others are: they answer 404. */
export function withoutLive(network: Network): Network {
  return changedNetwork(network, {
    live: {
      watch: async () => {
        throw new PyrgosError('unsupported', 'The server does not know this call.');
      },
    },
  });
}

/** A server whose answers to those who wait a test gives. */
export class ScriptedLive implements Live {
  readonly calls: LiveCall[] = [];
  private pending: { readonly resolve: (answer: WatchAnswer) => void; readonly reject: (error: Error) => void } | undefined;

  async watch(call: LiveCall, signal?: AbortSignal): Promise<WatchAnswer> {
    this.calls.push(call);
    return new Promise((resolve, reject) => {
      this.pending = { resolve, reject };
      signal?.addEventListener('abort', () => reject(new AbortedError('watch', signal)));
    });
  }

  /** Whether somebody waits. */
  get isWaiting(): boolean {
    return this.pending !== undefined;
  }

  /** Answers who waits. */
  answer(answer: Partial<WatchAnswer>): void {
    this.pending?.resolve({ pointers: [], elsewhere: [], ...answer });
    this.pending = undefined;
  }

  /** Has the request of who waits fail. */
  fail(error: PyrgosError): void {
    this.pending?.reject(error);
    this.pending = undefined;
  }
}
