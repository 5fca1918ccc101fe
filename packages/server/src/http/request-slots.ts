import { PyrgosError } from '@pyrgos/core/errors';

/** Too many requests at a time (chapter 02 section 1.1): answered with 503 and a text upon which clients try again. */
export class OverloadError extends PyrgosError {
  override readonly name = 'OverloadError';

  constructor() {
    super('rate', 'Queue full, please try again later', { retry: 'safe' });
  }
}

/** A request body that is under way. */
export interface ArrivingBody {
  /** Something of it has arrived. */
  progressed(): void;
  /** It is not read for the moment: its silence is not its client's fault. */
  pause(): void;
  /** It has arrived, or it never will. More than once is fine. */
  end(): void;
}

/**
 * Bounds how many requests are worked on and, apart from that, how many bodies are under way, so that clients that do not finish what
 * they send keep nobody from being served. When there are too many bodies, the one that has been silent for longest is given up: a client
 * in good faith sends a small body in one go.
 */
export class RequestSlots {
  private working = 0;
  /** Silent for longest first. */
  private readonly arriving = new Set<Arriving>();

  constructor(
    private readonly maxWorking: number,
    private readonly maxArriving: number,
  ) {}

  /** Takes a slot, to be given back with {@link leave}; false when all are taken. */
  tryEnter(): boolean {
    if (this.working >= this.maxWorking) return false;
    this.working++;
    return true;
  }

  /** Gives a slot back. */
  leave(): void {
    this.working--;
  }

  /** A body begins to arrive. `giveUp` is called at most once, and not after its end. */
  receive(giveUp: (reason: OverloadError) => void): ArrivingBody {
    const body = new Arriving(giveUp, (moved) => {
      this.arriving.delete(moved);
      if (!moved.isActive) return;
      this.arriving.add(moved);
      if (this.arriving.size > this.maxArriving) this.giveUpFirst();
    });
    body.progressed();
    return body;
  }

  private giveUpFirst(): void {
    for (const first of this.arriving) {
      first.end();
      first.giveUp(new OverloadError());
      return;
    }
  }
}

class Arriving implements ArrivingBody {
  isActive = false;
  private hasEnded = false;

  constructor(
    readonly giveUp: (reason: OverloadError) => void,
    private readonly moved: (body: Arriving) => void,
  ) {}

  progressed(): void {
    if (this.hasEnded) return;
    this.isActive = true;
    this.moved(this);
  }

  pause(): void {
    this.isActive = false;
    this.moved(this);
  }

  end(): void {
    this.hasEnded = true;
    this.pause();
  }
}
