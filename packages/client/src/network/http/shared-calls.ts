import { AbortedError } from '@pyrgos/core/errors';

interface SharedCall {
  readonly promise: Promise<Uint8Array>;
  readonly controller: AbortController;
  waiters: number;
}

/**
 * Calls under way that others may join: who asks for the same thing at the same time gets the same answer, and the call is cancelled
 * when the last of them has gone. Answers are shared: never modify them.
 */
export class SharedCalls {
  private readonly calls = new Map<string, SharedCall>();

  /** Joins the call under `key`, or starts it. AbortedError for this caller alone when its signal is aborted. */
  async run(key: string, signal: AbortSignal | undefined, start: (signal: AbortSignal) => Promise<Uint8Array>): Promise<Uint8Array> {
    let call = this.calls.get(key);
    if (call === undefined) {
      const controller = new AbortController();
      const started: SharedCall = { promise: start(controller.signal), controller, waiters: 0 };
      const forget = (): void => this.forget(key, started);
      started.promise.then(forget, forget);
      this.calls.set(key, started);
      call = started;
    }
    return this.join(key, call, signal);
  }

  /** Lets nobody join what is under way now: it may have been answered before something changed. */
  clear(): void {
    this.calls.clear();
  }

  private async join(key: string, call: SharedCall, signal: AbortSignal | undefined): Promise<Uint8Array> {
    call.waiters++;
    // Who cannot cancel keeps the call alive for good.
    if (signal === undefined) return call.promise;
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        call.waiters--;
        if (call.waiters === 0) {
          this.forget(key, call);
          call.controller.abort();
        }
        reject(new AbortedError('the call'));
      };
      signal.addEventListener('abort', onAbort, { once: true });
      const settled = (): void => signal.removeEventListener('abort', onAbort);
      call.promise.then(
        (answer) => {
          settled();
          resolve(answer);
        },
        (error: unknown) => {
          settled();
          reject(error instanceof Error ? error : new AbortedError('the call'));
        },
      );
    });
  }

  private forget(key: string, call: SharedCall): void {
    if (this.calls.get(key) === call) this.calls.delete(key);
  }
}
