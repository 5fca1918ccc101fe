import { type MessageEnvelope, type MessageRef, SignedMessage } from '@pyrgos/core/chat';
import type { Hasher } from '@pyrgos/core/crypto';
import { FormatError, type PyrgosError } from '@pyrgos/core/errors';
import { attachmentsOf } from './message-content.js';
import type { OwnLog } from './own-log.js';

/** Messages that are looked at a time, and their bytes. */
const STEP = 512;
const STEP_SIZE = 4_194_304;
/** Bytes of a hash that make a number without loss. */
const KEY_BYTES = 6;

/** What a message is, as far as it is remembered of all. */
export const ScannedKind = { lost: 0, hidden: 1, said: 2, reply: 3, mark: 4, event: 5 } as const;
/** One of {@link ScannedKind}. */
export type ScannedKind = (typeof ScannedKind)[keyof typeof ScannedKind];

/** An edit or a deletion. */
export interface ScannedMark {
  readonly index: number;
  /** {@link refKey} of what it changes. */
  readonly target: number;
  /** The member id of who has written it. */
  readonly author: string;
  readonly isDelete: boolean;
}

/** What a log is looked through with. */
export interface ScannedLogParts {
  readonly hasher: Pick<Hasher, 'sha256'>;
  readonly chatId: string;
}

/** What is remembered of messages that follow each other. */
interface Block {
  readonly from: number;
  readonly keys: Float64Array;
  /** The same, the smallest one first: to see fast that one is not there. */
  readonly sortedKeys: Float64Array;
  readonly kinds: Uint8Array;
  /** Places in the list of authors. */
  readonly authors: Uint32Array;
  /** What messages say of when they were sent. */
  readonly times: Float64Array;
  /** 1 for one with files that are shown. */
  readonly files: Uint8Array;
  readonly marks: readonly ScannedMark[];
  readonly problem: PyrgosError | undefined;
}

/** The first bytes of the hash of a message, as a number: what is found by it is to be compared with the whole hash. */
export function refKey({ hash: { digest } }: MessageRef): number {
  let key = 0;
  for (let i = 0; i < KEY_BYTES; i++) key = key * 256 + (digest[i] ?? 0);
  return key;
}

/**
 * What is remembered of the messages of a log from some place to its end: some bytes of each, and which of them change others. Edits and deletions stand behind what they change, so that for a
 * message everything must be known that is behind it; it is found going back from the end, once, and kept as long as the log only grows.
 */
export class ScannedLog {
  /** In order, without gaps, the last one up to the end of the log. */
  private readonly blocks: Block[] = [];
  private readonly authorIds: string[] = [];
  private readonly authorNumbers = new Map<string, number>();
  /** Edits and deletions by the keys of what they change, in any order. */
  private readonly marksByTarget = new Map<number, ScannedMark[]>();
  private knownEnd: number;
  private readBytes = 0;

  constructor(
    private readonly parts: ScannedLogParts,
    private log: OwnLog,
  ) {
    this.knownEnd = log.length;
  }

  /** The first message of which everything is known. */
  get start(): number {
    return this.blocks[0]?.from ?? this.knownEnd;
  }

  /** Behind the last message that is known. */
  get end(): number {
    return this.knownEnd;
  }

  /** Bytes of all messages that were looked at. */
  get cost(): number {
    return this.readBytes;
  }

  /** The first problem that is known of. */
  get problem(): PyrgosError | undefined {
    return this.log.problem ?? this.blocks.find(({ problem }) => problem !== undefined)?.problem;
  }

  /** Goes on with the same log, which has grown. */
  async growTo(log: OwnLog, signal?: AbortSignal): Promise<void> {
    if (log.length > this.log.length) this.log = log;
    while (this.knownEnd < log.length) {
      const from = this.knownEnd;
      const block = await this.scan(log, from, Math.min(log.length, from + STEP), signal);
      // Another call was faster.
      if (this.knownEnd !== from) continue;
      this.blocks.push(block);
      this.noteMarks(block);
      this.knownEnd = from + block.kinds.length;
    }
  }

  /** Makes everything known from a message on. */
  async reach(index: number, signal?: AbortSignal): Promise<void> {
    while (this.start > Math.max(0, index)) {
      const to = this.start;
      const { log } = this;
      const block = await this.scan(log, await log.stepBack(to, STEP, STEP_SIZE, signal), to, signal);
      if (this.start !== to) continue;
      this.blocks.unshift(block);
      this.noteMarks(block);
    }
  }

  /** What a known message is. */
  kind(index: number): ScannedKind {
    const block = this.blockOf(index);
    return (block?.kinds[index - block.from] ?? ScannedKind.lost) as ScannedKind;
  }

  /** {@link refKey} of a known message. */
  key(index: number): number {
    const block = this.blockOf(index);
    return block?.keys[index - block.from] ?? -1;
  }

  /** The member id of who has written a known message. */
  author(index: number): string {
    const block = this.blockOf(index);
    return this.authorIds[block?.authors[index - block.from] ?? -1] ?? '';
  }

  /** When a known message was sent, as it says; Unix time in milliseconds. */
  time(index: number): number {
    const block = this.blockOf(index);
    return block?.times[index - block.from] ?? -1;
  }

  /** Whether a known message has files that may be shown. */
  hasFiles(index: number): boolean {
    const block = this.blockOf(index);
    return block?.files[index - block.from] === 1;
  }

  /** The known edits and deletions from a message on, in order. */
  *marks(from: number): Generator<ScannedMark, void, undefined> {
    for (const block of this.blocks) {
      if (block.from + block.kinds.length <= from) continue;
      for (const mark of block.marks) if (mark.index >= from) yield mark;
    }
  }

  /** The known edits and deletions of a message with this key, in any order. */
  marksOf(key: number): readonly ScannedMark[] {
    return this.marksByTarget.get(key) ?? [];
  }

  /** The last known message before `before` that has this key, or none. */
  find(key: number, before: number): number | undefined {
    for (let k = this.blocks.length - 1; k >= 0; k--) {
      const { from = 0, keys = new Float64Array(), sortedKeys = keys } = this.blocks[k] ?? {};
      if (from >= before || !includes(sortedKeys, key)) continue;
      for (let i = Math.min(keys.length, before - from) - 1; i >= 0; i--) if (keys[i] === key) return from + i;
    }
    return undefined;
  }

  private blockOf(index: number): Block | undefined {
    let low = 0;
    let high = this.blocks.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((this.blocks[middle]?.from ?? 0) <= index) low = middle;
      else high = middle - 1;
    }
    return this.blocks[low];
  }

  private async scan(log: OwnLog, from: number, to: number, signal: AbortSignal | undefined): Promise<Block> {
    const count = to - from;
    const [keys, kinds, authors, files] = [new Float64Array(count), new Uint8Array(count), new Uint32Array(count), new Uint8Array(count)];
    const times = new Float64Array(count).fill(-1);
    const marks: ScannedMark[] = [];
    let problem: PyrgosError | undefined;
    for await (const { index, bytes } of log.read(from, to, signal)) {
      const at = index - from;
      this.readBytes += bytes?.length ?? 0;
      const read = bytes === undefined ? undefined : readMessage(bytes);
      if (!(read instanceof SignedMessage)) {
        problem ??= read ?? new FormatError('format.chat', `message ${index}`, 'is lost');
        continue;
      }
      const { envelope } = read;
      keys[at] = refKey(envelope.ref(this.parts.hasher));
      kinds[at] = kindOf(envelope);
      times[at] = envelope.time;
      authors[at] = this.authorNumber(envelope.author.toString());
      const { payload } = envelope;
      if ('body' in payload && attachmentsOf(payload.body, this.parts.chatId).length > 0) files[at] = 1;
      if (payload.kind === 'edit' || payload.kind === 'delete') {
        marks.push({ index, target: refKey(payload.target), author: envelope.author.toString(), isDelete: payload.kind === 'delete' });
      }
    }
    return { from, keys, sortedKeys: keys.slice().sort(), kinds, authors, times, files, marks, problem };
  }

  private noteMarks({ marks }: Block): void {
    for (const mark of marks) {
      const known = this.marksByTarget.get(mark.target);
      if (known === undefined) this.marksByTarget.set(mark.target, [mark]);
      else known.push(mark);
    }
  }

  private authorNumber(id: string): number {
    const known = this.authorNumbers.get(id);
    if (known !== undefined) return known;
    this.authorNumbers.set(id, this.authorIds.length);
    return this.authorIds.push(id) - 1;
  }
}

function includes(sorted: Float64Array, key: number): boolean {
  let low = 0;
  let high = sorted.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] ?? 0) < key) low = middle + 1;
    else high = middle;
  }
  return sorted[low] === key;
}

/** A message of the log, or what is wrong with it. */
export function readMessage(bytes: Uint8Array): SignedMessage | FormatError {
  try {
    return SignedMessage.decode(bytes);
  } catch (error) {
    if (error instanceof FormatError) return error;
    throw error;
  }
}

function kindOf({ payload }: MessageEnvelope): ScannedKind {
  switch (payload.kind) {
    case 'application':
      return ScannedKind.said;
    case 'reply':
      return ScannedKind.reply;
    case 'edit':
    case 'delete':
      return ScannedKind.mark;
    case 'group-state':
      return ['title', 'admins', 'iconBase64'].includes(payload.key) ? ScannedKind.event : ScannedKind.hidden;
    default:
      return ScannedKind.event;
  }
}
