import { assertInstance, assertList, assertMethods, assertObject, assertOptionalInstance } from '../arguments.js';
import { FormatError, PyrgosError, throwIfAborted } from '../errors.js';
import { MAX_CHAT_PULL } from '../limits.js';
import { ChatReplica } from './chat-replica.js';
import { MemberId } from './member-id.js';
import type { LogItem } from './message-log.js';

/** The log of another member. */
export interface ChatLogSource {
  /** Undefined when it is somebody who is not known here: a new member who has invited a user who was removed. Then the whole log is read each time. */
  readonly member: MemberId | undefined;
  /**
   * Its messages from number `from` on, and in the end how many there are, which may be less than `from`. FormatError where no message begins or the last one is cut off; other
   * errors when it cannot be read now.
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
   * `end`: all was read. `more`: there is more than one pull takes. `damaged`: what follows cannot be read. `failed`: it cannot be read now. `waiting`: messages are missing that come
   * from a member whose own log cannot be read now.
   */
  readonly outcome: 'end' | 'more' | 'damaged' | 'failed' | 'waiting';
  /** Of `damaged` and `failed`. */
  readonly error: unknown;
}

interface Progress {
  readonly source: ChatLogSource;
  /** Whether the beginning of the log was not read yet. */
  rewindable: boolean;
  /** Where to go on in the log of somebody who is not known. */
  position: number;
  applied: number;
  refused: number;
  read: number;
  outcome: PulledLog['outcome'] | 'gap';
  /** Who has written the message before which something is missing. */
  gapOf: MemberId | undefined;
  error: unknown;
}

/**
 * Takes what is new from the logs of other members (chapter 07 section 7.1). Where messages are missing before another one they are first looked for in the other logs, then in the
 * beginning of this one; only then the gap is accepted, for a log that leaves out a message must not make it count as known (section 9.3). One log that is damaged or cannot be read
 * does not stop the others. AbortedError.
 */
export async function pullChat(
  replica: ChatReplica,
  sources: readonly ChatLogSource[],
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<readonly PulledLog[]> {
  assertInstance('replica', replica, ChatReplica);
  assertList('sources', sources);
  assertObject('options', options);
  const { signal } = options;
  throwIfAborted(signal, 'reading a chat');
  const all = sources.map((source, i): Progress => {
    assertMethods(`sources[${i}]`, source, 'read');
    assertOptionalInstance(`sources[${i}].member`, source.member, MemberId);
    return { source, rewindable: true, position: 0, applied: 0, refused: 0, read: 0, outcome: 'end', gapOf: undefined, error: undefined };
  });
  for (const progress of all) await readOn(replica, progress, false, signal);
  // Each round reads on where something was missing that others may have brought; it ends, because each log gains at least one message in a round that goes on.
  for (let gained = true; gained;) {
    gained = false;
    for (const progress of waiting(all)) {
      const before = progress.applied;
      await readOn(replica, progress, false, signal);
      if (progress.applied > before) gained = true;
    }
  }
  for (const progress of waiting(all)) {
    if (progress.rewindable) {
      rewind(replica, progress);
      await readOn(replica, progress, false, signal);
    }
  }
  for (const progress of waiting(all)) {
    const { gapOf, source } = progress;
    const own = gapOf === undefined || gapOf.equals(source.member) ? undefined : all.find((other) => gapOf.equals(other.source.member));
    if (own?.outcome === 'failed') progress.outcome = 'waiting';
    else await readOn(replica, progress, true, signal);
  }
  return all.map(({ source, applied, refused, outcome, error }) => ({
    member: source.member,
    applied,
    refused,
    outcome: outcome === 'gap' ? 'waiting' : outcome,
    error,
  }));
}

function waiting(all: readonly Progress[]): readonly Progress[] {
  return all.filter(({ outcome }) => outcome === 'gap');
}

async function readOn(replica: ChatReplica, progress: Progress, acceptGap: boolean, signal: AbortSignal | undefined): Promise<void> {
  const { member } = progress.source;
  const from = member === undefined ? progress.position : replica.positionOf(member);
  if (from === 0) progress.rewindable = false;
  progress.outcome = 'end';
  try {
    const items = progress.source.read(from);
    for (;;) {
      throwIfAborted(signal, 'reading a chat');
      const next = await items.next();
      if (next.done === true) {
        // The member has begun a new log, or the position was never right.
        if (next.value < from && from > 0) {
          rewind(replica, progress);
          await readOn(replica, progress, acceptGap, signal);
        }
        return;
      }
      if (progress.read === MAX_CHAT_PULL) {
        await items.return(0);
        progress.outcome = 'more';
        return;
      }
      if (!(await take(replica, progress, next.value, acceptGap))) {
        await items.return(0);
        return;
      }
    }
  } catch (error) {
    if (signal?.aborted === true || !(error instanceof PyrgosError) || error.code === 'internal' || error.code === 'argument') throw error;
    progress.outcome = error instanceof FormatError ? 'damaged' : 'failed';
    progress.error = error;
  }
}

function rewind(replica: ChatReplica, progress: Progress): void {
  const { member } = progress.source;
  progress.position = 0;
  // They are met again.
  progress.refused = 0;
  if (member !== undefined) replica.rewind(member);
}

/** False at a gap. */
async function take(replica: ChatReplica, progress: Progress, item: LogItem, acceptGap: boolean): Promise<boolean> {
  const { member } = progress.source;
  if (item.message === undefined) {
    if (member !== undefined) replica.skip(member);
    progress.refused++;
    progress.read++;
    progress.position++;
    return true;
  }
  const result = await replica.merge(member, item.message, { acceptGap });
  if (result === 'gap') {
    progress.outcome = 'gap';
    progress.gapOf = item.message.envelope.author;
    return false;
  }
  progress.read++;
  progress.position++;
  if (result === 'applied') progress.applied++;
  if (result === 'refused') progress.refused++;
  return true;
}
