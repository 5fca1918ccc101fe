import type { ChatLogSource, LogItem, MemberId, PulledLog } from '@pyrgos/core/chat';
import type { TakenMessages, WaitingMessage } from './taken-messages.js';

/** Messages behind one that waits, and bytes of them, that one change looks at. */
const MAX_MESSAGES = 2000;
const MAX_BYTES = 4_194_304;

/** What waits for room in a log. */
export interface WaitingLog extends WaitingMessage {
  /** The number of the first message that was not looked at. */
  readonly passed: number;
  /** Whether everything behind it was looked at. */
  readonly isRead: boolean;
}

/** A log of which not more is taken than there is room for: what follows a message that waits is taken without those of its author, and counted as read when the log goes on. */
export class BoundedLog {
  /** The message at which the log ends for now, and its number. */
  private stop: (WaitingMessage & { readonly place: number }) | undefined;
  /** What was read behind it. */
  private readonly behind: LogItem[] = [];
  private items: AsyncGenerator<LogItem, number, undefined> | undefined;
  private place = 0;
  private bytes = 0;
  private isRead = false;
  private readonly holds: ChatLogSource['holds'];
  private readonly passed: number;

  /** `passed`: where to go on behind a message that waits. `holds`: what waits for the log when it cannot be read. */
  constructor(
    private readonly read: (from: number) => AsyncGenerator<LogItem, number, undefined>,
    private readonly taken: TakenMessages,
    { holds, passed }: { readonly holds: ChatLogSource['holds']; readonly passed: number },
  ) {
    this.holds = holds;
    this.passed = passed;
  }

  /** What waits in it; undefined when nothing does. `outcome`: how reading what is behind it went. */
  waiting(outcome: PulledLog['outcome'] | undefined): WaitingLog | undefined {
    if (this.stop === undefined) return undefined;
    const { place, ...waiting } = this.stop;
    // What waits for others behind it is read once more.
    const passed = outcome === 'end' ? this.place : Math.max(place, this.passed);
    return { ...waiting, passed, isRead: outcome === 'damaged' || (outcome === 'end' && this.isRead) };
  }

  /** The log up to where it ends for now, and what is behind that: the second is nobody's, so that it is not counted. */
  sources(member: MemberId | undefined): readonly [ChatLogSource, ChatLogSource] {
    const holds = (): ChatLogSource['holds'] => (this.stop === undefined ? this.holds : 'own');
    return [
      {
        member,
        // Others are taken without what waits.
        get holds() {
          return holds();
        },
        read: (from) => this.readTo(from),
      },
      { member: undefined, read: (from) => this.readBehind(from) },
    ];
  }

  private async *readTo(from: number): AsyncGenerator<LogItem, number, undefined> {
    const items = this.read(from);
    try {
      for (let place = from; ; place++) {
        const { done, value } = await items.next();
        if (done === true) return value;
        const waiting = await this.taken.refusal(value);
        if (waiting !== undefined) {
          this.stop ??= { ...waiting, place };
          throw waiting.error;
        }
        yield value;
      }
    } finally {
      await items.return(0);
    }
  }

  private async *readBehind(from: number): AsyncGenerator<LogItem, number, undefined> {
    for (let place = from; this.stop !== undefined; place++) {
      const item = this.behind[place] ?? (await this.next(this.stop.place));
      if (item === undefined) break;
      yield item;
    }
    return this.behind.length;
  }

  /** One more message behind the one that waits, kept: the same ones are read again where others are missing before them. */
  private async next(stop: number): Promise<LogItem | undefined> {
    if (this.items === undefined) {
      this.place = Math.max(stop, this.passed);
      this.items = this.read(this.place);
    }
    while (!this.isRead && this.behind.length < MAX_MESSAGES && this.bytes < MAX_BYTES) {
      const { done, value } = await this.items.next();
      if (done === true) {
        this.isRead = true;
        // It was begun anew, and is shorter.
        if (value < this.place) this.place = 0;
        break;
      }
      this.place++;
      if (value.message === undefined || (await this.taken.refusal(value)) !== undefined) continue;
      this.behind.push(value);
      this.bytes += value.end - value.start;
      return value;
    }
    return undefined;
  }
}
