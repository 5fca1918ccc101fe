import { whenAborted } from '@pyrgos/core/abort';
import { AbortedError, throwIfAborted } from '@pyrgos/core/errors';

/** A number of places that are taken and given back; who finds none waits in line. */
export class Slots {
  private free: number;
  private readonly line = new Set<() => void>();

  constructor(count: number) {
    this.free = count;
  }

  /** Whether a place is free right now. */
  get isFree(): boolean {
    return this.free > 0;
  }

  /** Takes a place, waiting for one if need be. Give it back with {@link Slots.release}. AbortedError when cancelled while waiting. */
  async take(signal: AbortSignal | undefined): Promise<void> {
    throwIfAborted(signal);
    if (this.free > 0) {
      this.free--;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const next = (): void => {
        stopListening();
        resolve();
      };
      this.line.add(next);
      const stopListening = whenAborted(signal, () => {
        this.line.delete(next);
        reject(new AbortedError('the call', signal));
      });
    });
  }

  /** Gives a place to the first in line, or back. */
  release(): void {
    const [next] = this.line;
    if (next === undefined) {
      this.free++;
      return;
    }
    this.line.delete(next);
    next();
  }
}
