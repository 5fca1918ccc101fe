import { ANSWER_IDLE_TIMEOUT, CALL_TIMEOUT, TRANSFER_BYTES_PER_MILLISECOND } from '@pyrgos/core/limits';
import type { SetTimer } from '../../waiting/timer.js';

/** How long a request may take, in milliseconds. */
export interface CallTimeouts {
  /** In all, beside what the transfer of its bytes takes on a slow line. Default: CALL_TIMEOUT. */
  readonly call?: number | undefined;
  /** Without a byte of an answer that has begun. Default: ANSWER_IDLE_TIMEOUT. */
  readonly idle?: number | undefined;
}

/**
 * Watches one request: fires when it takes too long in all, or when its answer stops coming. It looks once in every `idle` milliseconds,
 * which costs next to nothing, so that up to twice that passes.
 */
export class Watchdog {
  private cancel: () => void = () => undefined;
  private readonly interval: number;
  private readonly callTimeout: number;
  private left: number;
  private state: 'waiting' | 'receiving' | 'paused' | 'ended' = 'waiting';
  private hasMoved = true;

  constructor(
    private readonly timer: SetTimer,
    timeouts: CallTimeouts,
    bytesToSend: number,
    private readonly fire: () => void,
  ) {
    this.callTimeout = timeouts.call ?? CALL_TIMEOUT;
    this.interval = Math.min(timeouts.idle ?? ANSWER_IDLE_TIMEOUT, this.callTimeout);
    this.left = this.allowance(bytesToSend);
    this.arm();
  }

  /** The head of the answer is here; its body has at most `bytes`. */
  begin(bytes: number): void {
    this.state = 'receiving';
    this.hasMoved = true;
    this.left = this.allowance(bytes);
  }

  /** Some of the answer has come. */
  moved(): void {
    this.hasMoved = true;
  }

  /** It is us who make the server wait. */
  pause(): void {
    this.state = 'paused';
  }

  resume(): void {
    this.state = 'receiving';
    this.hasMoved = true;
  }

  /** The request is over. */
  end(): void {
    this.state = 'ended';
    this.cancel();
  }

  /** Looks until it is over. */
  private allowance(bytes: number): number {
    return Math.ceil((this.callTimeout + bytes / TRANSFER_BYTES_PER_MILLISECOND) / this.interval);
  }

  private arm(): void {
    this.cancel = this.timer(this.interval, () => this.look());
  }

  private look(): void {
    if (this.state === 'ended') return;
    if (this.state !== 'paused') {
      this.left--;
      const isStuck = this.state === 'receiving' && !this.hasMoved;
      if (isStuck || this.left <= 0) {
        this.state = 'ended';
        this.fire();
        return;
      }
      this.hasMoved = false;
    }
    this.arm();
  }
}
