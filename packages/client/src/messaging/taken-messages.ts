import type { ChatReplica, ChatState, LogItem, MessageEnvelope, SignedMessage } from '@pyrgos/core/chat';
import type { PyrgosError } from '@pyrgos/core/errors';
import type { SpaceReserve } from './space-reserve.js';

/** A message that has to wait. */
export interface WaitingMessage {
  readonly author: string;
  readonly size: number;
  readonly error: PyrgosError;
}

/** What was given to a change of one author. */
interface Given {
  readonly sizes: Map<SignedMessage, number>;
  bytes: number;
}

/** How much one change takes of what others have written. What waits of an author waits with everything behind it. */
export class TakenMessages {
  /** Sizes of what was given to the change, by author: some of it may be refused. */
  private readonly given = new Map<string, Given>();
  private bytes = 0;
  private readonly waiting = new Map<string, WaitingMessage>();
  private readonly before: ChatState;

  constructor(
    private readonly replica: ChatReplica,
    private readonly reserve: SpaceReserve,
    private readonly signal: AbortSignal | undefined,
  ) {
    this.before = replica.state;
  }

  /** Whether something has to wait; undefined when it may be taken. What is known already costs nothing. */
  async refusal({ message, start, end }: LogItem): Promise<WaitingMessage | undefined> {
    if (message === undefined || isKnown(this.before, message.envelope)) return undefined;
    const { author } = message.envelope;
    const id = author.toString();
    const waiting = this.waiting.get(id);
    if (waiting !== undefined || author.equals(this.before.host)) return waiting;
    const username = this.before.member(author)?.username ?? id;
    const size = end - start;
    const ask = async (): Promise<PyrgosError | undefined> => {
      const ofAuthor = this.given.get(id)?.bytes ?? 0;
      return this.reserve.refusal({ author: username, size, ofAuthor, ofAll: this.bytes }, this.signal);
    };
    let error = await ask();
    if (error !== undefined) {
      this.forgetRefused();
      error = await ask();
    }
    if (error === undefined) {
      this.note(id, message, size);
      return undefined;
    }
    const found = { author: username, size, error };
    this.waiting.set(id, found);
    return found;
  }

  /** Bytes of what was taken, by the names of its authors. */
  ofAuthors(): ReadonlyMap<string, number> {
    this.forgetRefused();
    const names = new Map([...this.replica.state.members.values()].map(({ id, username }) => [id.toString(), username]));
    const found = new Map<string, number>();
    for (const [id, { bytes }] of this.given) {
      const username = names.get(id) ?? id;
      if (bytes > 0) found.set(username, (found.get(username) ?? 0) + bytes);
    }
    return found;
  }

  private note(id: string, message: SignedMessage, size: number): void {
    const given = this.given.get(id) ?? { sizes: new Map<SignedMessage, number>(), bytes: 0 };
    this.given.set(id, given);
    // The same one may be given more than once, while others are missing before it.
    const more = given.sizes.has(message) ? 0 : size;
    given.sizes.set(message, size);
    given.bytes += more;
    this.bytes += more;
  }

  /** What was refused does not count. */
  private forgetRefused(): void {
    const taken = new Set(this.replica.changes.appended);
    for (const given of this.given.values()) {
      for (const [message, size] of given.sizes) {
        if (taken.has(message)) continue;
        given.sizes.delete(message);
        given.bytes -= size;
        this.bytes -= size;
      }
    }
  }
}

/** Whether the own copy has a message already. */
export function isKnown({ clock }: ChatState, { author, counter }: MessageEnvelope): boolean {
  return counter !== undefined && (clock.get(author) ?? -1) >= counter;
}
