import { FormatError } from '../errors.js';
import type { Hasher } from '../crypto/provider.js';
import { MAX_CHAT_HISTORY, MAX_CHAT_HISTORY_SIZE } from '../limits.js';
import type { MemberId } from './member-id.js';
import type { MessageEnvelope } from './message-envelope.js';
import type { SignedMessage } from './signed-message.js';

/** Reads the own log from its beginning on; undefined in the places where no message is that is understood. FormatError where it is damaged; other errors when it cannot be read now. */
export type OwnLogReader = () => Iterable<SignedMessage | undefined> | AsyncIterable<SignedMessage | undefined>;

/**
 * What the own log has, as far as it takes to tell whether somebody has joined this chat and not another one (chapter 07 section 7.3). The stored log is read when that is asked for the first
 * time, and only where the newest messages do not tell. Of a log of more than MAX_CHAT_HISTORY messages or MAX_CHAT_HISTORY_SIZE bytes nothing is told.
 */
export class OwnHistory {
  private readonly refs = new Set<string>();
  /** Which message of which author. */
  private readonly places = new Set<string>();
  private count = 0;
  private size = 0;
  private isRead: boolean;
  private isUnknown = false;

  /** Without `read` nothing is known of a log that has messages already. */
  constructor(
    private readonly hasher: Pick<Hasher, 'sha256'>,
    isEmpty: boolean,
    private readonly read: OwnLogReader | undefined,
    private readonly recent: readonly MessageEnvelope[],
  ) {
    this.isRead = isEmpty;
  }

  /** Notes a message that goes into the own log. */
  note(envelope: MessageEnvelope): void {
    this.count++;
    this.size += envelope.encode().length;
    this.isUnknown ||= this.count > MAX_CHAT_HISTORY || this.size > MAX_CHAT_HISTORY_SIZE;
    if (this.isUnknown) {
      this.refs.clear();
      this.places.clear();
      return;
    }
    this.refs.add(envelope.ref(this.hasher).toString());
    this.places.add(placeOf(envelope.author, envelope.counter ?? 0));
  }

  /**
   * Whether the author of a message, which is the first one of theirs, may have had this log before: it names one of its messages, or none, or one of those that its clock speaks of is not here,
   * because it was lost, refused, or of somebody who was removed. Errors of reading the log.
   */
  async isBehind(envelope: MessageEnvelope): Promise<boolean> {
    const { author, previous, timestamp } = envelope;
    if (previous.length === 0 || this.isUnknown) return true;
    const refs = previous.map((ref) => ref.toString());
    const hasOne = (): boolean => refs.some((ref) => this.refs.has(ref));
    if (hasOne() || this.recent.some((message) => refs.includes(message.ref(this.hasher).toString()))) return true;
    await this.readOnce();
    if (this.isUnknown || hasOne()) return true;
    for (const [id, counter] of timestamp.values()) {
      if (counter > 0 && !id.equals(author) && !this.places.has(placeOf(id, counter))) return true;
    }
    return false;
  }

  private async readOnce(): Promise<void> {
    if (this.isRead) return;
    this.isRead = true;
    try {
      if (this.read === undefined) this.isUnknown = true;
      else
        for await (const message of this.read()) {
          if (message !== undefined) this.note(message.envelope);
          if (this.isUnknown) return;
        }
    } catch (error) {
      this.isRead = false;
      if (!(error instanceof FormatError)) throw error;
      this.isRead = true;
      this.isUnknown = true;
    }
  }
}

function placeOf(author: MemberId, counter: number): string {
  return `${author.toString()} ${counter}`;
}
