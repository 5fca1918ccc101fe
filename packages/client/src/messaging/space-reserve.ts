import type { Clock } from '../commit/index.js';
import type { ContentPorts } from '../files/content/content-ports.js';
import { isOfOthers } from '../social/friend-spaces.js';

/** Milliseconds for which it is believed how much room the account has. */
const ROOM_TIME = 60_000;

/** How much an account stores and may store, in bytes. */
export interface Room {
  readonly used: number;
  readonly quota: number;
}

/** How much room an account has for what others write: asked now and then, for they may write much. One for each session. */
export class SpaceReserve {
  private known: (Room & { readonly until: number }) | undefined;

  constructor(
    private readonly space: { readonly account: { readonly clock: Pick<Clock, 'now'> }; readonly ports: Pick<ContentPorts, 'space'> },
  ) {}

  /** The room of the account, with what was noted since it was asked; undefined when nobody says. AbortedError. */
  async room(signal: AbortSignal | undefined): Promise<Room | undefined> {
    const { account, ports } = this.space;
    const { space } = ports;
    if (space === undefined) return undefined;
    const now = account.clock.now();
    if (this.known === undefined || this.known.until < now) {
      try {
        const [used, quota] = await Promise.all([space.usage({ signal }), space.quota({ signal })]);
        this.known = { used, quota, until: now + ROOM_TIME };
      } catch (error) {
        if (!isOfOthers(error)) throw error;
        return undefined;
      }
    }
    return this.known;
  }

  /** Notes that so many bytes more are stored. */
  noteStored(bytes: number): void {
    if (this.known !== undefined) this.known = { ...this.known, used: this.known.used + bytes };
  }
}

/** Whether not more than so many percent of the quota are in use after so many bytes were stored unasked. */
export function leavesReserve(size: number, { used, quota }: Room, percent: number): boolean {
  return (used + size) * 100 <= quota * percent;
}
