import { PyrgosError } from '@pyrgos/core/errors';
import {
  MAX_CHAT_MERGE_AUTHOR_QUOTA,
  MAX_CHAT_MERGE_AUTHOR_SIZE,
  MAX_CHAT_MERGE_QUOTA,
  MAX_CHAT_MERGE_UNASKED_SIZE,
} from '@pyrgos/core/limits';
import type { Clock } from '../commit/index.js';
import type { ContentPorts } from '../files/content/content-ports.js';
import { isOfOthers } from '../social/friend-spaces.js';

/** Milliseconds for which it is believed how much room the account has. */
const ROOM_TIME = 60_000;
/** Milliseconds for which it is counted how much was taken of an author. */
const DAY = 86_400_000;

/** How much an account stores and may store, in bytes. */
export interface Room {
  readonly used: number;
  readonly quota: number;
}

/** Messages of one author that are to be taken. */
export interface WantedMessages {
  readonly author: string;
  /** Bytes of the next one. */
  readonly size: number;
  /** Bytes of those that were taken before it and are not noted yet: of this author, and of all. */
  readonly ofAuthor: number;
  readonly ofAll: number;
}

/** How much room an account has for what others write: asked now and then, for they may write much. One for each session. */
export class SpaceReserve {
  /** Bytes of messages that were taken of authors, and when the first of them were. */
  private readonly taken = new Map<string, { readonly since: number; readonly bytes: number }>();
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

  /**
   * Why a message has to wait; undefined when it may be taken. PyrgosError `quota` with the reason `reserve` when too little of the account would be free after it, `rate` with the reason `member` when enough was
   * taken of its author for a day.
   */
  async refusal({ author, size, ofAuthor, ofAll }: WantedMessages, signal: AbortSignal | undefined): Promise<PyrgosError | undefined> {
    const before = this.takenOf(author) + ofAuthor;
    if (before + size <= MAX_CHAT_MERGE_UNASKED_SIZE) return undefined;
    const room = await this.room(signal);
    if (room !== undefined && !leavesReserve(ofAll + size, room, MAX_CHAT_MERGE_QUOTA)) {
      const { used, quota } = room;
      return new PyrgosError(
        'quota',
        'Long messages of this member wait, to leave some space free. They come when files are deleted or the account gets more space.',
        { data: { reason: 'reserve', used, quota, size } },
      );
    }
    const share = room === undefined ? Infinity : Math.floor((room.quota * MAX_CHAT_MERGE_AUTHOR_QUOTA) / 100);
    if (before === 0 || before + size <= Math.min(MAX_CHAT_MERGE_AUTHOR_SIZE, share)) return undefined;
    const now = this.space.account.clock.now();
    const since = this.taken.get(author)?.since ?? now;
    return new PyrgosError('rate', 'This member has written more than is taken of one in a day. The rest comes later.', {
      data: { reason: 'member', retryAfterSeconds: Math.max(1, Math.ceil((since + DAY - now) / 1000)) },
    });
  }

  /** Notes that so many bytes of messages of an author are stored. */
  noteTaken(author: string, bytes: number): void {
    const since = this.takenOf(author) > 0 ? this.taken.get(author)?.since : undefined;
    this.taken.set(author, { since: since ?? this.space.account.clock.now(), bytes: this.takenOf(author) + bytes });
    this.noteStored(bytes);
  }

  private takenOf(author: string): number {
    const taken = this.taken.get(author);
    return taken === undefined || this.space.account.clock.now() - taken.since >= DAY ? 0 : taken.bytes;
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
