import { concatBytes, equalBytes } from '@pyrgos/core/bytes';
import { type MessageEnvelope, SignedMessage } from '@pyrgos/core/chat';
import { FormatError, type PyrgosError, throwIfAborted } from '@pyrgos/core/errors';
import { SIGNATURE_SIZE } from '@pyrgos/core/keys';
import { MAX_CHUNK_SIZE } from '@pyrgos/core/limits';
import { isDamage } from '../../files/view/index.js';
import { takeTurn } from '../../waiting/take-turn.js';
import { GrownFile } from './grown-file.js';
import { type LogAnchor, type LogPlace, readAnchors } from './log-anchors.js';
import type { LogFile } from './log-file.js';
import { envelopeStart, MESSAGE_HEAD_SIZE, messageSize } from './message-head.js';

/** Bytes of messages that are handed out at a time, unless one of them alone has more. */
const WINDOW = 1_048_576;
/** Bytes at the end of a message, with its time and clock in them, by which it is known again. */
const END_SIZE = 256;

/** What a log is opened with. */
export interface OwnLogParts {
  readonly file: LogFile;
  /** The index as it is stored; may be empty. */
  readonly index: Uint8Array;
  /** How many messages the log has, as the state says: a hint, too. */
  readonly count?: number | undefined;
  /** Names what is in the file: of the same version nothing is looked at anew. */
  readonly version?: string | undefined;
  /** The same log as it was before, of which everything is still true when it has only grown. */
  readonly previous?: OwnLog | undefined;
  /** The newest messages, as the state has them: what has come to `previous` is taken from there. Messages from there are read without their signatures. */
  readonly recent?: readonly MessageEnvelope[] | undefined;
  /** Where somebody was in it before: when it fits still, what is before it is not looked through once more. */
  readonly place?: LogPlace | undefined;
  /** Of so many bytes is looked where messages begin, up to the end of a chunk; what is behind them is not there for this time ({@link OwnLog.isCut}). Default: all. */
  readonly most?: number | undefined;
}

/** A message as it stands in the log. */
export interface RawMessage {
  readonly index: number;
  /** Undefined for one that is lost: nobody can say where it begins. */
  readonly bytes: Uint8Array | undefined;
}

/** Messages between two anchors. */
interface Segment extends LogAnchor {
  /** Where each message begins and, at the end, where the last one ends; undefined when nobody has looked. */
  readonly starts?: readonly number[];
  /** Whether it begins at a place that was found before, not one of the index. */
  readonly isCertain?: boolean;
  /** Whether it goes on behind what was looked through. */
  readonly isCut?: boolean;
}

/** What was found from a place of a log on. */
interface Walk {
  readonly starts: readonly number[];
  /** What is wrong where it ends, before where it should. */
  readonly error: PyrgosError | undefined;
  /** Whether that is a message which goes on behind it. */
  readonly isBeyond?: boolean;
  /** Whether no more may be looked through. */
  readonly isCut?: boolean;
  /** Bytes that were read for it. */
  readonly cost: number;
}

/**
 * The log of the own copy of a chat (chapter 07 section 5): its messages by their numbers, without having it in memory. One chunk of the file is looked at a time; of what was looked at only the
 * places of the messages are kept. The index is a hint: where it is wrong, or has an end, the log itself is looked through; when that was in vain for as many bytes as the log has, all of the
 * index is given up.
 *
 * A place that is damaged hides what is behind it up to the next place of the index, and is told as `problem`. Nothing of the content of messages is checked here.
 */
export class OwnLog {
  private trouble: PyrgosError | undefined;
  /** The last END_SIZE bytes of the last message, but nothing of its signature. */
  private lastEnd: Uint8Array | undefined;
  /** Ends when the last call that looks through a segment does. */
  private turn: Promise<unknown> = Promise.resolve();
  /** Bytes that were looked through from places that were none, or for nothing but whether they are. */
  private wasted = 0;
  /** Bytes that may still be looked through. */
  private left: number;

  private constructor(
    private readonly file: LogFile,
    private readonly version: string | undefined,
    private segments: Segment[],
    private readonly origin: object = {},
    private readonly most = Infinity,
  ) {
    this.left = most;
  }

  /** Opens a log: looks at what is behind the last place of the index. Errors of the file. */
  static async open(parts: OwnLogParts, signal?: AbortSignal): Promise<OwnLog> {
    const { file, index, count, version, previous, place, most } = parts;
    if (previous !== undefined && version !== undefined && previous.version === version) return previous;
    const grown = previous?.grownBy(parts) ?? (await previous?.grownTo(file, version, signal));
    if (grown !== undefined) return grown;
    const log = new OwnLog(file, version, [...readAnchors(index, file.size)], {}, most);
    if (place !== undefined && (await log.has(place, signal))) log.goOnAt(place);
    await log.walked(Infinity, signal);
    if (count !== undefined && log.length !== count && log.segments.length > 1) {
      // The numbers of the index are not those of the messages: counted from the beginning.
      log.giveUpIndex();
      await log.walked(Infinity, signal);
    }
    await log.noteLast(signal);
    return log;
  }

  /** How many messages there are. */
  get length(): number {
    const last = this.segments.at(-1);
    return last === undefined ? 0 : last.message + messagesOf(last);
  }

  /** What is wrong with the log, as far as it was looked at. */
  get problem(): PyrgosError | undefined {
    return this.trouble;
  }

  /** Whether the log goes on behind what may be looked through at a time: `length` may be too low then, and what is behind is not read. */
  get isCut(): boolean {
    return this.segments.some(({ isCut }) => isCut === true);
  }

  /** Where a message begins, or, when nobody has looked so far, the last place before it where one does; undefined when nobody has looked there at all, or what is before cannot be read. */
  async placeOf(index: number, signal?: AbortSignal): Promise<LogPlace | undefined> {
    const { message = 0, starts } = this.segments[this.segmentOf(index)] ?? {};
    const known = Math.min(index - message, (starts?.length ?? 0) - 1);
    const offset = starts?.[known];
    if (offset === undefined) return undefined;
    try {
      return { message: message + known, offset, before: await this.bytes(Math.max(0, offset - END_SIZE), offset, signal) };
    } catch (error) {
      if (!isDamage(error)) throw error;
      return undefined;
    }
  }

  /** Whether this is the same log as another one, from which it has grown, or the other way round. */
  isSameAs(other: OwnLog): boolean {
    return this.origin === other.origin;
  }

  /** The first of up to `most` messages before `to` that have no more than `size` bytes together; at least one. */
  async stepBack(to: number, most: number, size: number, signal?: AbortSignal): Promise<number> {
    const k = await this.walkedAt(to - 1, signal);
    const first = Math.max(0, to - most, this.segments[k]?.message ?? 0);
    let from = to - 1;
    let left = size - this.sizeOf(from);
    while (from > first && (left -= this.sizeOf(from - 1)) >= 0) from--;
    return from;
  }

  /** The messages with the numbers [from, to) that are there, in order. */
  async *read(from: number, to: number, signal?: AbortSignal): AsyncGenerator<RawMessage, void, undefined> {
    let next = from;
    while (next < Math.min(to, this.length)) {
      throwIfAborted(signal, 'reading a chat');
      const k = await this.walkedAt(next, signal);
      const segment = this.segments[k];
      const { message = 0, starts = [] } = segment ?? {};
      // There are fewer than the index has said, when that was wrong.
      const until = Math.min(to, this.length, this.segments[k + 1]?.message ?? Infinity);
      while (next < until) {
        const first = next - message;
        const start = starts[first];
        let last = first + 1;
        if (start === undefined || starts[last] === undefined) {
          if (segment?.isCut === true) return;
          yield { index: next++, bytes: undefined };
          continue;
        }
        while (message + last < until && (starts[last + 1] ?? Infinity) - start <= WINDOW) last++;
        const bytes = await this.bytes(start, starts[last] ?? start, signal);
        for (let i = first; i < last; i++) {
          yield { index: next++, bytes: bytes.subarray((starts[i] ?? 0) - start, (starts[i + 1] ?? 0) - start) };
        }
      }
    }
  }

  /** How many bytes a message has; 0 for one that is not there, or was not looked at. */
  sizeOf(index: number): number {
    const { message = 0, starts = [] } = this.segments[this.segmentOf(index)] ?? {};
    const start = starts[index - message];
    const end = starts[index - message + 1];
    return start === undefined || end === undefined ? 0 : end - start;
  }

  /** The last segment that begins with this message, or before it. */
  private segmentOf(index: number): number {
    let low = 0;
    let high = this.segments.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((this.segments[middle]?.message ?? 0) <= index) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** {@link OwnLog.walked} of the segment with a message; one call at a time, because segments may become one. */
  private async walkedAt(index: number, signal: AbortSignal | undefined): Promise<number> {
    const known = this.segmentOf(index);
    if (this.segments[known]?.starts !== undefined) return known;
    const turn = this.turn.then(async () => this.walked(index, signal));
    this.turn = turn.catch(() => undefined);
    return turn;
  }

  /**
   * Looks where the messages of the segment with a message are, and gives its place in the list. A segment that does not end where the next one begins was named by a wrong entry of the index: then
   * it is a part of the one before. Only when the one before leads to it, the log is damaged.
   */
  private async walked(index: number, signal: AbortSignal | undefined): Promise<number> {
    for (;;) {
      const k = this.segmentOf(index);
      const segment: Segment = this.segments[k] ?? { message: 0, offset: 0 };
      if (segment.starts !== undefined) return k;
      const { message, offset } = segment;
      const next = this.segments[k + 1];
      const walk = await this.walk(offset, next?.offset ?? this.file.size, signal);
      const { error, isCut = false } = walk;
      const isWhole = error === undefined && !isCut && (next === undefined || message + walk.starts.length - 1 === next.message);
      // The beginning is certain; any other entry may be wrong, but not one to which the one before leads while the messages behind it are damaged.
      const isRight =
        k === 0 || segment.isCertain === true || isWhole || isCut || (error !== undefined && (await this.isReached(k, signal)));
      if (isRight && (isWhole || isCut || next === undefined || (error !== undefined && walk.isBeyond !== true))) {
        this.segments[k] = { ...segment, starts: this.fitted(walk.starts, next, message), isCut };
        this.trouble ??= error;
        return k;
      }
      this.wasted += walk.cost;
      if (this.wasted > Math.min(this.file.size, this.most) && this.segments.some((one, i) => i > 0 && one.isCertain !== true)) {
        this.giveUpIndex();
        // How many messages there are is known by the last ones.
        await this.walked(Infinity, signal);
      } else this.join(isRight ? k : k - 1);
      await takeTurn();
    }
  }

  /** Whether a place that was found in a log before is one of this log. */
  private async has({ offset, before }: LogPlace, signal: AbortSignal | undefined): Promise<boolean> {
    if (offset > this.file.size) return false;
    try {
      return equalBytes(await this.bytes(offset - before.length, offset, signal), before);
    } catch (error) {
      if (!isDamage(error)) throw error;
      return false;
    }
  }

  /** Makes a segment begin at a place that was found before. */
  private goOnAt({ message, offset }: LogPlace): void {
    const before = this.segments.filter((one) => one.message < message && one.offset < offset);
    const behind = this.segments.filter((one) => one.message > message && one.offset > offset);
    if (before.length > 0) this.segments = [...before, { message, offset, isCertain: true }, ...behind];
  }

  /** Begins anew without the index. */
  private giveUpIndex(): void {
    const certain = this.segments.filter(({ isCertain }) => isCertain === true);
    const known = certain.map(({ message, offset }) => ({ message, offset, isCertain: true }));
    this.segments = [{ message: 0, offset: 0 }, ...known];
    this.trouble = undefined;
  }

  /** Makes one segment of one and the next: no message begins where that was to begin, or another one. */
  private join(k: number): void {
    const { message, offset, isCertain = false } = this.segments[k] ?? { message: 0, offset: 0 };
    this.segments.splice(k, 2, { message, offset, isCertain });
  }

  /** Never more messages than there are numbers. */
  private fitted(starts: readonly number[], next: LogAnchor | undefined, message: number): readonly number[] {
    return next === undefined ? starts : starts.slice(0, next.message - message + 1);
  }

  /** Whether the segment before ends exactly where this one begins. */
  private async isReached(k: number, signal: AbortSignal | undefined): Promise<boolean> {
    const segment = this.segments[k];
    const before = this.segments[k - 1];
    if (segment === undefined || before === undefined) return false;
    const { starts, error, isCut = false, cost } = await this.walk(before.offset, segment.offset, signal);
    this.wasted += cost;
    return error === undefined && !isCut && before.message + starts.length - 1 === segment.message;
  }

  /** Looks where messages begin, from one place to another where one does. */
  private async walk(from: number, to: number, signal: AbortSignal | undefined): Promise<Walk> {
    const starts = [from];
    const { left } = this;
    let offset = from;
    let window: Uint8Array = new Uint8Array();
    let windowStart = from;
    let cost = 0;
    while (offset < to) {
      throwIfAborted(signal, 'reading a chat');
      let at = offset - windowStart;
      if (at < 0 || at + MESSAGE_HEAD_SIZE > window.length) {
        if (offset - from >= left) return { starts, error: undefined, isCut: true, cost };
        // Whoever waits, or wants to cancel, has a turn.
        if (cost > 0) await takeTurn();
        throwIfAborted(signal, 'reading a chat');
        const chunkEnd = (Math.floor(offset / MAX_CHUNK_SIZE) + 1) * MAX_CHUNK_SIZE;
        const end = Math.min(to, offset + MESSAGE_HEAD_SIZE <= chunkEnd ? chunkEnd : offset + MESSAGE_HEAD_SIZE);
        cost += end - offset;
        try {
          window = await this.bytes(offset, end, signal);
        } catch (error) {
          if (!isDamage(error)) throw error;
          return { starts, error, cost };
        }
        windowStart = offset;
        at = 0;
      }
      const size = messageSize(window, at);
      if (size === undefined) return { starts, error: damagedAt(offset, 'is no message'), cost };
      if (offset + size > to) return { starts, error: damagedAt(offset, 'is a message that is cut off'), isBeyond: true, cost };
      offset += size;
      this.left = left - (offset - from);
      starts.push(offset);
    }
    return { starts, error: undefined, cost };
  }

  /** A range of the file, chunk by chunk: reading across chunks would decrypt what is kept once more. */
  private async bytes(start: number, end: number, signal: AbortSignal | undefined): Promise<Uint8Array> {
    // Never none: the file may have been opened for a call that was cancelled since.
    const options = { signal: signal ?? new AbortController().signal };
    const parts: Uint8Array[] = [];
    for (let at = start; at < end;) {
      const stop = Math.min(end, (Math.floor(at / MAX_CHUNK_SIZE) + 1) * MAX_CHUNK_SIZE);
      parts.push(await this.file.read(at, stop, options));
      at = stop;
    }
    return parts.length === 1 && parts[0] !== undefined ? parts[0] : concatBytes(...parts);
  }

  /** The same log with messages that are at hand; undefined when they are not what has come to it, as far as sizes and the last message tell. */
  private grownBy({ file, count = 0, version, recent = [] }: OwnLogParts): OwnLog | undefined {
    const last = this.segments.at(-1);
    const end = last?.starts?.at(-1);
    const added = count - this.length;
    const known = recent.at(-1 - added)?.encode();
    if (this.trouble !== undefined || last?.starts === undefined || end !== this.file.size || added < 0 || known === undefined)
      return undefined;
    if (this.lastEnd === undefined || !equalBytes(this.lastEnd, known.subarray(-END_SIZE))) return undefined;
    const messages = recent
      .slice(recent.length - added)
      .map((envelope) => SignedMessage.of(new Uint8Array(SIGNATURE_SIZE), envelope).encode());
    const tail = concatBytes(...messages);
    const grownFile = end + tail.length === file.size ? GrownFile.of(this.file, tail, file) : undefined;
    if (grownFile === undefined) return undefined;
    const starts = [...last.starts];
    for (const { length } of messages) starts.push((starts.at(-1) ?? 0) + length);
    const grown = new OwnLog(grownFile, version, [...this.segments.slice(0, -1), { ...last, starts }], this.origin);
    grown.lastEnd = recent.at(-1)?.encode().slice(-END_SIZE);
    return grown;
  }

  /** The same log, which has more messages now; undefined when it is another one. */
  private async grownTo(file: LogFile, version: string | undefined, signal: AbortSignal | undefined): Promise<OwnLog | undefined> {
    const last = this.segments.at(-1);
    const range = this.endOfLast();
    if (this.trouble !== undefined || last?.starts === undefined || range === undefined || file.size < range.end) return undefined;
    const grown = new OwnLog(file, version, this.segments.slice(0, -1), this.origin);
    const known = await grown.bytes(range.start, range.end, signal);
    if (this.lastEnd === undefined || !equalBytes(this.lastEnd, known)) return undefined;
    const more = await grown.walk(range.end, file.size, signal);
    grown.segments.push({ ...last, starts: [...last.starts, ...more.starts.slice(1)] });
    grown.trouble = more.error;
    await grown.noteLast(signal);
    return grown;
  }

  private async noteLast(signal: AbortSignal | undefined): Promise<void> {
    const range = this.endOfLast();
    if (range !== undefined) this.lastEnd = await this.bytes(range.start, range.end, signal);
  }

  /** Where the last bytes of the last message are that are its own. */
  private endOfLast(): { readonly start: number; readonly end: number } | undefined {
    const { starts = [] } = this.segments.at(-1) ?? {};
    const start = starts.at(-2);
    const end = starts.at(-1);
    return start === undefined || end === undefined
      ? undefined
      : { start: Math.max(start + envelopeStart(end - start), end - END_SIZE), end };
  }
}

function messagesOf({ starts = [] }: Segment): number {
  return Math.max(0, starts.length - 1);
}

function damagedAt(offset: number, problem: string): FormatError {
  return new FormatError('format.chat', `log at ${offset}`, problem);
}
