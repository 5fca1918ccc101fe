import type { MediaToMirror } from '@pyrgos/core/chat';
import { CborFields, cborMap, type CborValue, decodeCbor, encodeCbor } from '@pyrgos/core/codec';
import { PyrgosError } from '@pyrgos/core/errors';
import {
  MAX_CHAT_ATTACHMENTS,
  MAX_CHAT_MIRROR_AUTHOR_SIZE,
  MAX_CHAT_MIRROR_CHAT_SIZE,
  MAX_CHAT_MIRROR_MESSAGE_SIZE,
  MAX_CHAT_MIRROR_PENDING,
  MAX_CHAT_MIRROR_SIZE,
} from '@pyrgos/core/limits';
import { FileRef } from '@pyrgos/core/social';
import { isDamage, type Item, type View } from '../files/view/index.js';
import { readAll } from '../social/own-files.js';

/** Copies whose places are remembered, so that what has the same content is not copied once more. */
const MAX_PLACES = 1000;
/** Longest path of a file that is copied, in UTF-16 code units: all of the file must fit into one chunk. */
const MAX_PATH = 512;
/** Bytes that a copy counts at least: there is a node for it. */
const MIN_COUNTED = 4096;

/** The files of one message that are not copied yet. */
interface MediaOfMessage {
  /** Who has sent it. */
  readonly author: string;
  /** Bytes of its files that were copied. */
  readonly bytes: number;
  readonly refs: readonly FileRef[];
}

/** What {@link PendingMedia} consists of. */
interface Parts {
  /** Oldest first. */
  readonly messages: readonly MediaOfMessage[];
  /** Bytes that were copied for the messages of each author. */
  readonly copied: ReadonlyMap<string, number>;
  /** Where there are copies below the media folder, by their hashes; oldest first. */
  readonly places: ReadonlyMap<string, string>;
}

/**
 * Attachments of others that are to be copied into the own space, and are not yet, and how much was copied: a file of Pyrgos that nobody else sees. What goes beyond a limit is not copied; it can be
 * opened as long as its author has it. Immutable.
 */
export class PendingMedia {
  private constructor(private readonly parts: Parts) {}

  static readonly empty: PendingMedia = new PendingMedia({ messages: [], copied: new Map(), places: new Map() });

  /** Reads the file; what is damaged says nothing. */
  static async read(view: View, file: Item | undefined): Promise<PendingMedia> {
    if (file === undefined) return PendingMedia.empty;
    try {
      return PendingMedia.decode(await readAll(view, file));
    } catch (error) {
      if (!isDamage(error) && !(error instanceof PyrgosError && error.code.startsWith('format.'))) throw error;
      return PendingMedia.empty;
    }
  }

  /** Reads the map `{"m": [{"a": author, "b": bytes, "r": [FileRef]}], "c": [{"a": author, "b": bytes}], "p": [{"h": hash, "p": place}]}`. */
  static decode(bytes: Uint8Array): PendingMedia {
    const fields = CborFields.map('format.chat', 'PendingMedia', decodeCbor(bytes));
    const maps = (key: string): readonly CborFields[] =>
      fields.list(key).map((value, i) => CborFields.map('format.chat', `PendingMedia.${key}[${i}]`, value));
    return new PendingMedia({
      messages: maps('m').map((message) => ({
        author: message.text('a'),
        bytes: message.integer('b', 0),
        refs: message.list('r').map((value, i) => FileRef.fromCbor(value, message.path(`r[${i}]`))),
      })),
      copied: new Map(maps('c').map((one) => [one.text('a'), one.integer('b', 0)])),
      places: new Map(maps('p').map((one) => [one.text('h'), one.text('p')])),
    });
  }

  /** How many files wait. */
  get size(): number {
    return this.parts.messages.reduce((size, { refs }) => size + refs.length, 0);
  }

  /** Whether a file waits. */
  has(ref: FileRef): boolean {
    return this.messageOf(ref) !== undefined;
  }

  /** What waits, in the order in which it is copied: one of each author after the other, so that nobody keeps others waiting with many. */
  inTurns(): readonly FileRef[] {
    const byAuthor = new Map<string, FileRef[]>();
    for (const { author, refs } of this.parts.messages) byAuthor.set(author, [...(byAuthor.get(author) ?? []), ...refs]);
    const queues = [...byAuthor.values()];
    const turns: FileRef[] = [];
    const longest = Math.max(0, ...queues.map(({ length }) => length));
    for (let i = 0; i < longest; i++) for (const queue of queues) turns.push(...queue.slice(i, i + 1));
    return turns;
  }

  /** With the files of more messages at the end. Of one message MAX_CHAT_ATTACHMENTS at most; where too many wait, the oldest of those go who have most of them. */
  with(more: readonly MediaToMirror[]): PendingMedia {
    const added = more.map(({ author, files }) => {
      const refs = files.filter(({ path }) => path.length <= MAX_PATH).slice(0, MAX_CHAT_ATTACHMENTS);
      return { author, bytes: 0, refs };
    });
    const messages = [...this.parts.messages, ...added].filter(({ refs }) => refs.length > 0);
    const left = roomOfEach(messages);
    const kept: MediaOfMessage[] = [];
    // The newest of each.
    for (const message of messages.reverse()) {
      const room = left.get(message.author) ?? Infinity;
      left.set(message.author, Math.max(0, room - message.refs.length));
      const refs = message.refs.slice(Math.max(0, message.refs.length - room));
      if (refs.length > 0) kept.unshift({ ...message, refs });
    }
    return new PendingMedia({ ...this.parts, messages: kept });
  }

  /** Who has sent a file that waits. */
  authorOf(ref: FileRef): string | undefined {
    return this.messageOf(ref)?.author;
  }

  /** Whether a file that waits may be copied unasked when it has so many bytes: beside those of its message, of its author, and of the chat. `wasted`: bytes of its author that were read in vain. */
  allows(ref: FileRef, size: number, wasted = 0): boolean {
    const message = this.messageOf(ref);
    if (message === undefined) return false;
    const { copied } = this.parts;
    const ofAuthor = (copied.get(message.author) ?? 0) + wasted;
    const all = [...copied.values()].reduce((sum, bytes) => sum + bytes, 0);
    const counted = Math.max(size, MIN_COUNTED);
    return (
      size <= MAX_CHAT_MIRROR_SIZE &&
      message.bytes + counted <= MAX_CHAT_MIRROR_MESSAGE_SIZE &&
      ofAuthor + counted <= MAX_CHAT_MIRROR_AUTHOR_SIZE &&
      all + counted <= MAX_CHAT_MIRROR_CHAT_SIZE
    );
  }

  /** Where there is a copy of what a reference means, below the media folder. */
  placeOf({ contentHash }: Pick<FileRef, 'contentHash'>): readonly string[] | undefined {
    return this.parts.places.get(contentHash.toString())?.split('/');
  }

  /** Without a file that is done with. `size`: bytes that were taken from its author for it. `place`: where there is a copy now. */
  without(ref: FileRef, size?: number, place?: readonly string[]): PendingMedia {
    const first = this.messageOf(ref);
    const author = first?.author;
    const counted = size === undefined ? 0 : Math.max(size, MIN_COUNTED);
    const messages = this.parts.messages
      .map((message) => ({
        ...message,
        bytes: message.bytes + (message === first ? counted : 0),
        refs: message.refs.filter((one) => !one.equals(ref)),
      }))
      .filter(({ refs }) => refs.length > 0);
    const copied = new Map(this.parts.copied);
    if (author !== undefined && counted > 0) copied.set(author, (copied.get(author) ?? 0) + counted);
    const places = new Map(this.parts.places);
    if (place !== undefined) places.set(ref.contentHash.toString(), place.join('/'));
    return new PendingMedia({ messages, copied, places: new Map([...places].slice(-MAX_PLACES)) });
  }

  encode(): Uint8Array {
    const { messages, copied, places } = this.parts;
    const list = <T>(values: Iterable<T>, map: (value: T) => readonly (readonly [string, CborValue])[]): CborValue =>
      [...values].map((value) => cborMap(map(value)));
    return encodeCbor(
      cborMap([
        [
          'm',
          list(messages, ({ author, bytes, refs }) => [
            ['a', author],
            ['b', bytes],
            ['r', refs.map((ref) => ref.toCbor())],
          ]),
        ],
        [
          'c',
          list(copied, ([author, bytes]) => [
            ['a', author],
            ['b', bytes],
          ]),
        ],
        [
          'p',
          list(places, ([hash, place]) => [
            ['h', hash],
            ['p', place],
          ]),
        ],
      ]),
    );
  }

  private messageOf(ref: FileRef): MediaOfMessage | undefined {
    return this.parts.messages.find(({ refs }) => refs.some((one) => one.equals(ref)));
  }
}

/** How many files of each author may wait: all of them where there are not too many; otherwise those with the most have the same number. */
function roomOfEach(messages: readonly MediaOfMessage[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { author, refs } of messages) counts.set(author, (counts.get(author) ?? 0) + refs.length);
  let left = MAX_CHAT_MIRROR_PENDING;
  let others = counts.size;
  const rooms = new Map<string, number>();
  for (const [author, count] of [...counts].sort(([, a], [, b]) => a - b)) {
    const room = Math.min(count, Math.floor(left / others--));
    rooms.set(author, room);
    left -= room;
  }
  return rooms;
}
