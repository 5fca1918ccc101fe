import { AbortedError, type LiveWatch } from '@pyrgos/client';
import type { FilesContext } from '../files/files-context.js';

/** Waits until something may be new: for commands that go on until somebody ends them. */
export class LiveNews {
  private readonly watch: LiveWatch;
  private isNew = false;
  private wake = (): void => undefined;

  /** `signal` ends it. */
  constructor(
    { session }: FilesContext,
    private readonly signal: AbortSignal,
  ) {
    this.watch = session.watch(
      () => {
        this.isNew = true;
        this.wake();
      },
      { signal },
    );
    signal.addEventListener('abort', () => this.wake(), { once: true });
  }

  /** Resolves when something may have changed since the last call, at the latest after some seconds. AbortedError. */
  async next(seconds: number): Promise<void> {
    if (!this.isNew && !this.signal.aborted) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, seconds * 1000);
        this.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.wake = () => undefined;
    this.isNew = false;
    if (this.signal.aborted) throw new AbortedError('watching');
  }

  close(): void {
    this.watch.close();
  }
}
