import { assertInstance, assertInstances, assertList, assertObject } from '../arguments.js';
import { assertBytes, assertInteger } from '../bytes.js';
import { decodeCbor } from '../codec/cbor-decode.js';
import { encodeCbor } from '../codec/cbor-encode.js';
import { CborFields } from '../codec/cbor-fields.js';
import { cborMap, type CborValue, type ToCbor } from '../codec/cbor-value.js';
import { PyrgosError } from '../errors.js';
import { Secret } from '../keys/secret.js';
import { MAX_SOCIAL_RECORDS } from '../limits.js';
import { AbsoluteCapability } from '../model/absolute-capability.js';
import { ProcessedCaps } from './processed-caps.js';
import { encodeRecords, readRecords } from './record-stream.js';
import {
  assertFriendName,
  assertPath,
  decodeSocialFile,
  encodeSocialFile,
  friendNameField,
  isFriendName,
  pathField,
  socialMap,
} from './social-fields.js';

/** The parts of a {@link SharedItem}. */
export interface SharedItemParts {
  readonly capability: AbsoluteCapability;
  /** Whose file it is: the first name of the path. */
  readonly owner: string;
  /** Who has shared it. */
  readonly sharer: string;
  readonly path: string;
}

/** An item of the feed: something that somebody has shared (chapter 06 section 16.1). A secret. Immutable. */
export class SharedItem extends Secret implements ToCbor {
  protected readonly secretKind: string = 'SharedItem';

  private constructor(
    readonly capability: AbsoluteCapability,
    /** Whose file it is. Claimed. */
    readonly owner: string,
    /** Who has shared it. */
    readonly sharer: string,
    /** With a leading slash, except of own posts that the reference wrote. */
    readonly path: string,
  ) {
    super();
  }

  /** Builds an item. */
  static of(parts: SharedItemParts): SharedItem {
    assertObject('parts', parts);
    const { capability, owner, sharer, path } = parts;
    assertInstance('capability', capability, AbsoluteCapability);
    assertFriendName('owner', owner);
    assertFriendName('sharer', sharer);
    assertPath('path', path);
    return new SharedItem(capability, owner, sharer, path);
  }

  /** Reads the map `{"c", "o", "p", "s"}`. */
  static fromCbor(value: CborValue, where = 'SharedItem'): SharedItem {
    const fields = socialMap(where, value);
    return new SharedItem(
      AbsoluteCapability.fromCbor(fields.map('c'), fields.path('c')),
      friendNameField(fields, 'o'),
      friendNameField(fields, 's'),
      pathField(fields, 'p'),
    );
  }

  /** Reads the CBOR bytes of one; anything after the item is an error. */
  static decode(bytes: Uint8Array): SharedItem {
    return SharedItem.fromCbor(decodeCbor(bytes));
  }

  /** Value equality. */
  equals(other: SharedItem | undefined): boolean {
    return (
      other instanceof SharedItem &&
      this.owner === other.owner &&
      this.sharer === other.sharer &&
      this.path === other.path &&
      this.capability.equals(other.capability)
    );
  }

  /** The map `{"c", "o", "p", "s"}`. */
  toCbor(): CborValue {
    return cborMap([
      ['c', this.capability.toCbor()],
      ['o', this.owner],
      ['p', this.path],
      ['s', this.sharer],
    ]);
  }

  /** The CBOR bytes. */
  encode(): Uint8Array {
    return encodeCbor(this.toCbor());
  }
}

/** How long the feed is, what was seen of it and what was put into it: `/<user>/.feed/feed-state.cbor` (chapter 06 section 16.1). Immutable. */
export class FeedState implements ToCbor {
  /** Of a new feed. */
  static readonly empty: FeedState = new FeedState(0, 0, 0, new Map());

  private constructor(
    /** Bytes of `feed.cbor` that count. */
    readonly feedBytes: number,
    /** Items in them. */
    readonly feedItems: number,
    /** Items that the user has seen, from the first one on. */
    readonly seenItems: number,
    /** How far the capabilities of each friend were put into the feed. */
    readonly positions: ReadonlyMap<string, ProcessedCaps>,
  ) {}

  /** Reads the map `{"b", "p", "r", "s"}`. */
  static fromCbor(value: CborValue, where = 'FeedState'): FeedState {
    const fields = socialMap(where, value);
    const positions = new Map<string, ProcessedCaps>();
    for (const [friend, position] of fields.map('p')) {
      if (!isFriendName(friend)) return fields.fail('p', 'must have usernames as keys');
      positions.set(friend, ProcessedCaps.fromCbor(position, `${fields.path('p')}[${positions.size}]`));
    }
    return new FeedState(fields.integer('b', 0), fields.integer('r', 0), fields.integer('s', 0), positions);
  }

  /** Reads the file; anything after the item is an error. LimitError beyond MAX_SOCIAL_FILE_SIZE. */
  static decode(bytes: Uint8Array): FeedState {
    return FeedState.fromCbor(decodeSocialFile(bytes));
  }

  /** Whether there are items that the user has not seen. */
  get hasUnseen(): boolean {
    return this.seenItems < this.feedItems;
  }

  /** The bytes to append to the first `feedBytes` bytes of `feed.cbor`, and the state after that (section 16.3). */
  append(items: readonly SharedItem[]): { readonly bytes: Uint8Array; readonly state: FeedState } {
    assertInstances('items', items, SharedItem);
    const bytes = encodeRecords(items);
    const { feedBytes, feedItems, seenItems, positions } = this;
    return { bytes, state: new FeedState(feedBytes + bytes.length, feedItems + items.length, seenItems, positions) };
  }

  /** The state of a feed of another length: of one that has lost its end. Nobody has seen more than there is. */
  withLength(feedBytes: number, feedItems: number): FeedState {
    assertInteger('feedBytes', feedBytes, 0, Number.MAX_SAFE_INTEGER);
    assertInteger('feedItems', feedItems, 0, Number.MAX_SAFE_INTEGER);
    return new FeedState(feedBytes, feedItems, Math.min(this.seenItems, feedItems), this.positions);
  }

  /** The state after the capabilities of a friend were put into the feed up to `position`. */
  withPosition(friend: string, position: ProcessedCaps): FeedState {
    assertFriendName('friend', friend);
    assertInstance('position', position, ProcessedCaps);
    return new FeedState(this.feedBytes, this.feedItems, this.seenItems, new Map([...this.positions, [friend, position]]));
  }

  /** The state after the user has seen the first `seenItems` items. */
  withSeen(seenItems: number): FeedState {
    assertInteger('seenItems', seenItems, 0, this.feedItems);
    return new FeedState(this.feedBytes, this.feedItems, seenItems, this.positions);
  }

  /** Value equality. */
  equals(other: FeedState | undefined): boolean {
    return (
      other instanceof FeedState &&
      this.feedBytes === other.feedBytes &&
      this.feedItems === other.feedItems &&
      this.seenItems === other.seenItems &&
      this.positions.size === other.positions.size &&
      [...this.positions].every(([friend, position]) => position.equals(other.positions.get(friend)))
    );
  }

  /** The map `{"b", "p", "r", "s"}`. */
  toCbor(): CborValue {
    return cborMap([
      ['b', this.feedBytes],
      ['p', new Map([...this.positions].map(([friend, position]) => [friend, position.toCbor()]))],
      ['r', this.feedItems],
      ['s', this.seenItems],
    ]);
  }

  /** The bytes of the file. LimitError beyond MAX_SOCIAL_FILE_SIZE. */
  encode(): Uint8Array {
    return encodeSocialFile(this.toCbor());
  }
}

/** An item of the feed with its number. */
export interface NumberedItem {
  /** From 0 on. */
  readonly number: number;
  readonly item: SharedItem;
}

/**
 * The items `from` to before `to` of `feed.cbor` (section 16.3), never beyond what the state counts. Damaged items are left out and keep their
 * numbers; behind bytes that are no CBOR there is nothing more.
 */
export function readFeed(bytes: Uint8Array, state: FeedState, from: number, to: number): NumberedItem[] {
  assertBytes('bytes', bytes);
  assertInstance('state', state, FeedState);
  assertInteger('from', from, 0, Number.MAX_SAFE_INTEGER);
  assertInteger('to', to, from, Number.MAX_SAFE_INTEGER);
  const last = Math.min(to, state.feedItems);
  const counted = bytes.subarray(0, state.feedBytes);
  const items: NumberedItem[] = [];
  let offset = 0;
  for (let first = 0; first < last;) {
    const limit = Math.min(MAX_SOCIAL_RECORDS, last - first);
    // What is in front is only counted.
    const found = readRecords(counted, (value) => value, { offset, limit });
    for (const { value, index } of found.records) {
      const number = first + index;
      const item = number < from ? undefined : readItem(value);
      if (item !== undefined) items.push({ number, item });
    }
    if (found.stopped !== 'limit') break;
    first += limit;
    offset = found.end;
  }
  return items;
}

function readItem(value: CborValue): SharedItem | undefined {
  try {
    return SharedItem.fromCbor(value);
  } catch (error) {
    if (error instanceof PyrgosError) return undefined;
    throw error;
  }
}

/**
 * The offsets of the items of the feed in `feed-index.cbor`, which one other client writes (section 16.1): ascending from 0. What they say is
 * claimed. FormatError for anything else.
 */
export function decodeFeedIndex(bytes: Uint8Array): number[] {
  const list = CborFields.list('format.social', 'feed index', decodeSocialFile(bytes));
  let previous = -1;
  return Array.from({ length: list.size }, (_, i) => {
    const offset = list.integer(i, previous + 1);
    if (i === 0 && offset !== 0) return list.fail(0, 'must be 0');
    previous = offset;
    return offset;
  });
}

/** Inverse of {@link decodeFeedIndex}. */
export function encodeFeedIndex(offsets: readonly number[]): Uint8Array {
  assertList('offsets', offsets);
  let previous = -1;
  for (const [i, offset] of [...offsets].entries()) {
    assertInteger(`offsets[${i}]`, offset, previous + 1, i === 0 ? 0 : Number.MAX_SAFE_INTEGER);
    previous = offset;
  }
  return encodeSocialFile([...offsets]);
}
