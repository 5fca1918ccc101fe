import { assertFunction, assertInstance, assertList, assertMethods, assertObject, assertOptionalInstance } from '../arguments.js';
import { assertInteger } from '../bytes.js';
import { FormatError, PyrgosError, throwIfAborted } from '../errors.js';
import { MAX_CHAT_PULL } from '../limits.js';
import { ChatReplica } from './chat-replica.js';
import { HeldMessages } from './held-messages.js';
import { MemberId } from './member-id.js';
import type { MessageEnvelope } from './message-envelope.js';
import type { LogItem } from './message-log.js';

/** The log of another member. */
export interface ChatLogSource {
  /** Undefined when it is somebody who is not known here: a new member who has invited a user who was removed. Then the whole log is read each time. */
  readonly member: MemberId | undefined;
  /**
   * What waits when this log cannot be read now, and messages of this member are missing: `all`, the default, every message that comes after them; `own` only those of the member, so that nothing is lost, while
   * others are taken without; `none` nothing.
   */
  readonly holds?: 'all' | 'own' | 'none' | undefined;
  /**
   * Its messages from number `from` on, and in the end how many there are, which may be less than `from`. FormatError where no message begins or the last one is cut off, and other errors that are
   * {@link PullChatOptions.isDamage}; any other when it cannot be read now.
   */
  read(from: number): AsyncGenerator<LogItem, number, undefined>;
}

/** How reading the log of one member went. */
export interface PulledLog {
  readonly member: MemberId | undefined;
  /** Messages that were new. */
  readonly applied: number;
  /** Messages that were forged, malformed, or of nobody who is known: they are left out. */
  readonly refused: number;
  /**
   * `end`: all was read. `more`: there is more than one pull takes, and the next one goes on. `damaged`: what follows cannot be read. `failed`: it cannot be read now. `waiting`: messages are missing that come
   * from a member whose own log cannot be read now, and what does not come after them was taken; or there are more invitations of strangers than are looked up at a time.
   */
  readonly outcome: 'end' | 'more' | 'damaged' | 'failed' | 'waiting';
  /** What is wrong with the log. */
  readonly error: PyrgosError | undefined;
}

/** How messages are pulled. */
export interface PullChatOptions {
  readonly signal?: AbortSignal | undefined;
  /** Once the messages that were new have so many bytes together, the rest is `more`. What is known already costs nothing. Default: all. */
  readonly maxBytes?: number | undefined;
  /** Members whose logs were read from the beginning in this look, by id; those of this pull are added. Each is only once, however many pulls a look takes. */
  readonly reread?: Set<string> | undefined;
  /**
   * Whether the log of a user who comes into the chat with this pull can be read with the next one: then what is missing of theirs is waited for until then, and the outcome is `more`. Default:
   * nobody's.
   */
  readonly isAskedNext?: ((username: string) => boolean) | undefined;
  /**
   * Whether an error of reading a log, beside FormatError, says that something in it is damaged or gone: nothing waits for what may be behind. Default: no other one.
   */
  readonly isDamage?: ((error: PyrgosError) => boolean) | undefined;
}

/** What to do at a gap: to end there; to pass over it; to take the message unless it waits; the same, where messages wait for each other. */
type AtGap = 'stop' | 'hold' | 'accept' | 'force';
/** What has become of one message. */
type Taken = 'done' | 'accepted' | 'later';

/** A log, and how far reading it is. */
interface Progress {
  readonly source: ChatLogSource;
  /** Where to go on in the log of somebody who is not known. */
  position: number;
  applied: number;
  refused: number;
  /** Messages that were read up to the first gap, and over gaps. */
  read: number;
  passed: number;
  /** Whether there is more behind what was passed over. */
  isCut: boolean;
  outcome: PulledLog['outcome'] | 'gap';
  /** The first message before which something is missing. */
  gap: MessageEnvelope | undefined;
  /** Whether a message could be taken if the log had been read from the beginning. */
  wantsRereading: boolean;
  error: PyrgosError | undefined;
}

/**
 * Takes what is new from the logs of other members (chapter 07 section 7.1). Where messages are missing before another one they are first looked for in the other logs, then in the
 * beginning of this one, then behind gaps in all of them; only then the gap is accepted, for a log that leaves out a message must not make it count as known (section 9.3). As long as the log of somebody of whom messages are missing cannot be
 * read, what comes after them waits, and nothing else. One log that is damaged or cannot be read does not stop the others. AbortedError.
 */
export async function pullChat(
  replica: ChatReplica,
  sources: readonly ChatLogSource[],
  options: PullChatOptions = {},
): Promise<readonly PulledLog[]> {
  assertInstance('replica', replica, ChatReplica);
  assertList('sources', sources);
  assertObject('options', options);
  const { signal, maxBytes = Infinity, reread = new Set<string>(), isAskedNext = () => false, isDamage = () => false } = options;
  if (maxBytes !== Infinity) assertInteger('options.maxBytes', maxBytes, 1, Number.MAX_SAFE_INTEGER);
  assertInstance('options.reread', reread, Set);
  assertFunction('options.isAskedNext', isAskedNext);
  assertFunction('options.isDamage', isDamage);
  throwIfAborted(signal, 'reading a chat');
  const logs = sources.map((source, i): Progress => {
    assertMethods(`sources[${i}]`, source, 'read');
    assertOptionalInstance(`sources[${i}].member`, source.member, MemberId);
    return {
      source,
      position: 0,
      applied: 0,
      refused: 0,
      read: 0,
      passed: 0,
      isCut: false,
      outcome: 'end',
      gap: undefined,
      wantsRereading: false,
      error: undefined,
    };
  });
  const pull = new Pull(replica, logs, signal, maxBytes, reread, isAskedNext, isDamage);
  await pull.run();
  return logs.map((log) => {
    const { source, applied, refused, error } = log;
    return { member: source.member, applied, refused, outcome: pull.outcomeOf(log), error };
  });
}

class Pull {
  /** What waits for members whose logs cannot be read now, by id. */
  private readonly absent = new Map<string, 'all' | 'own'>();
  /** Who was a member before, by id. */
  private readonly before: ReadonlySet<string>;
  /** Whether something waits for the log of a new member. */
  private hasNext = false;
  /** Messages that were taken, or counted although others are missing. */
  private gained = 0;
  /** The same, after which gaps were passed over. */
  private gainedBehindGaps = 0;

  constructor(
    private readonly replica: ChatReplica,
    private readonly logs: readonly Progress[],
    private readonly signal: AbortSignal | undefined,
    private bytes: number,
    private readonly reread: Set<string>,
    private readonly isAskedNext: (username: string) => boolean,
    private readonly isDamage: (error: PyrgosError) => boolean,
  ) {
    this.before = new Set([...replica.state.members.values()].map(({ id }) => id.toString()));
  }

  outcomeOf({ outcome, isCut }: Progress): PulledLog['outcome'] {
    if (outcome !== 'gap') return outcome;
    return this.hasNext || (isCut && this.gainedBehindGaps > 0) ? 'more' : 'waiting';
  }

  async run(): Promise<void> {
    for (const log of this.logs) await this.read(log, 'stop');
    // Each round reads on where something was missing that others may have brought; it ends, because each log gains at least one message in a round that goes on.
    for (let before = -1; before < this.gained;) {
      before = this.gained;
      for (const log of this.waiting) await this.read(log, 'stop');
    }
    for (const log of this.waiting) {
      if (this.isMore) return;
      if (log.gap !== undefined && this.isRereadable(log) && !this.mustWait(log.gap)) await this.readAnew(log);
    }
    const before = this.gained;
    await this.passGaps();
    this.gainedBehindGaps = this.gained - before;
  }

  private get waiting(): readonly Progress[] {
    return this.logs.filter(({ outcome }) => outcome === 'gap');
  }

  /** What is missing may be in what is still to be read. */
  private get isMore(): boolean {
    return this.logs.some(({ outcome }) => outcome === 'more');
  }

  /** Nobody has what is missing, as far as one can read: takes the messages behind it, but not before others that are there, and not before those of members who are awaited. */
  private async passGaps(): Promise<void> {
    for (;;) {
      let held = new HeldMessages();
      // What one log has behind a gap another one may lack.
      for (let before = -1; this.waiting.length > 1 && before < this.gained;) {
        before = this.gained;
        held = new HeldMessages();
        for (const log of this.waiting) await this.read(log, 'hold', held);
      }
      if (this.isMore) return;
      const before = this.gained;
      for (const log of this.waiting) await this.read(log, 'accept', held);
      if (this.isMore) return;
      const late = this.waiting.filter((log) => log.wantsRereading && this.isRereadable(log));
      for (const log of late) await this.readAnew(log);
      if (late.length > 0 || this.gained > before) continue;
      // Only somebody who lies has seen a message that was written after the own one.
      const [first] = this.waiting;
      if (first === undefined || this.absent.size > 0 || this.hasNext) return;
      await this.read(first, 'force', held);
      if (this.gained === before) return;
    }
  }

  private async read(log: Progress, atGap: AtGap, held?: HeldMessages): Promise<void> {
    const { member } = log.source;
    const from = member === undefined ? log.position : this.replica.positionOf(member);
    if (from === 0) this.noteReread(log);
    log.outcome = 'end';
    log.gap = undefined;
    log.isCut = false;
    log.wantsRereading = false;
    let next = atGap;
    let isTaking = false;
    try {
      const items = log.source.read(from);
      for (;;) {
        throwIfAborted(this.signal, 'reading a chat');
        const { done, value } = await items.next();
        if (done === true) {
          // The member has begun a new log, or the position was never right.
          if (value < from && from > 0) {
            this.rewind(log);
            await this.read(log, atGap, held);
            return;
          }
          break;
        }
        const isSpent = atGap === 'stop' ? log.read === MAX_CHAT_PULL : log.passed === MAX_CHAT_PULL;
        if (this.bytes <= 0 || isSpent) {
          await items.return(0);
          log.isCut = true;
          // What was passed over is no reason to begin anew at the same place.
          if (this.bytes <= 0 || log.gap === undefined) log.outcome = 'more';
          break;
        }
        isTaking = true;
        const taken = await this.take(log, value, next, held);
        isTaking = false;
        // Nothing more is read of this log now. Whoever has seen what stands there does not wait for it.
        if (taken === 'later') {
          log.outcome = 'waiting';
          await items.return(0);
          break;
        }
        if (taken === 'accepted' && next === 'force') next = 'accept';
        if (atGap === 'stop' && log.gap !== undefined) {
          await items.return(0);
          break;
        }
      }
    } catch (error) {
      if (this.signal?.aborted === true || !(error instanceof PyrgosError) || error.code === 'internal' || error.code === 'argument')
        throw error;
      log.error = error;
      // What is wrong with somebody whom a message is about is not damage of the log.
      const isDamaged = !isTaking && (error instanceof FormatError || this.isDamage(error));
      log.outcome = isDamaged ? 'damaged' : 'failed';
      const { holds = 'all' } = log.source;
      if (log.outcome === 'failed' && member !== undefined && holds !== 'none') this.absent.set(member.toString(), holds);
    }
    if (log.gap !== undefined && (log.outcome === 'end' || log.outcome === 'damaged')) log.outcome = 'gap';
  }

  /** Takes one message, or notes that it has to wait. `accepted`: it was taken although others are missing. `later`: neither it nor what follows can be judged now. */
  private async take(log: Progress, { message, start, end }: LogItem, atGap: AtGap, held: HeldMessages | undefined): Promise<Taken> {
    if (atGap === 'stop') log.read++;
    else log.passed++;
    // Behind a message that waits nothing counts as read.
    const isCounted = log.gap === undefined;
    const source = isCounted ? log.source.member : undefined;
    if (message === undefined) {
      if (source !== undefined) this.replica.skip(source);
      if (isCounted) this.count(log, 'refused');
      return 'done';
    }
    const { envelope } = message;
    let result = await this.replica.merge(source, message);
    let isAccepted = false;
    if (result === 'later') return 'later';
    if (result === 'gap') {
      if (!this.mayAccept(log, envelope, atGap, held)) {
        log.gap ??= envelope;
        held?.add(envelope.author, envelope.counter ?? 0);
        return 'done';
      }
      result = await this.replica.merge(source, message, { acceptGap: true });
      if (result === 'later') return 'later';
      held?.delete(envelope.author, envelope.counter ?? 0);
      isAccepted = true;
    }
    if (isCounted) this.count(log, result);
    if (result === 'applied') {
      log.applied++;
      this.bytes -= end - start;
    }
    if (result === 'applied' || (isAccepted && isCounted)) this.gained++;
    return isAccepted ? 'accepted' : 'done';
  }

  private count(log: Progress, result: string): void {
    log.position++;
    if (result === 'refused') log.refused++;
  }

  private mayAccept(log: Progress, envelope: MessageEnvelope, atGap: AtGap, held: HeldMessages | undefined): boolean {
    if (atGap === 'stop' || atGap === 'hold') return false;
    if (this.mustWait(envelope, atGap === 'force' ? undefined : held)) return false;
    if (!this.isRereadable(log)) return true;
    log.wantsRereading = true;
    return false;
  }

  /** Whether something that is missing before a message may still come: from somebody who cannot be asked now, or because it waits itself. */
  private mustWait(envelope: MessageEnvelope, held?: HeldMessages): boolean {
    return this.replica.missingBefore(envelope).some((missing) => {
      if (this.isNext(missing.author)) return true;
      const holds = this.absent.get(missing.author.toString());
      if (holds === 'own' && !missing.author.equals(envelope.author)) return false;
      return holds !== undefined || held?.hasAnyOf(missing) === true;
    });
  }

  /** Whether somebody has come into the chat with this pull, whose log is read with the next one. */
  private isNext(id: MemberId): boolean {
    if (this.before.has(id.toString())) return false;
    const member = this.replica.state.member(id);
    if (member === undefined || member.isRemoved || member.isPending || !this.isAskedNext(member.username)) return false;
    this.hasNext = true;
    return true;
  }

  private isRereadable({ source }: Progress): boolean {
    return source.member !== undefined && !this.reread.has(source.member.toString());
  }

  private noteReread({ source }: Progress): void {
    if (source.member !== undefined) this.reread.add(source.member.toString());
  }

  private async readAnew(log: Progress): Promise<void> {
    this.rewind(log);
    log.read = 0;
    await this.read(log, 'stop');
  }

  private rewind(log: Progress): void {
    const { member } = log.source;
    log.position = 0;
    // They are met again.
    log.refused = 0;
    if (member !== undefined) this.replica.rewind(member);
    this.noteReread(log);
  }
}
